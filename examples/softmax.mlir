// The softmax of eight rows.
func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %least = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %max = stablehlo.reduce(%x init: %least) applies stablehlo.maximum across dimensions = [1]
    : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
  %top = stablehlo.broadcast_in_dim %max, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %below = stablehlo.subtract %x, %top : tensor<8x16xf32>
  %exp = stablehlo.exponential %below : tensor<8x16xf32>
  %sum = stablehlo.reduce(%exp init: %zero) applies stablehlo.add across dimensions = [1]
    : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
  %all = stablehlo.broadcast_in_dim %sum, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %share = stablehlo.divide %exp, %all : tensor<8x16xf32>
  return %share : tensor<8x16xf32>
}
