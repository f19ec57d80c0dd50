module {
  func.func public @main(%arg0: tensor<1xui32>) -> tensor<1xui32> {
    %0 = stablehlo.constant dense<1> : tensor<1xui32>
    %1 = stablehlo.remainder %arg0, %0 : tensor<1xui32>
    return %1 : tensor<1xui32>
  }
}
