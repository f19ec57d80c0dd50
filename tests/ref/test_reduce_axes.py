"""reduce: the axis, where sizes of kept and reduced dimensions coincide, and the element type."""

import itertools

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import F32, by_name
from compiler.executable import compile_module
from compiler.ir import TensorType, module
from compiler.rules.plant import monoid_body
from compiler.text import parse
from verify.bounds import enclose
from verify.ref import evaluate


def test_every_choice_of_axes_of_a_tensor_with_equal_sizes() -> None:
    x = np.arange(16, dtype=np.float32).reshape(1, 2, 2, 4) ** 2
    for count in range(5):
        for dims in itertools.combinations(range(4), count):
            b = Builder([TensorType(x.shape, F32), TensorType((), F32)])
            out = b.emit("reduce", [0, 1], regions=[monoid_body("add", F32)], dimensions=dims)
            (got,) = evaluate(module(b.graph([out])), [x, np.float32(0)])
            np.testing.assert_array_equal(got, x.sum(axis=dims))


@pytest.mark.parametrize("body", ["add", "subtract"])
@pytest.mark.parametrize(("narrow", "wide"), [("i8", "i32"), ("f16", "f32"), ("ui8", "ui64")])
def test_a_body_may_compute_in_a_wider_type(narrow: str, wide: str, body: str) -> None:
    """The specification's is_promotable: inputs and init are converted first (C6, C8)."""
    program = parse(
        f"func.func @main(%a: tensor<4x{narrow}>, %z: tensor<{narrow}>) -> tensor<{wide}> {{\n"
        f"  %0 = stablehlo.reduce(%a init: %z) across dimensions = [0] "
        f": (tensor<4x{narrow}>, tensor<{narrow}>) -> tensor<{wide}>\n"
        f"  reducer(%x: tensor<{wide}>, %y: tensor<{wide}>) {{\n"
        f"    %1 = stablehlo.{body} %x, %y : tensor<{wide}>\n"
        f"    stablehlo.return %1 : tensor<{wide}>\n  }}\n"
        f"  return %0 : tensor<{wide}>\n}}\n"
    )
    dtype = by_name(narrow).numpy
    inputs = [np.array([100, 101, 102, 103], dtype), np.array(5, dtype)]
    (got,) = evaluate(program, inputs)
    assert got.dtype == by_name(wide).numpy
    assert got == np.int64(411 if body == "add" else -401).astype(got.dtype)
    (bound,) = enclose(program, inputs)
    assert bound.type == program.main.graph.result_types[0]
    assert np.array_equal(bound.value.astype(got.dtype), got)
    (compiled,) = compile_module(program)(*inputs)
    assert np.array_equal(compiled, got)
