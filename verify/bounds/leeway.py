"""Leeways: results that another compiler may give where the reference has one answer.

Some the specification leaves to the implementation, others a target is known to compute otherwise.
Assay's own compiler takes none. A target's profile names those that it takes, each a row of
:data:`LEEWAYS`, and the elements where one may show become undecided. What changes no more than the
precision of floats is no leeway but part of a contract: flushed subnormals, excess precision, wider
limits of functions (:class:`compiler.contract.Contract`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from compiler.ir import Node
from verify.bounds.value import Value
from verify.ref.chlo import broadcast_form

if TYPE_CHECKING:
    from verify.bounds.core import Context

# How much further the results of a node may lie: for each a mask of the elements that may be
# anything, or an array of errors to be added, to be broadcast to its shape.
Where: TypeAlias = "Callable[[Context, Node, list[Value]], list[Any]]"


@dataclass(frozen=True, slots=True)
class Leeway:
    """One leeway.

    Attributes:
        ops: the ops that have it.
        where: the elements of a node's results that may be anything, or how far they may lie.
    """

    ops: frozenset[str]
    where: Where


LEEWAYS: dict[str, Leeway] = {}


def leeway(name: str, *ops: str) -> Callable[[Where], Where]:
    """Enter the decorated mask as leeway ``name`` of ``ops``."""

    def enter(where: Where) -> Where:
        assert name not in LEEWAYS, name
        LEEWAYS[name] = Leeway(frozenset(ops), where)
        return where

    return enter


def concerned(names: Iterable[str], ops: frozenset[str]) -> list[str]:
    """Those of the leeways ``names`` that may show in a program with ``ops``."""
    plain = {broadcast_form(op) for op in ops}
    return [n for n in names if LEEWAYS[n].ops & plain]


def take(ctx: Context, node: Node, operands: list[Value], results: list[Value]) -> list[Value]:
    """``results`` with the elements undecided that the context's leeways leave open."""
    for name in ctx.leeways:
        row = LEEWAYS[name]
        if node.op in row.ops:
            masks = row.where(ctx, node, operands)
            results = [_opened(ctx, v, m) for v, m in zip(results, masks, strict=True)]
    return results


def _opened(ctx: Context, x: Value, more: Any) -> Value:
    more = np.broadcast_to(more, x.shape)
    if not more.any():
        return x
    if not x.dtype.precision:
        return Value(x.dtype, x.as_bits(), error=np.asarray(more | x.undecided()), hull=x.hull)
    if more.dtype == bool:
        more = np.where(more, np.inf, 0.0)
    center = ctx.center(x)
    near = np.isfinite(center) & np.logical_not(x.undecided())  # no number is near infinity
    more = np.where(near | np.isinf(more), more, 0.0)
    error = more.astype(ctx.carrier) + (0.0 if x.error is None else x.error)
    return Value(x.dtype, x.bits, center, error, x.hull)
