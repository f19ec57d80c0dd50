"""Special functions of the nests against mpmath: accuracy, special values, coefficients."""

from __future__ import annotations

import importlib
import importlib.util
import math
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from compiler.nest.evaluate import evaluate
from compiler.nest.math import MATH
from verify.ref import special

# Greatest error allowed in f64, in ulps: what 10,000 arguments gave, rounded up. f32 is rounded
# from f64.
LIMITS = {
    "acos": 1.5,
    "acosh": 2.0,
    "asin": 1.5,
    "asinh": 1.5,
    "atan": 0.6,
    "atanh": 1.5,
    "bessel_i1e": 6.0,
    "cosh": 2.0,
    "digamma": 4.0,
    "erf": 1.6,
    "erf_inv": 5.0,
    "erfc": 5.0,
    "lgamma": 4.5,
    "sinh": 2.0,
    "zeta": 6.0,
}
# Where the function is defined, and for lgamma and digamma not near a zero below 0.
DOMAIN = {
    "acos": (-1.0, 1.0),
    "acosh": (1.0, 1e300),
    "asin": (-1.0, 1.0),
    "atanh": (-1.0, 1.0),
    "bessel_i1e": (-1e6, 1e6),
    "cosh": (-710.0, 710.0),
    "digamma": (1e-300, 1e10),
    "erf": (-7.0, 7.0),
    "erf_inv": (-1.0, 1.0),
    "erfc": (-7.0, 27.3),
    "lgamma": (1e-300, 1e10),
    "sinh": (-710.0, 710.0),
}
INF, NAN = math.inf, math.nan
SPECIAL: dict[str, list[tuple[float, float]]] = {
    "acos": [(1.0, 0.0), (1.5, NAN), (-INF, NAN)],
    "acosh": [(1.0, 0.0), (0.5, NAN), (-2.0, NAN), (-INF, NAN), (INF, INF)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1.5, NAN), (INF, NAN)],
    "asinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)],
    "atan": [(0.0, 0.0), (-0.0, -0.0)],
    "atanh": [(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN), (INF, NAN)],
    "bessel_i1e": [(0.0, 0.0), (-0.0, -0.0), (INF, 0.0), (-INF, -0.0)],
    "cosh": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (1e30, INF)],
    "digamma": [(0.0, NAN), (-0.0, NAN), (-3.0, NAN), (-INF, NAN), (INF, INF)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (-1e30, -1.0)],
    "erf_inv": [(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (1.5, NAN), (-INF, NAN)],
    "erfc": [(0.0, 1.0), (INF, 0.0), (-INF, 2.0), (1e30, 0.0), (-1e30, 2.0)],
    "lgamma": [
        (0.0, INF),
        (-0.0, INF),
        (1.0, 0.0),
        (2.0, 0.0),
        (-4.0, INF),
        (-INF, INF),
        (INF, INF),
    ],
    "sinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (-1e30, -INF)],
}
SPECIAL_OF_TWO: dict[str, list[tuple[float, float, float]]] = {
    "polygamma": [
        *((0.0, 0.0, NAN), (1.0, 0.0, INF), (2.0, -1.0, NAN), (3.0, -1.0, INF), (1.5, 1.0, NAN)),
        *((-1.0, 1.0, NAN), (2.0, INF, 0.0), (INF, 1.0, NAN), (1.0, NAN, NAN)),
    ],
    "zeta": [
        *((1.0, 2.0, INF), (0.5, 2.0, NAN), (2.0, 0.0, INF), (3.0, -2.0, NAN), (2.5, -0.5, NAN)),
        *((2.0, INF, 0.0), (INF, 1.0, 1.0), (INF, 2.0, 0.0), (NAN, 1.0, NAN), (2.0, NAN, NAN)),
    ],
}


def call(name: str, kind: str, *args: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(MATH[f"{name}.{kind}"], (), (), args)[0])


def ulps(got: float, want: Any, digits: int, lowest: int) -> float:
    """The distance in units of the last place of ``want``."""
    if mpmath.isnan(want) or mpmath.isinf(want) or want == 0:
        return 0.0 if (math.isnan(got) and mpmath.isnan(want)) or got == float(want) else INF
    if math.isinf(got) and abs(want) > (3.4028235e38 if digits == 24 else 1.7976931348623157e308):
        return 0.0
    exponent = max(int(mpmath.frexp(want)[1]) - digits, lowest)
    return float(abs(mpmath.mpf(got) - want) / mpmath.ldexp(1, exponent))


def arguments(name: str, count: int, rng: np.random.Generator) -> Any:
    low, high = DOMAIN.get(name, (-1e300, 1e300))
    small = np.exp2(rng.uniform(-30, 0, count))
    near = np.exp2(-rng.uniform(1, 50, count))
    values = [rng.uniform(low, high, count), rng.uniform(-12, 12, count), small, -small]
    values += [1 + near, 1 - near, near - 1, rng.normal(size=count)]
    values += [np.exp2(rng.uniform(0, math.log2(high), count))]
    x = np.concatenate(values)
    return x[(x > low) & (x < high)]


