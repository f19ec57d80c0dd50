module {
  func.func public @main(%arg0: tensor<1xf32>, %arg1: tensor<f32>) -> tensor<2xf32> {
    %0 = stablehlo.pad %arg0, %arg1, low = [1], high = [0], interior = [1] : (tensor<1xf32>, tensor<f32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
