"""How the coefficients of the special functions were made: rational interpolation in 70 digits.

``P / Q`` with ``Q(0) = 1`` meets the function at the Chebyshev nodes of the interval, which is
within a small factor of the best approximation. Run as a script it prints the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

Real = Any
DIGITS = 70
TINY = mp.mpf(10) ** -40


def nodes(a: Real, b: Real, count: int) -> list[Real]:
    """The Chebyshev nodes of [a, b]."""
    angles = (mp.pi * (2 * k + 1) / (2 * count) for k in range(count))
    return [(a + b) / 2 + (b - a) / 2 * mp.cos(t) for t in angles]


def fit(f: Callable[[Real], Real], a: Real, b: Real, m: int, n: int) -> tuple[list[Real], ...]:
    """P of degree m and Q of degree n."""
    size = m + n + 1
    rows, right = mp.matrix(size), mp.matrix(size, 1)
    for i, x in enumerate(nodes(a, b, size)):
        y = f(x)
        for j in range(m + 1):
            rows[i, j] = x**j
        for j in range(1, n + 1):
            rows[i, m + j] = -y * x**j
        right[i] = y
    found = mp.lu_solve(rows, right)
    return list(found[: m + 1]), [mp.mpf(1), *found[m + 1 :]]


def lgamma_ratio(y: Real) -> Real:
    """lgamma(1 + y) / (y (y - 1))."""
    if abs(y) < TINY:
        return +mp.euler
    return 1 - mp.euler if abs(y - 1) < TINY else mp.loggamma(1 + y) / (y * (y - 1))


def stirling(z: Real) -> Real:
    """What lgamma(x) has beyond its leading terms, times x; z = 1 / x**2."""
    x = 1 / mp.sqrt(z)
    return (mp.loggamma(x) - (x - 0.5) * (mp.log(x) - 1) - (mp.log(2 * mp.pi) - 1) / 2) * x


def digamma_root() -> Real:
    """The positive zero of digamma, less 1."""
    return mp.findroot(mp.digamma, 1.4616321) - 1


def digamma_ratio(y: Real) -> Real:
    """digamma(1 + y) / (y - root)."""
    root = digamma_root()
    return mp.psi(1, 1 + root) if abs(y - root) < TINY else mp.digamma(1 + y) / (y - root)


def digamma_rest(z: Real) -> Real:
    """What digamma(x) has beyond log(x) - 1 / (2 x), times -x**2; z = 1 / x**2."""
    x = 1 / mp.sqrt(z)
    return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x


def sine_of_turns(u: Real) -> Real:
    """sin(pi r) / r; u = r**2."""
    r = mp.sqrt(u)
    return +mp.pi if r < TINY else mp.sin(mp.pi * r) / r


def cotangent_of_turns(u: Real) -> Real:
    """pi r / tan(pi r); u = r**2."""
    r = mp.sqrt(u)
    return mp.mpf(1) if r < TINY else mp.pi * r / mp.tan(mp.pi * r)


def erf_ratio(u: Real) -> Real:
    """erf(x) / x - 1; u = x**2."""
    x = mp.sqrt(u)
    return 2 / mp.sqrt(mp.pi) - 1 if x < TINY else mp.erf(x) / x - 1


def erfcx(x: Real) -> Real:
    """exp(x**2) erfc(x)."""
    return mp.exp(x * x) * mp.erfc(x)


def erfcx_far(z: Real) -> Real:
    """x exp(x**2) erfc(x); z = 1 / x**2."""
    if z < TINY:
        return 1 / mp.sqrt(mp.pi)
    x = 1 / mp.sqrt(z)
    return x * erfcx(x)


def erfc_inverse(q: Real) -> Real:
    """The y with erfc(y) = q, for 0 < q <= 1, by Newton's method."""
    y = mp.sqrt(-mp.log(q * mp.sqrt(-mp.pi * mp.log(q)))) if q < 0.1 else mp.mpf(0)
    step = mp.mpf(1)
    while abs(step) > mp.mpf(10) ** (8 - DIGITS) * abs(y):
        step = (mp.erfc(y) - q) * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        y += step
    return y


