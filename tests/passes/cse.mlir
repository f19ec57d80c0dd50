// RUN: cse

// Operands of commutative ops count as equal in either order.
// CHECK-LABEL: @commutes
// CHECK-NEXT: %[[A:.*]] = stablehlo.add %arg0, %arg1
// CHECK-NEXT: %[[S:.*]] = stablehlo.subtract %arg0, %arg1
// CHECK-NEXT: %[[T:.*]] = stablehlo.subtract %arg1, %arg0
// CHECK-NEXT: return %[[A]], %[[A]], %[[S]], %[[T]]
func.func @commutes(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = stablehlo.add %x, %y : tensor<4xf32>
  %1 = stablehlo.add %y, %x : tensor<4xf32>
  %2 = stablehlo.subtract %x, %y : tensor<4xf32>
  %3 = stablehlo.subtract %y, %x : tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Equal data and other type, equal operands and other attribute: different.
// CHECK-LABEL: @attributes
// CHECK-COUNT-2: stablehlo.constant
// CHECK-COUNT-2: stablehlo.compare
func.func @attributes(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<2xi8>, tensor<2xui8>, tensor<4xi1>, tensor<4xi1>) {
  %0 = stablehlo.constant dense<1> : tensor<2xi8>
  %1 = stablehlo.constant dense<1> : tensor<2xui8>
  %2 = stablehlo.compare LT, %x, %y, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %3 = stablehlo.compare LE, %x, %y, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  return %0, %1, %2, %3 : tensor<2xi8>, tensor<2xui8>, tensor<4xi1>, tensor<4xi1>
}

// Equal regions make equal ops; a product is no sum.
// CHECK-LABEL: @regions
// CHECK: %[[S:.*]] = stablehlo.reduce(%arg0 init: %arg1) applies stablehlo.add
// CHECK: %[[P:.*]] = stablehlo.reduce(%arg0 init: %arg1) applies stablehlo.multiply
// CHECK: return %[[S]], %[[S]], %[[P]]
func.func @regions(%x: tensor<4xf32>, %i: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %0 = stablehlo.reduce(%x init: %i) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
  %1 = stablehlo.reduce(%x init: %i) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
  %2 = stablehlo.reduce(%x init: %i) applies stablehlo.multiply across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
  return %0, %1, %2 : tensor<f32>, tensor<f32>, tensor<f32>
}
