module {
  func.func public @control(%arg0: tensor<i32>, %arg1: tensor<i1>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>) -> (tensor<4xf32>, tensor<i32>) {
    %0:2 = stablehlo.while(%arg0_0 = %arg2, %arg0_1 = %arg0) : tensor<4xf32>, tensor<i32>
    cond {
      %v0_0 = stablehlo.constant dense<10> : tensor<i32>
      %v0_1 = stablehlo.compare LT, %arg0_1, %v0_0 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %v0_1 : tensor<i1>
    } do {
      %v0_0 = stablehlo.constant dense<1> : tensor<i32>
      %v0_1 = func.call @helper(%arg0_0, %arg3) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %v0_2 = stablehlo.add %arg0_1, %v0_0 : tensor<i32>
      %v0_3 = "stablehlo.if"(%arg1) ({
        stablehlo.return %v0_1 : tensor<4xf32>
      }, {
        %v0_3_0:2 = "stablehlo.case"(%v0_2) ({
          stablehlo.return %v0_1, %arg0 : tensor<4xf32>, tensor<i32>
        }, {
          stablehlo.return %arg2, %v0_2 : tensor<4xf32>, tensor<i32>
        }, {
          stablehlo.return %arg3, %v0_2 : tensor<4xf32>, tensor<i32>
        }) : (tensor<i32>) -> (tensor<4xf32>, tensor<i32>)
        stablehlo.return %v0_3_0#0 : tensor<4xf32>
      }) : (tensor<i1>) -> tensor<4xf32>
      stablehlo.return %v0_3, %v0_2 : tensor<4xf32>, tensor<i32>
    }
    "stablehlo.while"() ({
      stablehlo.return %arg1 : tensor<i1>
    }, {
      stablehlo.return
    }) : () -> ()
    %2:2 = stablehlo.optimization_barrier %0#0, %0#1 : tensor<4xf32>, tensor<i32>
    %3 = "stablehlo.map"(%2#0, %arg2) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg3_0: tensor<f32>, %arg3_1: tensor<f32>):
      %v3_0 = stablehlo.multiply %arg3_0, %arg3_1 : tensor<f32>
      stablehlo.return %v3_0 : tensor<f32>
    }) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %3, %2#1 : tensor<4xf32>, tensor<i32>
  }
  func.func public @gather(%arg0: tensor<3x4x2xf32>, %arg1: tensor<2x3x2xi64>, %arg2: tensor<2x3x4xi32>, %arg3: tensor<2x5x1xi64>, %arg4: tensor<i64>, %arg5: tensor<1x2x2xf32>) -> (tensor<2x3x2x2xf32>, tensor<2x5x2xi32>, tensor<1x2x2xf32>, tensor<3x4x2xf32>, tensor<i32>) {
    %0 = "stablehlo.gather"(%arg0, %arg1) <{dimension_numbers = #stablehlo.gather<offset_dims = [2, 3], collapsed_slice_dims = [0], start_index_map = [1, 0], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 2, 2>}> : (tensor<3x4x2xf32>, tensor<2x3x2xi64>) -> tensor<2x3x2x2xf32>
    %1 = "stablehlo.gather"(%arg2, %arg3) <{dimension_numbers = #stablehlo.gather<offset_dims = [2], collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [2], index_vector_dim = 2>, indices_are_sorted = true, slice_sizes = array<i64: 1, 1, 2>}> : (tensor<2x3x4xi32>, tensor<2x5x1xi64>) -> tensor<2x5x2xi32>
    %2 = stablehlo.dynamic_slice %arg0, %arg4, %arg4, %arg4, sizes = [1, 2, 2] : (tensor<3x4x2xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<1x2x2xf32>
    %3 = stablehlo.dynamic_update_slice %arg0, %arg5, %arg4, %arg4, %arg4 : (tensor<3x4x2xf32>, tensor<1x2x2xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3x4x2xf32>
    %4 = stablehlo.constant dense<3> : tensor<i32>
    %5 = stablehlo.dynamic_slice %4, sizes = [] : (tensor<i32>) -> tensor<i32>
    %6 = stablehlo.dynamic_update_slice %5, %4 : (tensor<i32>, tensor<i32>) -> tensor<i32>
    return %0, %1, %2, %3, %6 : tensor<2x3x2x2xf32>, tensor<2x5x2xi32>, tensor<1x2x2xf32>, tensor<3x4x2xf32>, tensor<i32>
  }
  func.func public @scatter(%arg0: tensor<3x4x2xi64>, %arg1: tensor<3x4x2xf32>, %arg2: tensor<2x3x2xi64>, %arg3: tensor<2x3x2x2xi64>, %arg4: tensor<2x3x2x2xf32>, %arg5: tensor<4x2xi32>, %arg6: tensor<2x2xi32>, %arg7: tensor<i32>) -> (tensor<3x4x2xi64>, tensor<3x4x2xf32>, tensor<4x2xi32>) {
    %0:2 = "stablehlo.scatter"(%arg0, %arg1, %arg2, %arg3, %arg4) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [2, 3], inserted_window_dims = [0], scatter_dims_to_operand_dims = [1, 0], index_vector_dim = 2>, unique_indices = true}> ({
    ^bb0(%arg0_0: tensor<i64>, %arg0_1: tensor<f32>, %arg0_2: tensor<i64>, %arg0_3: tensor<f32>):
      %v0_0 = stablehlo.add %arg0_0, %arg0_2 : tensor<i64>
      stablehlo.return %v0_0, %arg0_3 : tensor<i64>, tensor<f32>
    }) : (tensor<3x4x2xi64>, tensor<3x4x2xf32>, tensor<2x3x2xi64>, tensor<2x3x2x2xi64>, tensor<2x3x2x2xf32>) -> (tensor<3x4x2xi64>, tensor<3x4x2xf32>)
    %1 = "stablehlo.select_and_scatter"(%arg5, %arg6, %arg7) <{padding = dense<[[0, 1], [0, 0]]> : tensor<2x2xi64>, window_dimensions = array<i64: 3, 1>, window_strides = array<i64: 2, 1>}> ({
    ^bb0(%arg1_0: tensor<i32>, %arg1_1: tensor<i32>):
      %v1_0 = stablehlo.compare GE, %arg1_0, %arg1_1 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %v1_0 : tensor<i1>
    }, {
    ^bb0(%arg1_0: tensor<i32>, %arg1_1: tensor<i32>):
      %v1_0 = stablehlo.add %arg1_0, %arg1_1 : tensor<i32>
      %v1_1 = stablehlo.add %v1_0, %arg7 : tensor<i32>
      stablehlo.return %v1_1 : tensor<i32>
    }) : (tensor<4x2xi32>, tensor<2x2xi32>, tensor<i32>) -> tensor<4x2xi32>
    return %0#0, %0#1, %1 : tensor<3x4x2xi64>, tensor<3x4x2xf32>, tensor<4x2xi32>
  }
  func.func public @sort(%arg0: tensor<3x4xf16>, %arg1: tensor<3x4xui8>) -> (tensor<3x4xf16>, tensor<3x4xui8>) {
    %0:2 = "stablehlo.sort"(%arg0, %arg1) <{dimension = -1 : i64, is_stable = true}> ({
    ^bb0(%arg0_0: tensor<f16>, %arg0_1: tensor<f16>, %arg0_2: tensor<ui8>, %arg0_3: tensor<ui8>):
      %v0_0 = stablehlo.compare LT, %arg0_0, %arg0_1, TOTALORDER : (tensor<f16>, tensor<f16>) -> tensor<i1>
      stablehlo.return %v0_0 : tensor<i1>
    }) : (tensor<3x4xf16>, tensor<3x4xui8>) -> (tensor<3x4xf16>, tensor<3x4xui8>)
    return %0#0, %0#1 : tensor<3x4xf16>, tensor<3x4xui8>
  }
  func.func public @window(%arg0: tensor<3x2xi32>, %arg1: tensor<3x2xbf16>, %arg2: tensor<i32>, %arg3: tensor<bf16>, %arg4: tensor<f32>) -> (tensor<2x2xi32>, tensor<2x2xf32>, tensor<f32>) {
    %0:2 = "stablehlo.reduce_window"(%arg0, %arg1, %arg2, %arg3) <{base_dilations = array<i64: 2, 1>, padding = dense<[[2, 1], [0, 0]]> : tensor<2x2xi64>, window_dilations = array<i64: 3, 1>, window_dimensions = array<i64: 2, 1>, window_strides = array<i64: 4, 1>}> ({
    ^bb0(%arg0_0: tensor<i32>, %arg0_1: tensor<f32>, %arg0_2: tensor<i32>, %arg0_3: tensor<f32>):
      %v0_0 = stablehlo.maximum %arg0_0, %arg0_2 : tensor<i32>
      %v0_1 = stablehlo.add %arg0_1, %arg0_3 : tensor<f32>
      stablehlo.return %v0_0, %v0_1 : tensor<i32>, tensor<f32>
    }) : (tensor<3x2xi32>, tensor<3x2xbf16>, tensor<i32>, tensor<bf16>) -> (tensor<2x2xi32>, tensor<2x2xf32>)
    %1 = "stablehlo.reduce_window"(%arg4, %arg4) <{window_dimensions = array<i64>}> ({
    ^bb0(%arg1_0: tensor<f32>, %arg1_1: tensor<f32>):
      stablehlo.return %arg1_0 : tensor<f32>
    }) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    return %0#0, %0#1, %1 : tensor<2x2xi32>, tensor<2x2xf32>, tensor<f32>
  }
  func.func public @convolution(%arg0: tensor<1x4x4x1xf32>, %arg1: tensor<3x3x1x1xf32>, %arg2: tensor<2x3xi8>, %arg3: tensor<3x4xi8>, %arg4: tensor<2x2xi64>) -> (tensor<1x2x2x1xf32>, tensor<2x4xi32>, tensor<1x2x2x1xf32>) {
    %0 = stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [4, 4], pad = [[1, 1], [1, 1]], lhs_dilate = [2, 2], rhs_dilate = [1, 1], reverse = [false, true]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision HIGHEST>]} : (tensor<1x4x4x1xf32>, tensor<3x3x1x1xf32>) -> tensor<1x2x2x1xf32>
    %1 = stablehlo.convolution(%arg2, %arg3) dim_numbers = [b, f]x[i, o]->[b, f], window = {stride = [], pad = [], lhs_dilate = [], rhs_dilate = [], reverse = []} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x3xi8>, tensor<3x4xi8>) -> tensor<2x4xi32>
    %2 = "stablehlo.dynamic_conv"(%arg0, %arg1, %arg4) <{batch_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]>, feature_group_count = 1 : i64, lhs_dilation = array<i64: 2, 2>, rhs_dilation = array<i64: 1, 1>, window_reversal = array<i1: false, false>, window_strides = array<i64: 4, 4>}> : (tensor<1x4x4x1xf32>, tensor<3x3x1x1xf32>, tensor<2x2xi64>) -> tensor<1x2x2x1xf32>
    return %0, %1, %2 : tensor<1x2x2x1xf32>, tensor<2x4xi32>, tensor<1x2x2x1xf32>
  }
  func.func public @norm(%arg0: tensor<2x3xf32>, %arg1: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
    %0 = "stablehlo.batch_norm_inference"(%arg0, %arg1, %arg1, %arg1, %arg1) <{epsilon = 0.001 : f32, feature_index = 1 : i64}> : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    %1:3 = "stablehlo.batch_norm_training"(%arg0, %arg1, %arg1) <{epsilon = 0.0 : f32, feature_index = 1 : i64}> : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>)
    %2:3 = "stablehlo.batch_norm_grad"(%arg0, %arg1, %arg1, %arg1, %arg0) <{epsilon = 0x7F800000 : f32, feature_index = 1 : i64}> : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>)
    return %0, %1#0, %2#0 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
  }
  func.func public @linalg(%arg0: tensor<2x3x3xf64>, %arg1: tensor<2x3x4xf64>) -> (tensor<2x3x3xf64>, tensor<2x3x3xf64>, tensor<2x3x4xf64>) {
    %0 = stablehlo.cholesky %arg0, lower = true : tensor<2x3x3xf64>
    %1 = stablehlo.cholesky %arg0 : tensor<2x3x3xf64>
    %2 = "stablehlo.triangular_solve"(%arg0, %arg1) <{left_side = true, lower = false, transpose_a = #stablehlo<transpose TRANSPOSE>, unit_diagonal = true}> : (tensor<2x3x3xf64>, tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
    return %0, %1, %2 : tensor<2x3x3xf64>, tensor<2x3x3xf64>, tensor<2x3x4xf64>
  }
  func.func public @random(%arg0: tensor<2xui64>) -> (tensor<2xui64>, tensor<2x5xui32>) {
    %0:2 = stablehlo.rng_bit_generator %arg0, algorithm = THREE_FRY : (tensor<2xui64>) -> (tensor<2xui64>, tensor<2x5xui32>)
    return %0#0, %0#1 : tensor<2xui64>, tensor<2x5xui32>
  }
  func.func public @dynamic(%arg0: tensor<2x3xf32>, %arg1: tensor<2xi64>, %arg2: tensor<3xi64>, %arg3: tensor<f32>, %arg4: tensor<2x3x2xi64>, %arg5: tensor<3x4x2xf32>) -> tensor<2x3xf32> {
    %0 = stablehlo.get_dimension_size %arg0, dim = 1 : (tensor<2x3xf32>) -> tensor<i32>
    %1 = stablehlo.dynamic_iota %arg1, dim = 1 : (tensor<2xi64>) -> tensor<3x4xi8>
    %2 = stablehlo.dynamic_reshape %arg0, %arg1 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<3x2xf32>
    %3 = stablehlo.dynamic_broadcast_in_dim %arg0, %arg2, dims = [0, 2] {known_expanding_dimensions = array<i64: 1>, known_nonexpanding_dimensions = array<i64: 0>} : (tensor<2x3xf32>, tensor<3xi64>) -> tensor<2x5x3xf32>
    %4 = stablehlo.dynamic_pad %arg0, %arg3, %arg1, %arg1, %arg1 : (tensor<2x3xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<4x5xf32>
    %5 = "stablehlo.dynamic_gather"(%arg5, %arg4, %arg2) <{dimension_numbers = #stablehlo.gather<offset_dims = [2, 3], collapsed_slice_dims = [0], start_index_map = [1, 0], index_vector_dim = 2>, indices_are_sorted = false}> : (tensor<3x4x2xf32>, tensor<2x3x2xi64>, tensor<3xi64>) -> tensor<2x3x2x2xf32>
    %6 = stablehlo.real_dynamic_slice %arg0, %arg1, %arg1, %arg1 : (tensor<2x3xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x2xf32>
    %7 = stablehlo.real %arg0 : tensor<2x3xf32>
    %8 = stablehlo.imag %7 : tensor<2x3xf32>
    return %8 : tensor<2x3xf32>
  }
  func.func public @chlo(%arg0: tensor<4xf32>, %arg1: tensor<f32>, %arg2: tensor<3x4xf32>, %arg3: tensor<4xi16>, %arg4: tensor<11x5xf32>, %arg5: tensor<3x5x7xf32>, %arg6: tensor<3xi64>) -> tensor<4xf32> {
    %0 = chlo.acos %arg0 : tensor<4xf32> -> tensor<4xf32>
    %1 = chlo.acosh %arg0 : tensor<4xf32> -> tensor<4xf32>
    %2 = chlo.asin %arg0 : tensor<4xf32> -> tensor<4xf32>
    %3 = chlo.asinh %arg0 : tensor<4xf32> -> tensor<4xf32>
    %4 = chlo.atan %arg0 : tensor<4xf32> -> tensor<4xf32>
    %5 = chlo.atanh %arg0 : tensor<4xf32> -> tensor<4xf32>
    %6 = chlo.bessel_i1e %arg0 : tensor<4xf32> -> tensor<4xf32>
    %7 = chlo.cosh %arg0 : tensor<4xf32> -> tensor<4xf32>
    %8 = chlo.digamma %arg0 : tensor<4xf32> -> tensor<4xf32>
    %9 = chlo.erf %arg0 : tensor<4xf32> -> tensor<4xf32>
    %10 = chlo.erf_inv %arg0 : tensor<4xf32> -> tensor<4xf32>
    %11 = chlo.erfc %arg0 : tensor<4xf32> -> tensor<4xf32>
    %12 = chlo.lgamma %arg0 : tensor<4xf32> -> tensor<4xf32>
    %13 = chlo.sinh %arg0 : tensor<4xf32> -> tensor<4xf32>
    %14 = chlo.square %arg0 : tensor<4xf32> -> tensor<4xf32>
    %15 = chlo.tan %arg0 : tensor<4xf32> -> tensor<4xf32>
    %16 = chlo.next_after %arg0, %arg0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    %17 = chlo.polygamma %arg0, %arg0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    %18 = chlo.zeta %arg0, %arg0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    %19 = chlo.is_inf %arg0 : tensor<4xf32> -> tensor<4xi1>
    %20 = chlo.is_neg_inf %arg0 : tensor<4xf32> -> tensor<4xi1>
    %21 = chlo.is_pos_inf %arg0 : tensor<4xf32> -> tensor<4xi1>
    %22 = chlo.mulhi %arg3, %arg3 : tensor<4xi16>, tensor<4xi16> -> tensor<4xi16>
    %23:2 = chlo.top_k(%arg0, k = 2) : tensor<4xf32> -> (tensor<2xf32>, tensor<2xi32>)
    %24 = "chlo.ragged_dot"(%arg4, %arg5, %arg6) <{precision_config = [#chlo<precision DEFAULT>, #chlo<precision DEFAULT>], ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}> : (tensor<11x5xf32>, tensor<3x5x7xf32>, tensor<3xi64>) -> tensor<11x7xf32>
    %25:2 = chlo.scan(%arg0) inits (%arg1) dimension=0 attributes {is_reverse = true} {
    ^bb0(%arg25_0: tensor<f32>, %arg25_1: tensor<f32>):
      %v25_0 = stablehlo.add %arg25_0, %arg25_1 : tensor<f32>
      stablehlo.return %v25_0, %v25_0 : tensor<f32>, tensor<f32>
    } : (tensor<4xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<f32>)
    %26 = chlo.broadcast_compare %arg0, %arg1 {compare_type = #chlo<comparison_type FLOAT>, comparison_direction = #chlo<comparison_direction LT>} : (tensor<4xf32>, tensor<f32>) -> tensor<4xi1>
    %27 = chlo.broadcast_select %26, %arg0, %arg1 : (tensor<4xi1>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %28 = chlo.broadcast_add %arg0, %arg2 {broadcast_dimensions = array<i64: 1>} : (tensor<4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
    %29 = chlo.broadcast_add %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %30 = chlo.broadcast_and %arg3, %arg3 : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
    %31 = chlo.broadcast_atan2 %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %32 = chlo.broadcast_divide %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %33 = chlo.broadcast_maximum %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %34 = chlo.broadcast_minimum %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %35 = chlo.broadcast_multiply %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %36 = chlo.broadcast_or %arg3, %arg3 : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
    %37 = chlo.broadcast_power %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %38 = chlo.broadcast_remainder %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %39 = chlo.broadcast_shift_left %arg3, %arg3 : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
    %40 = chlo.broadcast_shift_right_arithmetic %arg3, %arg3 : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
    %41 = chlo.broadcast_shift_right_logical %arg3, %arg3 : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
    %42 = chlo.broadcast_subtract %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %43 = chlo.broadcast_xor %arg3, %arg3 : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
    %44 = chlo.broadcast_next_after %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %45 = chlo.broadcast_polygamma %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %46 = chlo.broadcast_zeta %arg0, %arg0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  func.func private @helper(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>) -> tensor<4xf32> {
    %0 = call @helper2(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  func.func private @helper2(%arg0: tensor<4xf32>) -> tensor<4xf32> {
    return %arg0 : tensor<4xf32>
  }
}
