// RUN: cse

// CHECK: func.func public @main(%arg0: tensor<4xf32>, %arg1: tensor<i1>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
// CHECK-NEXT: %0 = stablehlo.negate %arg0 : tensor<4xf32>
// CHECK-NEXT: %1 = "stablehlo.if"(%arg1) ({
// CHECK-NEXT: %v1_0 = stablehlo.tanh %0 : tensor<4xf32>
// CHECK-NEXT: %v1_1 = stablehlo.add %v1_0, %v1_0 : tensor<4xf32>
// CHECK-NEXT: stablehlo.return %v1_1 : tensor<4xf32>
// CHECK-NEXT: }, {
// CHECK-NEXT: %v1_0 = stablehlo.add %0, %0 : tensor<4xf32>
// CHECK-NEXT: stablehlo.return %v1_0 : tensor<4xf32>
// CHECK-NEXT: }) : (tensor<i1>) -> tensor<4xf32>
// CHECK-NEXT: %2 = stablehlo.optimization_barrier %arg0 : tensor<4xf32>
// CHECK-NEXT: %3 = stablehlo.optimization_barrier %arg0 : tensor<4xf32>
// CHECK-NEXT: return %1, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: }
func.func public @main(%x: tensor<4xf32>, %p: tensor<i1>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %a = stablehlo.negate %x : tensor<4xf32>
  %b = stablehlo.negate %x : tensor<4xf32>
  // Captures of one value become one, and then the ops on it.
  %0 = "stablehlo.if"(%p) ({
    %s = stablehlo.tanh %a : tensor<4xf32>
    %t = stablehlo.tanh %b : tensor<4xf32>
    %u = stablehlo.add %s, %t : tensor<4xf32>
    stablehlo.return %u : tensor<4xf32>
  }, {
    %v = stablehlo.add %a, %b : tensor<4xf32>
    stablehlo.return %v : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  // Equal ops with equal regions are one.
  %1 = "stablehlo.if"(%p) ({
    %s = stablehlo.tanh %b : tensor<4xf32>
    %u = stablehlo.add %s, %s : tensor<4xf32>
    stablehlo.return %u : tensor<4xf32>
  }, {
    %v = stablehlo.add %b, %b : tensor<4xf32>
    stablehlo.return %v : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  // Barriers are not.
  %2 = stablehlo.optimization_barrier %x : tensor<4xf32>
  %3 = stablehlo.optimization_barrier %x : tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
