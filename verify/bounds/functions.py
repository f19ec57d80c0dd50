"""sqrt and the transcendental functions.

The image of the interval of legal operands, then the accuracy limit of :mod:`verify.bounds.limits`.
Source: a function that is monotone on an interval takes its extremes at the ends (Moore, Kearfott
and Cloud, *Introduction to Interval Analysis*, 2009, section 5.1); where a whole interval lies
outside the domain the result is NaN for certain (IEEE 754-2019, section 9.2.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from compiler.ir import Array, Node
from verify.bounds import ring
from verify.bounds.core import Context, define
from verify.bounds.format import FORMATS
from verify.bounds.rings import ring_value
from verify.bounds.rounding import (
    after_rounding,
    any_hull,
    ends,
    error_of,
    exact_where,
    overflowing,
    settle,
    sure,
)
from verify.bounds.value import Value
from verify.ref.elementwise import float_power

Function = Callable[[Array], Array]

MONOTONE: dict[str, Function] = {
    "cbrt": np.cbrt,
    "exponential": np.exp,
    "exponential_minus_one": np.expm1,
    "log": np.log,
    "log_plus_one": np.log1p,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "tanh": np.tanh,
}


def _limited(ctx: Context, node: Node, z: Array, spread: Any) -> tuple[Array, Array, Array | None]:
    """The limit, as so many roundings. Under ``afn`` an overflow may be avoided, as in 1 / (1 +
    exp(x)): undecided, but for its span.
    """
    dtype = node.type.dtype
    units = ctx.roundings(node.op, dtype)
    made, e, raw = after_rounding(ctx, dtype, z, spread, units)
    if ctx.afn and raw is not None:
        avoided = np.isinf(made) & np.isfinite(z)
        made, e = np.where(avoided, z, made), np.where(avoided, np.inf, e)
    return made, e, raw


def _known(ctx: Context, op: str, x: Array, z: Array, exact: Any, e: Array) -> tuple[Array, Array]:
    """Results that IEEE 754 section 9.2 fixes for exact arguments: NaN, infinities, f(+-inf), and
    f(+-0) = +-0.

    An infinite z that stems from a finite x is certain too: a pole, or far past the threshold.
    Where the contract leaves the sign of zero open, rsqrt(0) is an infinity of either sign.
    """
    fixed = exact & (~np.isfinite(z) | np.isinf(x) | ((x == 0) & (z == 0)))
    e = np.where(fixed, 0.0, e)
    if ctx.loose_zero and op == "rsqrt":
        e = np.where(exact & (x == 0), np.inf, e)
    return np.where(fixed, z, np.where(np.isfinite(z), z, 0.0)), e


@define(*MONOTONE)
def _monotone(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """E = max(abs(f(x + ex) - f(x)), abs(f(x) - f(x - ex))), then the limit. A NaN at the lower
    end: undecided; at the upper one too: NaN, since these are numbers from some argument on.
    """
    x = operands[0]
    fn = MONOTONE[node.op]
    v = ctx.center(x)
    true = fn(v)
    spread = None
    if x.error is not None:
        low, high = ends(ctx, x)
        a, b = fn(low), fn(high)
        spread = np.maximum(np.abs(a - true), np.abs(b - true))
        spread = np.where(x.error == 0, 0.0, np.where(np.isinf(x.error), np.inf, spread))
    z, e, raw = _limited(ctx, node, true, spread)
    if raw is not None or not v.all() or not np.isfinite(v).all():
        z, e = _mend(ctx, node, x, v, true, z, e)
        if raw is not None:  # an exact argument past the carrier's own threshold
            raw = np.where(np.isinf(true) & np.isinf(z) & (v != 0) & x.exact(), 0.0, raw)
    if x.error is not None:
        z, e = _never(z, e, np.isnan(b) & np.isfinite(x.error))
    return overflowing(settle(x.dtype, z, e, x.hull), raw)


def _mend(
    ctx: Context, node: Node, x: Value, v: Array, true: Array, z: Array, e: Array
) -> tuple[Array, Array]:
    """The special values, and certain overflow of an inexact argument."""
    overflow = np.isinf(z) & (e == 0) & np.isfinite(true)
    avoided = ctx.afn & np.isinf(true) & np.isfinite(v) & (v != 0)
    fixed, error = _known(ctx, node.op, v, true, x.exact(), e)
    if x.error is not None and node.op in ("exponential", "exponential_minus_one"):
        least = np.expm1(ends(ctx, x)[0])
        certain = (least > FORMATS[x.dtype].top * 1.25) & np.isfinite(x.error) & (not ctx.afn)
        fixed, error = np.where(certain, np.inf, fixed), np.where(certain, 0.0, error)
    error = np.where(overflow, 0.0, np.where(avoided, np.inf, error))
    return np.where(overflow, z, fixed), error


def _never(z: Array, e: Array, outside: Array) -> tuple[Array, Array]:
    """NaN for certain ``outside``: there all legal arguments lie beyond the domain."""
    if not outside.any():
        return z, e
    return np.where(outside, np.nan, z), np.where(outside, 0.0, e)


@define("sqrt", determined=True)
def _sqrt(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """E = ex / (sqrt(x) + sqrt(max(x - ex, 0))), the difference of the roots multiplied out; then
    one rounding. Undecided where the argument may be negative, NaN where it must be.
    """
    x = operands[0]
    v, ex = ctx.center(x), error_of(x)
    root = np.sqrt(np.maximum(v, 0))
    bottom = v - ex
    spread = np.where(bottom >= 0, ex / (root + np.sqrt(np.maximum(bottom, 0))), np.inf)
    spread = np.where(ex == 0, 0.0, spread)
    negative = (ends(ctx, x)[1] < 0) & np.isfinite(ex)
    if node.op in ctx.touched:
        z, e, _ = _limited(ctx, node, np.sqrt(v), spread)
        z, e = _known(ctx, node.op, v, np.sqrt(v), x.exact(), e)
    else:
        z, e, _ = after_rounding(ctx, x.dtype, root, spread)
        z, e = exact_where(ctx, node, operands, z, e)
    return settle(x.dtype, *_never(z, e, negative), x.hull)


@define("sine", "cosine")
def _wave(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """E = min(ex, 2), because the derivative is at most 1 (mean value theorem); then the limit."""
    x = operands[0]
    v = ctx.center(x)
    true = np.sin(v) if node.op == "sine" else np.cos(v)
    spread = (
        None if x.error is None else np.where(np.isinf(x.error), np.inf, np.minimum(x.error, 2.0))
    )
    z, e, _ = _limited(ctx, node, true, spread)
    z, e = _known(ctx, node.op, v, true, x.exact(), e)
    return settle(x.dtype, z, e, x.hull)


@define("tan")
def _tan(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Tan a - tan b = sin(a - b) / (cos a cos b) (DLMF, section 4.21), so e = ex / (c (c - ex))
    with c = abs(cos x); undecided where c <= ex.
    """
    x = operands[0]
    v = ctx.center(x)
    true = np.tan(v)
    spread = None
    if x.error is not None:
        c = np.abs(np.cos(v)) * (1 - 16 * ctx.eps)
        spread = np.where(c > x.error, x.error / (c * (c - x.error)), np.inf)
        spread = np.where(x.error == 0, 0.0, spread)
    z, e, raw = _limited(ctx, node, true, spread)
    z, e = _known(ctx, node.op, v, true, x.exact(), e)
    return overflowing(settle(x.dtype, z, e, x.hull), raw)


