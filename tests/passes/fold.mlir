// RUN: fold

// CHECK-LABEL: @chain
// CHECK-NEXT: %[[C:.*]] = stablehlo.constant dense<[2.500000e+00, 6.500000e+00]> : tensor<2xf32>
// CHECK-NEXT: stablehlo.add %arg0, %[[C]]
// CHECK-NEXT: return
func.func @chain(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.constant dense<[1.0, 3.0]> : tensor<2xf32>
  %1 = stablehlo.constant dense<2.0> : tensor<2xf32>
  %2 = stablehlo.constant dense<0.5> : tensor<2xf32>
  %3 = stablehlo.multiply %0, %1 : tensor<2xf32>
  %4 = stablehlo.add %3, %2 : tensor<2xf32>
  %5 = stablehlo.add %x, %4 : tensor<2xf32>
  return %5 : tensor<2xf32>
}

// One element stands for a million.
// CHECK-LABEL: @splat
// CHECK-NEXT: stablehlo.constant dense<3> : tensor<1000000xi32>
func.func @splat() -> tensor<1000000xi32> {
  %0 = stablehlo.constant dense<1> : tensor<1000000xi32>
  %1 = stablehlo.constant dense<2> : tensor<1000000xi32>
  %2 = stablehlo.or %0, %1 : tensor<1000000xi32>
  return %2 : tensor<1000000xi32>
}

// What has no element needs no evaluation, whatever it is computed from.
// CHECK-LABEL: @empty
// CHECK-NEXT: stablehlo.constant dense<{{.*}}> : tensor<0x3xf32>
// CHECK-NEXT: return
func.func @empty(%x: tensor<0x3xf32>) -> tensor<0x3xf32> {
  %0 = stablehlo.exponential %x : tensor<0x3xf32>
  return %0 : tensor<0x3xf32>
}

// An iota alone is no better as a constant; a sum over one is.
// CHECK-LABEL: @iota
// CHECK-NEXT: %[[I:.*]] = stablehlo.iota dim = 0 : tensor<8xi32>
// CHECK-NEXT: %[[S:.*]] = stablehlo.constant dense<28> : tensor<i32>
// CHECK-NEXT: return %[[I]], %[[S]]
func.func @iota() -> (tensor<8xi32>, tensor<i32>) {
  %0 = stablehlo.iota dim = 0 : tensor<8xi32>
  %1 = stablehlo.constant dense<0> : tensor<i32>
  %2 = stablehlo.reduce(%0 init: %1) applies stablehlo.add across dimensions = [0] : (tensor<8xi32>, tensor<i32>) -> tensor<i32>
  return %0, %2 : tensor<8xi32>, tensor<i32>
}

// Too large to keep in the program.
// CHECK-LABEL: @large
// CHECK: stablehlo.pad
func.func @large() -> tensor<10001xf32> {
  %0 = stablehlo.constant dense<1.0> : tensor<10000xf32>
  %1 = stablehlo.constant dense<0.0> : tensor<f32>
  %2 = stablehlo.pad %0, %1, low = [1], high = [0], interior = [0] : (tensor<10000xf32>, tensor<f32>) -> tensor<10001xf32>
  return %2 : tensor<10001xf32>
}
