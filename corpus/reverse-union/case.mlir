module {
  func.func public @main(%arg0: tensor<2xi32>) -> tensor<2xi32> {
    %0 = stablehlo.reverse %arg0, dims = [0] : tensor<2xi32>
    %1 = stablehlo.reverse %0, dims = [0] : tensor<2xi32>
    return %1 : tensor<2xi32>
  }
}