def erf_inv_ratio(u: Real) -> Real:
    """erf_inv(x) / x; u = x**2."""
    x = mp.sqrt(u)
    return mp.sqrt(mp.pi) / 2 if x < TINY else erfc_inverse(1 - x) / x


def erf_inv_far(s: Real) -> Real:
    """erf_inv(x); s = sqrt(-log(1 - x))."""
    return erfc_inverse(mp.exp(-s * s))


def i1e_ratio(x: Real) -> Real:
    """exp(-x) I1(x) / x."""
    return mp.mpf(0.5) if x < TINY else mp.exp(-x) * mp.besseli(1, x) / x


def i1e_far(z: Real) -> Real:
    """sqrt(x) exp(-x) I1(x); z = 1 / x."""
    x = 1 / z
    return mp.sqrt(x) * mp.exp(-x) * mp.besseli(1, x)


# Name of the table in compiler.nest: function, interval, degrees of P and Q.
FITS: dict[str, tuple[Callable[[Real], Real], str, str, int, int]] = {
    "math_gamma.LGAMMA_NEAR": (lgamma_ratio, "-0.2", "1.5", 8, 8),
    "math_gamma.LGAMMA_MID": (lgamma_ratio, "1.5", "7", 8, 8),
    "math_gamma.STIRLING": (stirling, "1e-8", "1/64", 5, 0),
    "math_gamma.DIGAMMA": (digamma_ratio, "0", "7", 10, 10),
    "math_gamma.DIGAMMA_FAR": (digamma_rest, "1e-8", "1/64", 5, 0),
    "math_gamma.SINE": (sine_of_turns, "0", "1/4", 8, 0),
    "math_gamma.COTANGENT": (cotangent_of_turns, "0", "1/4", 4, 4),
    "math_erf.ERF": (erf_ratio, "0", "16/25", 5, 5),
    "math_erf.ERFC_MID": (erfcx, "4/5", "4", 8, 8),
    "math_erf.ERFC_FAR": (erfcx_far, "0", "1/16", 6, 6),
    "math_erf.INVERSE_NEAR": (erf_inv_ratio, "0", "1/4", 5, 5),
    "math_erf.INVERSE_MID": (erf_inv_far, "0.83", "2.5", 9, 8),
    "math_erf.INVERSE_FAR": (erf_inv_far, "2.5", "6.07", 8, 7),
    "math_bessel.I1E_NEAR": (i1e_ratio, "0", "12", 14, 14),
    "math_bessel.I1E_FAR": (i1e_far, "1/4000", "1/12", 18, 0),
}


def value(coefficients: list[Real], x: Real) -> Real:
    """A polynomial at x."""
    return sum(c * x**k for k, c in enumerate(coefficients))


def number(text: str) -> Real:
    """A decimal number or a fraction."""
    top, _, bottom = text.partition("/")
    return mp.mpf(top) / mp.mpf(bottom or 1)


def table(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The coefficients of P and Q as they stand in the compiler."""
    f, low, high, m, n = FITS[name]
    with mp.workdps(DIGITS):
        top, bottom = fit(f, number(low), number(high), m, n)
        return tuple(map(float, top)), tuple(map(float, bottom))


def error(name: str, points: int = 101) -> float:
    """Binary logarithm of the greatest relative error of a table before rounding to f64."""
    f, low, high, m, n = FITS[name]
    with mp.workdps(DIGITS):
        a, b = number(low), number(high)
        top, bottom = fit(f, a, b, m, n)
        worst = mp.mpf(0)
        for x in nodes(a, b, points):
            y = f(x)
            got = value(top, x) / value(bottom, x)
            worst = max(worst, abs(got / y - 1))
        return float(mp.log(worst, 2))


def main() -> None:
    """Print the tables."""
    for name in FITS:
        print(f"# {name}: {FITS[name][0].__doc__} relative error 2**{error(name):.1f}")
        for part, row in zip(("P", "Q"), table(name), strict=True):
            print(f"{name.split('.')[1]}_{part} = (", *map("    {!r},".format, row), ")", sep="\n")


if __name__ == "__main__":
    main()
