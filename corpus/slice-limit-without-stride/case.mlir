module {
  func.func public @main(%arg0: tensor<5xi32>) -> tensor<2xi32> {
    %0 = stablehlo.slice %arg0 [0:5:2] : (tensor<5xi32>) -> tensor<3xi32>
    %1 = stablehlo.slice %0 [0:2] : (tensor<3xi32>) -> tensor<2xi32>
    return %1 : tensor<2xi32>
  }
}
