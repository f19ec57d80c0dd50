module {
  func.func public @main() -> tensor<1x5xi32> {
    %0 = stablehlo.iota dim = 1 : tensor<1x5xi32>
    return %0 : tensor<1x5xi32>
  }
}
