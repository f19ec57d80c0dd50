"""exp, expm1, logistic and tanh.

The argument is reduced to ``x = n ln 2 + r`` with ``|r| <= ln(2) / 2``; the f32 functions do all
of it in f64. Polynomials are minimax fits (Remez exchange in 200 bits, coefficients then rounded).
"""

from __future__ import annotations

from compiler.nest.math_value import Value, fast_two_sum, fma, poly, select

LOG2E = float.fromhex("0x1.71547652b82fep+0")
LN2 = float.fromhex("0x1.62e42fefa39efp-1")
# ln 2 in two parts; the first has 12 trailing zeros: n * LN2_HIGH is exact.
LN2_HIGH = float.fromhex("0x1.62e42fefa3000p-1")
LN2_LOW = float.fromhex("0x1.3de6af278ece6p-42")
# Adding SHIFT rounds to an integer n and leaves n + 1023, the exponent field of 2**n, lowest.
SHIFT = 1.5 * 2.0**52 + 1023.0

# (e**r - 1 - r) / r**2, relative to e**r - 1: error 2**-59.9
_EXPM1 = (
    0.5,
    0.16666666666666677,
    0.04166666666666651,
    0.008333333333321691,
    0.0013888888888962357,
    0.0001984126988596621,
    2.4801587172571017e-05,
    2.7557244373878206e-06,
    2.7557402614149407e-07,
    2.510897899262352e-08,
    2.0875338601800763e-09,
)
# The same for f32: error 2**-31.9
_EXPM1_F32 = (
    0.5000000044161198,
    0.16666666370513622,
    0.041666360922353436,
    0.008333389364262806,
    0.0013940626713214738,
    0.0001984587814101296,
)
# (e**r - 1 - r) / r**2 for f32, relative to e**r: error 2**-28.2
_EXP_F32 = (
    0.49999993447820645,
    0.16666520628530146,
    0.04166838796419999,
    0.008368716857254918,
    0.0013814603583265487,
)


def clamp(x: Value, low: float, high: float) -> Value:
    """``x`` limited to [low, high]; NaN stays NaN."""
    x = select(x < low, low, x)
    return select(x > high, high, x)


def power_of_two(shifted: Value) -> Value:
    """``2**n`` for ``shifted = n + SHIFT`` and n in -1022..1023."""
    return (shifted.bits() << 52).as_float()


def scale(p: Value, n: Value) -> Value:
    """``p * 2**n`` for p near 1, rounded once even if subnormal: in two steps, the first exact."""
    half = n * 0.5 + SHIFT
    rest = (n - (half - SHIFT)) + SHIFT
    return p * power_of_two(half) * power_of_two(rest)


def exp_f32(x: Value) -> Value:
    """Exponential in f64 arithmetic, right to 2**-28."""
    return _exp_f32(clamp(x, -104.0, 89.0))


def _exp_f32(x: Value) -> Value:
    shifted = fma(x, LOG2E, SHIFT)
    r = fma(shifted - SHIFT, -LN2, x)
    return poly(r, (1.0, 1.0, *_EXP_F32)) * power_of_two(shifted)


def _expm1_f32(x: Value) -> Value:
    """expm1 in f64 arithmetic for -104 <= x <= 89, right to 2**-31."""
    shifted = fma(x, LOG2E, SHIFT)
    r = fma(shifted - SHIFT, -LN2, x)
    s = power_of_two(shifted)
    return fma(fma(r * r, poly(r, _EXPM1_F32), r), s, s - 1.0)


def expm1_f32(x: Value) -> Value:
    """expm1 in f64 arithmetic; the sign is the argument's, also of zero."""
    return _expm1_f32(clamp(x, -104.0, 89.0)).sign_of(x)


def logistic_f32(x: Value) -> Value:
    """``1 / (1 + exp(-x))`` in f64 arithmetic, where neither end loses anything."""
    return 1.0 / (_exp_f32(clamp(-x, -89.0, 104.0)) + 1.0)


