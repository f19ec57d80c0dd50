"""Ops of dynamic shapes become static ones, at every level."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import F32, I32
from compiler.errors import VerifyError
from compiler.expand import expand_all
from compiler.ir import TensorType
from compiler.known import Known
from compiler.text import parse

SHAPES = """
func.func @main(%x: tensor<4x6xf32>, %n: tensor<2xi32>) -> RESULT {
  %0 = stablehlo.get_dimension_size %x, dim = 1 : (tensor<4x6xf32>) -> tensor<i32>
  %1 = stablehlo.reshape %0 : (tensor<i32>) -> tensor<1xi32>
  %2 = stablehlo.constant dense<2> : tensor<1xi32>
  %3 = stablehlo.divide %1, %2 : tensor<1xi32>
  %4 = stablehlo.concatenate %3, %2, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  %5 = stablehlo.constant dense<0> : tensor<2xi32>
  %6 = stablehlo.constant dense<1> : tensor<2xi32>
  OP
  return %7 : RESULT
}
"""


def expanded(op: str, result: str) -> list[str]:
    """The ops that stand for ``op``, without what computes shapes."""
    text = SHAPES.replace("OP", op).replace("RESULT", result)
    graph = expand_all(parse(text)).main.graph
    first = next(i for i, n in enumerate(graph.nodes) if n.op == "concatenate") + 3
    return [n.op for n in graph.nodes[first:]]


def test_shapes_that_are_computed() -> None:
    result = "tensor<3x2xf32>"
    op = "%7 = stablehlo.dynamic_iota %4, dim = 1 : (tensor<2xi32>) -> tensor<3x2xf32>"
    assert expanded(op, result) == ["iota"]
    op = """%7 = stablehlo.real_dynamic_slice %x, %5, %4, %6
      : (tensor<4x6xf32>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<3x2xf32>"""
    assert expanded(op, result) == ["slice"]


def test_shapes_that_a_function_computes() -> None:
    text = """
    func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
      %0 = call @start() : () -> tensor<1xi32>
      %1 = stablehlo.constant dense<3> : tensor<1xi32>
      %2 = stablehlo.constant dense<1> : tensor<1xi32>
      %3 = stablehlo.real_dynamic_slice %x, %0, %1, %2
        : (tensor<4xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<2xf32>
      return %3 : tensor<2xf32>
    }
    func.func private @start() -> tensor<1xi32> {
      %0 = stablehlo.constant dense<1> : tensor<1xi32>
      return %0 : tensor<1xi32>
    }
    """
    assert "slice" in [n.op for n in expand_all(parse(text)).main.graph.nodes]


def test_a_function_that_is_called_computes_a_shape_of_its_own() -> None:
    text = """
    func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
      %0 = call @part(%x) : (tensor<4xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    }
    func.func private @part(%x: tensor<4xf32>) -> tensor<2xf32> {
      %0 = stablehlo.constant dense<1> : tensor<1xi32>
      %1 = stablehlo.add %0, %0 : tensor<1xi32>
      %2 = stablehlo.add %0, %1 : tensor<1xi32>
      %3 = stablehlo.real_dynamic_slice %x, %0, %2, %0
        : (tensor<4xf32>, tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) -> tensor<2xf32>
      return %3 : tensor<2xf32>
    }
    """
    part = expand_all(parse(text)).by_name["part"].graph
    assert "slice" in [n.op for n in part.nodes]


def test_what_inputs_decide_is_read_where_it_says() -> None:
    op = """%7 = stablehlo.real_dynamic_slice %x, %n, %4, %6
      : (tensor<4x6xf32>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<3x2xf32>"""
    assert expanded(op, "tensor<3x2xf32>")[-1] == "gather"


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (
            "%7 = stablehlo.dynamic_iota %4, dim = 1 : (tensor<2xi32>) -> tensor<2x3xf32>",
            r"dynamic_iota: output_shape is \[3, 2\], the result type tensor<2x3xf32>",
        ),
        (
            """%7 = stablehlo.real_dynamic_slice %x, %5, %4, %6
      : (tensor<4x6xf32>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>) -> tensor<2x3xf32>""",
            r"real_dynamic_slice: result type is tensor<3x2xf32>, not tensor<2x3xf32>",
        ),
    ],
)
def test_a_result_type_that_is_known_to_be_wrong(op: str, message: str) -> None:
    with pytest.raises(VerifyError, match=message):
        expanded(op, "tensor<2x3xf32>")


def test_values_that_no_input_decides() -> None:
    b = Builder([TensorType((2,), I32), TensorType((), F32)])
    known = Known(b, {0: np.array([5, 6], np.int32)})
    two = b.constant(np.array([2, 2], np.int32))
    product = b.emit("multiply", [0, two])
    assert known.value(product).tolist() == [10, 12]
    number = b.emit("convert", [1], types=[TensorType((), I32)])
    assert known.value(number) is None
    assert known.value(1) is None  # a float
    later = b.emit("negate", [product])  # the graph has grown
    assert known.value(later).tolist() == [-10, -12]
    assert known.maker(later) == b.nodes[-1]
    assert known.maker(0) is None
