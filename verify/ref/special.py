"""The numerical functions of chlo to 160 bits, one element at a time, with mpmath.

What they are at poles and outside their domains is what the CHLO dialect's decompositions give.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from compiler.dtypes import DType

PRECISION = 160
Real = Any  # mpmath's mpf

# Beyond these arguments the functions overflow, or come to their limits, in every format.
_OVERFLOW, _END = 1000.0, 30.0
ORDER = 10_000  # of polygamma; those of higher order take too long, and are left open


def _mp() -> Any:
    import mpmath  # takes a moment to import

    return mpmath


def _whole(x: float) -> bool:
    return math.isfinite(x) and x == math.floor(x)


def _unit_interval(name: str) -> Callable[[float], Real]:
    def function(x: float) -> Real:
        mp = _mp()
        return getattr(mp, name)(mp.mpf(x)) if abs(x) <= 1 else mp.nan

    return function


def _asinh(x: float) -> Real:
    return _mp().asinh(x)


def _acosh(x: float) -> Real:
    mp = _mp()
    return mp.acosh(x) if x >= 1 else mp.nan


def _atan(x: float) -> Real:
    return _mp().atan(x)


def _sinh(x: float) -> Real:
    mp = _mp()
    return mp.sinh(x) if abs(x) < _OVERFLOW else mp.sign(x) * mp.inf


def _cosh(x: float) -> Real:
    mp = _mp()
    return mp.cosh(x) if abs(x) < _OVERFLOW else mp.inf


def _atanh(x: float) -> Real:
    mp = _mp()
    if abs(x) == 1:
        return mp.sign(x) * mp.inf
    return mp.atanh(x) if abs(x) < 1 else mp.nan


def _erf(x: float) -> Real:
    mp = _mp()
    return mp.erf(x) if abs(x) < _END else mp.sign(x) * (1 - mp.mpf(2) ** -1200)


def _erfc(x: float) -> Real:
    mp = _mp()
    if abs(x) < _END:
        return mp.erfc(x)
    if math.isinf(x):
        return mp.mpf(0 if x > 0 else 2)
    return mp.mpf(2) ** -1200 if x > 0 else 2 - mp.mpf(2) ** -1200


def _erf_inv(x: float) -> Real:
    """Newton's method on erfc, which keeps the digits near 1."""
    mp = _mp()
    a = abs(x)
    if a >= 1:
        return mp.sign(x) * mp.inf if a == 1 else mp.nan
    q, guess = 1 - mp.mpf(a), mp.mpf(a)
    if q < 0.1:
        guess = mp.sqrt(-mp.log(q * mp.sqrt(-mp.pi * mp.log(q))))
    if a < 1e-20:
        return mp.mpf(x) * mp.sqrt(mp.pi) / 2
    for _ in range(60):
        step = (mp.erfc(guess) - q) * mp.sqrt(mp.pi) / 2 * mp.exp(guess * guess)
        guess += step
        if abs(step) < abs(guess) * mp.mpf(2) ** (20 - PRECISION):
            break
    return mp.sign(x) * guess


def _lgamma(x: float) -> Real:
    mp = _mp()
    if math.isinf(x) or (x <= 0 and _whole(x)):
        return mp.inf
    return mp.re(mp.loggamma(mp.mpf(x)))


def _digamma(x: float) -> Real:
    mp = _mp()
    if x == -math.inf or (x <= 0 and _whole(x)):
        return mp.nan
    return mp.inf if math.isinf(x) else mp.digamma(mp.mpf(x))


def _bessel_i1e(x: float) -> Real:
    mp = _mp()
    a = mp.mpf(abs(x))
    if math.isinf(x):
        return mp.sign(x) * mp.mpf(0)
    if a < 1000:
        return mp.sign(x) * mp.exp(-a) * mp.besseli(1, a)
    total, term = mp.mpf(0), mp.mpf(1)  # Abramowitz and Stegun, 9.7.1
    for k in range(1, 60):
        total += term
        term *= -(4 - (2 * k - 1) ** 2) / (8 * k * a)
    return mp.sign(x) * total / mp.sqrt(2 * mp.pi * a)


