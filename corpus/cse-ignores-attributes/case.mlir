module {
  func.func public @main(%arg0: tensor<2xi32>, %arg1: tensor<2xi32>, %arg2: tensor<i32>) -> tensor<i32> {
    %0:2 = stablehlo.reduce(%arg0 init: %arg2), (%arg1 init: %arg2) across dimensions = [0] : (tensor<2xi32>, tensor<2xi32>, tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>)
     reducer(%arg0_0: tensor<i32>, %arg0_2: tensor<i32>) (%arg0_1: tensor<i32>, %arg0_3: tensor<i32>) {
      %v0_0 = stablehlo.compare GT, %arg0_0, %arg0_2 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %v0_1 = stablehlo.compare EQ, %arg0_0, %arg0_2 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %v0_2 = stablehlo.compare LT, %arg0_1, %arg0_3 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %v0_3 = stablehlo.and %v0_1, %v0_2 : tensor<i1>
      %v0_4 = stablehlo.or %v0_0, %v0_3 : tensor<i1>
      %v0_5 = stablehlo.select %v0_4, %arg0_0, %arg0_2 : tensor<i1>, tensor<i32>
      %v0_6 = stablehlo.select %v0_4, %arg0_1, %arg0_3 : tensor<i1>, tensor<i32>
      stablehlo.return %v0_5, %v0_6 : tensor<i32>, tensor<i32>
    }
    return %0#1 : tensor<i32>
  }
}
