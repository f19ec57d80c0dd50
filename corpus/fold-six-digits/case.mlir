module {
  func.func public @main() -> tensor<f32> {
    %0 = stablehlo.constant dense<9.765625e-04> : tensor<f32>
    %1 = stablehlo.add %0, %0 : tensor<f32>
    return %1 : tensor<f32>
  }
}