def rows(name: str, dtype: Any, count: int) -> list[Any]:
    rng = np.random.default_rng(sum(map(ord, name)))
    if name != "zeta":
        with np.errstate(over="ignore"):
            return [arguments(name, count, rng).astype(dtype)]
    x = 1 + np.concatenate([rng.exponential(1, count), rng.exponential(10, count)])
    q = np.concatenate([rng.exponential(1, count), np.exp2(rng.uniform(-8, 12, count))])
    # Beside the pole, and where powers and terms are as far apart as they can be.
    low, high = (-140, 120) if dtype is np.float32 else (-1070, 1020)
    x = np.concatenate([x, 1 + np.exp2(rng.uniform(-50, 5, 2 * count)), rng.integers(2, 40, count)])
    wide = np.exp2(rng.uniform(low, high, 2 * count)), np.exp2(rng.uniform(0, 120, count))
    return [x.astype(dtype), np.concatenate([q, *wide]).astype(dtype)]


def worst(name: str, kind: str, count: int) -> tuple[float, Any]:
    dtype, digits, lowest = {"f32": (np.float32, 24, -149), "f64": (np.float64, 53, -1074)}[kind]
    args = rows(name, dtype, count)
    got = call(name, kind, *args)
    found = (0.0, None)
    for y, *xs in zip(got.tolist(), *(a.tolist() for a in args), strict=True):
        want = special.value(f"chlo.{name}", *xs)
        with mpmath.workprec(200):
            found = max(found, (ulps(y, want, digits, lowest), xs), key=lambda pair: pair[0])
    return found


@pytest.mark.parametrize("name", LIMITS)
def test_accuracy_of_f64(name: str) -> None:
    error, where = worst(name, "f64", 25)
    assert error <= LIMITS[name], where


@pytest.mark.parametrize("name", LIMITS)
def test_f32_is_as_good_as_rounded_correctly(name: str) -> None:
    error, where = worst(name, "f32", 15)
    assert error <= 0.501, where


@pytest.mark.slow
@pytest.mark.parametrize("name", LIMITS)
def test_accuracy_at_many_arguments(name: str) -> None:
    error, where = worst(name, "f64", 1200)
    assert error <= LIMITS[name], where


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_below_zero_the_error_is_that_of_the_terms(name: str) -> None:
    from verify.bounds.chlo import terms

    rng = np.random.default_rng(4)
    x = -np.concatenate([rng.uniform(0, 10, 150), rng.uniform(0, 170, 50)])
    size = terms(f"chlo.{name}", [x])
    assert size is not None
    for v, y, t in zip(x.tolist(), call(name, "f64", x).tolist(), size.tolist(), strict=True):
        want = special.value(f"chlo.{name}", v)
        assert abs(y - want) <= 4 * 2.0**-53 * (t + abs(want)), v


def test_polygamma() -> None:
    rng = np.random.default_rng(5)
    n, x = rng.integers(0, 25, 60).astype(np.float32), rng.exponential(9, 60).astype(np.float32)
    for a, b, y in zip(
        n.tolist(), x.tolist(), call("polygamma", "f32", n, x).tolist(), strict=True
    ):
        want = special.value("chlo.polygamma", a, b)
        assert ulps(y, want, 24, -149) < 0.6 or (abs(want) > 3.5e38 and math.isinf(y))


def test_zeta_of_huge_and_tiny_arguments() -> None:
    """Neither powers nor terms may overflow or lose digits on the way to a plain result."""
    x = np.array([2.0, 1e160, 1e300, 1.0000001, 5.0, 5.0, 1.0 + 2.0**-13])
    q = np.array([1e160, 1e160, 0.5, 1e-320, 1e-300, 2.0**260, 2.0**1023])
    want = [1e-160, 0, INF, INF, INF, 2.0**-1042, 2.0 ** (13 - 1023 / 2**13)]
    np.testing.assert_array_max_ulp(call("zeta", "f64", x, q), np.array(want), 4)


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize("name", [*SPECIAL, *SPECIAL_OF_TWO])
def test_special_values(name: str, kind: str) -> None:
    table = np.array(
        [*SPECIAL[name], (NAN, NAN)] if name in SPECIAL else SPECIAL_OF_TWO[name],
        np.float32 if kind == "f32" else np.float64,
    ).T
    got, want = call(name, kind, *table[:-1]), table[-1]
    np.testing.assert_array_equal(got, want)
    number = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(want)[number])


def _fits() -> Any:
    spec = importlib.util.spec_from_file_location("fits", Path(__file__).with_name("fits.py"))
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.slow
def test_coefficients_are_those_of_the_fits() -> None:
    fits = _fits()
    for name in fits.FITS:
        module, table = name.split(".")
        here = importlib.import_module(f"compiler.nest.{module}")
        top, bottom = fits.table(name)
        assert getattr(here, f"{table}_P") == top, name
        assert getattr(here, f"{table}_Q", (1.0,)) == bottom, name
        assert fits.error(name) < -44, name  # of the cotangent, which has a zero
