module {
  func.func public @main(%arg0: tensor<2x1x1xi32>) -> tensor<2x1x1xi32> {
    %0 = stablehlo.constant dense<16> : tensor<2x1x1xi32>
    %1 = stablehlo.maximum %arg0, %0 : tensor<2x1x1xi32>
    %2 = stablehlo.constant dense<64> : tensor<2x1x1xi32>
    %3 = stablehlo.minimum %1, %2 : tensor<2x1x1xi32>
    return %3 : tensor<2x1x1xi32>
  }
}
