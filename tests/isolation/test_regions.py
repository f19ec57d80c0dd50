"""Isolation of programs with control flow: causes inside of regions, reduction through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from compiler.check import verify_module
from compiler.contract import EXACT
from compiler.ir import Array, Graph, Module, Node
from compiler.pipeline import Options
from compiler.regions import CONTROL
from compiler.text import parse
from verify.examine import examine
from verify.faults import activate
from verify.gen import RandomChooser, draw_inputs, generate
from verify.isolation.bisect import bisect
from verify.isolation.localise import Stage, departs, localise
from verify.isolation.reduce import reduce
from verify.isolation.regions import cut_regions, fewer_values, hoisted
from verify.ref import evaluate

LOOP = """
func.func @main(%x: tensor<4xi32>, %n: tensor<i32>) -> (tensor<4xi32>, tensor<4xi32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %16 = stablehlo.constant dense<16> : tensor<4xi32>
  %r:3 = stablehlo.while(%i = %zero, %a = %x, %b = %x)
      : tensor<i32>, tensor<4xi32>, tensor<4xi32>
  cond {
    %p = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %q = stablehlo.compare GT, %i, %zero : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %c = "stablehlo.if"(%q) ({
      %m = stablehlo.multiply %a, %16 : tensor<4xi32>
      %s = stablehlo.subtract %m, %b : tensor<4xi32>
      stablehlo.return %s : tensor<4xi32>
    }, {
      %k = stablehlo.remainder %a, %16 : tensor<4xi32>
      %t = stablehlo.add %k, %b : tensor<4xi32>
      stablehlo.return %t : tensor<4xi32>
    }) : (tensor<i1>) -> tensor<4xi32>
    stablehlo.return %j, %b, %c : tensor<i32>, tensor<4xi32>, tensor<4xi32>
  }
  %e = stablehlo.negate %r#1 : tensor<4xi32>
  return %r#2, %e : tensor<4xi32>, tensor<4xi32>
}
"""


def program() -> tuple[Module, list[Array]]:
    return parse(LOOP), [np.arange(-2, 2, dtype=np.int32), np.array(3, np.int32)]


def every(graph: Graph) -> Iterator[Node]:
    for n in graph.nodes:
        yield n
        for r in n.regions:
            yield from every(r)


def holds(op: str) -> Callable[[Module, list[Array]], bool]:
    def fails(module: Module, inputs: list[Array]) -> bool:
        verify_module(module)
        evaluate(module, inputs)  # UnsupportedError if it does not end
        return any(n.op == op for n in every(module.main.graph))

    return fails


@pytest.mark.parametrize("op", ["multiply", "subtract", "add", "negate", "compare"])
def test_an_op_of_a_region_is_left_alone(op: str) -> None:
    small = reduce(*program(), holds(op))
    assert [n.op for n in every(small.module.main.graph)] == [op]
    assert small.ops_before == 13
    assert not small.errors


@pytest.mark.parametrize("op", ["while", "if"])
def test_an_op_with_regions_loses_what_it_can(op: str) -> None:
    small = reduce(*program(), holds(op))
    (node,) = (n for n in every(small.module.main.graph) if n.op == op)
    assert len(node.types) <= 2
    assert small.ops_after <= 4
    assert not small.errors


def test_a_rewrite_in_a_region_is_named_and_the_program_reduced_to_it() -> None:
    module, inputs = program()
    with activate("multiply-shifts-too-far"):
        assert examine(module, inputs).kind == "violation"
        guilty = bisect(module, inputs, Options(level=2))
        assert guilty.name == "canonicalize:algebra/multiply-power-of-two"
        assert "stablehlo.multiply" in guilty.step[0]

        def same(candidate: Module, given: list[Array]) -> bool:
            found = bisect(candidate, given, Options(level=2))
            return examine(candidate, given).failed and found.name == guilty.name

        small = reduce(module, inputs, same)
    assert not small.errors
    assert not any(n.op in CONTROL for n in every(small.module.main.graph))
    assert small.ops_after == 2


def test_a_wrong_lowering_is_found_in_the_region_that_holds_the_op() -> None:
    with activate("remainder-floors"):
        culprit = localise(*program(), Options(level=0))
    assert (culprit.name, culprit.rewrite) == ("lower", "remainder")


def test_a_loop_that_lost_its_end_departs() -> None:
    module, inputs = program()
    endless = parse(LOOP.replace("add %i, %one", "add %i, %zero"))
    reason = departs(module, inputs, Stage("dce", endless, 1, EXACT))
    assert reason == "a loop does not end"
    assert examine(endless, inputs).kind == "unsupported"


@pytest.mark.parametrize("seed", range(40))
def test_edits_are_well_typed_and_smaller(seed: int) -> None:
    chooser = RandomChooser(seed)
    module = generate(chooser)
    inputs = draw_inputs(chooser, module)
    for edits in (hoisted, fewer_values, cut_regions):
        for candidate, given in edits(module, inputs):
            verify_module(candidate)
            assert len(given) == len(candidate.main.graph.params)
