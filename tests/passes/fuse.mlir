// RUN: fuse

// Softmax: the row maximum, then exp and its sum; the division reads both.
// CHECK-LABEL: func.func public @main
// CHECK: %[[MAX:.*]] = stablehlo.reduce(%arg0 init: %{{.*}}) applies stablehlo.maximum
// CHECK: stablehlo.composite "assay.fusion" {{.*}}decomposition = @fusion_
// CHECK-NOT: stablehlo.exponential
// CHECK: return
func.func public @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %low) applies stablehlo.maximum across dimensions = [1] : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %2 = stablehlo.subtract %x, %1 : tensor<8x16xf32>
  %3 = stablehlo.exponential %2 : tensor<8x16xf32>
  %4 = stablehlo.reduce(%3 init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<8x16xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = stablehlo.broadcast_in_dim %4, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %6 = stablehlo.divide %3, %5 : tensor<8x16xf32>
  return %6 : tensor<8x16xf32>
}

// An expensive op on a row is not recomputed for every column.
// CHECK-LABEL: @row
// CHECK-NEXT: %[[E:.*]] = stablehlo.exponential %arg0 : tensor<8xf32>
// CHECK-NEXT: stablehlo.composite "assay.fusion" %[[E]], %arg1
func.func @row(%r: tensor<8xf32>, %x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = stablehlo.exponential %r : tensor<8xf32>
  %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<8xf32>) -> tensor<8x16xf32>
  %2 = stablehlo.multiply %x, %1 : tensor<8x16xf32>
  return %2 : tensor<8x16xf32>
}

// An intermediate that is a result too comes out of the same loop.
// CHECK-LABEL: @two_results
// CHECK-NEXT: %[[F:.*]]:2 = stablehlo.composite "assay.fusion" %arg0, %arg1
// CHECK-NEXT: return %[[F]]#0, %[[F]]#1
func.func @two_results(%x: tensor<8xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = stablehlo.divide %x, %y : tensor<8xf32>
  %1 = stablehlo.tanh %0 : tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// A contraction between two ops of one group would make a circle.
// CHECK-LABEL: @circle
// CHECK: stablehlo.dot_general
// CHECK: return
func.func @circle(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %0 = stablehlo.tanh %x : tensor<8x8xf32>
  %1 = stablehlo.dot_general %0, %0, contracting_dims = [1] x [0] : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %2 = stablehlo.add %0, %1 : tensor<8x8xf32>
  return %2 : tensor<8x8xf32>
}

// Rows that are looked up are scaled where they are read, and their indices computed there.
// CHECK-LABEL: @embed
// CHECK-NEXT: %[[G:.*]] = stablehlo.composite "assay.fusion"
// CHECK-NEXT: return %[[G]]
func.func @embed(%x: tensor<50x16xf32>, %i: tensor<8x1xi32>, %o: tensor<8x1xi32>) -> tensor<8x16xf32> {
  %0 = stablehlo.add %i, %o : tensor<8x1xi32>
  %1 = stablehlo.add %x, %x : tensor<50x16xf32>
  %2 = "stablehlo.gather"(%1, %0) {dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 16>} : (tensor<50x16xf32>, tensor<8x1xi32>) -> tensor<8x16xf32>
  %3 = stablehlo.negate %2 : tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}

// CHECK-LABEL: func.func private @fusion_0
// CHECK: stablehlo.exponential
