// RUN: inline,fold,canonicalize,reorder,narrow,dce

// CHECK: func.func public @main(%arg0: tensor<i1>, %arg1: tensor<2x64xf32>, %arg2: tensor<64x2xf32>, %arg3: tensor<2x64xf32>, %arg4: tensor<4xi32>) -> (tensor<2x64xf32>, tensor<4xi32>) {
// CHECK-NEXT: %0:2 = "stablehlo.if"(%arg0) ({
// CHECK-NEXT: %v0_0 = stablehlo.convert %arg1 : (tensor<2x64xf32>) -> tensor<2x64xbf16>
// CHECK-NEXT: %v0_1 = stablehlo.convert %arg2 : (tensor<64x2xf32>) -> tensor<64x2xbf16>
// CHECK-NEXT: %v0_2 = stablehlo.dot_general %v0_0, %v0_1, contracting_dims = [1] x [0] : (tensor<2x64xbf16>, tensor<64x2xbf16>) -> tensor<2x2xf32>
// CHECK-NEXT: %v0_3 = stablehlo.convert %v0_2 : (tensor<2x2xf32>) -> tensor<2x2xbf16>
// CHECK-NEXT: %v0_4 = stablehlo.convert %arg3 : (tensor<2x64xf32>) -> tensor<2x64xbf16>
// CHECK-NEXT: %v0_5 = stablehlo.dot_general %v0_3, %v0_4, contracting_dims = [1] x [0] : (tensor<2x2xbf16>, tensor<2x64xbf16>) -> tensor<2x64xf32>
// CHECK-NEXT: %v0_6 = stablehlo.add %arg4, %arg4 : tensor<4xi32>
// CHECK-NEXT: stablehlo.return %v0_5, %v0_6 : tensor<2x64xf32>, tensor<4xi32>
// CHECK-NEXT: }, {
// CHECK-NEXT: %v0_0 = stablehlo.constant dense<3> : tensor<4xi32>
// CHECK-NEXT: %v0_1 = stablehlo.shift_left %arg4, %v0_0 : tensor<4xi32>
// CHECK-NEXT: stablehlo.return %arg1, %v0_1 : tensor<2x64xf32>, tensor<4xi32>
// CHECK-NEXT: }) : (tensor<i1>) -> (tensor<2x64xf32>, tensor<4xi32>)
// CHECK-NEXT: return %0#0, %0#1 : tensor<2x64xf32>, tensor<4xi32>
// CHECK-NEXT: }
func.func public @main(%p: tensor<i1>, %a: tensor<2x64xf32>, %b: tensor<64x2xf32>, %c: tensor<2x64xf32>, %x: tensor<4xi32>) -> (tensor<2x64xf32>, tensor<4xi32>) {
  %eight = stablehlo.constant dense<8> : tensor<4xi32>
  %0:2 = "stablehlo.if"(%p) ({
    // Two products of 2x64 and 64x2 cost less than one of 64x2 and 2x64 does.
    %s = stablehlo.dot_general %b, %c, contracting_dims = [1] x [0] : (tensor<64x2xf32>, tensor<2x64xf32>) -> tensor<64x64xf32>
    %t = stablehlo.dot_general %a, %s, contracting_dims = [1] x [0] : (tensor<2x64xf32>, tensor<64x64xf32>) -> tensor<2x64xf32>
    %u = func.call @twice(%x) : (tensor<4xi32>) -> tensor<4xi32>
    stablehlo.return %t, %u : tensor<2x64xf32>, tensor<4xi32>
  }, {
    %v = stablehlo.multiply %x, %eight : tensor<4xi32>
    stablehlo.return %a, %v : tensor<2x64xf32>, tensor<4xi32>
  }) : (tensor<i1>) -> (tensor<2x64xf32>, tensor<4xi32>)
  return %0#0, %0#1 : tensor<2x64xf32>, tensor<4xi32>
}
func.func private @twice(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = stablehlo.negate %x : tensor<4xi32>
  %1 = stablehlo.negate %0 : tensor<4xi32>
  %2 = stablehlo.add %1, %1 : tensor<4xi32>
  return %2 : tensor<4xi32>
}
