// RUN: inline,dce

// CHECK: @main(%arg0: tensor<4xf32>)
// CHECK-NEXT: %[[A:.*]] = stablehlo.sine %arg0
// CHECK-NEXT: %[[B:.*]] = stablehlo.sine %[[A]]
// CHECK-NEXT: %[[C:.*]] = stablehlo.cosine %[[B]]
// CHECK-NEXT: return %[[C]], %[[A]]
// CHECK-NOT: @twice
func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0:2 = func.call @twice(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  %1 = stablehlo.composite "my.cosine" %0#0 {decomposition = @cosine} : (tensor<4xf32>) -> tensor<4xf32>
  return %1, %0#1 : tensor<4xf32>, tensor<4xf32>
}
func.func private @twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = func.call @once(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = func.call @once(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1, %0 : tensor<4xf32>, tensor<4xf32>
}
func.func private @once(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.sine %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @cosine(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.cosine %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
