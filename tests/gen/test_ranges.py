"""Ranges solved backwards keep functions in their domains."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import F32, I32
from compiler.ir import Function, Literal, Module, TensorType
from compiler.text import parse
from verify.gen import RandomChooser, draw_inputs
from verify.gen.demands import FREE, INVERSE, NEEDY, asked
from verify.gen.ranges import array_within, needs_ranges, ranges
from verify.ref import evaluate

T = TensorType((64,), F32)


def finite(module):
    """Whether all results are finite on inputs of the set domain."""
    chooser = RandomChooser(0)
    runs = [evaluate(module, draw_inputs(chooser, module, "domain")) for _ in range(5)]
    return all(np.isfinite(x).all() for outputs in runs for x in outputs)


def program(*steps, params=2, t=T):
    """A program of ``(op, operands)``; operands count parameters, then results."""
    b = Builder([t] * params)
    for op, operands in steps:
        if op == "constant":
            b.emit(op, [], value=Literal.splat(t, operands))
        else:
            b.emit(op, list(operands))
    return Module((Function("main", b.graph([len(b.types) - 1])),))


@pytest.mark.parametrize(
    "steps",
    [
        [("subtract", (0, 1)), ("log", (2,))],
        [("multiply", (0, 1)), ("sqrt", (2,)), ("rsqrt", (3,))],
        [("add", (0, 1)), ("chlo.acosh", (2,))],
        [("constant", 3.0), ("subtract", (0, 2)), ("log", (3,))],
        [("constant", -2.0), ("multiply", (0, 2)), ("log", (3,))],
        [("tanh", (0,)), ("log", (2,)), ("negate", (3,)), ("sqrt", (4,))],
        [("divide", (0, 1)), ("log_plus_one", (2,)), ("log", (3,))],
        [("exponential", (0,)), ("power", (2, 1)), ("exponential", (3,))],
        [("abs", (0,)), ("log", (2,)), ("chlo.atanh", (3,))],
        [("maximum", (0, 1)), ("cbrt", (2,)), ("chlo.digamma", (3,))],
    ],
    ids=lambda steps: " ".join(str(op) for op, _ in steps),
)
def test_chains_stay_finite(steps):
    assert finite(program(*steps))


@pytest.mark.parametrize("op", sorted(op for op in NEEDY if op in INVERSE))
def test_functions_are_finite_where_the_table_says_so(op):
    assert finite(program((op, (0,)), params=1))


@pytest.mark.parametrize("op", sorted(op for op, row in INVERSE.items() if row[2] is not None))
def test_inverses_lead_into_the_wanted_range(op):
    """The function takes the range asked of its operand into the one wanted of its result."""
    module = program((op, (0,)), params=1)
    node = module.main.graph.nodes[0]
    want = 0.25, 0.75
    ((_, (low, high)),) = asked(node, want, lambda _: None, lambda _: T)
    (out,) = evaluate(module, [np.linspace(low, high, 64, dtype=np.float32)])
    assert want[0] - 1e-6 <= out.min() <= out.max() <= want[1] + 1e-6


@pytest.mark.parametrize("op", ["floor", "ceil", "round_nearest_afz", "round_nearest_even"])
def test_rounding_stays_in_the_wanted_range(op):
    module = program((op, (0,)), params=1)
    ((_, ends),) = asked(module.main.graph.nodes[0], (1.5, 3.5), lambda _: None, lambda _: T)
    assert ends == (2, 3)


def test_sums_products_and_reductions_are_split_evenly():
    text = """
    func.func @main(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>) -> (tensor<4xf32>, tensor<4x4xf32>) {
      %z = stablehlo.constant dense<0.0> : tensor<f32>
      %s = stablehlo.reduce(%a init: %z) applies stablehlo.add across dimensions = [1]
        : (tensor<4x8xf32>, tensor<f32>) -> tensor<4xf32>
      %l = stablehlo.log %s : tensor<4xf32>
      %d = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0]
        : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
      %r = stablehlo.rsqrt %d : tensor<4x4xf32>
      return %l, %r : tensor<4xf32>, tensor<4x4xf32>
    }"""
    assert finite(parse(text))


def test_calls_loops_and_branches_are_followed():
    text = """
    func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>, %p: tensor<i1>) -> tensor<4xf32> {
      %0 = call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
      %1 = "stablehlo.if"(%p) ({
        %2 = stablehlo.log %y : tensor<4xf32>
        stablehlo.return %2 : tensor<4xf32>
      }, {
        stablehlo.return %0 : tensor<4xf32>
      }) : (tensor<i1>) -> tensor<4xf32>
      return %1 : tensor<4xf32>
    }
    func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.sqrt %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }"""
    module = parse(text)
    assert needs_ranges(module)
    x, y, p = ranges(module)
    assert x[0] == 0
    assert y[0] > 0
    assert p == FREE


def test_integers_get_divisors_and_exponents():
    t = TensorType((64,), I32)
    module = program(("divide", (0, 1)), ("power", (3, 2)), params=3, t=t)
    for seed in range(5):
        _, y, z = draw_inputs(RandomChooser(seed), module, "domain")
        assert y.min() >= 1
        assert 0 <= z.min() <= z.max() <= 3


def test_arrays_fill_their_range_and_wrap_around():
    x = array_within(TensorType((70000,), F32), (2.0, 3.0), 65000)
    assert 2 <= x.min() < 2.01 < 2.99 < x.max() <= 3
    k = array_within(TensorType((50,), I32), (0.5, 2.5), 7)
    assert set(k.tolist()) == {1, 2}
    assert array_within(TensorType((3,), F32), (0.0, 16.0), 0).tolist() == [0, 1, 2]


def test_what_cannot_be_had_is_not_asked_for():
    """A sum with a constant from -10 to 5 does not fit into -1 to 1, whatever is added."""
    module = parse("""func.func @main(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
      %c = stablehlo.constant dense<[-10.0, 5.0]> : tensor<2xf32>
      %0 = stablehlo.multiply %x, %y : tensor<2xf32>
      %1 = stablehlo.add %0, %c : tensor<2xf32>
      %2 = chlo.asin %1 : tensor<2xf32> -> tensor<2xf32>
      return %2 : tensor<2xf32>
    }""")
    assert ranges(module) == [FREE, FREE]
