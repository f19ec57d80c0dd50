"""Expansion: everywhere, always, logged but not counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import F32
from compiler.errors import InternalError
from compiler.executable import compile_module
from compiler.expand import EXPANSIONS, Emit, Value
from compiler.ir import Module, Node, TensorType, module
from compiler.lower import LOWERINGS, lower
from compiler.pipeline import Options, optimize
from compiler.rewrite import Trace

T = TensorType((4,), F32)
S = TensorType((), F32)


def double(emit: Emit, _node: Node, operands: Sequence[Value]) -> Value:
    (x,) = operands
    return 2.0 * x


@pytest.fixture
def negate_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negate has an expansion: by 2 x, to see it fire."""
    monkeypatch.delitem(LOWERINGS, "negate")
    monkeypatch.setitem(EXPANSIONS, "negate", double)


def sum_of_negated() -> Module:
    """One negate outside, one in the body of a reduce."""
    inner = Builder([S, S])
    body = inner.graph([inner.emit("negate", [inner.emit("add", [0, 1])])])
    b = Builder([T, S])
    x = b.emit("negate", [0])
    return module(b.graph([b.emit("reduce", [x, 1], regions=[body], dimensions=(0,))]))


def ops(m: Module) -> list[str]:
    graph = m.main.graph
    return [n.op for n in graph.nodes] + [
        n.op for g in graph.nodes for r in g.regions for n in r.nodes
    ]


@pytest.mark.usefixtures("negate_doubles")
@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("pipeline", ["", "cse"])
def test_expands_everywhere_whatever_the_limit(level: int, pipeline: str) -> None:
    options = Options(level=level, pipeline=pipeline, verify_each=True)
    trace = Trace(0)
    out, _ = optimize(sum_of_negated(), options, trace)
    assert "negate" not in ops(out)
    assert [a.rule for a in trace.required] == ["expand/negate"] * 2
    assert not trace.applications
    assert trace.fired["expand:expand/negate"] == 2


@pytest.mark.usefixtures("negate_doubles")
def test_lowering_expands_what_no_pass_did() -> None:
    assert [n.name for n in lower(sum_of_negated()).nests] == ["multiply", "reduce"]
    b = Builder([T])
    (out,) = compile_module(module(b.graph([b.emit("negate", [0])])))(np.ones(4, np.float32))
    assert out.tolist() == [2.0] * 4


@pytest.mark.usefixtures("negate_doubles")
def test_text_of_an_expansion() -> None:
    trace = Trace(verbose=True)
    b = Builder([T])
    optimize(module(b.graph([b.emit("negate", [0])])), Options(level=0), trace)
    (application,) = trace.required
    assert application.before == "%0 = stablehlo.negate %arg0 : tensor<4xf32>"
    assert "stablehlo.multiply" in application.after


def test_an_expansion_of_another_type_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPANSIONS, "negate", lambda _e, _n, xs: xs[0] < 0.0)
    b = Builder([T])
    m = module(b.graph([b.emit("negate", [0])]))
    with pytest.raises(InternalError, match="negate"):
        optimize(m)


def test_an_expansion_may_use_expanded_ops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPANSIONS, "negate", double)
    monkeypatch.setitem(EXPANSIONS, "abs", lambda _e, _n, xs: -xs[0] + 1.0)
    b = Builder([T])
    out, _ = optimize(module(b.graph([b.emit("abs", [0])])), Options(level=0))
    assert ops(out) == ["constant", "multiply", "constant", "add"]