def _zeta(x: float, q: float) -> Real:
    mp = _mp()
    if x <= 1:
        return mp.inf if x == 1 else mp.nan
    if q <= 0:
        if _whole(q) and _whole(x) and x % 2 == 0:
            return mp.inf
        if _whole(q) or not _whole(x) or q < -1000:
            return mp.nan
    if math.isinf(q):
        return mp.mpf(0)
    if math.isinf(x):
        return mp.mpf(1) if q == 1 else (mp.mpf(0) if q > 1 else mp.inf)
    with mp.extraprec(max(0, math.frexp(q)[1])):  # q + 1 is another number
        return _euler_maclaurin(mp.mpf(x), mp.mpf(q))


def _euler_maclaurin(x: Real, q: Real) -> Real:
    """The sum of ``(q + n)**-x``: some terms, then Abramowitz and Stegun, 23.1.30."""
    mp = _mp()
    odd = x % 2 == 1

    def power_of(q: Real) -> Real:
        """``q**-x``; mpmath's own squares and multiplies for ever where x is a huge integer."""
        logarithm = x * mp.log(abs(q))
        with mp.extraprec(max(0, int(mp.mag(logarithm))) if logarithm else 0):
            size = mp.exp(-x * mp.log(abs(q)))
        return -size if q < 0 and odd else size

    total, goal = mp.mpf(0), max(2 * x, mp.mpf(40))
    while q < goal:
        term = power_of(q)
        total += term
        q += 1
        if q > 1 and term * q < abs(total) * mp.mpf(2) ** -PRECISION and x > 2:
            return total
    power = power_of(q)
    rest, factor = power * (q / (x - 1) + mp.mpf(0.5)), power * x / q
    for k in range(1, 31):
        rest += mp.bernoulli(2 * k) / mp.factorial(2 * k) * factor
        factor *= (x + 2 * k - 1) * (x + 2 * k) / (q * q)
    return total + rest


def _polygamma(n: float, x: float) -> Real:
    mp = _mp()
    if n < 0 or not _whole(n):
        return mp.nan
    if n == 0:
        return _digamma(x)
    if n > ORDER:
        return mp.nan
    return (-1) ** (int(n) + 1) * mp.factorial(int(n)) * _zeta(n + 1, x)


FUNCTIONS: dict[str, Callable[..., Real]] = {
    "chlo.acos": _unit_interval("acos"),
    "chlo.acosh": _acosh,
    "chlo.asin": _unit_interval("asin"),
    "chlo.asinh": _asinh,
    "chlo.atan": _atan,
    "chlo.atanh": _atanh,
    "chlo.bessel_i1e": _bessel_i1e,
    "chlo.cosh": _cosh,
    "chlo.digamma": _digamma,
    "chlo.erf": _erf,
    "chlo.erf_inv": _erf_inv,
    "chlo.erfc": _erfc,
    "chlo.lgamma": _lgamma,
    "chlo.polygamma": _polygamma,
    "chlo.sinh": _sinh,
    "chlo.zeta": _zeta,
}
ODD = frozenset(
    f"chlo.{f}" for f in ("asin", "asinh", "atan", "atanh", "bessel_i1e", "erf", "erf_inv", "sinh")
)


@lru_cache(1 << 16)
def value(op: str, *args: float) -> Real:
    """The function at exact arguments, as an mpf; its zeros have no sign, see :func:`signed`."""
    mp = _mp()
    with mp.workprec(PRECISION):
        if any(math.isnan(x) for x in args):
            return mp.nan
        return FUNCTIONS[op](*args)


def signed(op: str, x: float, got: float) -> float:
    """``got``, where it is a zero of an odd function with the sign of the argument."""
    return math.copysign(got, x) if got == 0 and op in ODD else got


def rounded(x: Real, dtype: DType, smallest: int, largest: float) -> float:
    """``x`` rounded once, to nearest even, in the format with the least exponent ``smallest``."""
    mp = _mp()
    if mp.isnan(x) or mp.isinf(x) or x == 0:
        return float(x)
    with mp.workprec(2 * PRECISION):
        exponent = max(int(mp.frexp(x)[1]) - dtype.precision, smallest)
        whole = int(mp.nint(mp.ldexp(x, -exponent)))
    if whole.bit_length() + exponent > 1024:
        return math.copysign(math.inf, whole)
    found = math.ldexp(whole, exponent)
    return found if abs(found) <= largest else math.copysign(math.inf, found)


def pair(x: Real) -> tuple[float, float]:
    """``x`` as the unevaluated sum of two floats."""
    mp = _mp()
    with mp.workprec(PRECISION):
        high = float(x)
        if not math.isfinite(high):
            return high, 0.0
        return high, float(x - mp.mpf(high))
