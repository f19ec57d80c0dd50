"""The first op whose result is wrong is named, and none where that cannot be told."""

import numpy as np
import pytest

from compiler.contract import EXACT
from compiler.pipeline import Options
from compiler.text import parse
from verify.examine import examine
from verify.faults import activate
from verify.isolation.first_op import UNNAMED, first_op
from verify.ref import evaluate
from verify.targets.protocol import Compiled, Profile

TEXT = """func.func @main(%x: tensor<64xf32>, %y: tensor<64xf32>, %n: tensor<8xi32>)
    -> (tensor<64xf32>, tensor<f32>, tensor<8xi32>) {
  %0 = stablehlo.multiply %x, %y : tensor<64xf32>
  %1 = stablehlo.add %0, %y : tensor<64xf32>
  %2 = stablehlo.tanh %1 : tensor<64xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %3 = stablehlo.reduce(%2 init: %zero) applies stablehlo.add across dimensions = [0]
      : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
  %c = stablehlo.constant dense<64> : tensor<8xi32>
  %4 = stablehlo.multiply %n, %c : tensor<8xi32>
  %5 = stablehlo.subtract %4, %n : tensor<8xi32>
  return %2, %3, %5 : tensor<64xf32>, tensor<f32>, tensor<8xi32>
}
"""
MODULE = parse(TEXT, "model.mlir")
RNG = np.random.default_rng(0)
INPUTS = [
    *(RNG.uniform(0.1, 0.5, 64).astype(np.float32) for _ in range(2)),
    np.arange(1, 9, dtype=np.int32),
]


@pytest.mark.parametrize(
    ("fault", "op", "line"),
    [
        ("multiply-shifts-too-far", "stablehlo.multiply", 10),  # a rewrite
        ("reduce-drops-last", "stablehlo.reduce", 7),  # lowering
        ("multiply-add-fused", "stablehlo.add", 4),  # code of a loop whose ops alone are right
        ("fuse-swaps-parameters", "stablehlo.add", 4),  # a pass, of ops that are right alone
    ],
)
def test_faults_of_the_compiler(fault, op, line):
    with activate(fault):
        assert examine(MODULE, INPUTS, "assay", Options(level=1)).kind == "violation"
        found = first_op(MODULE, INPUTS, "assay", Options(level=1))
    assert f" = {op}" in found.op
    assert found.place.startswith(f"model.mlir:{line}:")
    assert found.found.verdict == "violation"
    assert str(found).startswith(f"{found.op} ({found.place}): ")
    assert found.found.detail in str(found)


class Toy:
    """A target that adds ``amount`` to every result of a program that ``wrong`` picks."""

    name, version, profile = "toy", "1", Profile()

    def __init__(self, wrong, amount=1):
        self.wrong, self.amount = wrong, amount

    def passes(self):
        return ()

    def compile(self, module, _options):
        graph = module.main.graph
        wrong = {v for i, v in enumerate(graph.results) if self.wrong(graph, v)}

        def run(inputs):
            outputs = evaluate(module, inputs)
            return tuple(
                x + x.dtype.type(self.amount) if v in wrong else x
                for v, x in zip(graph.results, outputs, strict=True)
            )

        return Compiled(run, EXACT)


def op_of(graph, value):
    return graph.node_of(value).op


def test_the_earlier_of_two_wrong_ops_is_named():
    toy = Toy(lambda graph, value: op_of(graph, value) in ("tanh", "subtract"))
    found = first_op(MODULE, INPUTS, toy)
    assert "stablehlo.tanh" in found.op
    assert not found.note


def test_what_is_right_once_it_is_stored_is_found_by_storing_less():
    """Wrong only where the sum below is no output itself."""
    add = next(i for i, n in enumerate(MODULE.main.graph.nodes) if n.op == "add")
    stored = MODULE.main.graph.first[add]
    toy = Toy(lambda graph, v: op_of(graph, v) == "tanh" and stored not in graph.results)
    assert "stablehlo.tanh" in first_op(MODULE, INPUTS, toy).op


def test_an_op_that_another_one_spoils():
    ops = len(MODULE.main.graph.nodes)
    toy = Toy(lambda graph, v: op_of(graph, v) == "add" and len(graph.nodes) > ops - 2)
    found = first_op(MODULE, INPUTS, toy)
    assert "stablehlo.add" in found.op
    assert "only together with" in found.note
    assert "stablehlo.multiply" in found.note


def test_nothing_is_named_without_a_reason():
    found = first_op(MODULE, INPUTS, Toy(lambda *_: False))
    assert (found.op, str(found)) == ("", UNNAMED)
    slow = first_op(MODULE, INPUTS, Toy(lambda *_: True), seconds=0)
    assert str(slow) == "none was found within 0 s"
