"""Ops whose pretty form is more than a list of fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from compiler.ir import Graph, Node, TensorType
from compiler.ops import OPS
from compiler.ops.table import Op, Types
from compiler.text.body import BodyReader
from compiler.text.loops import read_scan, read_while
from compiler.text.scope import Scope
from compiler.text.windows import read_convolution

_FORMAT = re.compile(r"e([0-9]{1,9})m([0-9]{1,9})")


def _slice(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``%x [0:4:2, 1:3] : types``."""
    operand = p.operand(scope)
    rows: list[tuple[int, int, int]] = []
    p.expect("[")
    while not p.accept("]"):
        if rows:
            p.expect(",")
        start = p.integer()
        p.expect(":")
        limit = p.integer()
        rows.append((start, limit, p.integer() if p.accept(":") else 1))
    names = ("start_indices", "limit_indices", "strides")
    attrs = {name: tuple(r[k] for r in rows) for k, name in enumerate(names)}
    return p.finish(scope, row, [operand], attrs, at)


def _reduce_precision(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``%x, format = e5m10 : types``."""
    operand = p.operand(scope)
    for token in (",", "format", "="):
        p.expect(token)
    m = _FORMAT.fullmatch(p.token)
    if m is None:
        p.fail(f"expected a format such as e5m10, found {p.shown()}")
    p.at += 1
    return p.finish(
        scope, row, [operand], {"exponent_bits": int(m[1]), "mantissa_bits": int(m[2])}, at
    )


def _reduce(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``(%x init: %c), ... applies OP across dimensions = [0] : types``, or with ``reducer(...)
    {...}`` behind.
    """
    inputs: list[int] = []
    inits: list[int] = []
    while not inputs or p.accept(","):
        p.expect("(")
        inputs.append(p.operand(scope))
        p.expect("init")
        p.expect(":")
        inits.append(p.operand(scope))
        p.expect(")")
    combiner = -1
    if p.accept("applies"):
        combiner = p.at
        p.word("an op")
    for token in ("across", "dimensions", "="):
        p.expect(token)
    attrs = {"dimensions": p.integers()}
    extra = p.attr_dict() if p.token == "{" else {}
    p.expect(":")
    stated = p.function_type()
    p.match(scope, inputs + inits, stated.params, at)
    if combiner >= 0:
        region = (_combiner(p, combiner, len(inputs), stated.params[-1]), Scope(scope))
    else:
        region = p.region(_reducer_arguments(p, Scope(scope), len(inputs)), row)
    return p.node(row, inputs + inits, attrs, extra, stated.results, at, [region])


def _combiner(p: BodyReader, at: int, count: int, init: TensorType) -> Graph:
    """The body that ``applies OP`` stands for."""
    name = p.tokens[at].removeprefix("stablehlo.")
    row = OPS.get(name)
    if row is None or name == p.tokens[at]:
        p.unsupported(f"op {p.tokens[at]} in reduce", at)
    if len(row.operands) != 2 or row.variadic or any(a.required for a in row.attrs) or count != 1:
        p.fail(f"cannot apply {name} to {count} input" + "s" * (count != 1), at)
    t = TensorType((), init.dtype)
    node = Node(name, (0, 1), tuple((a.name, a.default) for a in row.attrs), (t,))
    return Graph((t, t), (node,), (2,), (p.loc(at),))


def _reducer_arguments(p: BodyReader, scope: Scope, count: int) -> Scope:
    """``reducer(%a: t, %b: t) (%c: u, %d: u) {``: one pair an input; the block takes %a, %c, %b,
    %d.
    """
    p.expect("reducer")
    pairs = []
    for _ in range(count):
        p.expect("(")
        left = p.typed_name()
        p.skip_loc()
        p.expect(",")
        right = p.typed_name()
        p.skip_loc()
        p.expect(")")
        pairs.append((left, right))
    for side in (0, 1):
        for pair in pairs:
            if not scope.param(*pair[side]):
                p.fail(f"{pair[side][0]} is defined twice")
    p.expect("{")
    return scope


def _call(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``@f(%a, %b) : types``."""
    attrs: dict[str, Any] = {"callee": p.symbol()}
    return p.finish(scope, row, p.parenthesised(scope), attrs, at)


def _composite(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``"namespace.op" %a, %b {decomposition = @f, ...} : types``."""
    attrs: dict[str, Any] = {"name": p.string()}
    operands = p.operand_list(scope) if p.token[:1] == "%" else []
    return p.finish(scope, row, operands, attrs, at)


def _optimization_barrier(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``%a, %b : types``: the results have the types of the operands."""
    operands = p.operand_list(scope) if p.token[:1] == "%" else []
    extra = p.attr_dict() if p.token == "{" else {}
    types: Types = ()
    if operands:
        p.expect(":")
        types = p.type_sequence()
    p.match(scope, operands, types, at)
    return p.node(row, operands, {}, extra, types, at)


def _top_k(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``(%x, k = 2) : type -> (types)``."""
    p.expect("(")
    operand = p.operand(scope)
    for token in (",", "k", "="):
        p.expect(token)
    attrs = {"k": p.integer()}
    p.expect(")")
    return p.finish(scope, row, [operand], attrs, at)


SPECIAL: dict[str, Callable[[BodyReader, Scope, Op, int], Node]] = {
    "slice": _slice,
    "reduce_precision": _reduce_precision,
    "reduce": _reduce,
    "call": _call,
    "composite": _composite,
    "convolution": read_convolution,
    "optimization_barrier": _optimization_barrier,
    "while": read_while,
    "chlo.scan": read_scan,
    "chlo.top_k": _top_k,
}
