"""Identities of booleans, bit operations, comparisons and select. All keep every bit."""

from __future__ import annotations

from compiler.dtypes import FLOATS, I1, INTEGERS, SIGNED, UNSIGNED
from compiler.rules.ops import (
    add,
    and_,
    compare,
    const,
    maximum,
    minimum,
    multiply,
    negate,
    not_op,
    or_,
    select,
    subtract,
    xor,
)
from compiler.rules.term import HIGHEST, LOWEST, Const, Pred, Rewrite, Tensor, Unary, Varying, rule
from compiler.rules.values import Direction, same

BITS = (I1, *INTEGERS)
BOOLS = (I1,)


@rule("logic/not-not", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """~~x -> x"""
    return not_op(not_op(x)), x


@rule("logic/and-self", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X & x -> x"""
    return and_(x, x), x


@rule("logic/or-self", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X | x -> x"""
    return or_(x, x), x


@rule("logic/xor-self", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X ^ x -> 0"""
    return xor(x, x), const(0)


@rule("logic/and-zero", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X & 0 -> 0"""
    return and_(x, const(0)), const(0)


@rule("logic/and-ones", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X & -1 -> x"""
    return and_(x, const(-1)), x


@rule("logic/or-zero", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X | 0 -> x"""
    return or_(x, const(0)), x


@rule("logic/or-ones", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X | -1 -> -1"""
    return or_(x, const(-1)), const(-1)


@rule("logic/xor-zero", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X ^ 0 -> x"""
    return xor(x, const(0)), x


@rule("logic/xor-ones", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X ^ -1 -> ~x"""
    return xor(x, const(-1)), not_op(x)


@rule("logic/xor-xor", dtypes=BITS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """(x ^ y) ^ y -> x"""
    return xor(xor(x, y), y), x


@rule("logic/xor-not-not", dtypes=BITS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """~x ^ ~y -> x ^ y"""
    return xor(not_op(x), not_op(y)), xor(x, y)


@rule("logic/and-not-self", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X & ~x -> 0"""
    return and_(x, not_op(x)), const(0)


@rule("logic/or-not-self", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X | ~x -> -1"""
    return or_(x, not_op(x)), const(-1)


@rule("logic/and-absorbs", dtypes=BITS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """X & (x | y) -> x"""
    return and_(x, or_(x, y)), x


@rule("logic/or-absorbs", dtypes=BITS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """X | (x & y) -> x"""
    return or_(x, and_(x, y)), x


@rule("logic/and-not-not", dtypes=BITS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """~x & ~y -> ~(x | y)"""
    return and_(not_op(x), not_op(y)), not_op(or_(x, y))


@rule("logic/or-not-not", dtypes=BITS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """~x | ~y -> ~(x & y)"""
    return or_(not_op(x), not_op(y)), not_op(and_(x, y))


@rule("logic/not-of-negate", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """~(-x) -> x - 1"""
    return not_op(negate(x)), subtract(x, const(1))


@rule("logic/negate-of-not", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """-(~x) -> x + 1"""
    return negate(not_op(x)), add(x, const(1))


@rule("logic/i1-add", dtypes=BOOLS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """X + y -> x | y"""
    return add(x, y), or_(x, y)


@rule("logic/i1-multiply", dtypes=BOOLS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """X * y -> x & y"""
    return multiply(x, y), and_(x, y)


@rule("logic/i1-maximum", dtypes=BOOLS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """max(x, y) -> x | y"""
    return maximum(x, y), or_(x, y)


@rule("logic/i1-minimum", dtypes=BOOLS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """min(x, y) -> x & y"""
    return minimum(x, y), and_(x, y)


@rule("logic/compare-constant-left")
def _(x: Varying, c: Const, d: Direction) -> Rewrite:
    """C < x -> x > c, and so for each direction"""
    return compare(d, c, x), compare(d.swapped, x, c)


@rule("logic/compare-self-true", dtypes=BITS)
def _(x: Tensor, d: Direction) -> Rewrite:
    """X <= x -> true; not for floats: NaN"""
    return compare(d, x, x), const(True), d.reflexive


@rule("logic/compare-self-false", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X != x -> false; not for floats: NaN"""
    return compare("NE", x, x), const(False)


@rule("logic/less-than-self")
def _(x: Tensor) -> Rewrite:
    """X < x -> false, also for NaN"""
    return compare("LT", x, x), const(False)


@rule("logic/greater-than-self")
def _(x: Tensor) -> Rewrite:
    """X > x -> false, also for NaN"""
    return compare("GT", x, x), const(False)


@rule("logic/unsigned-below-zero", dtypes=(I1, *UNSIGNED))
def _(x: Tensor) -> Rewrite:
    """X < 0 -> false"""
    return compare("LT", x, const(0)), const(False)


@rule("logic/unsigned-not-below-zero", dtypes=(I1, *UNSIGNED))
def _(x: Tensor) -> Rewrite:
    """X >= 0 -> true"""
    return compare("GE", x, const(0)), const(True)


@rule("logic/above-greatest", dtypes=(*BITS, *FLOATS))
def _(x: Tensor) -> Rewrite:
    """X > greatest -> false"""
    return compare("GT", x, const(HIGHEST)), const(False)


@rule("logic/not-above-greatest", dtypes=BITS)
def _(x: Tensor) -> Rewrite:
    """X <= greatest -> true; not for floats: NaN"""
    return compare("LE", x, const(HIGHEST)), const(True)


@rule("logic/not-below-least", dtypes=SIGNED)
def _(x: Tensor) -> Rewrite:
    """X >= least -> true; not for floats: NaN"""
    return compare("GE", x, const(LOWEST)), const(True)


@rule("logic/not-compare", dtypes=BITS)
def _(x: Tensor, y: Tensor, d: Direction) -> Rewrite:
    """~(x < y) -> x >= y, and so for each direction; not for floats: NaN"""
    return not_op(compare(d, x, y)), compare(d.negated, x, y)


@rule("logic/not-equal-float", dtypes=FLOATS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """~(x == y) -> x != y"""
    return not_op(compare("EQ", x, y)), compare("NE", x, y)


@rule("logic/not-unequal-float", dtypes=FLOATS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """~(x != y) -> x == y"""
    return not_op(compare("NE", x, y)), compare("EQ", x, y)


@rule("logic/i1-not-false", dtypes=BOOLS)
def _(x: Tensor) -> Rewrite:
    """X != false -> x"""
    return compare("NE", x, const(False)), x


@rule("logic/i1-equal-true", dtypes=BOOLS)
def _(x: Tensor) -> Rewrite:
    """X == true -> x"""
    return compare("EQ", x, const(True)), x


@rule("logic/i1-equal-false", dtypes=BOOLS)
def _(x: Tensor) -> Rewrite:
    """X == false -> ~x"""
    return compare("EQ", x, const(False)), not_op(x)


@rule("logic/select-true")
def _(x: Tensor, y: Tensor) -> Rewrite:
    """select(true, x, y) -> x"""
    return select(const(True), x, y), x


@rule("logic/select-false")
def _(x: Tensor, y: Tensor) -> Rewrite:
    """select(false, x, y) -> y"""
    return select(const(False), x, y), y


@rule("logic/select-same")
def _(p: Pred, x: Tensor) -> Rewrite:
    """select(p, x, x) -> x"""
    return select(p, x, x), x


@rule("logic/select-not")
def _(p: Pred, x: Tensor, y: Tensor) -> Rewrite:
    """select(~p, x, y) -> select(p, y, x)"""
    return select(not_op(p), x, y), select(p, y, x)


@rule("logic/select-select-true")
def _(p: Pred, x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
    """select(p, select(p, x, y), z) -> select(p, x, z)"""
    return select(p, select(p, x, y), z), select(p, x, z)


@rule("logic/select-select-false")
def _(p: Pred, x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
    """select(p, x, select(p, y, z)) -> select(p, x, z)"""
    return select(p, x, select(p, y, z)), select(p, x, z)


@rule("logic/select-true-false", dtypes=BOOLS)
def _(p: Tensor) -> Rewrite:
    """select(p, true, false) -> p"""
    return select(p, const(True), const(False)), p


@rule("logic/select-false-true", dtypes=BOOLS)
def _(p: Tensor) -> Rewrite:
    """select(p, false, true) -> ~p"""
    return select(p, const(False), const(True)), not_op(p)


@rule("logic/select-of-unary", single_use=True)
def _(p: Pred, x: Tensor, y: Tensor, f: Unary) -> Rewrite:
    """select(p, f(x), f(y)) -> f(select(p, x, y))"""
    return select(p, f(x), f(y)), f(select(p, x, y)), same(x.dtype, y.dtype)
