module {
  func.func public @main(%arg0: tensor<i32>) -> tensor<3x3x13x10xi32> {
    %0 = stablehlo.broadcast_in_dim %arg0, dims = [] : (tensor<i32>) -> tensor<0x0x12x12xi32>
    %1 = stablehlo.pad %0, %arg0, low = [1, 1, 1, -1], high = [2, 2, 0, -1], interior = [0, 0, 0, 0] : (tensor<0x0x12x12xi32>, tensor<i32>) -> tensor<3x3x13x10xi32>
    return %1 : tensor<3x3x13x10xi32>
  }
}
