"""Fused multiply-add in NumPy, correctly rounded for every bit pattern.

NumPy has no fma, and the canonical value of a dot product or a polynomial is defined with one. Both
versions are vectorised and use only correctly rounded basic operations, so that they give the same
bits on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

_SPLITTER = 134217729.0  # 2**27 + 1: Veltkamp's constant, cuts 53 bits into 26 + 26
_FAR = 200  # exponent distance past which the smaller summand only breaks ties


def fma(a: Any, b: Any, c: Any) -> Floats:
    """``a * b + c`` with one rounding (to nearest, ties to even); operands broadcast.

    All three are f32 or all three f64 (``TypeError`` otherwise). Subnormals are kept, overflow
    gives infinity, invalid operations NaN; an exact zero sum has the sign of IEEE 754 section 6.3.
    """
    a, b, c = np.asarray(a), np.asarray(b), np.asarray(c)
    if not a.dtype == b.dtype == c.dtype or a.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"fma of {a.dtype}, {b.dtype}, {c.dtype}: all must be float32 or all float64"
        )
    with np.errstate(all="ignore"):
        return fused(a, b, c)


def fused(a: Any, b: Any, c: Any) -> Floats:
    """As :func:`fma`, for callers that have checked dtypes and switched NumPy's warnings off."""
    return _fma32(a, b, c) if a.dtype == np.float32 else _fma64(a, b, c)


def _two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Knuth: rounded sum and its exact error."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _two_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Dekker: rounded product and its exact error; neither may overflow nor the error underflow."""
    p = a * b
    t = _SPLITTER * a
    ah = t - (t - a)
    al = a - ah
    t = _SPLITTER * b
    bh = t - (t - b)
    bl = b - bh
    return p, al * bl - (((p - ah * bh) - al * bh) - ah * bl)


def _add_to_odd(a: Floats, b: Floats) -> Floats:
    """Sum of two f64 rounded to odd.

    An inexact sum gets an odd last bit, so that rounding it once more is innocuous. Source: Boldo
    and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to
    odd", IEEE Transactions on Computers 57(4), 2008.
    """
    s, e = _two_sum(a, b)
    bits = s.view(np.int64)
    toward_zero = bits - ((e > 0) != (s > 0))
    odd: Floats = np.where(np.abs(e) > 0, toward_zero | 1, bits).view(np.float64)
    return odd  # e is NaN where s is not finite


def _fma32(a: Floats, b: Floats, c: Floats) -> Floats:
    """The product is exact in f64; rounding to odd at 53 >= 2 * 24 + 2 bits is innocuous."""
    product = a.astype(np.float64) * b.astype(np.float64)
    return _add_to_odd(product, c.astype(np.float64)).astype(np.float32)


def _fma64(a: Floats, b: Floats, c: Floats) -> Floats:
    """Directly where no intermediate can leave the normal range, elsewhere scaled."""
    x, y, p, m = np.abs(a), np.abs(b), np.abs(a * b), np.abs(c)
    head, tail = _sum3(a, b, c)
    result = np.asarray(head + tail)
    safe = (p > 2.0**-800) & (p < 2.0**900) & (np.maximum(x, y) < 2.0**900)
    safe = safe & (((m > 2.0**-800) & (m < 2.0**900)) | (m == 0))
    if safe.all():
        return result
    # A factor of zero, and what is infinite or NaN from the start: at most one operation rounds.
    plain = (x == 0) | (y == 0) | ~np.isfinite(x) | ~np.isfinite(y)
    plain = plain | (~np.isfinite(c) & np.isfinite(p))
    result = np.where(plain, a * b + c, result)
    hard = ~(safe | plain)
    if hard.any():
        a, b, c = (np.broadcast_to(v, result.shape)[hard] for v in (a, b, c))
        result[hard] = _fma64_scaled(a, b, c)
    return result


def _sum3(a: Floats, b: Floats, c: Floats) -> tuple[Floats, Floats]:
    """``head + tail`` = a * b + c, tail rounded to odd (Boldo and Melquiond, algorithm Fma)."""
    uh, ul = _two_product(a, b)
    th, tl = _two_sum(c, ul)
    vh, vl = _two_sum(uh, th)
    return vh, _add_to_odd(tl, vl)


def _fma64_scaled(a: Floats, b: Floats, c: Floats) -> Floats:
    """Any operands: mantissas multiplied, c scaled to match, one rounding at the last place."""
    plain = a * b + c
    (ma, ea), (mb, eb), (mc, ec) = np.frexp(a), np.frexp(b), np.frexp(c)
    e = ea + eb
    distance = np.where(c == 0, -_FAR, ec - e)
    head, tail = _sum3(ma, mb, np.ldexp(mc, np.clip(distance, -_FAR, _FAR)))
    head, tail = _two_sum(head, tail)
    normal = np.ldexp(head, e)
    # Below the normal range the last place is 2**-1074, here `grid`: round head to it (ties to
    # even), then let tail decide.
    grid = np.ldexp(1.0, np.clip(-1074 - e, -1000, _FAR))
    near = np.rint(head / grid) * grid
    rest = (
        head - near
    )  # exact, as are the two differences from half a step: multiples of head's last place
    near = np.where(tail > grid / 2 - rest, near + grid, near)
    near = np.where(tail < -grid / 2 - rest, near - grid, near)
    tiny = np.ldexp(np.copysign(near, head), e)
    result = np.where(np.abs(normal) < 2.0**-1021, tiny, normal)
    result = np.where(distance > _FAR, c, result)
    exact = (a == 0) | (b == 0) | ~np.isfinite(a) | ~np.isfinite(b)
    result = np.where(exact, plain, result)
    finite: Floats = np.where(np.isinf(c) & np.isfinite(a) & np.isfinite(b), c, result)
    return finite
