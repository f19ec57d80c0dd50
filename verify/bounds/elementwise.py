"""Elementwise ops; transcendental functions are in ``functions``, choices in ``choices``.

Every rule works on operands of which at least one element is not exact; where all operands of an
element are exact the reference's bits are put in with error 0. Source of the formulas: Higham,
*Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 3.3 (running error analysis,
after Wilkinson), with theorem 2.2 for the rounding; for the ops that have jumps, the image of an
interval under a monotone function (Moore, Kearfott and Cloud, *Introduction to Interval Analysis*,
2009, section 5.1); for special values IEEE 754-2019, sections 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from compiler.dtypes import I1
from compiler.ir import Array, Node
from verify.bounds import ring
from verify.bounds.core import Context, define
from verify.bounds.format import FORMATS, Format
from verify.bounds.limits import fused_roundings
from verify.bounds.rings import ring_value
from verify.bounds.rounding import (
    after_rounding,
    any_hull,
    ends,
    error_of,
    exact_where,
    overflowing,
    settle,
    sign_known,
    sure,
)
from verify.bounds.value import Value

# --- integers and booleans ------------------------------------------------------------------------


@define(
    "count_leading_zeros",
    "not",
    "or",
    "and",
    "popcnt",
    "shift_left",
    "shift_right_arithmetic",
    "shift_right_logical",
    "xor",
    determined=True,
)
def integer(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Undecided where an operand is; but false & x and true | x (i1 products, sums) are decided."""
    unsure: Any = False
    for x in operands:
        unsure = np.logical_or(unsure, x.undecided())
    if node.type.dtype is I1 and node.op in ABSORBING:  # its operands are i1, too
        absorbing = ABSORBING[node.op]
        for x in operands:
            unsure = unsure & ~((x.as_bits() == absorbing) & x.exact())
    bits = ctx.reference(node, operands)
    unsure = np.broadcast_to(unsure, bits.shape)
    return Value(node.type.dtype, bits, error=unsure, hull=any_hull(operands))


# The i1 value that decides the result alone.
ABSORBING = {
    "and": False,
    "multiply": False,
    "minimum": False,
    "or": True,
    "add": True,
    "maximum": True,
}


# --- arithmetic -----------------------------------------------------------------------------------


