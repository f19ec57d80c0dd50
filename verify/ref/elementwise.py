"""Elementwise ops (specification: one section an op).

f16, bf16 and the 8-bit floats are computed in float32 and rounded, which for + - * / and sqrt is
the correctly rounded result (24 >= 2 p + 2); integers below 8 bits are computed in 8 bits and wrap.
Transcendental functions are taken in the next wider format and rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from compiler.dtypes import from_numpy
from compiler.ir import Array, Node
from verify.ref.core import Context, define
from verify.ref.rounding import SMALL, down, round_to, up, wider

Unary: TypeAlias = Callable[[Array], Array]
Binary: TypeAlias = Callable[[Array, Array], Array]


def _is_int(x: Array) -> bool:
    return x.dtype.kind in "iu"


def _unsigned(x: Array) -> Array:
    """The same bits as unsigned integers; works on NumPy scalars too."""
    return x.astype(f"u{x.dtype.itemsize}") if x.dtype.kind == "i" else x


# --- unary ----------------------------------------------------------------------------------------


def _round_nearest_afz(x: Array) -> Array:
    whole = np.trunc(x)
    # x - whole is exact, so halves are found exactly.
    up = np.where(np.abs(x - whole) >= 0.5, whole + np.copysign(x.dtype.type(1), x), whole)
    return np.copysign(up, x)


def _sign(x: Array) -> Array:
    return np.where(x == 0, x, np.sign(x))


def _count_leading_zeros(x: Array) -> Array:
    """Number of zero bits above the highest one; the width for 0."""
    bits = x.dtype.itemsize * 8
    rest = _unsigned(x)
    length = np.zeros(x.shape, rest.dtype)
    step = bits // 2
    while step:
        high = rest >> rest.dtype.type(step)
        some = high != 0
        length = length + some * rest.dtype.type(step)
        rest = np.where(some, high, rest)
        step //= 2
    length = length + (rest != 0)
    return np.asarray((rest.dtype.type(bits) - length).astype(x.dtype))


def _popcnt(x: Array) -> Array:
    return np.bitwise_count(_unsigned(x)).astype(x.dtype)


# Exact in every format, so computing in a wider one changes nothing; + - negate wrap for integers
# by themselves.
EXACT_UNARY: dict[str, Unary] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "count_leading_zeros": _count_leading_zeros,
    "floor": np.floor,
    "negate": np.negative,
    "not": np.invert,
    "popcnt": _popcnt,
    "round_nearest_afz": _round_nearest_afz,
    "round_nearest_even": np.rint,
    "sign": _sign,
    "sqrt": np.sqrt,
}

TRANSCENDENTAL: dict[str, Unary] = {
    "cbrt": np.cbrt,
    "cosine": np.cos,
    "exponential": np.exp,
    "exponential_minus_one": np.expm1,
    "log": np.log,
    "log_plus_one": np.log1p,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sine": np.sin,
    "tan": np.tan,
    "tanh": np.tanh,
}


@define(*EXACT_UNARY)
def _exact_unary(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    x = args[0]
    fn = EXACT_UNARY[node.op]
    return down(fn(up(x)), from_numpy(x.dtype)) if x.dtype in SMALL else fn(x)


@define(*TRANSCENDENTAL)
def _transcendental(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    dtype = node.type.dtype
    return round_to(TRANSCENDENTAL[node.op](args[0].astype(wider(dtype))), dtype)


@define("is_finite")
def _is_finite(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    return np.isfinite(args[0])


# --- binary ---------------------------------------------------------------------------------------


def maximum(x: Array, y: Array) -> Array:
    """The larger one; NaN wins over numbers and +0 over -0."""
    if x.dtype.kind in "biu":
        return np.maximum(x, y)
    return np.where(x == y, np.where(np.signbit(x), y, x), np.maximum(x, y))


def minimum(x: Array, y: Array) -> Array:
    """The smaller one; NaN wins over numbers and -0 over +0."""
    if x.dtype.kind in "biu":
        return np.minimum(x, y)
    return np.where(x == y, np.where(np.signbit(x), x, y), np.minimum(x, y))


def _divide(x: Array, y: Array) -> Array:
    """Integers truncate; x / 0 has all bits set, MIN / -1 is MIN."""
    if not _is_int(x):
        return np.divide(x, y)
    one = x.dtype.type(1)
    if x.dtype.kind == "u":
        return np.where(y == 0, x.dtype.type(np.iinfo(x.dtype).max), x // np.where(y == 0, one, y))
    minus = y == -1
    safe = np.where((y == 0) | minus, one, y)
    floor = x // safe
    quotient = floor + ((floor * safe != x) & ((x < 0) != (safe < 0)))
    return np.where(y == 0, x.dtype.type(-1), np.where(minus, -x, quotient)).astype(x.dtype)


def _remainder(x: Array, y: Array) -> Array:
    """C's fmod and %: the sign of the dividend; x % 0 is x for integers, MIN % -1 is 0."""
    if not _is_int(x):
        return np.fmod(x, y)
    one = x.dtype.type(1)
    special = (y == 0) | (y == -1) if x.dtype.kind == "i" else y == 0
    rest = np.fmod(x, np.where(special, one, y))
    return np.where(y == 0, x, rest)


