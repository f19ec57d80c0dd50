"""Floats as real numbers, for rules under a contract: no rounding, no infinities, no NaN.

Division is total with 1/0 = 0 (a meadow: Bergstra and Tucker, *The rational numbers as an abstract
data type*, 2007): an identity proved here holds wherever all divisors differ from zero. Rounding to
a narrower dtype stays, as an uninterpreted function: a contract about arithmetic never allows to
drop it. Ops without a row here are uninterpreted functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import z3

from compiler.dtypes import I1, DType
from verify.smt.tensor import Env, Term, Unknown

Attrs = Mapping[str, Any]
Row = Callable[..., Term]


def _function(env: Env, name: str, *args: Term) -> Term:
    return env.uninterpreted(name, args, z3.RealSort())


def _numeral(x: Term) -> Any:
    """The exact value of a literal, else ``None``."""
    x = z3.simplify(x)
    return x.as_fraction() if z3.is_rational_value(x) else None


def reciprocal(x: Term) -> Term:
    """1/x, and 0 for 0."""
    value = _numeral(x)
    if value is not None:
        return z3.RealVal(1 / value if value else 0)
    return z3.If(x == 0, z3.RealVal(0), 1 / x)


def _divide(_env: Env, _attrs: Attrs, _dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    return a * reciprocal(b)


def _absolute(x: Term) -> Term:
    return z3.If(x < 0, -x, x)


def _truncate(x: Term) -> Term:
    return z3.If(x < 0, -z3.ToReal(z3.ToInt(-x)), z3.ToReal(z3.ToInt(x)))


def _floor(x: Term) -> Term:
    return z3.ToReal(z3.ToInt(x))


def _ceil(x: Term) -> Term:
    return -z3.ToReal(z3.ToInt(-x))


def _sign(x: Term) -> Term:
    return z3.If(x < 0, z3.RealVal(-1), z3.If(x == 0, z3.RealVal(0), z3.RealVal(1)))


def _half_away(x: Term) -> Term:
    half = z3.RealVal("1/2")
    return z3.If(x < 0, -_floor(half - x), _floor(x + half))


def _half_even(x: Term) -> Term:
    low = z3.ToInt(x)
    rest = x - z3.ToReal(low)
    half = z3.RealVal("1/2")
    up = z3.Or(rest > half, z3.And(rest == half, low % 2 == 1))
    return z3.ToReal(z3.If(up, low + 1, low))


def sqrt(env: Env, x: Term) -> Term:
    """The non-negative root; of a negative number: something unknown."""
    root = _function(env, "sqrt", x)
    env.facts.append(z3.Implies(x >= 0, z3.And(root >= 0, root * root == x)))
    env.facts.append(z3.Implies(x > 0, root > 0))
    return root


def exponential(env: Env, x: Term) -> Term:
    """e**x: positive; e**0 = 1; log is its inverse; for a sum, the product of the parts."""
    out = _function(env, "exp", x)
    env.facts += [out > 0, z3.Implies(x == 0, out == 1), _function(env, "log", out) == x]
    if z3.is_app(x) and x.decl().kind() in (z3.Z3_OP_ADD, z3.Z3_OP_SUB) and x.num_args() == 2:
        first, second = (exponential(env, a) for a in x.children())
        product = first * second if x.decl().kind() == z3.Z3_OP_ADD else first * reciprocal(second)
        env.facts.append(out == product)
    return out


def logarithm(env: Env, x: Term) -> Term:
    """Log x: inverse of exp for x > 0; of a product of positive numbers, the sum."""
    out = _function(env, "log", x)
    env.facts.append(z3.Implies(x > 0, _function(env, "exp", out) == x))
    env.facts.append(z3.Implies(x == 1, out == 0))
    if z3.is_app(x) and x.decl().kind() == z3.Z3_OP_MUL and x.num_args() == 2:
        a, b = x.children()
        env.facts.append(
            z3.Implies(z3.And(a > 0, b > 0), out == logarithm(env, a) + logarithm(env, b))
        )
    return out


def _power(env: Env, _attrs: Attrs, _dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    """Powers by small literal exponents are products and roots; others are uninterpreted."""
    value = _numeral(b)
    if value is None or abs(value) > 8 or value.denominator > 2:
        return _function(env, "power", a, b)
    out: Term = z3.RealVal(1)
    for _ in range(abs(value.numerator) // value.denominator):
        out = out * a
    if value.denominator == 2:
        out = out * sqrt(env, a)
    return out if value >= 0 else reciprocal(out)


def _compare(_env: Env, attrs: Attrs, _dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    rows: dict[str, Callable[[Term, Term], Term]] = {
        "EQ": lambda x, y: x == y,
        "NE": lambda x, y: x != y,
        "LT": lambda x, y: x < y,
        "LE": lambda x, y: x <= y,
        "GT": lambda x, y: x > y,
        "GE": lambda x, y: x >= y,
    }
    return rows[attrs["comparison_direction"]](a, b)


def _maximum(a: Term, b: Term) -> Term:
    return z3.If(a >= b, a, b)


def _minimum(a: Term, b: Term) -> Term:
    return z3.If(a <= b, a, b)


def _convert(env: Env, _attrs: Attrs, dtype: DType, out: DType, x: Term) -> Term:
    """Exact where the value set grows; else rounding as an uninterpreted function of source and
    target.
    """
    if dtype is I1:
        return z3.If(x, z3.RealVal(1), z3.RealVal(0))
    if out is I1:
        return x != 0
    if not out.is_float:
        if not dtype.is_float:
            raise Unknown("integer conversions are not real arithmetic")
        return env.uninterpreted(f"truncate.{out}", (x,), z3.BitVecSort(out.bits))
    if not dtype.is_float:
        value = z3.ToReal(z3.BV2Int(x, dtype.kind == "int"))
        return value if dtype.bits <= out.precision else _function(env, f"round.{out}", value)
    if out is dtype or widens(dtype, out):
        return x
    return _function(env, f"round.{out}", x)


def widens(dtype: DType, out: DType) -> bool:
    """Whether every value of ``dtype`` is one of ``out`` (f16 and bf16 do not contain one
    another).
    """
    return out.bits > dtype.bits


def _rounds(name: str) -> Row:
    def row(env: Env, attrs: Attrs, dtype: DType, _out: DType, x: Term) -> Term:
        tag = ".".join(str(v) for _, v in sorted(attrs.items()))
        return _function(env, f"{name}.{dtype}.{tag}", x)

    return row


def _of(fn: Callable[..., Term]) -> Row:
    return lambda _env, _attrs, _dtype, _out, *args: fn(*args)


def _with(fn: Callable[..., Term]) -> Row:
    return lambda env, _attrs, _dtype, _out, *args: fn(env, *args)


def _tan(env: Env, x: Term) -> Term:
    return _function(env, "sine", x) * reciprocal(_function(env, "cosine", x))


# Rows take (env, attributes, argument dtype, result dtype, arguments...).
FLOATS: dict[str, Row] = {
    "abs": _of(_absolute),
    "add": _of(lambda a, b: a + b),
    "ceil": _of(_ceil),
    "clamp": _of(lambda low, x, high: _minimum(_maximum(x, low), high)),
    "compare": _compare,
    "convert": _convert,
    "cosine": _with(lambda env, x: _function(env, "cosine", x)),
    "divide": _divide,
    "exponential": _with(exponential),
    "exponential_minus_one": _with(lambda env, x: exponential(env, x) - 1),
    "floor": _of(_floor),
    "is_finite": _of(lambda _x: z3.BoolVal(True)),
    "log": _with(logarithm),
    "log_plus_one": _with(lambda env, x: logarithm(env, 1 + x)),
    "logistic": _with(lambda env, x: reciprocal(1 + exponential(env, -x))),
    "maximum": _of(_maximum),
    "minimum": _of(_minimum),
    "multiply": _of(lambda a, b: a * b),
    "negate": _of(lambda a: -a),
    "power": _power,
    "reduce_precision": _rounds("reduce_precision"),
    "remainder": _of(lambda a, b: a - b * _truncate(a * reciprocal(b))),
    "round_nearest_afz": _of(_half_away),
    "round_nearest_even": _of(_half_even),
    "rsqrt": _with(lambda env, x: reciprocal(sqrt(env, x))),
    "sign": _of(_sign),
    "sine": _with(lambda env, x: _function(env, "sine", x)),
    "sqrt": _with(sqrt),
    "subtract": _of(lambda a, b: a - b),
    "tan": _with(_tan),
}
