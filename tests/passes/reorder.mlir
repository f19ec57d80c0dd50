// RUN: reorder,fold,canonicalize,cse,dce

// CHECK-LABEL: @constants
// CHECK-NEXT: %[[C:.*]] = stablehlo.constant dense<3.000000e+00> : tensor<4xf32>
// CHECK-NEXT: stablehlo.add %arg0, %[[C]]
func.func @constants(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.constant dense<1.0> : tensor<4xf32>
  %1 = stablehlo.constant dense<2.0> : tensor<4xf32>
  %2 = stablehlo.add %x, %0 : tensor<4xf32>
  %3 = stablehlo.add %2, %1 : tensor<4xf32>
  return %3 : tensor<4xf32>
}

// 2 * 300 * 300 products instead of 300 * 300 * 300.
// CHECK-LABEL: @vector_last
// CHECK-NEXT: %[[BV:.*]] = stablehlo.dot_general %arg1, %arg2
// CHECK-NEXT: stablehlo.dot_general %arg0, %[[BV]]
func.func @vector_last(%a: tensor<300x300xf32>, %b: tensor<300x300xf32>, %v: tensor<300xf32>) -> tensor<300xf32> {
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : (tensor<300x300xf32>, tensor<300x300xf32>) -> tensor<300x300xf32>
  %1 = stablehlo.dot_general %0, %v, contracting_dims = [1] x [0] : (tensor<300x300xf32>, tensor<300xf32>) -> tensor<300xf32>
  return %1 : tensor<300xf32>
}

// The product is needed anyway: nothing to gain.
// CHECK-LABEL: @shared
// CHECK-NEXT: %[[AB:.*]] = stablehlo.dot_general %arg0, %arg1
// CHECK-NEXT: stablehlo.dot_general %[[AB]], %arg2
func.func @shared(%a: tensor<30x30xf32>, %b: tensor<30x30xf32>, %v: tensor<30xf32>) -> (tensor<30xf32>, tensor<30x30xf32>) {
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : (tensor<30x30xf32>, tensor<30x30xf32>) -> tensor<30x30xf32>
  %1 = stablehlo.dot_general %0, %v, contracting_dims = [1] x [0] : (tensor<30x30xf32>, tensor<30xf32>) -> tensor<30xf32>
  return %1, %0 : tensor<30xf32>, tensor<30x30xf32>
}

// A transpose sinks below elementwise ops and meets its inverse.
// CHECK-LABEL: @sinks
// CHECK-NEXT: %[[E:.*]] = stablehlo.exponential %arg0 : tensor<3x4xf32>
// CHECK-NEXT: return %[[E]]
func.func @sinks(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %1 = stablehlo.exponential %0 : tensor<4x3xf32>
  %2 = stablehlo.transpose %1, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}
