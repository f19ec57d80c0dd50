// RUN: fuse

// CHECK: func.func public @main(%arg0: tensor<4xf32>, %arg1: tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>) {
// CHECK-NEXT: %0 = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT: %1 = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT: %2:2 = stablehlo.while(%arg2_0 = %0, %arg2_1 = %arg0) : tensor<i32>, tensor<4xf32>
// CHECK-NEXT: cond {
// CHECK-NEXT: %v2_0 = stablehlo.composite "assay.fusion" %arg2_0, %1, %arg1 {decomposition = @fusion_0} : (tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<i1>
// CHECK-NEXT: stablehlo.return %v2_0 : tensor<i1>
// CHECK-NEXT: } do {
// CHECK-NEXT: %v2_0 = stablehlo.add %arg2_0, %1 : tensor<i32>
// CHECK-NEXT: %v2_1 = "stablehlo.case"(%arg2_0) ({
// CHECK-NEXT: %v2_1_0 = stablehlo.composite "assay.fusion" %arg2_1, %arg0 {decomposition = @fusion_1} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: stablehlo.return %v2_1_0 : tensor<4xf32>
// CHECK-NEXT: }) : (tensor<i32>) -> tensor<4xf32>
// CHECK-NEXT: stablehlo.return %v2_0, %v2_1 : tensor<i32>, tensor<4xf32>
// CHECK-NEXT: }
// CHECK-NEXT: %3 = "stablehlo.map"(%arg0) <{dimensions = array<i64: 0>}> ({
// CHECK-NEXT: ^bb0(%arg3_0: tensor<f32>):
// CHECK-NEXT: %v3_0 = stablehlo.add %arg3_0, %arg3_0 : tensor<f32>
// CHECK-NEXT: %v3_1 = stablehlo.abs %v3_0 : tensor<f32>
// CHECK-NEXT: stablehlo.return %v3_1 : tensor<f32>
// CHECK-NEXT: }) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: return %2#1, %3 : tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: }
// CHECK-NEXT: func.func private @fusion_0(%arg0: tensor<i32>, %arg1: tensor<i32>, %arg2: tensor<i32>) -> tensor<i1> {
// CHECK-NEXT: %0 = stablehlo.add %arg0, %arg1 : tensor<i32>
// CHECK-NEXT: %1 = stablehlo.compare LT, %0, %arg2 : (tensor<i32>, tensor<i32>) -> tensor<i1>
// CHECK-NEXT: return %1 : tensor<i1>
// CHECK-NEXT: }
// CHECK-NEXT: func.func private @fusion_1(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT: %0 = stablehlo.add %arg0, %arg1 : tensor<4xf32>
// CHECK-NEXT: %1 = stablehlo.abs %0 : tensor<4xf32>
// CHECK-NEXT: return %1 : tensor<4xf32>
// CHECK-NEXT: }
func.func public @main(%x: tensor<4xf32>, %n: tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %0:2 = stablehlo.while(%i = %zero, %a = %x) : tensor<i32>, tensor<4xf32>
  cond {
    %h = stablehlo.add %i, %one : tensor<i32>
    %q = stablehlo.compare LT, %h, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %q : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %c = "stablehlo.case"(%i) ({
      %s = stablehlo.add %a, %x : tensor<4xf32>
      %t = stablehlo.abs %s : tensor<4xf32>
      stablehlo.return %t : tensor<4xf32>
    }) : (tensor<i32>) -> tensor<4xf32>
    stablehlo.return %j, %c : tensor<i32>, tensor<4xf32>
  }
  // The body of a map is one loop body anyway.
  %m = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
  ^bb0(%e: tensor<f32>):
    %f = stablehlo.add %e, %e : tensor<f32>
    %g = stablehlo.abs %f : tensor<f32>
    stablehlo.return %g : tensor<f32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %0#1, %m : tensor<4xf32>, tensor<4xf32>
}
