module {
  func.func public @main(%arg0: tensor<4x4xi8>, %arg1: tensor<4x4xi8>) -> tensor<4x4xi8> {
    %0 = stablehlo.composite "fuzz.block" %arg0, %arg1 {decomposition = @f1} : (tensor<4x4xi8>, tensor<4x4xi8>) -> tensor<4x4xi8>
    return %0 : tensor<4x4xi8>
  }
  func.func private @f1(%arg0: tensor<4x4xi8>, %arg1: tensor<4x4xi8>) -> tensor<4x4xi8> {
    %0 = stablehlo.constant dense<0> : tensor<i8>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i8>) -> tensor<4x4xi8>
    %2 = stablehlo.minimum %arg0, %1 : tensor<4x4xi8>
    return %2 : tensor<4x4xi8>
  }
}
