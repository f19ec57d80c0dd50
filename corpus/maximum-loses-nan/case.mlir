module {
  func.func public @main(%arg0: tensor<f32>, %arg1: tensor<3x3xf32>) -> tensor<3xf32> {
    %0 = stablehlo.reduce(%arg1 init: %arg0) applies stablehlo.maximum across dimensions = [1] : (tensor<3x3xf32>, tensor<f32>) -> tensor<3xf32>
    return %0 : tensor<3xf32>
  }
}
