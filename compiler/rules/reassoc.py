"""Ring identities: exact for integers (arithmetic modulo 2**bits), under ``reassoc`` for floats.

Also reciprocals (``arcp``) and the library functions that compute a whole expression at once
(``afn``).
"""

from __future__ import annotations

from compiler.contract import allow
from compiler.dtypes import FLOATS, INTEGERS
from compiler.rules.ops import (
    add,
    const,
    divide,
    exponential,
    exponential_minus_one,
    log,
    log_plus_one,
    logistic,
    multiply,
    negate,
    power,
    rsqrt,
    sqrt,
    subtract,
)
from compiler.rules.term import Const, Invertible, Rewrite, Tensor, Varying, rule

REASSOC = allow("reassoc")
REASSOC_NSZ = allow("reassoc", "nsz")  # a sum that cancels is +0, a factor gives it a sign


@rule("reassoc/integer-add-constants", dtypes=INTEGERS)
@rule("reassoc/add-constants", dtypes=FLOATS, contract=REASSOC)
def _(x: Varying, a: Const, b: Const) -> Rewrite:
    """(x + a) + b -> x + (a + b)"""
    return add(add(x, a), b), add(x, add(a, b))


@rule("reassoc/integer-add-subtract-constants", dtypes=INTEGERS)
@rule("reassoc/add-subtract-constants", dtypes=FLOATS, contract=REASSOC)
def _(x: Varying, a: Const, b: Const) -> Rewrite:
    """(x + a) - b -> x + (a - b)"""
    return subtract(add(x, a), b), add(x, subtract(a, b))


@rule("reassoc/integer-subtract-add-constants", dtypes=INTEGERS)
@rule("reassoc/subtract-add-constants", dtypes=FLOATS, contract=REASSOC)
def _(x: Varying, a: Const, b: Const) -> Rewrite:
    """(x - a) + b -> x + (b - a)"""
    return add(subtract(x, a), b), add(x, subtract(b, a))


@rule("reassoc/integer-multiply-constants", dtypes=INTEGERS)
@rule("reassoc/multiply-constants", dtypes=FLOATS, contract=REASSOC)
def _(x: Varying, a: Const, b: Const) -> Rewrite:
    """(x * a) * b -> x * (a * b)"""
    return multiply(multiply(x, a), b), multiply(x, multiply(a, b))


@rule("reassoc/integer-add-outwards", dtypes=INTEGERS)
@rule("reassoc/add-outwards", dtypes=FLOATS, contract=REASSOC)
def _(x: Varying, y: Varying, a: Const) -> Rewrite:
    """(x + a) + y -> (x + y) + a"""
    return add(add(x, a), y), add(add(x, y), a)


@rule("reassoc/integer-multiply-outwards", dtypes=INTEGERS)
@rule("reassoc/multiply-outwards", dtypes=FLOATS, contract=REASSOC)
def _(x: Varying, y: Varying, a: Const) -> Rewrite:
    """(x * a) * y -> (x * y) * a"""
    return multiply(multiply(x, a), y), multiply(multiply(x, y), a)


@rule("reassoc/integer-factor", dtypes=INTEGERS, single_use=True)
@rule("reassoc/factor", dtypes=FLOATS, contract=REASSOC_NSZ, single_use=True)
def _(x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
    """X * y + x * z -> x * (y + z)"""
    return add(multiply(x, y), multiply(x, z)), multiply(x, add(y, z))


@rule("reassoc/integer-factor-difference", dtypes=INTEGERS, single_use=True)
@rule("reassoc/factor-difference", dtypes=FLOATS, contract=REASSOC_NSZ, single_use=True)
def _(x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
    """X * y - x * z -> x * (y - z)"""
    return subtract(multiply(x, y), multiply(x, z)), multiply(x, subtract(y, z))


@rule("reassoc/integer-add-multiple", dtypes=INTEGERS)
@rule("reassoc/add-multiple", dtypes=FLOATS, contract=REASSOC_NSZ)
def _(x: Varying, c: Const) -> Rewrite:
    """X * c + x -> x * (c + 1)"""
    return add(multiply(x, c), x), multiply(x, add(c, const(1)))


@rule("reassoc/integer-subtract-multiple", dtypes=INTEGERS)
@rule("reassoc/subtract-multiple", dtypes=FLOATS, contract=REASSOC_NSZ)
def _(x: Varying, c: Const) -> Rewrite:
    """X - x * c -> x * (1 - c)"""
    return subtract(x, multiply(x, c)), multiply(x, subtract(const(1), c))


@rule("reassoc/add-of-subtract", dtypes=FLOATS, contract=allow("reassoc", "nnan", "ninf", "nsz"))
def _(x: Tensor, y: Tensor) -> Rewrite:
    """(x - y) + y -> x"""
    return add(subtract(x, y), y), x


@rule("reassoc/add-zero", dtypes=FLOATS, contract=allow("nsz"))
def _(x: Tensor) -> Rewrite:
    """X + 0 -> x, but for x = -0"""
    return add(x, const(0.0)), x


@rule("reassoc/zero-subtract", dtypes=FLOATS, contract=allow("nsz"))
def _(x: Tensor) -> Rewrite:
    """0 - x -> -x, but for x = 0"""
    return subtract(const(0.0), x), negate(x)


@rule("reassoc/negate-subtract", dtypes=FLOATS, contract=allow("nsz"))
def _(x: Tensor, y: Tensor) -> Rewrite:
    """-(x - y) -> y - x, but for x = y"""
    return negate(subtract(x, y)), subtract(y, x)


@rule("reassoc/divide-divide", dtypes=FLOATS, contract=allow("reassoc", "arcp"))
def _(x: Varying, a: Const, b: Invertible) -> Rewrite:
    """(x * a) / b -> x * (a / b)"""
    return divide(multiply(x, a), b), multiply(x, divide(a, b))


@rule("reassoc/divide-by-constant", dtypes=FLOATS, contract=allow("arcp"))
def _(x: Varying, c: Invertible) -> Rewrite:
    """X / c -> x * (1 / c) where c and its inverse are normal numbers"""
    return divide(x, c), multiply(x, divide(const(1), c))


@rule("reassoc/inverse-of-sqrt", dtypes=FLOATS, contract=allow("afn"))
def _(x: Tensor) -> Rewrite:
    """1 / sqrt(x) -> rsqrt(x)"""
    return divide(const(1), sqrt(x)), rsqrt(x)


@rule("reassoc/exponential-minus-one", dtypes=FLOATS, contract=allow("afn", "nsz"))
def _(x: Tensor) -> Rewrite:
    """exp(x) - 1 -> expm1(x)"""
    return subtract(exponential(x), const(1)), exponential_minus_one(x)


@rule("reassoc/log-plus-one", dtypes=FLOATS, contract=allow("afn", "nsz"))
def _(x: Tensor) -> Rewrite:
    """log(1 + x) -> log1p(x)"""
    return log(add(x, const(1))), log_plus_one(x)


@rule("reassoc/logistic", dtypes=FLOATS, contract=allow("afn"))
def _(x: Tensor) -> Rewrite:
    """1 / (1 + exp(-x)) -> logistic(x)"""
    return divide(const(1), add(exponential(negate(x)), const(1))), logistic(x)


@rule("reassoc/square", dtypes=FLOATS, contract=allow("afn"))
def _(x: Tensor) -> Rewrite:
    """X ** 2 -> x * x"""
    return power(x, const(2.0)), multiply(x, x)
