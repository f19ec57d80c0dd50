// RUN: narrow

// Operands are rounded, the sum stays f32. An operand that is used twice is rounded once.
// CHECK-LABEL: @main
// CHECK-NEXT: %[[X:.*]] = stablehlo.convert %arg0 : (tensor<3x3xf32>) -> tensor<3x3xbf16>
// CHECK-NEXT: stablehlo.dot_general %[[X]], %[[X]], {{.*}} : (tensor<3x3xbf16>, tensor<3x3xbf16>) -> tensor<3x3xf32>
// CHECK-NEXT: stablehlo.dot_general %arg1, %arg1, {{.*}} -> tensor<3x3xf64>
// CHECK-NEXT: stablehlo.dot_general %arg0, %arg0, {{.*}}HIGHEST
func.func @main(%x: tensor<3x3xf32>, %y: tensor<3x3xf64>) -> (tensor<3x3xf32>, tensor<3x3xf64>, tensor<3x3xf32>) {
  %0 = stablehlo.dot_general %x, %x, contracting_dims = [1] x [0] : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  %1 = stablehlo.dot_general %y, %y, contracting_dims = [1] x [0] : (tensor<3x3xf64>, tensor<3x3xf64>) -> tensor<3x3xf64>
  %2 = stablehlo.dot_general %x, %x, contracting_dims = [1] x [0], precision = [HIGHEST, HIGHEST] : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %0, %1, %2 : tensor<3x3xf32>, tensor<3x3xf64>, tensor<3x3xf32>
}
