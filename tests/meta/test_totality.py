"""Where an op has no entry in a column it is refused by name; nothing else is ever raised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compiler.errors import UnsupportedError
from compiler.expand import EXPANSIONS
from compiler.ir import Array, Module
from compiler.lower import LOWERINGS
from compiler.pipeline import Options
from compiler.text import parse
from verify.bounds.core import BOUNDS, enclose
from verify.ref import evaluate
from verify.ref.core import REF
from verify.targets import get

WRITTEN = Path(__file__).parents[1] / "text" / "ops.mlir"
T = "tensor<2x3xf32>"
BODY = (
    "^bb0(%l: tensor<f32>, %r: tensor<f32>):\n%s = stablehlo.add %l, %r : tensor<f32>\n"
    "stablehlo.return %s : tensor<f32>"
)
LINES = {
    "add": f"%0 = stablehlo.add %a, %a : {T}",
    "transpose": f"%t = stablehlo.transpose %a, dims = [1, 0] : ({T}) -> tensor<3x2xf32>\n"
    f"%0 = stablehlo.transpose %t, dims = [1, 0] : (tensor<3x2xf32>) -> {T}",
    "dot_general": "%d = stablehlo.constant dense<2.0> : tensor<3x3xf32>\n"
    f"%0 = stablehlo.dot %a, %d : ({T}, tensor<3x3xf32>) -> {T}",
    "reduce_window": "%z = stablehlo.constant dense<0.0> : tensor<f32>\n"
    f'%0 = "stablehlo.reduce_window"(%a, %z) ({{\n{BODY}\n}}) '
    f"{{window_dimensions = array<i64: 1, 1>}} : ({T}, tensor<f32>) -> {T}",
    "call": f"%0 = func.call @helper(%a) : ({T}) -> {T}",
    "optimization_barrier": f"%0 = stablehlo.optimization_barrier %a : {T}",
    "chlo.asin": f"%0 = chlo.asin %a : {T} -> {T}",
}
INPUT = np.full((2, 3), 0.5, np.float32)


def module(op: str) -> Module:
    return parse(
        f"func.func @main(%a: {T}) -> {T} {{\n{LINES[op]}\nreturn %0 : {T}\n}}\n"
        f"func.func private @helper(%a: {T}) -> {T} {{\nreturn %a : {T}\n}}\n"
    )


def run(m: Module, level: int) -> tuple[Array, ...]:
    return tuple(get("assay").compile(m, Options(level=level)).run([INPUT]))


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("op", LINES)
def test_the_compiler_names_what_it_lacks(
    op: str, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    m = module(op)
    assert len(run(m, level)) == 1
    monkeypatch.delitem(LOWERINGS, op, raising=False)
    monkeypatch.delitem(EXPANSIONS, op, raising=False)
    try:
        run(m, level)
    except UnsupportedError as e:
        assert f"unsupported op {op} " in e.message  # noqa: PT017
    else:
        assert level > 0, "only a pass may have removed the op"


@pytest.mark.parametrize("op", LINES)
@pytest.mark.parametrize(("table", "tool"), [(REF, evaluate), (BOUNDS, enclose)])
def test_reference_and_bounds_name_what_they_lack(
    op: str, table: dict[str, Any], tool: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    m = module(op)
    tool(m, [INPUT])
    monkeypatch.delitem(table, op)
    if table is BOUNDS:  # else exact operands are the reference's business
        monkeypatch.delitem(REF, op)
    with pytest.raises(UnsupportedError, match=f"unsupported op {op} "):
        tool(m, [INPUT])


@pytest.mark.parametrize("name", [f.name for f in parse(WRITTEN.read_text()).functions])
def test_every_op_compiles_or_is_refused(name: str) -> None:
    whole = parse(WRITTEN.read_text())
    main = whole.by_name[name]
    others = tuple(f for f in whole.functions if f is not main)
    for level in (0, 2):
        try:
            get("assay").compile(Module((main, *others), ""), Options(level=level))
        except UnsupportedError as e:
            assert "unsupported" in e.message  # noqa: PT017
