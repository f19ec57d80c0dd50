"""Bugs planted in the compiler's registries: stage and application are named."""

import contextlib

import numpy as np
import pytest

from compiler.contract import EXACT
from compiler.ir import Graph
from compiler.lower import LOWERINGS
from compiler.pipeline import PASSES, Options
from compiler.rewrite import Pass
from compiler.text import parse
from verify.case import Case, load
from verify.examine import examine
from verify.faults import activate
from verify.isolation.bisect import bisect
from verify.isolation.isolate import isolate
from verify.isolation.localise import localise
from verify.isolation.repro import emit

PROGRAM = """
func.func @main(%x: tensor<4x3xf32>, %y: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.add %x, %y : tensor<4x3xf32>
  %1 = stablehlo.multiply %0, %y : tensor<4x3xf32>
  %2 = stablehlo.maximum %1, %x : tensor<4x3xf32>
  %3 = stablehlo.subtract %2, %x : tensor<4x3xf32>
  %4 = stablehlo.tanh %3 : tensor<4x3xf32>
  %5 = stablehlo.reduce(%4 init: %zero) applies stablehlo.add across dimensions = [1]
    : (tensor<4x3xf32>, tensor<f32>) -> tensor<4xf32>
  return %4, %5 : tensor<4x3xf32>, tensor<4xf32>
}
"""
LEVEL = Options(level=1)


@pytest.fixture
def program():
    rng = np.random.default_rng(11)
    return parse(PROGRAM), [rng.normal(size=(4, 3)).astype(np.float32) for _ in range(2)]


@contextlib.contextmanager
def after_pass(name, change):
    """Let pass ``name`` end with ``change(graph, trace) -> graph``."""
    honest = PASSES[name]

    def run(module, trace):
        module = honest.run(module, trace)
        return module.with_graph(module.main.name, change(module.main.graph, trace))

    PASSES[name] = Pass(name, honest.contract, run)
    try:
        yield
    finally:
        PASSES[name] = honest


def swap_operands(graph, trace):
    """Swap the operands of every binary op, one application each: wrong for subtract alone."""
    nodes = []
    for n in graph.nodes:
        if n.op in ("add", "multiply", "maximum", "subtract") and trace.apply(
            "dce", f"swap-{n.op}"
        ):
            n = n._replace(operands=n.operands[::-1])
        nodes.append(n)
    return Graph(graph.params, tuple(nodes), graph.results)


def test_nothing_to_blame(program):
    assert localise(*program, LEVEL).name == ""
    assert bisect(*program, LEVEL).pass_name == ""


def test_the_guilty_application_is_found_among_innocent_ones(program):
    with after_pass("dce", swap_operands):
        assert examine(*program, "assay", LEVEL).kind == "violation"
        culprit = localise(*program, LEVEL)
        guilty = bisect(*program, LEVEL)
    assert culprit.name == "dce"
    assert culprit.last - culprit.first >= 4
    assert (guilty.pass_name, guilty.rewrite) == ("dce", "swap-subtract")
    assert guilty.application == culprit.first + 4
    assert guilty.before != guilty.after
    assert "subtract" in guilty.after


def test_a_pass_that_does_not_count_its_changes_is_named_itself(program):
    def sly(graph, _trace):
        nodes = [n._replace(op="minimum") if n.op == "maximum" else n for n in graph.nodes]
        return Graph(graph.params, tuple(nodes), graph.results)

    with after_pass("cse", sly):
        guilty = bisect(*program, LEVEL)
    assert (guilty.pass_name, guilty.rewrite, guilty.application) == ("cse", "", 0)


def test_a_pass_that_raises(program):
    def raises(graph, trace):
        graph = swap_adds(graph, trace)
        if len(trace.fired) and trace.apply("cse", "boom"):
            raise IndexError("boom")
        return graph

    def swap_adds(graph, trace):
        for _ in range(3):
            trace.apply("cse", "harmless")
        return graph

    with after_pass("cse", raises):
        found = examine(*program, "assay", LEVEL)
        guilty = bisect(*program, LEVEL)
    assert found.kind == "crash"
    assert "IndexError: boom" in found.note
    assert (guilty.pass_name, guilty.rewrite) == ("cse", "boom")


def test_a_pass_that_breaks_the_module(program):
    def broken(graph, trace):
        last = graph.nodes[-1]
        if not trace.apply("dce", "break"):
            return graph
        wrong = last._replace(operands=last.operands[:1])
        return Graph(graph.params, (*graph.nodes[:-1], wrong), graph.results)

    with after_pass("dce", broken):
        guilty = bisect(*program, LEVEL)
    assert (guilty.pass_name, guilty.rewrite) == ("dce", "break")
    assert "not well formed" in guilty.reason


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_wrong_lowering_names_the_op(program, monkeypatch, level):
    honest = LOWERINGS["subtract"]

    def swapped(scope, node, index):
        return honest(scope, node._replace(operands=node.operands[::-1]), index)

    monkeypatch.setitem(LOWERINGS, "subtract", swapped)
    assert examine(*program, "assay", Options(level=level)).failed
    guilty = bisect(*program, Options(level=level))
    assert (guilty.pass_name, guilty.rewrite) == ("lower", "subtract")


