"""Which results of a reduction depend on its schedule.

The specification (*reduce*) evaluates an implementation-defined full binary tree, whose leaves are
the elements in ascending order, interspersed with an implementation-defined amount of init values.
All trees agree where body and init form a monoid on the values that occur.
"""

from __future__ import annotations

from math import prod
from typing import Any, TypeAlias

import numpy as np

from compiler.ir import Array, Graph, Node
from verify.bounds.core import Context
from verify.bounds.value import Value
from verify.ref.bodies import is_scalar_code, kept_first, single_ops
from verify.ref.elementwise import apply_binary

IDEMPOTENT = frozenset({"and", "maximum", "minimum", "or"})
Row: TypeAlias = "list[Array]"  # one array per operand of the reduction


def unsure_of_schedule(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """One mask an output of a reduce: where another legal schedule may give something else.

    Bodies of one op per operand are monoids but for the rounding of floats, which the bounds of
    reduce account for: only the init matters. For other bodies the laws of a monoid are tried on
    the values of a fold: init on either side of each, and two ways to group each three neighbours.
    A body that breaks a law in a place that this does not try is taken for a monoid.
    """
    count = len(node.types)
    inputs = [_rows(x.as_bits(), node) for x in operands[:count]]
    inits = [x.as_bits() for x in operands[count : 2 * count]]
    body = node.regions[0]
    ops = single_ops(body, count)
    if ops is not None:
        exact = [bool(np.all(x.exact())) for x in operands[count : 2 * count]]
        wild = [_rows(np.broadcast_to(x.undecided(), x.shape), node) for x in operands[:count]]
        return [
            np.broadcast_to(not sure, node.type.shape) | w.any(-1) | _init_shows(op, x, i)
            for op, x, w, i, sure in zip(ops, inputs, wild, inits, exact, strict=True)
        ]
    if not is_scalar_code(body):  # its scalars cannot be evaluated for all elements at once
        return [True] * count
    captures = [x.as_bits() for x in operands[2 * count :]]
    broken = _breaks_a_law(ctx, body, inputs, inits, captures)
    return [broken] * count


def _rows(x: Array, node: Node) -> Array:
    """``x`` with the reduced elements of each result in a last axis, in row-major order."""
    dims = node.attr("dimensions")
    kept = node.type.shape
    order = kept_first(x.ndim, tuple(dims))
    return x.transpose(order).reshape(*kept, prod(x.shape[d] for d in dims))


def _init_shows(op: str, x: Array, init: Array) -> Any:
    """Whether leaving the init out, or taking it twice, changes a result."""
    if not x.shape[-1]:
        return np.broadcast_to(_differ(apply_binary(op, init, init), init), x.shape[:-1])
    if op not in IDEMPOTENT and not (x.dtype == bool and op in ("add", "multiply")):
        neutral = 1 if op == "multiply" else 0
        return np.broadcast_to(init != neutral, x.shape[:-1])
    without = x[..., 0]
    for k in range(1, x.shape[-1]):
        without = apply_binary(op, without, x[..., k])
    return _differ(apply_binary(op, init, without), without)


def _differ(a: Array, b: Array) -> Any:
    """Where two arrays differ; zeros of either sign are equal, and so is any NaN."""
    return (a != b) & ~((a != a) & (b != b))


def _breaks_a_law(ctx: Context, body: Graph, inputs: Row, inits: Row, captures: list[Array]) -> Any:
    shape = inputs[0].shape[:-1]

    def apply(a: Row, b: Row) -> Row:
        values = ctx.ref.run(body, [*a, *b, *captures], check=False)
        return [np.broadcast_to(values[v], shape) for v in body.results]

    def unlike(a: Row, b: Row) -> Any:
        return np.logical_or.reduce([_differ(x, y) for x, y in zip(a, b, strict=True)])

    start = [np.broadcast_to(i, shape) for i in inits]
    items = [[x[..., k] for x in inputs] for k in range(inputs[0].shape[-1])]
    broken = np.broadcast_to(unlike(apply(start, start), start), shape)
    total: Row | None = None
    for k, item in enumerate(items):
        broken = broken | unlike(apply(start, item), item) | unlike(apply(item, start), item)
        if total is not None:
            joined = apply(total, item)
            if k + 1 < len(items):
                after = apply(item, items[k + 1])
                broken = broken | unlike(apply(joined, items[k + 1]), apply(total, after))
            item = joined
        total = item
    return broken
