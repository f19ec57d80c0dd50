"""Identities of arithmetic that keep every bit.

Floats: ``x + 0`` is not ``x`` (x = -0.0), ``x * 0`` is not 0 (NaN, infinities, -0.0), ``x - x`` is
not 0, ``x / x`` is not 1; so these are rules of integers. -0.0 is the identity of add in every
dtype. Integers wrap.
"""

from __future__ import annotations

from compiler.dtypes import FLOATS, I1, INTEGERS, SIGNED, UNSIGNED
from compiler.rules.ops import (
    abs_,
    add,
    and_,
    clamp,
    const,
    divide,
    maximum,
    minimum,
    multiply,
    negate,
    power,
    remainder,
    shift_left,
    shift_right_arithmetic,
    shift_right_logical,
    sign,
    subtract,
)
from compiler.rules.term import HIGHEST, LOWEST, Const, PowerOfTwo, Rewrite, Tensor, rule

NUMBERS = INTEGERS + FLOATS


@rule("algebra/add-zero")
def _(x: Tensor) -> Rewrite:
    """X + -0 -> x"""
    return add(x, const(-0.0)), x


@rule("algebra/subtract-zero", dtypes=NUMBERS)
def _(x: Tensor) -> Rewrite:
    """X - 0 -> x"""
    return subtract(x, const(0)), x


@rule("algebra/zero-subtract", dtypes=NUMBERS)
def _(x: Tensor) -> Rewrite:
    """-0 - x -> -x"""
    return subtract(const(-0.0), x), negate(x)


