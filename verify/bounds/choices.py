"""Elementwise ops that choose between values: maximum, minimum, clamp, compare, select.

None of them rounds. Source: maximum and minimum do not enlarge the largest difference of their
operands, and the image of two intervals lies between those of their ends (Moore, Kearfott and
Cloud, *Introduction to Interval Analysis*, 2009, section 5.1); comparisons of disjoint intervals
are decided (the same, chapter 2).
"""

from __future__ import annotations

import numpy as np

from compiler.dtypes import I1
from compiler.ir import Node
from verify.bounds.core import Context, define
from verify.bounds.elementwise import integer
from verify.bounds.format import FORMATS
from verify.bounds.rounding import any_hull, ends, error_of, settle, sure
from verify.bounds.shape import move_values
from verify.bounds.value import Value
from verify.ref.elementwise import COMPARE, maximum, minimum


@define("maximum", "minimum", determined=True)
def _extremum(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """One side where its interval lies wholly beyond the other's; else abs(difference) <= max(ex,
    ey).
    """
    if not node.type.dtype.precision:
        return integer(ctx, node, operands)
    return extremum(ctx, node.op, operands[0], operands[1])


def extremum(ctx: Context, op: str, x: Value, y: Value) -> Value:
    """Maximum or minimum of two float values, broadcasting."""
    fn, wins = (maximum, np.greater) if op == "maximum" else (minimum, np.less)
    if x is y:
        return x
    kept = _dominant(ctx, op, x, y) if x.ring is not None or y.ring is not None else None
    if kept is not None:
        return kept
    if x.error is None and y.error is None:
        small = x.dtype.bits == 16
        a, b = (v.as_bits().astype(np.float32) if small else v.as_bits() for v in (x, y))
        return Value(x.dtype, np.asarray(fn(a, b).astype(x.dtype.numpy)))
    (lx, hx), (ly, hy) = ends(ctx, x), ends(ctx, y)
    vx, vy, ex, ey = ctx.center(x), ctx.center(y), error_of(x), error_of(y)
    z = fn(vx, vy)
    over_x, over_y = (
        (wins(lx, hy), wins(ly, hx)) if op == "maximum" else (wins(hx, ly), wins(hy, lx))
    )
    e = np.where(over_x, ex, np.where(over_y, ey, np.maximum(ex, ey)))
    if np.isnan(z).any() or np.isinf(e).any():
        nan = sure(x, np.isnan(vx)) | sure(y, np.isnan(vy))
        e = np.where(np.isfinite(ex + ey), e, np.inf)
        z, e = np.where(nan, np.nan, z), np.where(nan, 0.0, e)
    return settle(x.dtype, z, e, x.hull or y.hull)


def _dominant(ctx: Context, op: str, x: Value, y: Value) -> Value | None:
    """The operand that wins everywhere, as max(x, -inf): a compiler may drop the op and go on
    rewriting.
    """
    for one, other in ((x, y), (y, x)):
        if one.ring is None or one.shape != np.broadcast_shapes(x.shape, y.shape):
            continue
        (low, high), (bottom, top) = ends(ctx, one), ends(ctx, other)
        if ((low > top) if op == "maximum" else (high < bottom)).all():
            return one
    return None


@define("clamp", determined=True)
def _clamp(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """min(max(x, lo), hi)."""
    low, x, high = operands
    if not x.dtype.precision:
        return integer(ctx, node, operands)
    return extremum(ctx, "minimum", extremum(ctx, "maximum", x, low), high)


@define("compare")
def _compare(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Decided where the intervals are disjoint, or an operand is certainly NaN (false; NE true).

    Under TOTALORDER the sign of a NaN would decide, which is nobody's business: undecided; so is
    the sign of a zero that the contract leaves open.
    """
    x, y = operands
    fn = COMPARE[node.attr("comparison_direction")]
    total = node.attr("compare_type") == "TOTALORDER" and x.dtype.precision > 0
    if x.error is None and y.error is None and not total:
        return Value(I1, ctx.reference(node, operands))
    if x is y and x.dtype.precision and not total:
        # x != x asks for NaN, which a decided inexact value is not.
        center = ctx.center(x)
        plain = np.where(np.isnan(center), center, 0)
        bits = fn(plain, plain)
        return Value(I1, np.asarray(bits), error=np.asarray(x.undecided()), hull=x.hull)
    if not x.dtype.precision:
        return integer(ctx, node, operands)
    vx, vy = ctx.center(x), ctx.center(y)
    (lx, hx), (ly, hy) = ends(ctx, x), ends(ctx, y)
    exact = np.logical_and(x.exact(), y.exact())
    decided = exact | (hx < ly) | (hy < lx)
    bits = fn(vx, vy)
    if total:
        decided = decided & ~np.isnan(vx) & ~np.isnan(vy)
        if ctx.loose_zero:
            decided = decided & ((vx != 0) | (vy != 0))
        bits = np.where(exact, ctx.reference(node, operands), bits)
    else:
        decided = decided | sure(x, np.isnan(vx)) | sure(y, np.isnan(vy))
    unsure = np.asarray(~decided)
    if not unsure.any():
        return Value(I1, np.asarray(bits))
    return Value(I1, np.asarray(bits), error=unsure, hull=any_hull(operands))


@define("select", determined=True)
def _select(ctx: Context, _node: Node, operands: list[Value]) -> Value:
    """The chosen side, with its error; the hull of both where the predicate is undecided."""
    pred, x, y = operands
    return select(ctx, pred, x, y)


def select(ctx: Context, pred: Value, x: Value, y: Value) -> Value:
    """The chosen side, broadcasting; where the predicate is undecided the hull of both."""
    p = pred.as_bits()
    dtype = x.dtype
    if x is y:
        return x
    if pred.error is None and (x.ring is not None or y.ring is not None):
        return move_values(ctx, dtype, [x, y], lambda parts: np.where(p, *parts))
    hull = pred.hull or x.hull or y.hull
    if not dtype.precision:
        unsure = np.where(p, x.undecided(), y.undecided())
        if pred.error is not None:
            differ = (x.as_bits() != y.as_bits()) | x.undecided() | y.undecided()
            unsure = np.where(pred.error, differ, unsure)
        bits = np.where(p, x.as_bits(), y.as_bits())
        return Value(dtype, bits, error=np.broadcast_to(unsure, bits.shape), hull=hull)
    vx, vy, ex, ey = ctx.center(x), ctx.center(y), error_of(x), error_of(y)
    z, e = np.where(p, vx, vy), np.where(p, ex, ey)
    if pred.error is not None and np.any(pred.error):
        zero = (np.signbit(vx) == np.signbit(vy)) | (vx != 0)
        alike = ((vx == vy) & zero | (np.isnan(vx) & np.isnan(vy))) & (ex == 0) & (ey == 0)
        middle = vx / 2 + vy / 2
        half = (np.abs(vx - vy) / 2 + np.maximum(ex, ey)) * (1 + 8 * ctx.eps)
        half = np.where(half > 0, half, FORMATS[dtype].sign) + np.abs(middle) * (4 * ctx.eps)
        half = np.where(np.isfinite(half), half, np.inf)
        z = np.where(pred.error, np.where(alike, vx, middle), z)
        e = np.where(pred.error, np.where(alike, 0.0, half), e)
        hull = True
    made = settle(dtype, z, np.broadcast_to(e, z.shape), hull)
    if pred.error is None and (x.span is not None or y.span is not None):
        (low, high), (bottom, top) = (
            (np.nan, np.nan) if v.span is None else v.span for v in (x, y)
        )
        made.span = np.where(p, low, bottom), np.where(p, high, top)
    return made
