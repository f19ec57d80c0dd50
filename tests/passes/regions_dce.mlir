// RUN: dce

// CHECK: func.func public @main(%arg0: tensor<4xf32>, %arg1: tensor<i32>, %arg2: tensor<i1>) -> (tensor<4xf32>, tensor<4xf32>) {
// CHECK-NEXT: %0 = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT: %1 = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT: %2:3 = stablehlo.while(%arg2_0 = %0, %arg2_1 = %arg0, %arg2_2 = %arg0) : tensor<i32>, tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: cond {
// CHECK-NEXT: %v2_0 = stablehlo.compare LT, %arg2_0, %arg1 : (tensor<i32>, tensor<i32>) -> tensor<i1>
// CHECK-NEXT: stablehlo.return %v2_0 : tensor<i1>
// CHECK-NEXT: } do {
// CHECK-NEXT: %v2_0 = stablehlo.add %arg2_0, %1 : tensor<i32>
// CHECK-NEXT: %v2_1 = stablehlo.add %arg2_1, %arg2_2 : tensor<4xf32>
// CHECK-NEXT: %v2_2 = stablehlo.cosine %arg2_2 : tensor<4xf32>
// CHECK-NEXT: stablehlo.return %v2_0, %v2_1, %v2_2 : tensor<i32>, tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: }
// CHECK-NEXT: %3 = "stablehlo.if"(%arg2) ({
// CHECK-NEXT: stablehlo.return %arg0 : tensor<4xf32>
// CHECK-NEXT: }, {
// CHECK-NEXT: %v3_0 = stablehlo.abs %arg0 : tensor<4xf32>
// CHECK-NEXT: stablehlo.return %v3_0 : tensor<4xf32>
// CHECK-NEXT: }) : (tensor<i1>) -> tensor<4xf32>
// CHECK-NEXT: return %2#1, %3 : tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: }
func.func public @main(%x: tensor<4xf32>, %n: tensor<i32>, %p: tensor<i1>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %y = stablehlo.negate %x : tensor<4xf32>
  // %b is read by %a, so it is carried; %c only by itself.
  %0:4 = stablehlo.while(%i = %zero, %a = %x, %b = %x, %c = %y) : tensor<i32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  cond {
    %q = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %r = stablehlo.sine %c : tensor<4xf32>
    stablehlo.return %q : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %s = stablehlo.add %a, %b : tensor<4xf32>
    %t = stablehlo.cosine %b : tensor<4xf32>
    %u = stablehlo.exponential %c : tensor<4xf32>
    stablehlo.return %j, %s, %t, %u : tensor<i32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  // The first result, and all that only it needs, goes from both branches.
  %1:2 = "stablehlo.if"(%p) ({
    %v = stablehlo.tanh %y : tensor<4xf32>
    stablehlo.return %v, %x : tensor<4xf32>, tensor<4xf32>
  }, {
    %w = stablehlo.abs %x : tensor<4xf32>
    stablehlo.return %y, %w : tensor<4xf32>, tensor<4xf32>
  }) : (tensor<i1>) -> (tensor<4xf32>, tensor<4xf32>)
  return %0#1, %1#1 : tensor<4xf32>, tensor<4xf32>
}