@rule("algebra/subtract-self", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X - x -> 0"""
    return subtract(x, x), const(0)


@rule("algebra/multiply-one")
def _(x: Tensor) -> Rewrite:
    """X * 1 -> x"""
    return multiply(x, const(1)), x


@rule("algebra/multiply-zero", dtypes=(I1, *INTEGERS))
def _(x: Tensor) -> Rewrite:
    """X * 0 -> 0"""
    return multiply(x, const(0)), const(0)


@rule("algebra/multiply-minus-one", dtypes=NUMBERS)
def _(x: Tensor) -> Rewrite:
    """X * -1 -> -x"""
    return multiply(x, const(-1)), negate(x)


@rule("algebra/divide-one", dtypes=NUMBERS)
def _(x: Tensor) -> Rewrite:
    """X / 1 -> x"""
    return divide(x, const(1)), x


@rule("algebra/divide-minus-one", dtypes=SIGNED + FLOATS)
def _(x: Tensor) -> Rewrite:
    """X / -1 -> -x"""
    return divide(x, const(-1)), negate(x)


@rule("algebra/divide-power-of-two", dtypes=FLOATS)
def _(x: Tensor, c: PowerOfTwo) -> Rewrite:
    """X / 2^k -> x * 2^-k, both exactly representable"""
    return divide(x, c), multiply(x, const(c.inverse))


@rule("algebra/multiply-power-of-two", dtypes=INTEGERS)
def _(x: Tensor, c: PowerOfTwo) -> Rewrite:
    """X * 2^k -> x << k"""
    return multiply(x, c), shift_left(x, const(c.exponent))


@rule("algebra/unsigned-divide-power-of-two", dtypes=UNSIGNED)
def _(x: Tensor, c: PowerOfTwo) -> Rewrite:
    """X / 2^k -> x >> k"""
    return divide(x, c), shift_right_logical(x, const(c.exponent))


@rule("algebra/unsigned-remainder-power-of-two", dtypes=UNSIGNED)
def _(x: Tensor, c: PowerOfTwo) -> Rewrite:
    """X % 2^k -> x & (2^k - 1)"""
    return remainder(x, c), and_(x, const(c.mask))


@rule("algebra/remainder-one", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X % 1 -> 0"""
    return remainder(x, const(1)), const(0)


@rule("algebra/negate-negate", dtypes=NUMBERS)
def _(x: Tensor) -> Rewrite:
    """-(-x) -> x"""
    return negate(negate(x)), x


@rule("algebra/add-negate", dtypes=NUMBERS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """X + (-y) -> x - y"""
    return add(x, negate(y)), subtract(x, y)


@rule("algebra/subtract-negate", dtypes=NUMBERS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """X - (-y) -> x + y"""
    return subtract(x, negate(y)), add(x, y)


@rule("algebra/negate-subtract", dtypes=INTEGERS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """-(x - y) -> y - x; not for floats: x = y gives -0 on the left"""
    return negate(subtract(x, y)), subtract(y, x)


@rule("algebra/multiply-negate-negate", dtypes=NUMBERS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """(-x) * (-y) -> x * y"""
    return multiply(negate(x), negate(y)), multiply(x, y)


@rule("algebra/divide-negate-negate", dtypes=FLOATS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """(-x) / (-y) -> x / y; not for integers: x = MIN, y = 2"""
    return divide(negate(x), negate(y)), divide(x, y)


@rule("algebra/abs-abs", dtypes=SIGNED + FLOATS)
def _(x: Tensor) -> Rewrite:
    """||x|| -> |x|"""
    return abs_(abs_(x)), abs_(x)


@rule("algebra/abs-negate", dtypes=SIGNED + FLOATS)
def _(x: Tensor) -> Rewrite:
    """|-x| -> |x|"""
    return abs_(negate(x)), abs_(x)


@rule("algebra/abs-square", dtypes=FLOATS)
def _(x: Tensor) -> Rewrite:
    """|x * x| -> x * x; not for integers, whose product wraps"""
    return abs_(multiply(x, x)), multiply(x, x)


@rule("algebra/sign-sign", dtypes=SIGNED + FLOATS)
def _(x: Tensor) -> Rewrite:
    """sign(sign(x)) -> sign(x)"""
    return sign(sign(x)), sign(x)


@rule("algebra/add-of-subtract", dtypes=INTEGERS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """(x - y) + y -> x"""
    return add(subtract(x, y), y), x


@rule("algebra/subtract-of-add", dtypes=INTEGERS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """(x + y) - y -> x"""
    return subtract(add(x, y), y), x


@rule("algebra/power-zero", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X ** 0 -> 1"""
    return power(x, const(0)), const(1)


@rule("algebra/power-one", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X ** 1 -> x"""
    return power(x, const(1)), x


@rule("algebra/power-two", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X ** 2 -> x * x"""
    return power(x, const(2)), multiply(x, x)


@rule("algebra/maximum-self")
def _(x: Tensor) -> Rewrite:
    """max(x, x) -> x"""
    return maximum(x, x), x


@rule("algebra/minimum-self")
def _(x: Tensor) -> Rewrite:
    """min(x, x) -> x"""
    return minimum(x, x), x


@rule("algebra/maximum-lowest")
def _(x: Tensor) -> Rewrite:
    """max(x, least) -> x"""
    return maximum(x, const(LOWEST)), x


@rule("algebra/minimum-highest")
def _(x: Tensor) -> Rewrite:
    """min(x, greatest) -> x"""
    return minimum(x, const(HIGHEST)), x


@rule("algebra/maximum-absorbs", dtypes=(I1, *INTEGERS))
def _(x: Tensor, y: Tensor) -> Rewrite:
    """max(x, min(x, y)) -> x; not for floats: y = NaN"""
    return maximum(x, minimum(x, y)), x


@rule("algebra/minimum-absorbs", dtypes=(I1, *INTEGERS))
def _(x: Tensor, y: Tensor) -> Rewrite:
    """min(x, max(x, y)) -> x; not for floats: y = NaN"""
    return minimum(x, maximum(x, y)), x


@rule("algebra/maximum-maximum")
def _(x: Tensor, y: Tensor) -> Rewrite:
    """max(x, max(x, y)) -> max(x, y)"""
    return maximum(x, maximum(x, y)), maximum(x, y)


@rule("algebra/minimum-minimum")
def _(x: Tensor, y: Tensor) -> Rewrite:
    """min(x, min(x, y)) -> min(x, y)"""
    return minimum(x, minimum(x, y)), minimum(x, y)


@rule("algebra/minimum-of-maximum")
def _(x: Tensor, lo: Const, hi: Const) -> Rewrite:
    """min(max(x, lo), hi) -> clamp(lo, x, hi)"""
    return minimum(maximum(x, lo), hi), clamp(lo, x, hi)


@rule("algebra/clamp-unbounded")
def _(x: Tensor) -> Rewrite:
    """clamp(least, x, greatest) -> x"""
    return clamp(const(LOWEST), x, const(HIGHEST)), x


@rule("algebra/clamp-clamp")
def _(x: Tensor, lo: Tensor, hi: Tensor) -> Rewrite:
    """clamp(lo, clamp(lo, x, hi), hi) -> clamp(lo, x, hi)"""
    return clamp(lo, clamp(lo, x, hi), hi), clamp(lo, x, hi)


@rule("algebra/shift-left-zero", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X << 0 -> x"""
    return shift_left(x, const(0)), x


@rule("algebra/shift-right-logical-zero", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X >>> 0 -> x"""
    return shift_right_logical(x, const(0)), x


@rule("algebra/shift-right-arithmetic-zero", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """X >> 0 -> x"""
    return shift_right_arithmetic(x, const(0)), x
