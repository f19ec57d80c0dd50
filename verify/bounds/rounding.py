"""One rounding more: from an unrounded value and its propagated error to the error of the rounded
result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array, Node
from verify.bounds.core import Context
from verify.bounds.format import FORMATS, Format
from verify.bounds.value import Value


def error_of(x: Value) -> Any:
    """The error as an array, or the scalar 0.0."""
    return 0.0 if x.error is None else x.error


def ends(ctx: Context, x: Value) -> tuple[Array, Array]:
    """The interval of legal values, widened by the carrier's own rounding where the error is not
    0.
    """
    center = ctx.center(x)
    if x.error is None:
        return center, center
    reach = np.where(x.error == 0, 0.0, x.error + np.abs(center) * (2 * ctx.eps))
    return center - reach, center + reach


def after_rounding(
    ctx: Context, dtype: DType, z: Array, spread: Any, units: float = 1.0
) -> tuple[Array, Array, Array | None]:
    """Add the error of one rounding (``units`` times u) to the propagated error ``spread``.

    e = spread + units u (abs(z) + spread) + eta / 2, with outward slack for the carrier's own
    roundings. Where abs(z) + e reaches the overflow threshold, infinity is legal too: undecided,
    unless every value within the error overflows, which makes infinity certain. Returns center,
    error, and ``None`` if everything was finite and below the threshold; else, for
    :func:`overflowing`, the error without regard to it.
    """
    f = FORMATS[dtype]
    unit = units * f.u + 8 * ctx.eps
    size = np.abs(z)
    e = size * unit + (units * f.half * (1 + 16 * ctx.eps))
    if spread is not None:
        e = e + spread * (1 + unit + 64 * ctx.eps)
    reach = size + e
    if (reach < f.top).all():
        return z, e, None
    certain = (size - e >= f.top) & np.isfinite(e)
    fine = reach < f.top
    z = np.where(certain, np.copysign(f.over, z), z)
    return z, np.where(fine, e, np.where(certain, 0.0, np.inf)), e


def tame_minor(f: Format, mag: Array, z: Array) -> Array:
    """Where the terms of a sum whose sign is not that of ``z``, the whole sum, cannot overflow in
    any order: they are mag - abs(z) together at most, ``mag`` being the sum of all magnitudes with
    their errors. Then no order gives NaN or the infinity of the other sign.
    """
    return np.asarray(np.isfinite(mag) & np.isfinite(z) & (mag - np.abs(z) < f.top / 2))


def overflowing(
    x: Value, e: Array | None, where: Any = True, partly: bool = False, top: Any = None
) -> Value:
    """``x`` with its span: undecided elements of which ``e``, the error without regard to
    overflow, is finite. Legal are all values within ``e`` of the center, and the infinity of a side
    on which they reach the threshold; never NaN.

    ``where`` masks elements for which that is so, ``partly`` says that results of the center's own
    sign may overflow although they would come back, as sums may. ``top`` is the threshold, if not
    that of the dtype. Formats without infinities overflow to NaN and have no span.
    """
    f = FORMATS[x.dtype]
    top = f.top if top is None else top
    if e is None or x.error is None or not np.isinf(f.over):
        return x
    assert x.center is not None
    z = x.center
    known = np.isinf(x.error) & np.isfinite(e) & ~np.isnan(z) & where
    if known.any():
        low, high = z - e, z + e
        up, down = high >= top, low <= -top
        if partly:
            up, down = up | (z > 0), down | (z < 0)
        low, high = np.where(down, -np.inf, low), np.where(up, np.inf, high)
        x.span = np.where(known, low, np.nan), np.where(known, high, np.nan)
    return x


def exact_where(
    ctx: Context, node: Node, operands: Sequence[Value], z: Array, e: Array
) -> tuple[Array, Array]:
    """Put the reference's result with error 0 where all operands are exact."""
    mask: Any = True
    for x in operands:
        if x.error is not None:
            mask = np.logical_and(mask, x.exact())
    if mask is True or np.any(mask):
        bits = ctx.reference(node, operands)
        made = ctx.center(Value(node.type.dtype, bits))
        return np.where(mask, made, z), np.where(mask, 0.0, e)
    return z, e


def settle(dtype: DType, z: Array, e: Array, hull: bool = False) -> Value:
    """A float value; one whose errors are all 0 is exact."""
    if not e.any():
        return Value(dtype, None, np.asarray(z))
    return Value(dtype, None, np.asarray(z), np.asarray(e), hull)


def any_hull(operands: Sequence[Value]) -> bool:
    """Whether some operand's error comes from a jump."""
    return any(x.hull for x in operands)


def sure(x: Value, what: Array) -> Any:
    """``what`` where x is exact, else False."""
    return what if x.error is None else what & (x.error == 0)


def sign_known(center: Array, e: Any) -> Any:
    """Whether all legal values lie on one side of zero and none is zero."""
    return np.abs(center) > e
