// A scaled and shifted layer with a smooth activation.
func.func @main(%x: tensor<64x8xf32>, %scale: tensor<64x8xf32>, %shift: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %0 = stablehlo.multiply %x, %scale : tensor<64x8xf32>
  %1 = stablehlo.add %0, %shift : tensor<64x8xf32>
  %2 = stablehlo.tanh %1 : tensor<64x8xf32>
  return %2 : tensor<64x8xf32>
}
