"""convert, bitcast_convert, reduce_precision (specification: sections of the same names)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.dtypes import BF16, F16, I1, I8, DType, from_numpy, working
from compiler.ir import Array, Node
from verify.ref.core import Context, define
from verify.ref.narrow import wrap
from verify.ref.rounding import round_to, up


@define("convert")
def _convert(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return convert_array(args[0], node.type.dtype)


def convert_array(x: Array, to: DType) -> Array:
    """``x`` converted to ``to``.

    To i1: != 0 (NaN is true). Integer to integer wraps. Integer to float and float to float:
    nearest even, rounded once. Float to integer: truncates, saturates, NaN gives 0.
    """
    source = from_numpy(x.dtype)
    if source is to:
        return x
    if source.narrow:
        x, source = up(x), working(source)
    if to is I1:
        return np.asarray(x != 0)
    if source.is_float:
        return _float_to_int(x, to) if to.is_integer else round_to(x, to)
    if to.narrow:
        if to.is_integer:
            return wrap(x, to)
        return round_to(_exact_f64(x) if source.bits == 64 else x.astype(np.float64), to)
    if to is BF16 and source.bits > 24:
        # ml_dtypes goes through float32 and would round twice.
        return round_to(_exact_f64(x) if source.bits == 64 else x.astype(np.float64), to)
    if to is F16 and source.bits > 8:
        return round_to(
            x.astype(np.float64), to
        )  # everything past 65520 is infinite, below 2**53 is exact
    return x.astype(to.numpy)


def _exact_f64(x: Array) -> Array:
    """A 64-bit integer as a float64 that rounds to every format of at most 40 bits as the integer
    itself does.

    Past 2**53 the low 11 bits are replaced by one sticky bit (rounding to odd in two's complement).
    """
    low = x & x.dtype.type(0x7FF)
    sticky = (low != 0).astype(x.dtype) << x.dtype.type(11)
    big = np.abs(x.astype(np.float64)) >= 2.0**53
    return np.where(big, (x ^ low) | sticky, x).astype(np.float64)


def _float_to_int(x: Array, to: DType) -> Array:
    if to.narrow:
        low = -(1 << (to.bits - 1)) if to.kind == "int" else 0
        near = np.clip(_float_to_int(x, I8), low, low + (1 << to.bits) - 1)
        return wrap(near, to)
    info = np.iinfo(to.numpy)
    y = np.trunc(x.astype(np.float64))
    if to.bits < 64:
        return np.where(np.isnan(y), 0.0, np.clip(y, info.min, info.max)).astype(to.numpy)
    top = 2.0**63 if to.kind == "int" else 2.0**64
    bottom = float(info.min)
    inside = (y >= bottom) & (y < top)
    out = np.where(inside, y, 0.0).astype(to.numpy)
    out = np.where(y >= top, to.numpy.type(info.max), out)
    return np.where(y < bottom, to.numpy.type(info.min), out)


@define("bitcast_convert")
def _bitcast_convert(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """The same bits; a minor dimension is split or joined in little-endian order. An i1 is one
    bit.
    """
    x, to = args[0], node.type.dtype
    source = from_numpy(x.dtype)
    if source is to:
        return x
    if source.bits == to.bits:
        return np.ascontiguousarray(x).view(to.numpy).reshape(x.shape)
    if to is I1:
        raw = np.frombuffer(x.tobytes(), np.uint8)
        return np.unpackbits(raw, bitorder="little").astype(np.bool_).reshape(node.type.shape)
    data = np.packbits(x, axis=-1, bitorder="little").tobytes() if source is I1 else x.tobytes()
    return np.frombuffer(data, to.numpy).reshape(node.type.shape)


@define("reduce_precision")
def _reduce_precision(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return reduce_precision(args[0], node.attr("exponent_bits"), node.attr("mantissa_bits"))


def reduce_precision(x: Array, exponent_bits: int, mantissa_bits: int) -> Array:
    """``x`` rounded to ``mantissa_bits`` of mantissa; then too large is infinite, too small is
    zero, signs kept.

    NaN stays NaN; a format without mantissa bits has no NaN, there it becomes infinity (as the
    specification's own interpreter has it).
    """
    dtype = from_numpy(x.dtype)
    width, mantissa = dtype.bits, dtype.precision - 1
    exponent = width - 1 - mantissa
    uint = np.dtype(f"u{width // 8}")
    one = uint.type(1)
    bits = np.ascontiguousarray(x).view(uint).reshape(x.shape)
    sign = bits & (one << uint.type(width - 1))
    rest = bits ^ sign
    drop = mantissa - mantissa_bits
    if drop > 0:
        # Nearest even on the bits; a carry out of the mantissa runs into the exponent, as it
        # should.
        odd = (rest >> uint.type(drop)) & one
        rest = rest + ((one << uint.type(drop - 1)) - one) + odd
        rest = (rest >> uint.type(drop)) << uint.type(drop)
    infinity = uint.type(((1 << exponent) - 1) << mantissa)
    if exponent_bits < exponent:
        bias, small_bias = (1 << (exponent - 1)) - 1, (1 << (exponent_bits - 1)) - 1
        top = rest >> uint.type(mantissa)
        rest = np.where(top > bias + small_bias, infinity, rest)
        rest = np.where(top <= bias - small_bias, uint.type(0), rest)
    out = np.asarray(sign | rest).view(x.dtype)
    nan_result = (
        x
        if mantissa_bits > 0
        else np.copysign(np.float32(np.inf), x.astype(np.float32)).astype(x.dtype)
    )
    return np.where(np.isnan(x), nan_result, out)