def tanh_f32(x: Value) -> Value:
    """``t / (t + 2)`` with t = expm1(2 |x|), in f64 arithmetic."""
    a = abs(x)
    t = _expm1_f32(select(a > 10.0, 20.0, a + a))
    return (t / (t + 2.0)).sign_of(x)


def _reduce(x: Value) -> tuple[Value, Value, Value]:
    """n, r and the error of r: ``x = n ln 2 + r + low``."""
    n = fma(x, LOG2E, SHIFT) - SHIFT
    high = fma(n, -LN2_HIGH, x)
    r = fma(n, -LN2_LOW, high)
    return n, r, fma(n, -LN2_LOW, high - r)


def exp_reduced(r: Value, low: Value) -> tuple[Value, Value]:
    """``e**(r + low)`` as a rounded value, about half an ulp off, and what rounding it lost."""
    high, rest = fast_two_sum(r.lift(1.0), r)
    return fast_two_sum(high, rest + fma(r * r, poly(r, _EXPM1), low))


def exp_f64(x: Value) -> Value:
    """Exponential, 0.51 ulp (0.75 where subnormal)."""
    n, r, low = _reduce(clamp(x, -746.0, 710.0))
    return scale(exp_reduced(r, low)[0], n)


def exp_product(x: Value, small: Value, factor: Value) -> Value:
    """``exp(x + small) * factor`` for tiny ``small``, rounded once even if subnormal."""
    n, r, low = _reduce(clamp(x, -1000.0, 710.0))
    p = exp_reduced(r, low)[0]
    return scale(fma(p, small, p) * factor, n)


def expm1_f64(x: Value) -> Value:
    """``2**n (e**r - 1) + (2**n - 1)``, the two leading terms added exactly."""
    n, r, low = _reduce(clamp(x, -60.0, 710.0))
    s = power_of_two(n + (SHIFT - 1.0))  # 2**(n - 1): 2**1024 would overflow
    one, step = s - 0.5, s * r
    high = one + step
    rest = (one - high) + step
    result = high + fma(s, fma(r * r, poly(r, _EXPM1), low), rest)
    return select(abs(x) < 2.0**-54, x, result + result)


def logistic_f64(x: Value) -> Value:
    """``1 / (1 + y)`` or ``y / (1 + y)``, y = exp(-|x|), with the rounding errors carried along."""
    n, r, low = _reduce(clamp(-abs(x), -746.0, 0.0))
    y, rest = exp_reduced(r, low)
    y, rest = scale(y, n), scale(rest, n)
    d, d_rest = fast_two_sum(y.lift(1.0), y)
    inverse = 1.0 / d
    negative = x < 0.0
    top = select(negative, y, 1.0)
    q = top * inverse
    left = fma(q, -d, top) + fma(q, -(d_rest + rest), select(negative, rest, 0.0))
    return fma(left, inverse, q)


# (tanh(x) / x - 1) / x**2 as a quotient of polynomials in x**2 up to x = 0.66, relative to
# tanh(x) / x: error 2**-59.3
_TANH_P = (-0.33333333333333315, -0.020494951855735622, -0.0001990077143544933)
_TANH_Q = (1.0, 0.46148485556718105, 0.02328620346557328, 0.00020635132856418692)


def tanh_f64(x: Value) -> Value:
    """``x + x**3 P / Q`` up to 0.66, then ``1 - 2 / (exp(2 |x|) + 1)``; one division for both."""
    a = abs(x)
    small = a < 0.66
    a = select(a > 22.0, 22.0, a)
    u = a * a
    n, r, low = _reduce(a + a)
    e = exp_reduced(r, low)[0] * power_of_two(n + SHIFT)
    top = select(small, a * u * poly(u, _TANH_P), -2.0)
    bottom = select(small, poly(u, _TANH_Q), e + 1.0)
    return (select(small, a, 1.0) + top / bottom).sign_of(x)
