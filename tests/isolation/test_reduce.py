"""The reducer on properties of the program alone: small results, few tests, no dead ends."""

import numpy as np
import pytest

from compiler.check import verify_module
from compiler.errors import UnsupportedError
from compiler.prune import live
from compiler.text import parse
from verify.gen import RandomChooser, draw_inputs, generate
from verify.isolation.reduce import reduce
from verify.isolation.slices import count_ops

CHAIN = """
func.func @main(%x: tensor<17x5xf64>, %y: tensor<17x5xf64>)
    -> (tensor<17x5xf64>, tensor<5x17xf64>) {
  %0 = stablehlo.add %x, %y : tensor<17x5xf64>
  %1 = stablehlo.multiply %0, %x : tensor<17x5xf64>
  %2 = stablehlo.tanh %1 : tensor<17x5xf64>
  %3 = stablehlo.transpose %2, dims = [1, 0] : (tensor<17x5xf64>) -> tensor<5x17xf64>
  %4 = stablehlo.reverse %3, dims = [0, 1] : tensor<5x17xf64>
  %5 = stablehlo.abs %1 : tensor<17x5xf64>
  return %5, %4 : tensor<17x5xf64>, tensor<5x17xf64>
}
"""


def program():
    rng = np.random.default_rng(3)
    return parse(CHAIN), [rng.normal(size=(17, 5)), rng.normal(size=(17, 5))]


def has(op):
    def fails(module, inputs):
        verify_module(module)
        return any(n.op == op for n in module.main.graph.nodes)

    return fails


@pytest.mark.parametrize("op", ["add", "tanh", "transpose", "reverse", "abs"])
def test_one_op_is_left(op):
    module, inputs = program()
    small = reduce(module, inputs, has(op))
    assert [n.op for n in small.module.main.graph.nodes] == [op]
    assert small.ops_before == 6
    assert small.ops_after == 1
    assert small.tests <= 40
    assert {t.dtype.name for t in small.module.main.graph.types} == {"f32"}
    assert all(d == 1 for t in small.module.main.graph.types for d in t.shape)
    assert all(not x.any() for x in small.inputs)


def test_sizes_stop_where_the_failure_does():
    module, inputs = program()

    def fails(candidate, _inputs):
        return any(d >= 9 for t in candidate.main.graph.params for d in t.shape)

    small = reduce(module, inputs, fails)
    assert max(d for t in small.module.main.graph.params for d in t.shape) in range(9, 13)


def test_values_stay_where_they_matter():
    module, inputs = program()

    def fails(_module, arrays):
        return any((x < 0).any() for x in arrays)

    assert any((x < 0).any() for x in reduce(module, inputs, fails).inputs)


def test_the_budget_is_kept():
    module, inputs = program()
    asked = 0

    def fails(_module, _inputs):
        nonlocal asked
        asked += 1
        return asked % 3 == 0

    small = reduce(module, inputs, fails, budget=10)
    assert asked == small.tests <= 10


def test_internal_errors_are_counted_and_shown():
    module, inputs = program()

    def fails(candidate, _inputs):
        if count_ops(candidate) < 3:
            raise RuntimeError("no rule for it")
        return True

    small = reduce(module, inputs, fails)
    assert small.ops_after == 3
    assert 0 < small.errors < small.tests
    assert small.error.splitlines()[-1] == "RuntimeError: no rule for it"


def test_what_is_unsupported_is_no_error():
    module, inputs = program()

    def fails(_module, _inputs):
        raise UnsupportedError("too large")

    small = reduce(module, inputs, fails)
    assert small.module is module
    assert small.errors == 0


def dead_and_live(module):
    """Names of the ops that no result needs, and of the others."""
    graph = module.main.graph
    alive = live(graph)
    ops = list(zip(graph.nodes, alive, strict=True))
    return {n.op for n, a in ops if not a}, {n.op for n, a in ops if a}


@pytest.mark.parametrize("only_dead", [False, True])
def test_a_dead_op_that_is_to_blame_is_left_alone(only_dead):
    text = CHAIN.replace(
        "return %5, %4", "%6 = stablehlo.sine %0 : tensor<17x5xf64>\n  return %5, %4"
    )
    inputs = program()[1]

    def fails(candidate, _inputs):
        verify_module(candidate)
        dead, alive = dead_and_live(candidate)
        return "sine" in dead or ("sine" in alive and not only_dead)

    small = reduce(parse(text), inputs, fails)
    assert [n.op for n in small.module.main.graph.nodes] == ["sine"]
    assert fails(small.module, small.inputs)
    assert len(small.inputs) == len(small.module.main.graph.params)
    assert small.errors == 0


@pytest.mark.parametrize("pair", [("add", "multiply"), ("transpose", "reduce")])
def test_pairs_in_generated_programs(pair):
    """An op fed by another: what is left are these two, in a median of at most 60 tests."""
    first, second = pair

    def fails(module, _inputs):
        verify_module(module)
        graph = module.main.graph
        return any(
            n.op == second
            and any((graph.node_of(v) or n).op == first for v in n.operands if graph.node_of(v))
            for n in graph.nodes
        )

    tests, sizes = [], []
    for seed in range(400):
        chooser = RandomChooser(seed)
        module = generate(chooser)
        inputs = list(draw_inputs(chooser, module, "normal"))
        if len(tests) < 12 and count_ops(module) >= 5 and fails(module, inputs):
            small = reduce(module, inputs, fails)
            assert fails(small.module, list(small.inputs))
            tests.append(small.tests)
            sizes.append(small.ops_after)
    assert len(tests) >= 3
    assert np.median(sizes) <= 3
    assert np.median(tests) <= 60
