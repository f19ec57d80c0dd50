"""while, case, if, map and barriers in the reference: values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.errors import UnsupportedError
from compiler.ir import Array
from compiler.text import parse
from verify.ref import EndlessError, evaluate

SAME = """
func.func private @same(%a: tensor<f32>) -> tensor<f32> {
  %b = stablehlo.reshape %a : (tensor<f32>) -> tensor<f32>
  return %b : tensor<f32>
}"""


def results(head: str, body: str, *inputs: Array) -> list[object]:
    """What a program returns; ``head`` is its signature."""
    module = parse(f"func.func @main{head} {{\n{body}\n}}{SAME}")
    return [x.tolist() for x in evaluate(module, inputs)]


def i32(x: object) -> Array:
    return np.array(x, np.int32)


GCD = """
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %r:2 = stablehlo.while(%a = %x, %b = %y) : tensor<i32>, tensor<i32>
  cond {
    %p = stablehlo.compare NE, %b, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %c = stablehlo.remainder %a, %b : tensor<i32>
    stablehlo.return %b, %c : tensor<i32>, tensor<i32>
  }
  return %r#0, %r#1 : tensor<i32>, tensor<i32>"""


@pytest.mark.parametrize(("x", "y", "want"), [(48, 18, 6), (7, 0, 7), (0, 5, 5), (17, 4, 1)])
def test_a_loop_runs_while_its_condition_holds(x: int, y: int, want: int) -> None:
    head = "(%x: tensor<i32>, %y: tensor<i32>) -> (tensor<i32>, tensor<i32>)"
    assert results(head, GCD, i32(x), i32(y)) == [want, 0]


def test_loops_count_all_their_trips_together() -> None:
    body = """
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r = stablehlo.while(%i = %n) : tensor<i32>
  cond {
    %p = stablehlo.compare GT, %i, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.subtract %i, %one : tensor<i32>
    %k = stablehlo.while(%h = %n) : tensor<i32>
    cond {
      %p = stablehlo.compare GT, %h, %one : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %p : tensor<i1>
    } do {
      %g = stablehlo.subtract %h, %one : tensor<i32>
      stablehlo.return %g : tensor<i32>
    }
    stablehlo.return %j : tensor<i32>
  }
  return %r : tensor<i32>"""
    head = "(%n: tensor<i32>) -> tensor<i32>"
    assert results(head, body, i32(50)) == [1]
    with pytest.raises(EndlessError, match="not done after"):
        results(head, body, i32(200))
    assert issubclass(EndlessError, UnsupportedError)


CASE = """
  %r = "stablehlo.case"(%i) ({
    %a = stablehlo.negate %x : tensor<2xi32>
    stablehlo.return %a : tensor<2xi32>
  }, {
    stablehlo.return %x : tensor<2xi32>
  }, {
    %b = stablehlo.add %x, %x : tensor<2xi32>
    stablehlo.return %b : tensor<2xi32>
  }) : (tensor<i32>) -> tensor<2xi32>
  return %r : tensor<2xi32>"""


@pytest.mark.parametrize(
    ("index", "want"),
    [(0, [-3, -4]), (1, [3, 4]), (2, [6, 8]), (3, [6, 8]), (-1, [6, 8]), (-(2**31), [6, 8])],
)
def test_an_index_without_branch_takes_the_last(index: int, want: list[int]) -> None:
    head = "(%i: tensor<i32>, %x: tensor<2xi32>) -> tensor<2xi32>"
    assert results(head, CASE, i32(index), i32([3, 4])) == [want]


@pytest.mark.parametrize(("pred", "want"), [(True, [1, 2]), (False, [2, 1])])
def test_if_returns_all_values_of_one_branch(pred: bool, want: list[int]) -> None:
    body = """
  %r:2 = "stablehlo.if"(%p) ({
    stablehlo.return %x, %y : tensor<i32>, tensor<i32>
  }, {
    stablehlo.return %y, %x : tensor<i32>, tensor<i32>
  }) : (tensor<i1>) -> (tensor<i32>, tensor<i32>)
  %o:2 = stablehlo.optimization_barrier %r#0, %r#1 : tensor<i32>, tensor<i32>
  return %o#0, %o#1 : tensor<i32>, tensor<i32>"""
    head = "(%p: tensor<i1>, %x: tensor<i32>, %y: tensor<i32>) -> (tensor<i32>, tensor<i32>)"
    assert results(head, body, np.array(pred), i32(1), i32(2)) == want


MAP = """
  %r = "stablehlo.map"(%x, %y) <{dimensions = array<i64: 0, 1>}> ({
  ^bb0(%a: tensor<i32>, %b: tensor<f32>):
    CODE
    stablehlo.return %d : tensor<f32>
  }) : (tensor<2x2xi32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %r : tensor<2x2xf32>"""


@pytest.mark.parametrize(
    "code",
    [
        "%c = stablehlo.convert %a : (tensor<i32>) -> tensor<f32>\n"
        "%e = stablehlo.multiply %c, %b : tensor<f32>\n"
        "%d = stablehlo.add %e, %s : tensor<f32>",
        # The same, where every element runs for itself.
        "%c = stablehlo.convert %a : (tensor<i32>) -> tensor<f32>\n"
        "%t = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<f32>) -> tensor<1xf32>\n"
        "%u = stablehlo.reshape %t : (tensor<1xf32>) -> tensor<f32>\n"
        "%e = stablehlo.multiply %u, %b : tensor<f32>\n"
        "%d = stablehlo.add %e, %s : tensor<f32>",
        # In a function, which may hold any op.
        "%c = stablehlo.convert %a : (tensor<i32>) -> tensor<f32>\n"
        "%u = func.call @same(%c) : (tensor<f32>) -> tensor<f32>\n"
        "%e = stablehlo.multiply %u, %b : tensor<f32>\n"
        "%d = stablehlo.add %e, %s : tensor<f32>",
    ],
)
def test_map_computes_every_element_from_those_at_its_index(code: str) -> None:
    head = "(%x: tensor<2x2xi32>, %y: tensor<2x2xf32>, %s: tensor<f32>) -> tensor<2x2xf32>"
    y = np.array([[0.5, 1], [2, 3]], np.float32)
    found = results(
        head, MAP.replace("CODE", code), i32([[1, 2], [3, 4]]), y, np.array(1, np.float32)
    )
    assert found == [[[1.5, 3], [7, 13]]]
