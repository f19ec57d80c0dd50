// RUN: fold

// CHECK: func.func public @main(%arg0: tensor<4xf32>, %arg1: tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<i32>, tensor<4xf32>, tensor<2xi32>, tensor<4xf32>) {
// CHECK-NEXT: %0 = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT: %1 = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT: %2 = stablehlo.constant dense<2.000000e+00> : tensor<4xf32>
// CHECK-NEXT: %3 = stablehlo.constant dense<true> : tensor<i1>
// CHECK-NEXT: %4 = stablehlo.constant dense<-7> : tensor<i32>
// CHECK-NEXT: %5 = stablehlo.exponential %arg0 : tensor<4xf32>
// CHECK-NEXT: %6 = stablehlo.cosine %arg0 : tensor<4xf32>
// CHECK-NEXT: %7 = stablehlo.constant dense<4> : tensor<i32>
// CHECK-NEXT: %8 = stablehlo.constant dense<6> : tensor<i32>
// CHECK-NEXT: %9:2 = stablehlo.while(%arg9_0 = %0, %arg9_1 = %0) : tensor<i32>, tensor<i32>
// CHECK-NEXT: cond {
// CHECK-NEXT: %v9_0 = stablehlo.constant dense<0> : tensor<i32>
// CHECK-NEXT: %v9_1 = stablehlo.compare GE, %arg9_0, %v9_0 : (tensor<i32>, tensor<i32>) -> tensor<i1>
// CHECK-NEXT: stablehlo.return %v9_1 : tensor<i1>
// CHECK-NEXT: } do {
// CHECK-NEXT: %v9_0 = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT: %v9_1 = stablehlo.subtract %v9_0, %arg9_0 : tensor<i32>
// CHECK-NEXT: stablehlo.return %v9_1, %arg9_0 : tensor<i32>, tensor<i32>
// CHECK-NEXT: }
// CHECK-NEXT: %10 = stablehlo.reshape %9#1 : (tensor<i32>) -> tensor<1xi32>
// CHECK-NEXT: %11 = stablehlo.concatenate %10, %10, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
// CHECK-NEXT: %12:2 = stablehlo.while(%arg12_0 = %0, %arg12_1 = %arg0) : tensor<i32>, tensor<4xf32>
// CHECK-NEXT: cond {
// CHECK-NEXT: %v12_0 = stablehlo.compare LT, %arg12_0, %arg1 : (tensor<i32>, tensor<i32>) -> tensor<i1>
// CHECK-NEXT: stablehlo.return %v12_0 : tensor<i1>
// CHECK-NEXT: } do {
// CHECK-NEXT: %v12_0 = stablehlo.constant dense<1> : tensor<i32>
// CHECK-NEXT: %v12_1 = stablehlo.add %arg12_0, %v12_0 : tensor<i32>
// CHECK-NEXT: %v12_2 = stablehlo.constant dense<4.000000e+00> : tensor<4xf32>
// CHECK-NEXT: %v12_3 = stablehlo.add %arg12_1, %v12_2 : tensor<4xf32>
// CHECK-NEXT: stablehlo.return %v12_1, %v12_3 : tensor<i32>, tensor<4xf32>
// CHECK-NEXT: }
// CHECK-NEXT: return %5, %6, %8, %arg0, %11, %12#1 : tensor<4xf32>, tensor<4xf32>, tensor<i32>, tensor<4xf32>, tensor<2xi32>, tensor<4xf32>
// CHECK-NEXT: }
// A constant around a region is one inside of it: the bound is known, and what it is compared with.
func.func public @main(%x: tensor<4xf32>, %n: tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<i32>, tensor<4xf32>, tensor<2xi32>, tensor<4xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %two = stablehlo.constant dense<2.0> : tensor<4xf32>
  %yes = stablehlo.constant dense<true> : tensor<i1>
  %many = stablehlo.constant dense<-7> : tensor<i32>
  %0 = "stablehlo.if"(%yes) ({
    %a = stablehlo.exponential %x : tensor<4xf32>
    stablehlo.return %a : tensor<4xf32>
  }, {
    stablehlo.return %x : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  %1 = "stablehlo.case"(%many) ({
    stablehlo.return %x : tensor<4xf32>
  }, {
    %a = stablehlo.cosine %x : tensor<4xf32>
    stablehlo.return %a : tensor<4xf32>
  }) : (tensor<i32>) -> tensor<4xf32>
  // Ends after four trips: 0 + 1 + 2 + 3.
  %2:2 = stablehlo.while(%i = %zero, %s = %zero) : tensor<i32>, tensor<i32>
  cond {
    %c = stablehlo.constant dense<4> : tensor<i32>
    %p = stablehlo.compare LT, %i, %c : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %t = stablehlo.add %s, %i : tensor<i32>
    stablehlo.return %j, %t : tensor<i32>, tensor<i32>
  }
  // Does not begin, whatever it would do.
  %3:2 = stablehlo.while(%i = %zero, %s = %x) : tensor<i32>, tensor<4xf32>
  cond {
    %p = stablehlo.compare GT, %i, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %t = stablehlo.tanh %s : tensor<4xf32>
    stablehlo.return %i, %t : tensor<i32>, tensor<4xf32>
  }
  // Has no end, which nobody waits for.
  %4:2 = stablehlo.while(%i = %zero, %s = %zero) : tensor<i32>, tensor<i32>
  cond {
    %p = stablehlo.compare GE, %i, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.subtract %one, %i : tensor<i32>
    stablehlo.return %j, %i : tensor<i32>, tensor<i32>
  }
  %5 = stablehlo.reshape %4#1 : (tensor<i32>) -> tensor<1xi32>
  %6 = stablehlo.concatenate %5, %5, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  // %y stays what it is: captured, not carried.
  %7:3 = stablehlo.while(%i = %zero, %y = %two, %z = %x) : tensor<i32>, tensor<4xf32>, tensor<4xf32>
  cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %k = stablehlo.multiply %y, %y : tensor<4xf32>
    %w = stablehlo.add %z, %k : tensor<4xf32>
    stablehlo.return %j, %y, %w : tensor<i32>, tensor<4xf32>, tensor<4xf32>
  }
  return %0, %1, %2#1, %3#1, %6, %7#2 : tensor<4xf32>, tensor<4xf32>, tensor<i32>, tensor<4xf32>, tensor<2xi32>, tensor<4xf32>
}