def test_wrong_machine_code_is_told_from_a_wrong_lowering(program, monkeypatch):
    from compiler import executable

    honest = executable.emit
    monkeypatch.setattr(executable, "emit", lambda p: honest(p).replace(" fsub ", " fadd "))
    assert examine(*program, "assay", Options(level=0)).kind == "violation"
    guilty = bisect(*program, Options(level=0))
    assert (guilty.pass_name, guilty.rewrite) == ("codegen", "subtract")


def test_isolation_ends_in_a_case_that_repeats_the_failure(program, tmp_path):
    case = Case(*program, level=1)
    assert isolate(case) is None
    with after_pass("dce", swap_operands):
        finding = isolate(case)
        folder = emit(finding, tmp_path / "found")
        stored = load(folder)
        again = examine(stored.module, stored.inputs, stored.target, stored.options)
    assert [n.op for n in stored.module.main.graph.nodes] == ["subtract"]
    assert finding.reduction.tests <= 60
    assert again.kind == stored.meta["kind"] == "violation"
    assert stored.meta["rewrite"] == "swap-subtract"
    assert finding.key.startswith("assay/dce:swap-subtract/")
    assert not examine(stored.module, stored.inputs, stored.target, stored.options).failed
    names = {p.name for p in folder.iterdir()}
    assert names >= {"case.mlir", "inputs.npz", "expected.npz", "case.json", "repro.py"}
    page = (folder / "index.html").read_text()
    assert "swap-subtract" in page
    assert "<script" not in page
    assert "stablehlo.subtract" in (folder / "README.md").read_text()


def test_one_bug_has_one_key(program):
    keys = set()
    with after_pass("dce", swap_operands):
        for text in (PROGRAM, PROGRAM.replace("f32", "f64"), PROGRAM.replace("<4x", "<5x")):
            module = parse(text)
            rng = np.random.default_rng(1)
            inputs = [
                rng.normal(size=t.shape).astype(t.dtype.numpy) for t in module.main.graph.params
            ]
            keys.add(isolate(Case(module, tuple(inputs), level=1)).key)
    assert len(keys) == 1


class ByName:
    """A target whose passes can only be switched off by name; wrong when two of them meet."""

    name = "toy"
    version = "1"

    def __init__(self, guilty):
        from verify.targets.protocol import Profile

        self.profile = Profile()
        self.guilty = guilty

    def passes(self):
        return tuple("abcdefgh")

    def compile(self, module, options):
        from verify.ref import evaluate
        from verify.targets.protocol import Compiled

        wrong = not options.disable & self.guilty

        def run(inputs):
            outputs = evaluate(module, inputs)
            return tuple(x + 1 for x in outputs) if wrong else tuple(outputs)

        return Compiled(run, EXACT)


@pytest.mark.parametrize("guilty", [{"c"}, {"b", "g"}])
def test_targets_that_switch_passes_by_name(program, guilty):
    found = bisect(*program, LEVEL, ByName(guilty))
    assert found.pass_name == "+".join(sorted(guilty))
    always = bisect(*program, LEVEL, ByName(set()))
    assert always.pass_name == "always on"


def test_a_rule_whose_replacement_is_ill_formed_is_named():
    text = """
    func.func @main(%x: tensor<2x3xf32>, %y: tensor<3x4xf32>) -> tensor<2x4xf32> {
      %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
      %1 = stablehlo.dot_general %0, %y, contracting_dims = [0] x [0]
        : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
      return %1 : tensor<2x4xf32>
    }
    """
    inputs = [np.ones((2, 3), np.float32), np.ones((3, 4), np.float32)]
    with activate("dot/transposed-lhs~operands-swapped"):
        guilty = bisect(parse(text), inputs, LEVEL)
    assert guilty.name == "canonicalize:dot/transposed-lhs"


def test_a_rule_that_reorders_a_sum_as_if_it_kept_bits_is_named():
    """The reference sums both forms in one order; only the nests' bits show the rule."""
    text = """
    func.func @main(%x: tensor<1xf16>, %zero: tensor<f16>) -> tensor<1xf16> {
      %0 = stablehlo.broadcast_in_dim %x, dims = [0] : (tensor<1xf16>) -> tensor<1x5xf16>
      %1 = stablehlo.reduce(%0 init: %zero) applies stablehlo.add across dimensions = [1]
        : (tensor<1x5xf16>, tensor<f16>) -> tensor<1xf16>
      return %1 : tensor<1xf16>
    }
    """
    inputs = [np.array([0.04315], np.float16), np.float16(0)]
    with activate("reduce/integer-sum-of-broadcast~any-dtype"):
        assert examine(parse(text), inputs, "assay", LEVEL).failed
        guilty = bisect(parse(text), inputs, LEVEL)
    assert guilty.name == "canonicalize:reduce/integer-sum-of-broadcast"
