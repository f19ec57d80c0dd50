"""Scalar ops of the nest IR in NumPy, on whole arrays at once.

Each entry of :data:`SCALAR` computes, element by element, what :mod:`compiler.nest.ir` says, bit
for bit (NaN aside: any NaN stands for every other). Arguments are arrays or NumPy scalars of the
dtype's NumPy type that broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from compiler.dtypes import BF16, F64, DType, working
from compiler.nest.fma import fused
from compiler.nest.ir import Inst

Value = Any  # an array or a NumPy scalar
Scalar = Callable[..., Value]

_UNSIGNED = {n: np.dtype(f"u{n}") for n in (1, 2, 4, 8)}


def _bits(x: Value) -> Value:
    """The same bits as unsigned integers."""
    return x.view(_UNSIGNED[x.dtype.itemsize])


def _maximum(a: Value, b: Value) -> Value:
    """IEEE 754-2019 maximum: NaN wins, +0 is above -0."""
    equal = np.where(np.signbit(a), b, a)
    return np.where(a == b, equal, np.maximum(a, b))


def _minimum(a: Value, b: Value) -> Value:
    """IEEE 754-2019 minimum: NaN wins, -0 is below +0."""
    equal = np.where(np.signbit(a), a, b)
    return np.where(a == b, equal, np.minimum(a, b))


def _shift(op: Callable[[Value, Value], Value], fill: str) -> Scalar:
    """A shift by an unsigned amount; past the width ``zero`` or ``sign`` fills."""

    def shifted(x: Value, amount: Value) -> Value:
        width = x.dtype.itemsize * 8
        amount = _bits(amount)
        inside = amount < width
        if fill == "sign":
            near = np.minimum(amount, amount.dtype.type(width - 1))
            return op(_signed(x), near.view(_signed(x).dtype)).view(x.dtype)
        near = np.where(inside, amount, amount.dtype.type(0))
        return np.where(inside, op(_bits(x), near), _bits(x).dtype.type(0)).view(x.dtype)

    return shifted


def _signed(x: Value) -> Value:
    return x.view(np.dtype(f"i{x.dtype.itemsize}"))


def _sdiv(a: Value, b: Value) -> Value:
    """Truncating; x/0 = -1, MIN/-1 = MIN."""
    zero = b == 0
    safe = _guarded(a, b, zero)
    floor = a // safe
    rest = a - floor * safe
    floor = np.where((rest != 0) & ((rest < 0) != (a < 0)), floor + a.dtype.type(1), floor)
    return np.where(zero, a.dtype.type(-1), floor)


def _srem(a: Value, b: Value) -> Value:
    """Sign of the dividend; x%0 = x, MIN%-1 = 0."""
    zero = b == 0
    return np.where(zero, a, np.fmod(a, _guarded(a, b, zero)))


def _guarded(a: Value, b: Value, zero: Value) -> Value:
    """``b`` with 1 in place of divisors that would trap."""
    least = a == np.iinfo(a.dtype).min
    return np.where(zero | (least & (b == -1)), b.dtype.type(1), b)


def _udiv(a: Value, b: Value) -> Value:
    zero = b == 0
    return np.where(zero, ~a.dtype.type(0), a // np.where(zero, b.dtype.type(1), b))


def _urem(a: Value, b: Value) -> Value:
    zero = b == 0
    return np.where(zero, a, a % np.where(zero, b.dtype.type(1), b))


def _ctlz(x: Value) -> Value:
    width = x.dtype.itemsize * 8
    smeared = _bits(x)
    for k in (1, 2, 4, 8, 16, 32):
        if k < width:
            smeared = smeared | (smeared >> smeared.dtype.type(k))
    return (width - np.bitwise_count(smeared).astype(x.dtype)).astype(x.dtype)


def _ctpop(x: Value) -> Value:
    return np.bitwise_count(_bits(x)).astype(x.dtype)


SCALAR: dict[str, Scalar] = {
    "fadd": np.add,
    "fsub": np.subtract,
    "fmul": np.multiply,
    "fdiv": np.divide,
    "fma": fused,
    "fsqrt": np.sqrt,
    "fneg": np.negative,
    "fabs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "rint": np.rint,
    "copysign": np.copysign,
    "frem": np.fmod,
    "fmax": _maximum,
    "fmin": _minimum,
    "iadd": np.add,
    "isub": np.subtract,
    "imul": np.multiply,
    "iand": np.bitwise_and,
    "ior": np.bitwise_or,
    "ixor": np.bitwise_xor,
    "shl": _shift(np.left_shift, "zero"),
    "lshr": _shift(np.right_shift, "zero"),
    "ashr": _shift(np.right_shift, "sign"),
    "sdiv": _sdiv,
    "udiv": _udiv,
    "srem": _srem,
    "urem": _urem,
    "ctlz": _ctlz,
    "ctpop": _ctpop,
    "smax": np.maximum,
    "smin": np.minimum,
    "umax": np.maximum,
    "umin": np.minimum,
    "select": np.where,
}

COMPARE: dict[str, Scalar] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def constant(inst: Inst) -> Value:
    """The value of a ``const`` instruction."""
    return np.frombuffer(inst.imm, inst.dtype.numpy)[0]


def bitcast(x: Value, dtype: DType) -> Value:
    """The same bits as ``dtype``."""
    return x.view(dtype.numpy)


def convert(x: Value, source: DType, target: DType) -> Value:
    """The ``convert`` of the nest IR."""
    if source is target:
        return x
    with np.errstate(all="ignore"):
        return _converted(x, source, target)


def _converted(x: Value, source: DType, target: DType) -> Value:
    if source.narrow:
        x, source = x.astype(working(source).numpy), working(source)
    if target.kind == "bool":
        return x != source.numpy.type(0)
    if source.is_float:
        if target.is_float:
            return _narrow(x, target)
        return _to_integer(x.astype(np.float64), target)
    if target.is_float and target.bits < 32:
        return _narrow(_sticky(x), target)
    return x.astype(working(target).numpy).astype(target.numpy)


def _narrow(x: Value, target: DType) -> Value:
    """Float to float, rounded once: f64 goes to bf16 and 8 bits by way of f32 rounded to odd."""
    if (target is BF16 or target.narrow) and x.dtype == np.float64:
        x = _to_odd(x)
    if target is F64 and x.dtype == ml_dtypes.bfloat16:
        x = x.astype(np.float32)
    return x.astype(target.numpy)


def _to_odd(x: Value) -> Value:
    """f64 to f32 that may be rounded once more: an inexact result gets an odd last bit."""
    x = np.asarray(x)
    near = x.astype(np.float32)
    back = near.astype(np.float64)
    inexact = (back != x) & ~np.isnan(x)
    bits = near.view(np.uint32)
    toward_zero = bits - (np.abs(back) > np.abs(x)).astype(np.uint32)
    return np.where(inexact, toward_zero | np.uint32(1), bits).view(np.float32)


def _sticky(x: Value) -> Value:
    """Integer (or i1) to f64, exact, or rounded to odd where 64 bits do not fit."""
    if x.dtype.itemsize < 8:
        return x.astype(np.float64)
    low = x & x.dtype.type(2047)
    high = (x - low) | np.where(low != 0, x.dtype.type(2048), x.dtype.type(0))
    fits = np.abs(x.astype(np.float64)) < 2.0**53
    return np.where(fits, x, high).astype(np.float64)


def _to_integer(x: Value, target: DType) -> Value:
    """Truncate, saturate, NaN gives 0."""
    limits: Any = ml_dtypes.iinfo(target.numpy)  # type: ignore[no-untyped-call]
    whole = np.trunc(x)
    low, high = whole <= float(limits.min), whole >= float(limits.max)
    inside = np.where(low | high | np.isnan(whole), 0.0, whole).astype(target.numpy)
    inside = np.where(low, target.numpy.type(limits.min), inside)
    return np.where(high, target.numpy.type(limits.max), inside)