@define("add", "subtract", determined=True)
def _add(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """E = ex + ey, then one rounding. With ``reassoc``: polynomial.

    With ``afn`` the sum may go into a function unrounded, as in log(1 + x).
    """
    if not node.type.dtype.precision:
        return integer(ctx, node, operands)
    x, y = operands
    if ctx.reassoc:
        made = ring.add(ctx.leaf(x), ctx.leaf(y), 1 if node.op == "add" else -1)
        return ring_value(ctx, node, operands, made)
    vx, vy = ctx.center(x), ctx.center(y)
    z = vx + vy if node.op == "add" else vx - vy
    spread = x.error if y.error is None else y.error if x.error is None else x.error + y.error
    value = _arithmetic(ctx, node, operands, z, spread)
    if not ctx.afn:
        return value
    other = vy if node.op == "add" else -vy
    part = z - vx
    lost = (vx - (z - part)) + (
        other - part
    )  # what the carrier's own rounding of the sum left over
    return _unrounded(ctx, operands, value, z, (lost == 0) & (ctx.center(value) == z))


@define("multiply", determined=True)
def _multiply(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """E = abs(x) ey + abs(y) ex + ex ey, then one rounding. With ``reassoc``: polynomial.

    With ``contract`` the product may enter a following addition unrounded: then it is exact only if
    it needs no rounding.
    """
    if not node.type.dtype.precision:
        return integer(ctx, node, operands)
    x, y = operands
    if ctx.reassoc:
        made = ring.multiply(ctx.factor(x), ctx.factor(y), ctx.format(node.type.dtype))
        return ring_value(ctx, node, operands, made)
    vx, vy = ctx.center(x), ctx.center(y)
    spread = None
    if y.error is not None:
        spread = np.abs(vx) * y.error
    if x.error is not None:
        other = (np.abs(vy) + error_of(y)) * x.error
        spread = other if spread is None else spread + other
    z = vx * vy
    value = _arithmetic(ctx, node, operands, z, spread)
    if not ctx.contract:
        return value
    p = FORMATS[node.type.dtype].precision
    whole = ctx.center(value) == z
    if p > 24:
        # The carrier may have rounded the product itself: trust integers only.
        whole &= (np.abs(z) <= 2.0**p) & (vx == np.rint(vx)) & (vy == np.rint(vy))
    return _unrounded(ctx, operands, value, z, whole)


def _unrounded(ctx: Context, operands: list[Value], value: Value, z: Array, whole: Array) -> Value:
    """Give exact results that had to be rounded (not ``whole``) the error of that rounding.

    One that overflows may come back into range in the op that takes it unrounded: undecided, but
    for its span.
    """
    vx, vy = ctx.center(operands[0]), ctx.center(operands[1])
    made, error, f = ctx.center(value), error_of(value), FORMATS[value.dtype]
    special = ~np.isfinite(z) & ~(np.isfinite(vx) & np.isfinite(vy))
    keep = np.asarray(whole | special | (error > 0))
    if keep.all():
        return value
    raw = np.where(keep, error, np.abs(z) * (f.u + 8 * ctx.eps) + f.half)
    e = np.where(np.isfinite(made) | special, raw, np.inf)
    return overflowing(settle(value.dtype, np.where(keep, made, z), e, value.hull), raw, ~keep)


@define("divide", determined=True)
def _divide(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The quotient; undecided where the sign of a zero divisor is open and x is not zero."""
    value = _quotient(ctx, node, operands)
    x, y = operands
    if value.dtype.precision and ctx.loose_zero:
        open_sign = (ctx.center(y) == 0) & (ctx.center(x) != 0) & ~np.isnan(ctx.center(x))
        if open_sign.any():
            e = np.where(open_sign, np.inf, error_of(value))
            value = Value(value.dtype, None, ctx.center(value), e, value.hull)
    return value


def _quotient(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """E = (ex + abs(q) ey) / (abs(y) - ey), undecided where abs(y) <= ey; then one rounding.

    ``arcp``: the quotient may be x * round(1 / y): two roundings more, and undecided where 1 / y
    may overflow. Exact only where y is a power of two with a normal reciprocal.
    """
    if not node.type.dtype.precision:
        return integer(ctx, node, operands)
    x, y = operands
    if ctx.reassoc and y.error is None:
        factor = _exact_reciprocal(ctx, y)
        if factor is not None:
            made = ring.multiply(ctx.factor(x), factor, ctx.format(node.type.dtype))
            return ring_value(ctx, node, operands, made)
    if ctx.reassoc and ctx.arcp:
        made = ring.multiply(ctx.factor(x), _reciprocal(ctx, y), ctx.format(node.type.dtype))
        return ring_value(ctx, node, operands, made, single=False)
    vx, vy = ctx.center(x), ctx.center(y)
    z = vx / vy
    spread: Any = None
    if x.error is not None or y.error is not None:
        room = np.abs(vy) - error_of(y)
        spread = (error_of(x) + np.abs(z) * error_of(y)) / room
        spread = np.where(room > 0, spread, np.inf)
    if ctx.arcp:
        return _by_reciprocal(ctx, node, operands, z, spread)
    return _arithmetic(ctx, node, operands, z, spread)


def _by_reciprocal(ctx: Context, node: Node, operands: list[Value], z: Array, spread: Any) -> Value:
    x, y = operands
    f = ctx.format(node.type.dtype)
    vx, vy = ctx.center(x), ctx.center(y)
    lost = (np.abs(vx) + error_of(x)) * f.half
    units = 3.0 + 3 * f.u
    z, e, raw = after_rounding(
        ctx, node.type.dtype, z, lost if spread is None else spread + lost, units
    )
    finite = (np.abs(vy) - error_of(y)) * f.top > 2  # the reciprocal
    e = np.where(finite, e, np.inf)
    exact_z, exact_e = exact_where(ctx, node, operands, z, e)
    keep = _has_exact_reciprocal(vy, f) | ~np.isfinite(vx)
    z, e = np.where(keep, exact_z, z), np.where(keep, exact_e, e)
    return overflowing(settle(node.type.dtype, z, e, any_hull(operands)), raw, finite)


def _has_exact_reciprocal(y: Array, f: Format) -> Array:
    """Where y is a power of two that is normal, as its reciprocal is."""
    power = np.abs(np.frexp(y)[0]) == 0.5
    return np.asarray(power & (np.abs(y) >= f.normal) & (np.abs(y) <= 1 / f.normal))


def _exact_reciprocal(ctx: Context, y: Value) -> ring.Ring | None:
    """1 / y as a factor where some exact y are powers of two: dividing by those is multiplying.

    The others are divisors still, but nothing is lost by one bound for both: dividing is one
    rounding.
    """
    f, vy = FORMATS[y.dtype], ctx.center(y)
    powers = _has_exact_reciprocal(vy, f)
    if not powers.any() or (ctx.arcp and not powers.all()):
        return None
    r = 1 / vy
    if powers.all():
        return ring.leaf(r, None)
    return ring.leaf(r, np.where(powers, 0.0, np.abs(r) * (4 * ctx.eps)))


def _reciprocal(ctx: Context, y: Value) -> ring.Ring:
    """1 / y as one factor: a leaf that was rounded once."""
    f = ctx.format(y.dtype)
    vy, ey = ctx.center(y), error_of(y)
    low = np.abs(vy) - ey
    r = np.where(low > 0, 1 / vy, np.nan)
    spread = ey / (np.abs(vy) * low) + np.abs(r) * (4 * ctx.eps)
    made = ring.leaf(r, np.where(low > 0, spread, np.inf))
    made.depth, made.loss = 1.0, f.half
    if low.size:
        # NaN and infinity here: no order is safe.
        made.divisor = np.maximum(np.abs(vy) + ey, 1 / low).max()
    return made


def _arithmetic(ctx: Context, node: Node, operands: list[Value], z: Array, spread: Any) -> Value:
    """One rounding; exact elements from the reference; certain NaN and infinities."""
    dtype = node.type.dtype
    units = fused_roundings(dtype) if ctx.afn and node.op != "multiply" else 1.0
    z, e, raw = after_rounding(ctx, dtype, z, spread, units)
    z, e = exact_where(ctx, node, operands, z, e)
    if raw is not None:
        z, e = _special(ctx, node.op, operands, z, e)
    return overflowing(settle(dtype, z, e, any_hull(operands)), raw)


def _special(
    ctx: Context, op: str, operands: list[Value], z: Array, e: Array
) -> tuple[Array, Array]:
    """Results that do not depend on the inexact operand: NaN op y, inf + y, inf * y, inf / y, x /
    inf, x / 0.
    """
    x, y = operands
    vx, vy, ex, ey = ctx.center(x), ctx.center(y), error_of(x), error_of(y)
    nan = sure(x, np.isnan(vx)) | sure(y, np.isnan(vy))
    certain = nan
    if op in ("add", "subtract"):
        certain = certain | (np.isinf(vx + vy if op == "add" else vx - vy) & np.isfinite(ex + ey))
        z = np.where(certain & ~nan, vx + vy if op == "add" else vx - vy, z)
    elif op == "multiply":
        ends_known = sign_known(vx, ex) & sign_known(vy, ey)
        endless = (np.isinf(vx) | np.isinf(vy)) & ends_known & np.isfinite(ex + ey)
        z, certain = np.where(endless, vx * vy, z), certain | endless
    elif op == "divide":
        endless = sure(x, np.isinf(vx)) & sign_known(vy, ey) & np.isfinite(vy)
        if not ctx.loose_zero:
            endless = endless | (sure(y, vy == 0) & sign_known(vx, ex) & np.isfinite(ex))
        vanish = sure(y, np.isinf(vy)) & sign_known(vx, ex) & np.isfinite(vx)
        z = np.where(endless | vanish, vx / vy, z)
        certain = certain | endless | vanish
    return np.where(nan, np.nan, z), np.where(certain, 0.0, e)


@define("remainder", determined=True)
def _remainder(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """X - q y is exact for the q that is taken: e = ex + abs(q) ey where q is the same for all
    legal operands.

    Elsewhere abs(result) <= min(abs(x), abs(y)), a hull; undecided where y may be zero.
    """
    if not node.type.dtype.precision:
        return integer(ctx, node, operands)
    x, y = operands
    vx, vy, ex, ey = np.abs(ctx.center(x)), np.abs(ctx.center(y)), error_of(x), error_of(y)
    slack = 1 + 8 * ctx.eps
    least = np.maximum(vx - ex, 0) / ((vy + ey) * slack)
    most = (vx + ex) * slack / (vy - ey)
    q = np.trunc(least)
    # A dividend whose sign is not known straddles zero, but fmod is continuous there: q = 0 on both
    # sides.
    same = (q == np.trunc(most)) & (most < 2.0**52) & (sign_known(vx, ex) | (most < 1)) & (vy > ey)
    z = np.fmod(ctx.center(x), ctx.center(y))
    e = (ex + q * ey) * slack
    jump = ~same & (vy > ey) & np.isfinite(vx + ex)
    z = np.where(same, z, 0.0)
    e = np.where(same, e, np.where(jump, np.minimum(vx + ex, vy + ey) * slack, np.inf))
    e = np.where(e == 0, FORMATS[node.type.dtype].sign, e)
    z, e = exact_where(ctx, node, operands, z, e)
    nan = sure(x, np.isnan(vx)) | sure(y, np.isnan(vy))
    z, e = np.where(nan, np.nan, z), np.where(nan, 0.0, e)
    return settle(node.type.dtype, z, e, any_hull(operands) or bool(np.any(jump & (e > 0))))


# --- sign and magnitude ---------------------------------------------------------------------------


@define("negate", "abs", determined=True)
def _negate_abs(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """No rounding and no larger error. The absolute value of a product is a product, too."""
    x = operands[0]
    if not x.dtype.precision:
        return integer(ctx, node, operands)
    z = ctx.center(x)
    if node.op == "abs" and x.ring is not None and (~np.signbit(z) & (z >= error_of(x))).all():
        return x  # nothing to do, as a compiler may find out
    fn: Callable[[Array], Array] = np.negative if node.op == "negate" else np.abs
    bits = None if x.error is not None else ctx.reference(node, operands)
    out = Value(x.dtype, bits, fn(ctx.center(x)), x.error, x.hull)
    if x.ring is not None:
        out.ring = ring.negate(x.ring) if node.op == "negate" else ring.absolute(x.ring)
    if node.op == "negate":
        out.span = None if x.span is None else (-x.span[1], -x.span[0])
    return out


@define("sign", "ceil", "floor", "round_nearest_even", "round_nearest_afz", determined=True)
def _step(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Monotone step functions: exact where both ends of the interval give the same, else the hull
    of both outcomes.
    """
    x = operands[0]
    if not x.dtype.precision:
        return integer(ctx, node, operands)
    fn = STEPS[node.op]
    low, high = (fn(end) for end in ends(ctx, x))
    z, e = low, np.zeros_like(low)
    # Equal ends that differ in the sign of zero: a zero of unknown sign.
    e = np.where((low == 0) & (np.signbit(low) != np.signbit(high)), FORMATS[x.dtype].sign, e)
    jump = low != high
    hull = x.hull
    if jump.any():
        middle = low / 2 + high / 2
        z = np.where(jump, middle, z)
        e = np.where(jump, (high - middle) * (1 + 8 * ctx.eps), e)
        e = np.where(np.isfinite(e) & ~x.undecided(), e, np.inf)
        hull = True
    z, e = exact_where(ctx, node, operands, z, e)
    return settle(x.dtype, z, e, hull)


def _sign(x: Array) -> Array:
    return np.where(x == 0, x, np.sign(x))


def _afz(x: Array) -> Array:
    """Half away from zero; intervals are wide enough to forgive the rounding of the sum."""
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


STEPS: dict[str, Callable[[Array], Array]] = {
    "sign": _sign,
    "ceil": np.ceil,
    "floor": np.floor,
    "round_nearest_even": np.rint,
    "round_nearest_afz": _afz,
}


@define("is_finite", determined=True)
def _is_finite(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """A decided inexact value is finite."""
    x = operands[0]
    return Value(I1, np.isfinite(ctx.center(x)), error=np.asarray(x.undecided()), hull=x.hull)
