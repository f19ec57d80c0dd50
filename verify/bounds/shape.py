"""Ops that move elements move values, errors and polynomials alike; the error does not change.

Source: StableHLO specification, the sections of these ops: no element is computed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array, Node
from verify.bounds.core import Context, define
from verify.bounds.ring import Ring
from verify.bounds.rounding import any_hull
from verify.bounds.value import Span, Value
from verify.ref.core import REF

Move = Callable[[Sequence[Array]], Array]


@define(
    "broadcast_in_dim",
    "concatenate",
    "pad",
    "reshape",
    "reverse",
    "slice",
    "transpose",
    determined=True,
)
def _move(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """bits(out) = move(bits), error(out) = move(error)."""

    def move(parts: Sequence[Array]) -> Array:
        out = REF[node.op](ctx.ref, node, parts)
        assert not isinstance(out, tuple)
        return np.asarray(out)

    return move_values(ctx, node.type.dtype, operands, move)


def move_values(ctx: Context, dtype: DType, operands: list[Value], move: Move) -> Value:
    """What ``move`` makes of all arrays of the operands; it must take elements as they are."""
    out = Value(dtype, hull=any_hull(operands))
    if not dtype.precision:
        out.bits = move([x.as_bits() for x in operands])
        out.error = move([_filled(x, False) for x in operands])
        return out
    if all(x.error is None for x in operands):
        out.bits = move([x.as_bits() for x in operands])
    else:
        out.center = move([ctx.center(x) for x in operands])
        out.error = move([_filled(x, ctx.carrier(0)) for x in operands])
    if any(x.span is not None for x in operands):
        out.span = _move_span(move, operands)
    if any(x.ring is not None for x in operands):
        out.ring = _move_ring(move, [ctx.leaf(x) for x in operands])
    return out


def _filled(x: Value, empty: Any) -> Array:
    return np.broadcast_to(empty, x.shape) if x.error is None else x.error


def _move_span(move: Move, operands: list[Value]) -> Span:
    unknown = [
        (np.broadcast_to(np.nan, x.shape),) * 2 if x.span is None else x.span for x in operands
    ]
    return move([low for low, _ in unknown]), move([high for _, high in unknown])


def _move_ring(move: Move, parts: Sequence[Ring]) -> Ring:
    """The polynomials of all elements; depth, chain and the like are the largest of the
    operands'.
    """
    spread = None
    if any(p.spread is not None for p in parts):
        spread = move([np.zeros_like(p.mag) if p.spread is None else p.spread for p in parts])
    grains = [p.grain for p in parts]
    return replace(
        parts[0],
        center=move([p.center for p in parts]),
        spread=spread,
        mag=move([p.mag for p in parts]),
        big=move([p.big for p in parts]),
        depth=max(p.depth for p in parts),
        chain=max(p.chain for p in parts),
        loss=max(p.loss for p in parts),
        grain=None if None in grains else min(g for g in grains if g is not None),
        fine=min(p.fine for p in parts),
        narrow=min((p.narrow for p in parts if p.narrow), default=0),
        precision=min((p.precision for p in parts if p.precision), default=0),
    )
