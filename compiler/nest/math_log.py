"""log and log1p.

The argument is split as ``x = 2**k m`` with m in [sqrt(1/2), sqrt(2)); with ``f = m - 1`` and
``s = f / (2 + f)``, ``log(m) = 2 atanh(s) = f - s (f - R)`` where ``R = s**2 P(s**2)``. The f32
functions do all of it in f64.
"""

from __future__ import annotations

import math

from compiler.nest.math_value import Value, fma, poly, select, two_sum

LN2 = float.fromhex("0x1.62e42fefa39efp-1")
LN2_REST = float.fromhex("0x1.abc9e3b39803fp-56")  # ln 2 = LN2 + LN2_REST
_ROOT_HALF = 0x3FE6A09E667F3BCD  # bits of sqrt(1/2)
_ONE = 0x3FF0000000000000
_MANTISSA = 0x000FFFFFFFFFFFFF
_TWO52 = (
    0x4330000000000000  # bits of 2**52: or-ed with an integer below 2**52 it gives 2**52 + integer
)
_TINY = 2.0**-1022

# P, relative to log(m): error 2**-59.5
_LOG = (
    0.6666666666666734,
    0.39999999999416413,
    0.2857142874211236,
    0.22222198593791823,
    0.18183563549569412,
    0.1531406445783481,
    0.14795859986406676,
)
# The same for f32: error 2**-30.2
_LOG_F32 = (0.6666677645052339, 0.3997753207946317, 0.2987200529653146)


def split(x: Value, extra: Value | float = 0.0) -> tuple[Value, Value, Value]:
    """The exponent k - extra as a float, m, and k + 1023 as bits, for a positive normal x."""
    t = x.bits() + (_ONE - _ROOT_HALF)
    biased = t >> 52
    k = (biased | _TWO52).as_float() - (x.lift(extra) + (2.0**52 + 1023.0))
    return k, ((t & _MANTISSA) + _ROOT_HALF).as_float(), biased


def _limits(y: Value, x: Value) -> Value:
    """``y``, but NaN for x < 0 or NaN, -inf for a zero and inf for infinity."""
    y = select(x < math.inf, y, x)
    return select(x > 0.0, y, select(x.eq(0.0), x.lift(-math.inf), math.nan))


def log_f32(x: Value) -> Value:
    """Logarithm in f64 arithmetic (where f32 has no subnormals), right to 2**-30."""
    k, m, _ = split(x)
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    return _limits(fma(k, LN2, s * poly(z, (2.0, *_LOG_F32))), x)


def log1p_f32(x: Value) -> Value:
    """log1p in f64 arithmetic; where 1 + x needs no scaling, x itself is the fraction, exactly."""
    u = x + 1.0
    k, m, _ = split(u)
    f = select(k.eq(0.0), x, m - 1.0)
    s = f / (f + 2.0)
    z = s * s
    y = fma(k, LN2, s * poly(z, (2.0, *_LOG_F32)))
    return _limits(y, u).sign_of(x)


def log_fraction(f: Value, low: Value) -> Value:
    """``log(1 + f) + low`` in the order that loses least."""
    s = f / (f + 2.0)
    z = s * s
    half = f * f * 0.5
    return f - (half - fma(s, half + z * poly(z, _LOG), low))


def log_f64(x: Value) -> Value:
    """log, below one ulp."""
    tiny = x < _TINY
    k, m, _ = split(select(tiny, x * 2.0**54, x), select(tiny, x.lift(54.0), 0.0))
    return _limits(fma(k, LN2, log_fraction(m - 1.0, k * LN2_REST)), x)


def log1p_f64(x: Value) -> Value:
    """Logarithm of ``1 + x = u + c``: ``log(u) + c / u``, x itself is the fraction if k = 0."""
    u, c = two_sum(x.lift(1.0), x)
    k, m, biased = split(u)
    scaled = c * ((2047 - biased) << 52).as_float()  # 2 c / 2**k; for 1 / m its chord is enough
    direct = k.eq(0.0)
    f = select(direct, x, m - 1.0)
    rest = select(direct, 0.0, fma(k, LN2_REST, scaled * fma(m, -0.5, 1.0303300858899106)))
    y = fma(k, LN2, log_fraction(f, rest))
    return select(abs(x) < 2.0**-54, x, _limits(y, u))
