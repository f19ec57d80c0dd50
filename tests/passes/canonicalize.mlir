// RUN: canonicalize

// CHECK-LABEL: @identities
// CHECK-NEXT: return %arg0, %arg0, %arg0
func.func @identities(%x: tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>) {
  %one = stablehlo.constant dense<1.0> : tensor<3x4xf32>
  %0 = stablehlo.multiply %one, %x : tensor<3x4xf32>
  %1 = stablehlo.negate %x : tensor<3x4xf32>
  %2 = stablehlo.negate %1 : tensor<3x4xf32>
  %3 = stablehlo.transpose %x, dims = [1, 0] : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %4 = stablehlo.transpose %3, dims = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
  return %0, %2, %4 : tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>
}

// The sign of zero and NaN: these stay.
// CHECK-LABEL: @floats_stay
// CHECK: stablehlo.add
// CHECK: stablehlo.subtract
// CHECK: stablehlo.multiply
// CHECK: stablehlo.maximum
func.func @floats_stay(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<4xf32>
  %0 = stablehlo.add %x, %zero : tensor<4xf32>
  %1 = stablehlo.subtract %x, %x : tensor<4xf32>
  %2 = stablehlo.multiply %x, %zero : tensor<4xf32>
  %3 = stablehlo.minimum %x, %y : tensor<4xf32>
  %4 = stablehlo.maximum %x, %3 : tensor<4xf32>
  return %0, %1, %2, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @powers_of_two
// CHECK: %[[HALF:.*]] = stablehlo.constant dense<5.000000e-01> : tensor<4xf32>
// CHECK-NEXT: stablehlo.multiply %arg0, %[[HALF]] : tensor<4xf32>
// CHECK: %[[THREE:.*]] = stablehlo.constant dense<3> : tensor<4xui16>
// CHECK-NEXT: stablehlo.shift_right_logical %arg1, %[[THREE]] : tensor<4xui16>
// CHECK: stablehlo.divide %arg0
func.func @powers_of_two(%x: tensor<4xf32>, %y: tensor<4xui16>) -> (tensor<4xf32>, tensor<4xui16>, tensor<4xf32>) {
  %two = stablehlo.constant dense<2.0> : tensor<4xf32>
  %eight = stablehlo.constant dense<8> : tensor<4xui16>
  %three = stablehlo.constant dense<3.0> : tensor<4xf32>
  %0 = stablehlo.divide %x, %two : tensor<4xf32>
  %1 = stablehlo.divide %y, %eight : tensor<4xui16>
  %2 = stablehlo.divide %x, %three : tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xui16>, tensor<4xf32>
}

// A slice of a pad inside of the operand, and one that touches the padding.
// CHECK-LABEL: @slice_of_pad
// CHECK: stablehlo.pad %arg0
// CHECK-NEXT: stablehlo.slice %arg0 [1:3]
// CHECK: stablehlo.slice %{{.*}} [1:4]
func.func @slice_of_pad(%x: tensor<4xf32>, %v: tensor<f32>) -> (tensor<2xf32>, tensor<3xf32>) {
  %0 = stablehlo.pad %x, %v, low = [2], high = [1], interior = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<7xf32>
  %1 = stablehlo.slice %0 [3:5] : (tensor<7xf32>) -> tensor<2xf32>
  %2 = stablehlo.slice %0 [1:4] : (tensor<7xf32>) -> tensor<3xf32>
  return %1, %2 : tensor<2xf32>, tensor<3xf32>
}

// Nothing is skipped because it sits in a region.
// CHECK-LABEL: @in_region
// CHECK: reducer(%[[A:.*]]: tensor<i32>, %[[B:.*]]: tensor<i32>)
// CHECK-NOT: stablehlo.negate
// CHECK: stablehlo.subtract %[[A]], %[[B]] : tensor<i32>
func.func @in_region(%x: tensor<4xi32>, %i: tensor<i32>) -> tensor<i32> {
  %0 = stablehlo.reduce(%x init: %i) across dimensions = [0] : (tensor<4xi32>, tensor<i32>) -> tensor<i32>
    reducer(%a: tensor<i32>, %b: tensor<i32>) {
      %1 = stablehlo.negate %b : tensor<i32>
      %2 = stablehlo.add %a, %1 : tensor<i32>
      stablehlo.return %2 : tensor<i32>
    }
  return %0 : tensor<i32>
}

// A float body that became one add would be summed in another order.
// CHECK-LABEL: @order_of_a_sum
// CHECK: stablehlo.negate
// CHECK: stablehlo.subtract
func.func @order_of_a_sum(%x: tensor<4xf32>, %i: tensor<f32>) -> tensor<f32> {
  %0 = stablehlo.reduce(%x init: %i) across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
    reducer(%a: tensor<f32>, %b: tensor<f32>) {
      %1 = stablehlo.negate %b : tensor<f32>
      %2 = stablehlo.subtract %a, %1 : tensor<f32>
      stablehlo.return %2 : tensor<f32>
    }
  return %0 : tensor<f32>
}

// CHECK-LABEL: @dot_transposes
// CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [0] x [1]
func.func @dot_transposes(%x: tensor<5x3xf32>, %y: tensor<2x5xf32>) -> tensor<3x2xf32> {
  %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<5x3xf32>) -> tensor<3x5xf32>
  %1 = stablehlo.transpose %y, dims = [1, 0] : (tensor<2x5xf32>) -> tensor<5x2xf32>
  %2 = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<3x5xf32>, tensor<5x2xf32>) -> tensor<3x2xf32>
  return %2 : tensor<3x2xf32>
}
