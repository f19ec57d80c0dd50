"""Control flow: loops trip by trip, branches by their index.

What an undecided predicate or index chooses is the hull of the outcomes: of branches, and of the
states in which a loop may end.

Source: StableHLO specification, *while*, *if*, *case*; hulls as in Moore, Kearfott and Cloud,
*Introduction to Interval Analysis*, 2009, chapter 2.
"""

from __future__ import annotations

from functools import partial, reduce

import numpy as np

from compiler.dtypes import I1
from compiler.ir import Graph, Node, TensorType
from verify.bounds.bodies import broadcast, gather, picked, without_ring
from verify.bounds.choices import select
from verify.bounds.core import Context, define
from verify.bounds.value import Value
from verify.ref.bodies import is_scalar_code

_ENDS = 64  # trips after which a loop may end; beyond them nothing is known of what it changes


@define("while")
def _while(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """Where the predicate may be false the loop may end: the hull of all states in which it may.

    Every legal evaluation leaves in one of them, as each goes on while its own predicate holds.
    """
    cond, body = node.regions
    count = len(node.types)
    carried, captures = operands[:count], operands[count:]
    ends: list[list[Value]] = []
    while len(ends) <= _ENDS:
        (pred,) = _region(ctx, cond, [*carried, *captures])
        unsure = _unsure(pred)
        if unsure or not pred.as_bits():
            ends.append(carried)
            if not unsure:
                return _hulls(ctx, ends)
        ctx.ref.trip()
        carried = _region(ctx, body, [*carried, *captures])
    kept = [body.results[k] == k for k in range(count)]
    return [
        x if keep else _undecided(ctx, t)
        for x, t, keep in zip(operands, node.types, kept, strict=False)
    ]


@define("if")
def _if(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """The branch taken; the hull of both where the predicate is undecided."""
    pred = operands[0]
    known = None if _unsure(pred) else (0 if pred.as_bits() else 1)
    return _branches(ctx, node, known, operands[1:])


@define("case")
def _case(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """The branch taken; the hull of all where the index is undecided."""
    index, last = operands[0], len(node.regions) - 1
    known = None
    if not _unsure(index):
        k = int(index.as_bits())
        known = k if 0 <= k <= last else last
    return _branches(ctx, node, known, operands[1:])


def _branches(ctx: Context, node: Node, known: int | None, captures: list[Value]) -> list[Value]:
    """The chosen branch, or the hull of all."""
    if known is not None:
        return _region(ctx, node.regions[known], captures)
    return _hulls(ctx, [_region(ctx, r, captures) for r in node.regions])


def _hulls(ctx: Context, outs: list[list[Value]]) -> list[Value]:
    """For each result the hull of what it may be: one list of results an outcome."""
    unsure = Value(I1, np.array(True), error=np.array(True))
    return [reduce(partial(select, ctx, unsure), found) for found in zip(*outs, strict=True)]


def _region(ctx: Context, graph: Graph, args: list[Value]) -> list[Value]:
    values = ctx.run(graph, args)
    return [values[v] for v in graph.results]


def _unsure(x: Value) -> bool:
    return x.error is not None and bool(np.any(x.error))


def _undecided(ctx: Context, t: TensorType) -> Value:
    bits = np.zeros(t.shape, t.dtype.numpy)
    if not t.dtype.precision:
        return Value(t.dtype, bits, error=np.ones(t.shape, bool))
    error = np.full(t.shape, np.inf, ctx.carrier)
    return Value(t.dtype, bits, np.zeros(t.shape, ctx.carrier), error)


@define("map")
def _map(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The computation's own bounds: of all elements at once where it is scalar code."""
    body, count = node.regions[0], len(node.operands)
    inputs, captures = operands[:count], operands[count:]
    if is_scalar_code(body):
        (out,) = _region(ctx, body, operands)
        return out if out.shape == node.type.shape else broadcast(ctx, out, node.type.shape)
    cells = [
        _region(ctx, body, [*(picked(x, index) for x in inputs), *captures])
        for index in np.ndindex(node.type.shape)
    ]
    return gather(ctx, [without_ring(cell) for (cell,) in cells], node.type)


@define("optimization_barrier")
def _optimization_barrier(_ctx: Context, _node: Node, operands: list[Value]) -> list[Value]:
    """The operands as they are."""
    return list(operands)
