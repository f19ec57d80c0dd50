"""Inverse trigonometric functions; hyperbolic functions and their inverses. In f64."""

from __future__ import annotations

import math

from compiler.nest.math_exp import exp_f64, expm1_f64
from compiler.nest.math_log import log1p_f64, log_f64
from compiler.nest.math_trig import atan2_f64
from compiler.nest.math_value import Value, select, sqrt

_LN2 = math.log(2)
_BIG = 2.0**28  # beyond its square, 1 is nothing


def asin(x: Value) -> Value:
    """Angle of the point with ordinate x on the unit circle; NaN beyond [-1, 1]."""
    return atan2_f64(x, sqrt((1.0 - x) * (1.0 + x)))


def acos(x: Value) -> Value:
    """Angle of the point with abscissa x on the unit circle; NaN beyond [-1, 1]."""
    return atan2_f64(sqrt((1.0 - x) * (1.0 + x)), x)


def atan(x: Value) -> Value:
    """Angle of the line with slope x."""
    return atan2_f64(x, x.lift(1.0))


def asinh(x: Value) -> Value:
    """``log(a + sqrt(a**2 + 1))`` without cancellation, with the sign of x."""
    a = abs(x)
    u = a * a
    big = a > _BIG
    small = log1p_f64(select(big, 0.0, a + u / (sqrt(u + 1.0) + 1.0)))
    return select(big, log_f64(a) + _LN2, small).sign_of(x)


def acosh(x: Value) -> Value:
    """``log(x + sqrt(x**2 - 1))`` without cancellation; NaN below 1."""
    t = x - 1.0
    big = x > _BIG
    small = log1p_f64(select(big, 0.0, t + sqrt(t * (t + 2.0))))
    return select(x < 1.0, math.nan, select(big, log_f64(x) + _LN2, small))


def atanh(x: Value) -> Value:
    """``log((1 + a) / (1 - a)) / 2`` without cancellation, with the sign of x; NaN where a > 1."""
    a = abs(x)
    value = log1p_f64((a + a) / (1.0 - a)) * 0.5
    return select(a > 1.0, math.nan, value).sign_of(x)


def _half_exp(a: Value) -> Value:
    """``exp(a) / 2`` for large a; overflows only where it must."""
    half = exp_f64(a * 0.5)
    return half * 0.5 * half


def sinh(x: Value) -> Value:
    """``(e + e / (e + 1)) / 2`` with e = expm1(a), and the sign of x."""
    a = abs(x)
    e = expm1_f64(a)
    return select(a > 40.0, _half_exp(a), (e + e / (e + 1.0)) * 0.5).sign_of(x)


def cosh(x: Value) -> Value:
    """``(e + 1 / e) / 2`` with e = exp(a)."""
    a = abs(x)
    e = exp_f64(a)
    return select(a > 40.0, _half_exp(a), e * 0.5 + 0.5 / e)
