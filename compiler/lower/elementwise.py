"""Lowering of elementwise ops to scalar code.

f16, bf16 and the narrow types have no arithmetic of their own: operands are converted to f32 or to
8 bits, and the result is rounded or wrapped back, op by op.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compiler.dtypes import I1, DType, working
from compiler.ir import Node
from compiler.lower.convert import raw_bits
from compiler.lower.scope import Index, Scope
from compiler.lower.table import lowering

Scalar = Callable[..., int]

# StableHLO op -> function of compiler.nest.math, called in f32 or f64.
FUNCTIONS = {
    "atan2": "atan2",
    "cbrt": "cbrt",
    "cosine": "cos",
    "exponential": "exp",
    "exponential_minus_one": "expm1",
    "log": "log",
    "log_plus_one": "log1p",
    "logistic": "logistic",
    "power": "pow",
    "rsqrt": "rsqrt",
    "sine": "sin",
    "tan": "tan",
    "tanh": "tanh",
}

# StableHLO op -> scalar op by kind of element type (bool, int, uint, float); compare and the like
# stand below.
DIRECT: dict[str, dict[str, str]] = {
    "add": {"bool": "ior", "int": "iadd", "uint": "iadd", "float": "fadd"},
    "and": {"bool": "iand", "int": "iand", "uint": "iand"},
    "ceil": {"float": "ceil"},
    "count_leading_zeros": {"int": "ctlz", "uint": "ctlz"},
    "divide": {"int": "sdiv", "uint": "udiv", "float": "fdiv"},
    "floor": {"float": "floor"},
    "maximum": {"bool": "ior", "int": "smax", "uint": "umax", "float": "fmax"},
    "minimum": {"bool": "iand", "int": "smin", "uint": "umin", "float": "fmin"},
    "multiply": {"bool": "iand", "int": "imul", "uint": "imul", "float": "fmul"},
    "or": {"bool": "ior", "int": "ior", "uint": "ior"},
    "popcnt": {"int": "ctpop", "uint": "ctpop"},
    "remainder": {"int": "srem", "uint": "urem", "float": "frem"},
    "round_nearest_even": {"float": "rint"},
    "shift_left": {"int": "shl", "uint": "shl"},
    "shift_right_arithmetic": {"int": "ashr", "uint": "ashr"},
    "shift_right_logical": {"int": "lshr", "uint": "lshr"},
    "sqrt": {"float": "fsqrt"},
    "subtract": {"int": "isub", "uint": "isub", "float": "fsub"},
    "xor": {"bool": "ixor", "int": "ixor", "uint": "ixor"},
}


def widened(at: Scope, args: list[int], scalar: Scalar) -> int:
    """``scalar(*args)``, computed in the working type of the operands and converted back."""
    dtype = at.s.dtype(args[0])
    wide = working(dtype)
    return at.convert(scalar(*(at.convert(a, wide) for a in args)), dtype)


def _operands(at: Scope, node: Node, index: Index) -> list[int]:
    return [at.operand(node, k, index) for k in range(len(node.operands))]


@lowering(*DIRECT)
def direct(at: Scope, node: Node, index: Index) -> int:
    """Ops that are one scalar op."""
    args = _operands(at, node, index)
    name = DIRECT[node.op][at.s.dtype(args[0]).kind]
    return widened(at, args, lambda *xs: at.op(name, *xs))


@lowering(*(set(FUNCTIONS) - {"power"}))
def function(at: Scope, node: Node, index: Index) -> int:
    """Transcendental ops: a call of a function of :mod:`compiler.nest.math`."""
    return widened(at, _operands(at, node, index), lambda *xs: _call(at, FUNCTIONS[node.op], xs))


def _call(at: Scope, name: str, xs: tuple[int, ...]) -> int:
    return at.op("call", *xs, imm=f"{name}.{at.s.dtype(xs[0])}")


@lowering("power")
def power(at: Scope, node: Node, index: Index) -> int:
    """Floats and integers each have a function of their own."""
    args = _operands(at, node, index)
    return widened(at, args, lambda *xs: _call(at, "pow", xs))


@lowering("abs")
def abs_(at: Scope, node: Node, index: Index) -> int:
    """Floats: sign bit off. Integers: wraps, so that the least value stays."""
    x = at.operand(node, 0, index)
    if at.s.dtype(x).is_float:
        return widened(at, [x], lambda x: at.op("fabs", x))
    zero = at.const(0, at.s.dtype(x))
    return at.select(at.compare("lt", x, zero), at.op("isub", zero, x), x)


@lowering("negate")
def negate(at: Scope, node: Node, index: Index) -> int:
    """Floats: sign bit flipped. Integers: ``0 - x``, wraps."""

    def negated(x: int) -> int:
        dtype = at.s.dtype(x)
        return at.op("fneg", x) if dtype.is_float else at.op("isub", at.const(0, dtype), x)

    return widened(at, [at.operand(node, 0, index)], negated)


@lowering("not")
def not_(at: Scope, node: Node, index: Index) -> int:
    """Every bit flipped."""

    def flipped(x: int) -> int:
        dtype = at.s.dtype(x)
        return at.op("ixor", x, at.const(True if dtype is I1 else -1, dtype))

    return widened(at, [at.operand(node, 0, index)], flipped)


@lowering("sign")
def sign(at: Scope, node: Node, index: Index) -> int:
    """-1, 0 or 1; of floats, NaN and both zeros are their own sign."""
    x = at.operand(node, 0, index)
    dtype = at.s.dtype(x)
    if dtype.is_float:
        return widened(at, [x], lambda x: _float_sign(at, x))
    zero, one = at.const(0, dtype), at.const(1, dtype)
    below = at.select(at.compare("lt", x, zero), at.const(-1, dtype), zero)
    return at.select(at.compare("gt", x, zero), one, below)


def _float_sign(at: Scope, x: int) -> int:
    dtype = at.s.dtype(x)
    magnitude = at.op("fabs", x)
    some = at.compare("gt", magnitude, at.const(0.0, dtype))
    return at.select(some, at.op("copysign", at.const(1.0, dtype), x), x)


@lowering("round_nearest_afz")
def round_nearest_afz(at: Scope, node: Node, index: Index) -> int:
    """To the nearest integer, halves away from zero; zeros keep their sign."""

    def rounded(x: int) -> int:
        dtype = at.s.dtype(x)
        whole = at.op("trunc", x)
        rest = at.op("fabs", at.op("fsub", x, whole))  # exact
        up = at.op("fadd", whole, at.op("copysign", at.const(1.0, dtype), x))
        return at.select(at.compare("ge", rest, at.const(0.5, dtype)), up, whole)

    return widened(at, [at.operand(node, 0, index)], rounded)


@lowering("is_finite")
def is_finite(at: Scope, node: Node, index: Index) -> int:
    """Whether the value is neither infinite nor NaN."""
    x = at.operand(node, 0, index)
    x = at.convert(x, working(at.s.dtype(x)))
    return at.compare("lt", at.op("fabs", x), at.const(np.inf, at.s.dtype(x)))


@lowering("compare")
def compare(at: Scope, node: Node, index: Index) -> int:
    """By direction; floats as IEEE 754 compares, or by the total order of their bits."""
    x, y = _operands(at, node, index)
    direction = node.attr("comparison_direction").lower()
    if node.attr("compare_type") == "TOTALORDER":
        return at.compare(direction, _total_order(at, x), _total_order(at, y))
    wide = working(at.s.dtype(x))
    return at.compare(direction, at.convert(x, wide), at.convert(y, wide))


def _total_order(at: Scope, x: int) -> int:
    """An unsigned integer that is ordered like the float: -inf < ... < -0 < +0 < ... < inf < NaN.

    Every NaN counts as the canonical one, see :func:`compiler.lower.convert.raw_bits`.
    """
    bits = raw_bits(at, x)
    dtype: DType = at.s.dtype(bits)
    top = np.array(1 << (dtype.bits - 1), dtype.numpy)
    negative = at.compare("ge", bits, at.const(top, dtype))
    flipped = at.op("ixor", bits, at.const(np.array(~dtype.numpy.type(0)), dtype))
    return at.select(negative, flipped, at.op("ixor", bits, at.const(top, dtype)))


@lowering("select")
def select(at: Scope, node: Node, index: Index) -> int:
    """By element, or all by a scalar predicate."""
    pred, on_true, on_false = _operands(at, node, index)
    return at.select(pred, on_true, on_false)


@lowering("clamp")
def clamp(at: Scope, node: Node, index: Index) -> int:
    """``min(max(x, lo), hi)``."""
    low, x, high = _operands(at, node, index)
    kind = at.s.dtype(x).kind
    upper, lower = DIRECT["maximum"][kind], DIRECT["minimum"][kind]
    return widened(at, [low, x, high], lambda lo, x, hi: at.op(lower, at.op(upper, x, lo), hi))