def float_power(x: Array, y: Array) -> Array:
    """C's pow (C17, F.10.4.4). For a scalar exponent 0.5 NumPy takes a square root: wrong at -inf
    and at -0. Glibc's powl on x86-64 says that -inf to the power -2**63 is inf.
    """
    out = np.power(x, y)
    root = y == 0.5
    if np.any(root):
        out = np.where(root & (x == 0), 0.0, out)
    endless = np.isinf(x) & (y != 0) & ~np.isnan(y)
    if np.any(endless):
        odd = np.isneginf(x) & np.isfinite(y) & (np.abs(np.fmod(y, 2)) == 1)
        size = np.where(y < 0, 0.0, np.inf)
        out = np.where(endless, np.where(odd, -size, size).astype(out.dtype), out)
    return np.asarray(out)


def _power(x: Array, y: Array) -> Array:
    """Integers wrap; a negative exponent gives 1, -1 or 0. Floats as C's pow."""
    if not _is_int(x):
        return float_power(x, y)
    base, exponent = x.astype(np.uint64), np.where(y < 0, y.dtype.type(0), y).astype(np.uint64)
    out = np.ones(np.broadcast(x, y).shape, np.uint64)
    while np.any(exponent):
        out = np.where(exponent & np.uint64(1), out * base, out)
        base = base * base
        exponent = exponent >> np.uint64(1)
    whole = out.astype(x.dtype)
    if x.dtype.kind == "u":
        return whole
    parity = np.where(y & 1, x, np.ones_like(x))
    inverse = np.where((x == 1) | (x == -1), parity, np.zeros_like(x))
    return np.where(y < 0, inverse, whole)


def _shift_left(x: Array, y: Array) -> Array:
    inside, amount = _amount(x, y)
    return np.where(inside, x << amount, x.dtype.type(0))


def _shift_right_logical(x: Array, y: Array) -> Array:
    inside, amount = _amount(x, y)
    return np.where(inside, (_unsigned(x) >> _unsigned(amount)).astype(x.dtype), x.dtype.type(0))


def _shift_right_arithmetic(x: Array, y: Array) -> Array:
    """The sign bit fills, also for unsigned element types."""
    inside, amount = _amount(x, y)
    last = x.dtype.type(x.dtype.itemsize * 8 - 1)
    signed = f"i{x.dtype.itemsize}"
    shifted = x.astype(signed) >> np.where(inside, amount, last).astype(signed)
    return np.asarray(shifted.astype(x.dtype))


def _amount(x: Array, y: Array) -> tuple[Array, Array]:
    """Whether the shift amount, read as unsigned, is below the width; and the amount, 0 where it is
    not.
    """
    inside = np.asarray(_unsigned(y) < x.dtype.itemsize * 8)
    return inside, np.where(inside, y, y.dtype.type(0))


def _atan2(x: Array, y: Array) -> Array:
    return np.arctan2(x, y)


# Integers and booleans wrap or are logical: NumPy's add of booleans is or, multiply is and, as the
# specification has it.
BINARY: dict[str, Binary] = {
    "add": np.add,
    "and": np.bitwise_and,
    "divide": _divide,
    "maximum": maximum,
    "minimum": minimum,
    "multiply": np.multiply,
    "or": np.bitwise_or,
    "remainder": _remainder,
    "shift_left": _shift_left,
    "shift_right_arithmetic": _shift_right_arithmetic,
    "shift_right_logical": _shift_right_logical,
    "subtract": np.subtract,
    "xor": np.bitwise_xor,
}


@define(*BINARY)
def _binary(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return apply_binary(node.op, args[0], args[1])


def apply_binary(op: str, x: Array, y: Array) -> Array:
    """Binary op ``op`` on two arrays of one dtype (or on booleans), broadcasting as NumPy does."""
    fn = BINARY[op]
    return down(fn(up(x), up(y)), from_numpy(x.dtype)) if x.dtype in SMALL else fn(x, y)


@define("power", "atan2")
def _power_atan2(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    x, y = args[:2]
    dtype = from_numpy(x.dtype)
    fn = _power if node.op == "power" else _atan2
    if not dtype.is_float:
        return fn(x, y)
    wide = wider(dtype)
    return round_to(fn(x.astype(wide), y.astype(wide)), dtype)


# --- compare, select, clamp -----------------------------------------------------------------------

COMPARE: dict[str, Binary] = {
    "EQ": np.equal,
    "GE": np.greater_equal,
    "GT": np.greater,
    "LE": np.less_equal,
    "LT": np.less,
    "NE": np.not_equal,
}


@define("compare")
def _compare(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """NaN makes everything but NE false; TOTALORDER is IEEE 754's totalOrder: -NaN < -inf < ... <
    -0 < +0 < ... < NaN.
    """
    x, y = args[:2]
    fn = COMPARE[node.attr("comparison_direction")]
    if node.attr("compare_type") == "TOTALORDER":
        return fn(total_order(x), total_order(y))
    return fn(up(x), up(y))


def total_order(x: Array) -> Array:
    """Signed integers in the order of totalOrder."""
    signed = np.dtype(f"i{x.dtype.itemsize}")
    bits = np.ascontiguousarray(x).view(signed).reshape(x.shape)
    return np.where(bits < 0, bits ^ signed.type(np.iinfo(signed).max), bits)


@define("select")
def _select(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    return np.where(args[0], args[1], args[2])


@define("clamp")
def _clamp(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    """min(max(x, lo), hi)."""
    lo, x, hi = args[:3]
    return down(minimum(maximum(up(x), up(lo)), up(hi)), from_numpy(x.dtype))
