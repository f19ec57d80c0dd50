module {
  func.func public @main(%arg0: tensor<1x1xf32>, %arg1: tensor<1x1xf32>) -> tensor<1x1xf32> {
    %0 = stablehlo.divide %arg1, %arg0 : tensor<1x1xf32>
    %1 = stablehlo.add %0, %arg0 : tensor<1x1xf32>
    return %1 : tensor<1x1xf32>
  }
}
