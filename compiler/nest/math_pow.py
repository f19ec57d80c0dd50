"""pow, cbrt and rsqrt."""

from __future__ import annotations

import math

from compiler.nest.math_exp import (
    LN2,
    SHIFT,
    clamp,
    exp_reduced,
    power_of_two,
    scale,
)
from compiler.nest.math_log import LN2_REST, split
from compiler.nest.math_value import (
    Value,
    fast_two_sum,
    fma,
    poly,
    select,
    sqrt,
    two_product,
)

_TWO52 = 0x4330000000000000

# log2((1 + s) / (1 - s)) / s in s**2, relative: error 2**-37.8
_LOG2_F32 = (
    2.8853900817900926,
    0.9617966733340242,
    0.5770835865242667,
    0.41167261948881934,
    0.34073205766171005,
)
# 2**r up to 1/2, relative: error 2**-32.0
_EXP2_F32 = (
    1.0,
    0.6931471838212427,
    0.24022650921057742,
    0.055504003655430414,
    0.009618056861811573,
    0.0013341955501204462,
    0.00015461390557432308,
    1.3359570851373667e-05,
)
# (atanh(s) / s - 1 - s**2 / 3) / s**4 in s**2, relative to atanh(s) / s: error 2**-65.8
_LOG2 = (
    0.20000000000001125,
    0.14285714285050774,
    0.1111111125979809,
    0.09090892196822259,
    0.07693378099335513,
    0.06628421084436796,
    0.06598059534731139,
)
_TWO_OVER_LN2 = float.fromhex("0x1.71547652b82fep+1")
_TWO_OVER_LN2_REST = float.fromhex("0x1.777d0ffda0d24p-55")


def _special(x: Value, y: Value, magnitude: Value) -> Value:
    """C99 F.9.4.4 around ``|x|**y``: sign, domain, ones and NaN."""
    whole = y.rint().eq(y)
    half = y * 0.5
    odd = whole & half.rint().ne(half)
    magnitude = select(abs(x).eq(1.0), 1.0, magnitude)
    signed = select(odd, magnitude.sign_of(x), magnitude)
    undefined = (x < 0.0) & (x > -math.inf) & ~whole
    result = select(undefined | x.is_nan() | y.is_nan(), math.nan, signed)
    return select(x.eq(1.0) | y.eq(0.0), 1.0, result)


def _log2_limits(high: Value, a: Value) -> Value:
    high = select(a.eq(0.0), -math.inf, high)
    return select(a.eq(math.inf), math.inf, high)


def pow_f32(x: Value, y: Value) -> Value:
    """``2**(y log2|x|)`` in f64 arithmetic, right to 2**-30."""
    a = abs(x)
    k, m, _ = split(a)
    s = (m - 1.0) / (m + 1.0)
    e = clamp(y * _log2_limits(fma(s, poly(s * s, _LOG2_F32), k), a), -200.0, 200.0)
    shifted = e + SHIFT
    power = poly(e - (shifted - SHIFT), _EXP2_F32) * power_of_two(shifted)
    return _special(x, y, power)


def _log2_f64(a: Value) -> tuple[Value, Value]:
    """log2 of a >= 0 as a sum of two, right to about 2**-64.

    With ``s = (m - 1) / (m + 1)`` it is ``k + 2 / ln(2) * s * (1 + v)``, ``v = s**2 / 3 + ...``.
    """
    tiny = a < 2.0**-1022
    k, m, _ = split(select(tiny, a * 2.0**54, a), select(tiny, a.lift(54.0), 0.0))
    f = m - 1.0
    d, d_rest = fast_two_sum(m.lift(1.0), m)
    inverse = 1.0 / d
    s = f * inverse
    s_rest = (fma(s, -d, f) - s * d_rest) * inverse
    z, z_rest = two_product(s, s)
    z_rest = fma(s + s, s_rest, z_rest)
    third, third_rest = two_product(z, 1 / 3)
    third_rest = third_rest + fma(z, 2.0**-54 / 3, z_rest * (1 / 3))
    v, v_rest = fast_two_sum(third, z * z * poly(z, _LOG2))
    w, w_rest = fast_two_sum(s.lift(1.0), v)
    w_rest = w_rest + (v_rest + third_rest)
    u, u_rest = two_product(s, _TWO_OVER_LN2)
    u_rest = fma(s, _TWO_OVER_LN2_REST, fma(s_rest, _TWO_OVER_LN2, u_rest))
    g, g_rest = two_product(u, w)
    g_rest = fma(u, w_rest, fma(u_rest, w, g_rest))
    high, low = fast_two_sum(k, g)
    high, low = fast_two_sum(high, low + g_rest)
    return _log2_limits(high, a), low


def pow_f64(x: Value, y: Value) -> Value:
    """``2**(y log2|x|)`` with the exponent as a sum of two, 1.4 ulp."""
    high, low = _log2_f64(abs(x))
    e, e_rest = two_product(y, high)
    e, e_rest = clamp(e, -1100.0, 1100.0), select(abs(e) < 1100.0, fma(y, low, e_rest), 0.0)
    n = (e + SHIFT) - SHIFT
    r = e - n
    t, t_rest = two_product(r, LN2)
    t, t_rest = fast_two_sum(t, fma(e_rest, LN2, fma(r, LN2_REST, t_rest)))
    return _special(x, y, scale(exp_reduced(t, t_rest)[0], n))


def _inverse_cbrt(a: Value) -> Value:
    """``a**(-1/3)`` to 3.5 %, from the exponent and the first bits: ``bits = B - bits / 3``."""
    high = ((a.bits() >> 32) | _TWO52).as_float()
    guess = fma(high, -1 / 3, 2.0**52 * 4 / 3 + 1430186592.0)
    return (guess.bits() << 32).as_float()


def _improve(y: Value, a: Value, coefficients: tuple[float, ...]) -> Value:
    """One step of a Taylor iteration: ``y (1 - h)**(-1/3)`` with ``h = 1 - a y**3``."""
    h = fma(-(a * y) * y, y, 1.0)
    step = poly(h, coefficients) if len(coefficients) > 1 else y.lift(coefficients[0])
    return fma(y * h, step, y)


def cbrt_f32(x: Value) -> Value:
    """Cube root in f64 arithmetic, right to 2**-30."""
    a = abs(x)
    y = _improve(_improve(_inverse_cbrt(a), a, (1 / 3, 2 / 9, 14 / 81)), a, (1 / 3,))
    return select(a < math.inf, (a * y * y).sign_of(x), x)


def cbrt_f64(x: Value) -> Value:
    """``t = a y**2`` for ``y = a**(-1/3)``, corrected by ``(a - t**3) y**2 / 3``."""
    tiny = abs(x) < 2.0**-900
    a = abs(x) * select(tiny, x.lift(2.0**216), 1.0)
    y = _inverse_cbrt(a)
    for _ in range(2):
        y = _improve(y, a, (1 / 3, 2 / 9, 14 / 81))
    slope = y * y
    t = a * slope
    square, rest = two_product(t, t)
    left = fma(square, -t, a) - rest * t
    root = fma(left, slope * (1 / 3), t) * select(tiny, x.lift(2.0**-72), 1.0)
    return select(a < math.inf, root.sign_of(x), x)


def rsqrt(x: Value) -> Value:
    """Inverse square root, two roundings; of -0 it is -inf (IEEE 754-2019, 9.2.1)."""
    return 1.0 / sqrt(x)
