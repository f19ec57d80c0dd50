"""Maps of every small size: loops that are written out, loops that stay, and values in place."""

import numpy as np
import pytest

from compiler.codegen.host import vector_bits
from compiler.executable import Executable
from compiler.text import parse

SUM = """
func.func @main(%x: T, %y: T) -> T {
  %0 = stablehlo.add %x, %y : T
  return %0 : T
}
"""
# The carried value is written over itself in every trip.
IN_PLACE = """
func.func @main(%x: T) -> T {
  %0 = stablehlo.constant dense<0> : tensor<i32>
  %1:2 = stablehlo.while(%i = %0, %v = %x) : tensor<i32>, T
    cond {
      %c = stablehlo.constant dense<3> : tensor<i32>
      %2 = stablehlo.compare LT, %i, %c : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %2 : tensor<i1>
    } do {
      %c = stablehlo.constant dense<1> : tensor<i32>
      %2 = stablehlo.add %i, %c : tensor<i32>
      %3 = stablehlo.add %v, %v : T
      stablehlo.return %2, %3 : tensor<i32>, T
    }
  return %1#1 : T
}
"""


def module(text, size, dtype):
    return parse(text.replace(" T", f" tensor<{size}x{dtype}>"))


@pytest.mark.parametrize("dtype", ["f32", "f64", "i8", "i64"])
@pytest.mark.parametrize("text", [SUM, IN_PLACE], ids=["sum", "in place"])
def test_every_size(check, seeded, draw, text, dtype):
    for size in (*range(1, 20), 31, 32, 33, 47, 48, 63, 64, 65, 127, 130):
        m = module(text, size, dtype)
        rng = seeded(dtype, size)
        check(m, [draw(rng, t) for t in m.main.graph.params])


def test_loops_of_few_iterations_are_written_out():
    lanes = vector_bits() // 32
    for size, loops in ((lanes, 0), (lanes + 3, 0), (2 * lanes, 0), (9 * lanes, 1)):
        assert Executable(module(SUM, size, "f32")).llvm.count("= phi") == loops


def test_what_is_stored_decides_the_width_of_a_fill():
    lanes = vector_bits() // 64
    text = """
    func.func @main(%x: tensor<f64>) -> T {
      %0 = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f64>) -> T
      return %0 : T
    }
    """
    exe = Executable(module(text, lanes, "f64"))
    assert f"store <{lanes} x double>" in exe.llvm
    assert np.array_equal(exe(np.array(2.5))[0], np.full(lanes, 2.5))