@define("atan2")
def _atan2(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """A disc of radius r around (x, y) is seen under asin(r / abs(x, y)) from the origin.

    Undecided, as the hull [-pi, pi], where the disc holds the origin or crosses the negative x
    axis, the jump.
    """
    y, x = operands
    vy, vx, ey, ex = ctx.center(y), ctx.center(x), error_of(y), error_of(x)
    true = np.arctan2(vy, vx)
    exact = np.logical_and(y.exact(), x.exact())
    spread: Any = None
    jump: Any = False
    if x.error is not None or y.error is not None:
        radius, distance = np.hypot(ex, ey), np.hypot(vx, vy)
        share = radius / distance * (1 + 16 * ctx.eps)
        jump = ~(share < 1) | ((vx - ex <= 0) & (np.abs(vy) <= ey) & ~sure(y, vy != 0))
        jump = jump & ~exact
        spread = np.where(jump, np.inf, np.arcsin(np.minimum(share, 1.0)))
        spread = np.where(exact, 0.0, spread)
    z, e, _ = _limited(ctx, node, true, spread)
    nan = sure(y, np.isnan(vy)) | sure(x, np.isnan(vx))
    fixed = nan | (exact & (true == 0))
    z, e = np.where(nan, np.nan, np.where(exact & (true == 0), true, z)), np.where(fixed, 0.0, e)
    if ctx.loose_zero:
        jump = jump | ((vy == 0) & ((vx <= 0) | ~np.isfinite(vx)))
    finite = np.isfinite(error_of(x) + error_of(y))
    wrap = np.asarray(jump & finite & ~nan)
    if wrap.any():
        wide = np.pi * (1 + 2 * ctx.roundings("atan2", y.dtype) * FORMATS[y.dtype].u)
        z, e = np.where(wrap, 0.0, z), np.where(wrap, wide, e)
    return settle(y.dtype, z, e, any_hull(operands) or bool(wrap.any()))


@define("power")
def _power(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """x**y is monotone in each argument on either side of x = 0: the extremes of a box lie at its
    corners.

    Where x may change its sign only an exact positive integer y is decided: abs(result) <=
    max(abs(x))**y. Negative x to an exact power that is no whole number is NaN for certain.
    """
    x, y = operands
    if not x.dtype.precision:
        bits = ctx.reference(node, operands)
        if x.error is None and y.error is None:
            return Value(x.dtype, bits)
        unsure = np.broadcast_to(np.logical_or(x.undecided(), y.undecided()), bits.shape)
        return Value(x.dtype, bits, error=unsure, hull=any_hull(operands))
    vx, vy = ctx.center(x), ctx.center(y)
    if ctx.afn and ctx.reassoc and y.error is None and (vy == 2).all():
        square = ring.multiply(ctx.factor(x), ctx.factor(x), ctx.format(x.dtype))
        units = ctx.roundings("power", x.dtype)
        square.depth += units
        square.loss += units * ctx.format(x.dtype).half
        square.grain = None  # a power of integers may be rounded
        return ring_value(ctx, node, operands, square, single=False)
    true = float_power(vx, vy)
    exact = np.logical_and(x.exact(), y.exact())
    spread: Any = None
    if x.error is not None or y.error is not None:
        spread = np.where(exact, 0.0, _power_spread(ctx, x, y, true))
    z, e, raw = _limited(ctx, node, true, spread)
    fixed = ~np.isfinite(true) | np.isinf(vx) | np.isinf(vy) | (vx == 0) | (vx == 1) | (vy == 0)
    fixed = exact & fixed
    if ctx.loose_zero:
        fixed = fixed & ~(exact & (vx == 0) & np.isinf(true))
        e = np.where(exact & (vx == 0) & np.isinf(true), np.inf, e)
    z, e = np.where(fixed, true, z), np.where(fixed, 0.0, e)
    if x.error is not None:
        broken = sure(y, np.isfinite(vy) & (vy != np.rint(vy)))
        negative = (ends(ctx, x)[1] < 0) & (x.error > 0) & np.isfinite(x.error)
        z, e = _never(z, e, broken & negative)
    return overflowing(settle(x.dtype, z, e, any_hull(operands)), raw)


def _power_spread(ctx: Context, x: Value, y: Value, true: Array) -> Array:
    (lx, hx), (ly, hy) = ends(ctx, x), ends(ctx, y)
    vy = ctx.center(y)
    whole = sure(y, (vy == np.rint(vy)) & np.isfinite(vy))
    corners = [np.abs(float_power(a, b) - true) for a in (lx, hx) for b in (ly, hy)]
    spread = np.maximum(np.maximum(*corners[:2]), np.maximum(*corners[2:]))
    positive, negative = lx > 0, hx < 0
    decided = positive | (negative & whole)
    decided = decided & np.isfinite(error_of(x) + error_of(y))
    through = ~decided & whole & (vy > 0)
    reach = float_power(np.maximum(np.abs(lx), np.abs(hx)), np.maximum(vy, 0))
    spread = np.where(through, reach + np.abs(true), np.where(decided, spread, np.inf))
    return np.asarray(np.where(np.isfinite(spread), spread, np.inf))
