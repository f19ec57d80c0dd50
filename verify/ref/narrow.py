"""The narrow element types by their definition: every value from its bits, rounding by search.

Source: StableHLO specification, section *Types*: f8E<e>M<m> has e exponent bits and m mantissa
bits. Without a suffix it has infinities and NaNs as IEEE 754 has; FN has no infinities, and NaN
where all bits but the sign are ones; FNUZ has no negative zero either, whose bits are the only NaN.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array

_NAME = re.compile(r"f8E(\d)M(\d)(?:B(\d+))?(FN)?(UZ)?")


@cache
def values(dtype: DType) -> Array:
    """What each of the 256 bit patterns of an 8-bit float means, as float64."""
    m = _NAME.fullmatch(dtype.name)
    assert m is not None, dtype
    exponent_bits, mantissa_bits = int(m[1]), int(m[2])
    finite, unsigned_zero = m[4] is not None, m[5] is not None
    bias = int(m[3]) if m[3] else (1 << (exponent_bits - 1)) - (not unsigned_zero)
    out = np.empty(256)
    for bits in range(256):
        exponent, mantissa = divmod(bits & 0x7F, 1 << mantissa_bits)
        unit = 2.0 ** (max(exponent, 1) - bias - mantissa_bits)
        value = (mantissa + ((exponent > 0) << mantissa_bits)) * unit
        if not finite and exponent == (1 << exponent_bits) - 1:
            value = np.nan if mantissa else np.inf
        if finite and not unsigned_zero and bits & 0x7F == 0x7F:
            value = np.nan
        out[bits] = -value if bits & 0x80 else value
    if unsigned_zero:
        out[0x80] = np.nan
    return out


@cache
def _finite(dtype: DType) -> tuple[Array, Array, float]:
    """The finite magnitudes in ascending order, which is that of their bits; the points halfway
    between neighbours; where rounding leaves them.
    """
    upper = values(dtype)[:128]
    numbers = upper[np.isfinite(upper)]
    step = numbers[-1] - numbers[-2]
    return numbers, (numbers[1:] + numbers[:-1]) / 2, float(numbers[-1] + step / 2)


def round_float(x: Array, dtype: DType) -> Array:
    """``x`` (f32, f64 or longdouble) rounded to nearest, ties to even mantissas; too large
    magnitudes become infinite, or NaN where there are no infinities.
    """
    numbers, ties, limit = _finite(dtype)
    x = np.asarray(x)
    size = np.abs(x)
    below = np.searchsorted(ties, size, side="left")  # the number of ties that lie below
    tied = (below < len(ties)) & (size == ties[np.minimum(below, len(ties) - 1)])
    bits = below + (tied & (below % 2 == 1))  # the next one up has even bits
    # The largest finite number and what would follow it have neighbouring bits, too.
    even = len(numbers) % 2 == 1
    over = (size > limit) | ((size == limit) & (not even))
    infinity = np.nonzero(np.isinf(values(dtype)))[0]
    none = int(np.nonzero(np.isnan(values(dtype)))[0][0])
    bits = np.where(over, infinity[0] if len(infinity) else none, bits)
    signed = bits | (np.signbit(x).astype(np.int64) << 7)
    if none == 0x80:  # the bits of -0
        signed = np.where(bits == 0, 0, signed)
    signed = np.where(np.isnan(x), none, signed)
    return signed.astype(np.uint8).view(dtype.numpy)


def widen(x: Array, dtype: DType) -> Array:
    """Floats as float32, integers as 8-bit integers: exact."""
    bits = np.ascontiguousarray(x).view(np.uint8).reshape(x.shape)
    if dtype.is_float:
        return values(dtype)[bits].astype(np.float32)
    low = bits & np.uint8((1 << dtype.bits) - 1)
    if dtype.kind == "uint":
        return low
    top = np.uint8(1 << (dtype.bits - 1))
    return np.asarray((low ^ top) - top).view(np.int8)


def wrap(x: Array, dtype: DType) -> Array:
    """An integer array modulo 2**bits."""
    low = x.astype(np.uint8) & np.uint8((1 << dtype.bits) - 1)
    return low.view(dtype.numpy)
