module {
  func.func public @main(%arg0: tensor<1x4xf32>, %arg1: tensor<f32>) -> tensor<1xf32> {
    %0 = stablehlo.reduce(%arg0 init: %arg1) across dimensions = [1] : (tensor<1x4xf32>, tensor<f32>) -> tensor<1xf32>
     reducer(%arg0_0: tensor<f32>, %arg0_1: tensor<f32>) {
      %v0_0 = stablehlo.negate %arg0_1 : tensor<f32>
      %v0_1 = stablehlo.subtract %arg0_0, %v0_0 : tensor<f32>
      stablehlo.return %v0_1 : tensor<f32>
    }
    return %0 : tensor<1xf32>
  }
}
