"""Passes one by one, where text is not the shortest test."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import F32, I32, UI16
from compiler.ir import Function, Graph, Module, TensorType, module
from compiler.lower import lower
from compiler.nest.interp import run
from compiler.passes import inline
from compiler.passes.matrix_chain import plan
from compiler.pipeline import Options, optimize
from compiler.rewrite import Trace
from compiler.text import parse
from verify.gen.chooser import RandomChooser
from verify.gen.graphs import generate


def _cost(sizes: list[int], i: int, j: int) -> int:
    """Fewest multiplications for the factors i..j by trying everything."""
    if i == j:
        return 0
    return min(
        _cost(sizes, i, k) + _cost(sizes, k + 1, j) + sizes[i] * sizes[k + 1] * sizes[j + 1]
        for k in range(i, j)
    )


@pytest.mark.parametrize("seed", range(30))
def test_plan_is_optimal(seed: int) -> None:
    rng = random.Random(seed)
    sizes = [rng.choice([0, 1, 2, 3, 5, 10, 40]) for _ in range(rng.randrange(3, 8))]
    types = [TensorType((a, b), F32) for a, b in itertools.pairwise(sizes)]
    if rng.random() < 0.5:
        sizes[0], types[0] = 1, TensorType((sizes[1],), F32)
    if rng.random() < 0.5:
        sizes[-1], types[-1] = 1, TensorType((sizes[-2],), F32)
    assert plan(types)[0] == _cost(sizes, 0, len(types) - 1)


@pytest.mark.parametrize("seed", range(20))
def test_integer_chains_are_exact(seed: int) -> None:
    """A random tree of products keeps its value in its new order."""
    rng = random.Random(seed)
    sizes = [rng.randrange(1, 7) for _ in range(6)]
    factors = [TensorType((a, b), I32) for a, b in itertools.pairwise(sizes)]
    b = Builder(factors)
    parts = list(range(len(factors)))
    while len(parts) > 1:
        k = rng.randrange(len(parts) - 1)
        dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
        parts[k : k + 2] = [b.emit("dot_general", parts[k : k + 2], **dims)]
    m = module(b.graph(parts))
    out, trace = optimize(m, Options(pipeline="reorder", verify_each=True))
    assert not trace.contract
    values = np.random.default_rng(seed)
    xs = [values.integers(-9, 9, t.shape).astype(np.int32) for t in factors]
    assert np.array_equal(run(lower(m), xs)[0], run(lower(out), xs)[0])


def test_fold_gives_canonical_bits() -> None:
    """Folding a sum gives what the program would have computed, in its order."""
    values = np.random.default_rng(0).standard_normal(300).astype(np.float32)
    b = Builder()
    x, zero = b.constant(values), b.constant(np.float32(0))
    scalar = TensorType((), F32)
    body = Builder([scalar, scalar])
    region = body.graph([body.emit("add", [0, 1])])
    total = b.emit("reduce", [x, zero], dimensions=(0,), regions=[region])
    m = module(b.graph([b.emit("exponential", [total])]))
    out, _ = optimize(m, Options(pipeline="fold"))
    (node,) = out.main.graph.nodes
    assert node.op == "constant"
    assert node.attr("value").array().tobytes() == run(lower(m), [])[0].tobytes()


def test_fold_keeps_what_was_dead_and_drops_what_it_replaced() -> None:
    m = parse("""func.func @main(%x: tensor<2xi32>) -> tensor<2xi32> {
  %dead = stablehlo.add %x, %x : tensor<2xi32>
  %0 = stablehlo.constant dense<[1, 2]> : tensor<2xi32>
  %1 = stablehlo.constant dense<[3, 4]> : tensor<2xi32>
  %2 = stablehlo.multiply %0, %1 : tensor<2xi32>
  return %2 : tensor<2xi32>
}""")
    out, trace = optimize(m, Options(pipeline="fold", verify_each=True))
    assert [n.op for n in out.main.graph.nodes] == ["add", "constant"]
    assert len(trace.applications) == 1


def test_inline_stops_before_memory_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty functions that call the next one twice: 2**30 ops if all were inlined."""
    monkeypatch.setattr(inline, "SIZE_CAP", 2000)
    t = TensorType((2,), UI16)
    callee = lambda _name: ((t,), (t,))  # noqa: E731
    functions = []
    for k in range(30):
        b = Builder([t], callee)
        once = b.emit("call", [0], callee=f"f{k + 1}")
        name = "main" if k == 0 else f"f{k}"
        twice = b.emit("call", [once], callee=f"f{k + 1}")
        functions.append(Function(name, b.graph([twice]), private=k > 0))
    last = Builder([t])
    functions.append(Function("f30", last.graph([last.emit("not", [0])]), private=True))
    out, _ = optimize(Module(tuple(functions)), Options(pipeline="inline", verify_each=True))
    assert max(len(f.graph.nodes) for f in out.functions) <= 2000


@pytest.mark.parametrize("seed", range(60))
def test_each_fusion_is_one_nest(seed: int) -> None:
    out, _ = optimize(generate(RandomChooser(seed)), Options(level=1))
    for node in out.main.graph.nodes:
        if node.op == "composite":
            f = out.by_name[node.attr("decomposition")]
            types = [out.main.graph.types[v] for v in node.operands]
            values = tuple(range(len(types)))
            results = tuple(range(len(types), len(types) + len(node.types)))
            caller = Graph(tuple(types), (node._replace(operands=values),), results)
            program = lower(Module((Function("main", caller), f)))
            assert len(program.nests) == 1


def test_fusing_twice_changes_nothing_more() -> None:
    """A module that was dumped after fusion may be compiled again."""
    for seed in range(20):
        once, _ = optimize(generate(RandomChooser(seed)), Options(level=1))
        again, trace = optimize(once, Options(pipeline="fuse"), Trace())
        fused = {f.name for f in once.functions if f.private}
        assert all(a.rule.startswith("fuse/") for a in trace.applications)
        assert fused <= {f.name for f in again.functions}
        optimize(once, Options(level=1, verify_each=True))
