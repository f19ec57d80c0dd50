"""Bounds of control flow: exact where its decisions are, undecided where it may run otherwise."""

from __future__ import annotations

import numpy as np

from compiler.contract import EXACT, Contract, allow
from compiler.ir import Array
from compiler.text import parse
from verify.bounds import Enclosure, enclose

X = np.array([0.1, 0.2, 0.3], np.float32)


def enclosed(text: str, *inputs: Array, contract: Contract = EXACT) -> tuple[Enclosure, ...]:
    return enclose(parse(text), inputs, contract)


COUNTED = """
func.func @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<i32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %five = stablehlo.constant dense<5> : tensor<i32>
  %r:2 = stablehlo.while(%y = %x, %i = %zero) : tensor<3xf32>, tensor<i32>
  cond {
    %p = stablehlo.compare LT, %i, %five : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %z = stablehlo.{OP} %y : tensor<3xf32>
    %j = stablehlo.add %i, %one : tensor<i32>
    stablehlo.return %z, %j : tensor<3xf32>, tensor<i32>
  }
  return %r#0, %r#1 : tensor<3xf32>, tensor<i32>
}"""


def test_a_counted_loop_is_as_exact_as_its_body() -> None:
    value, count = enclosed(COUNTED.replace("{OP}", "negate"), X)
    assert value.error is None
    assert np.array_equal(value.value, -X)
    assert count.error is None
    assert count.value == 5


def test_errors_grow_from_trip_to_trip() -> None:
    value, count = enclosed(COUNTED.replace("{OP}", "sine"), X)
    assert count.error is None
    assert value.error is not None
    wanted = X.astype(np.float64)
    for _ in range(5):
        wanted = np.sin(wanted)
    assert (np.abs(value.value - wanted) <= value.error).all()
    assert (value.error < 1e-6).all()


# The sine of x is known to some ULPs, and compared with its own rounding.
UNSURE = """
func.func @main(%x: tensor<3xf32>, %s: tensor<f32>, %t: tensor<f32>, %k: tensor<i32>)
    -> (tensor<3xf32>, tensor<3xf32>, tensor<i32>) {
  %one = stablehlo.constant dense<1> : tensor<i32>
  %sine = stablehlo.sine %s : tensor<f32>
  %less = stablehlo.compare LT, %sine, %t : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %a = "stablehlo.if"(%less) ({
    %n = stablehlo.abs %x : tensor<3xf32>
    stablehlo.return %n : tensor<3xf32>
  }, {
    stablehlo.return %x : tensor<3xf32>
  }) : (tensor<i1>) -> tensor<3xf32>
  %r:4 = stablehlo.while(%p = %less, %i = %k, %b = %x, %c = %x)
      : tensor<i1>, tensor<i32>, tensor<3xf32>, tensor<3xf32>
  cond {
    stablehlo.return %p : tensor<i1>
  } do {
    %q = stablehlo.compare NE, %i, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %j = stablehlo.add %i, %one : tensor<i32>
    %d = stablehlo.negate %c : tensor<3xf32>
    stablehlo.return %q, %j, %b, %d : tensor<i1>, tensor<i32>, tensor<3xf32>, tensor<3xf32>
  }
  %u = stablehlo.add %r#2, %r#3 : tensor<3xf32>
  return %a, %r#2, %r#1 : tensor<3xf32>, tensor<3xf32>, tensor<i32>
}"""


def test_what_an_undecided_predicate_chooses_is_the_hull_of_the_branches() -> None:
    x = np.array([-2, 0.5, 3], np.float32)
    s = np.array(1, np.float32)
    branch, same, count = enclosed(UNSURE, x, s, np.sin(s), np.array(7, np.int32))
    assert branch.error is not None
    # -2 or 2; the others are the same in both branches.
    assert abs(branch.value[0]) + 2 <= branch.error[0] < 2.001
    assert branch.error[1:].tolist() == [0, 0]
    assert same.error is None  # the loop does not change it, however often it runs
    assert np.array_equal(same.value, x)
    assert count.undecided == 1


def test_a_decided_predicate_takes_one_branch() -> None:
    x = np.array([-2, 0.5, 3], np.float32)
    s, t = np.array(1, np.float32), np.array(2, np.float32)
    branch, _, count = enclosed(UNSURE, x, s, t, np.array(7, np.int32))
    assert branch.error is None
    assert branch.value.tolist() == [2, 0.5, 3]
    assert count.error is None
    assert count.value == 8


CASE = """
func.func @main(%s: tensor<f32>, %x: tensor<i32>, %y: tensor<i32>) -> (tensor<i32>, tensor<i32>) {
  %sine = stablehlo.sine %s : tensor<f32>
  %index = stablehlo.convert %sine : (tensor<f32>) -> tensor<i32>
  %r:2 = "stablehlo.case"(%index) ({
    stablehlo.return %x, %y : tensor<i32>, tensor<i32>
  }, {
    stablehlo.return %y, %y : tensor<i32>, tensor<i32>
  }, {
    stablehlo.return %x, %y : tensor<i32>, tensor<i32>
  }) : (tensor<i32>) -> (tensor<i32>, tensor<i32>)
  return %r#0, %r#1 : tensor<i32>, tensor<i32>
}"""


def test_an_undecided_index_leaves_what_all_branches_agree_in() -> None:
    inputs = np.array(0.5 * np.pi, np.float32), np.array(3, np.int32), np.array(4, np.int32)
    first, second = enclosed(CASE, *inputs)
    assert first.undecided == 1
    assert second.error is None or not second.error.any()
    assert second.value == 4


def test_contracts_reach_into_regions() -> None:
    text = COUNTED.replace("stablehlo.{OP} %y", "stablehlo.add %y, %x")
    exact, _ = enclosed(text, X)
    loose, _ = enclosed(text, X, contract=allow("reassoc"))
    assert exact.error is None
    assert loose.error is not None
    assert (loose.error > 0).any()
