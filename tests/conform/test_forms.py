from __future__ import annotations

import numpy as np
import pytest

from compiler.errors import UnsupportedError
from compiler.text import parse
from verify.conform.forms import arguments, constants, programs
from verify.ref import evaluate

TESTDATA = """
module @jit_main {
  func.func public @main() -> (tensor<2xf32>) {
    %0:2 = call @inputs() : () -> (tensor<2xf32>, tensor<2xf32>)
    %1 = call @expected() : () -> tensor<2xf32>
    %2 = stablehlo.constant dense<1.0> : tensor<2xf32>
    %3 = stablehlo.add %0#0, %2 : tensor<2xf32>
    %4 = stablehlo.multiply %3, %0#0 : tensor<2xf32>
    stablehlo.custom_call @check.expect_close(%4, %1) {has_side_effect = true}
      : (tensor<2xf32>, tensor<2xf32>) -> ()
    return %4 : tensor<2xf32>
  }
  func.func private @inputs() -> (tensor<2xf32>, tensor<2xf32>) {
    %0 = stablehlo.constant dense<[2.0, 3.0]> : tensor<2xf32>
    %1 = stablehlo.constant dense<[5.0, 7.0]> : tensor<2xf32>
    return %0, %1 : tensor<2xf32>, tensor<2xf32>
  }
  func.func private @expected() -> tensor<2xf32> {
    %0 = stablehlo.constant dense<[6.0, 12.0]> : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
"""
CAPTURE = """
func.func @main() {
  %x = stablehlo.constant dense<[1, 2, 3]> : tensor<3xi32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %two = stablehlo.constant dense<2> : tensor<i32>
  %0 = "stablehlo.reduce"(%x, %zero) ({
    ^bb0(%a: tensor<i32>, %b: tensor<i32>):
      %c = stablehlo.maximum %b, %two : tensor<i32>
      %d = stablehlo.add %a, %c : tensor<i32>
      stablehlo.return %d : tensor<i32>
  }) {dimensions = array<i64: 0>} : (tensor<3xi32>, tensor<i32>) -> tensor<i32>
  check.expect_eq_const %0, dense<7> : tensor<i32>
  func.return
}
"""


def form(text):
    return constants(parse(text, "case.mlir", checks=True))


def test_checks_become_results():
    f = form(TESTDATA)
    assert not any(n.op.startswith("check.") for n in f.module.main.graph.nodes)
    (check,) = f.checks
    outputs = evaluate(f.module, f.inputs)
    assert len(outputs) == 1  # the expected value is known without running anything
    assert check.compare(outputs) == ""
    assert "[0] got 7.0, expected 6.0" in check.compare([outputs[0] + 1])


def test_constants_become_arguments():
    f = arguments(form(TESTDATA))
    graph = f.module.main.graph
    assert [n.op for n in graph.nodes] == ["add", "multiply"]
    # The second result of @inputs() and what is expected are not used by any op.
    assert [list(x) for x in f.inputs] == [[2, 3], [1, 1]]
    assert all(c.compare(evaluate(f.module, f.inputs)) == "" for c in f.checks)
    other = evaluate(f.module, [np.float32([0, 0]), np.float32([1, 1])])
    assert list(other[0]) == [0, 0]


def test_captured_constants_become_arguments():
    f = arguments(form(CAPTURE))
    assert [n.op for n in f.module.main.graph.nodes] == ["reduce"]
    assert len(f.inputs) == 3
    assert f.checks[0].compare(evaluate(f.module, f.inputs)) == ""
    less = evaluate(f.module, [f.inputs[0], f.inputs[1], np.int32(0)])
    assert "got 6, expected 7" in f.checks[0].compare(less)


def test_a_value_that_two_checks_look_at_is_one_result():
    text = CAPTURE.replace("  func.return", "  check.expect_eq %0, %0 : tensor<i32>\n  func.return")
    f = form(text)
    assert len(f.module.main.graph.results) == 1
    assert [c.op for c in f.checks] == ["check.expect_eq_const", "check.expect_eq"]


def test_expected_values_may_be_computed():
    text = """func.func @main() {
  %0 = stablehlo.iota dim = 0 : tensor<3xi32>
  %1 = stablehlo.negate %0 : tensor<3xi32>
  %2 = stablehlo.negate %1 : tensor<3xi32>
  check.expect_eq %2, %0 : tensor<3xi32>
  check.expect_eq %1, %0 : tensor<3xi32>
  func.return
}"""
    f = form(text)
    wrong = [c.compare(evaluate(f.module, ())) for c in f.checks]
    assert wrong[0] == ""
    assert "[1] got -1, expected 1" in wrong[1]


def test_a_check_elsewhere_is_refused_by_name():
    text = """func.func @f(%a: tensor<i32>) {
  check.expect_eq_const %a, dense<1> : tensor<i32>
  func.return
}
func.func @main() {
  func.return
}"""
    with pytest.raises(UnsupportedError, match=r"case\.mlir:2:\d+: check\.expect_eq_const"):
        form(text)


def test_functions_beside_each_other_are_programs_of_their_own():
    text = """func.func private @two() -> tensor<i32> {
  %0 = stablehlo.constant dense<2> : tensor<i32>
  func.return %0 : tensor<i32>
}
func.func @a() {
  %0 = func.call @two() : () -> tensor<i32>
  check.expect_eq_const %0, dense<2> : tensor<i32>
  func.return
}
func.func @b() {
  %0 = func.call @two() : () -> tensor<i32>
  %1 = stablehlo.add %0, %0 : tensor<i32>
  check.expect_eq_const %1, dense<4> : tensor<i32>
  func.return
}"""
    found = programs(parse(text, checks=True))
    assert [sorted(f.name for f in m.functions) for m in found] == [["main", "two"]] * 2
    for m in found:
        f = constants(m)
        (check,) = f.checks
        assert check.compare(evaluate(f.module, ())) == ""


def test_the_entry_is_called_main():
    text = CAPTURE.replace("@main", "@reduce_test")
    assert constants(programs(parse(text, checks=True))[0]).module.main.name == "main"
