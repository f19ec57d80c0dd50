"""Transcendental functions: accuracy against high precision, special values, all of f16."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from compiler.nest.evaluate import evaluate
from compiler.nest.math import MATH

Array = NDArray[Any]
Real = Callable[..., Any]

TYPES: dict[str, Any] = {"f32": np.float32, "f64": np.float64}
# Greatest error allowed, in ulps of the exact result: what was measured, rounded up.
LIMITS = {
    "atan2": (0.51, 1.1),
    "cbrt": (0.52, 0.51),
    "cos": (0.51, 0.8),
    "exp": (0.56, 0.76),
    "expm1": (0.51, 1.15),
    "log": (0.52, 0.9),
    "log1p": (0.52, 0.9),
    "logistic": (0.56, 0.8),
    "pow": (0.52, 1.5),
    "rsqrt": (0.51, 1.5),
    "sin": (0.51, 0.8),
    "tan": (0.51, 1.0),
    "tanh": (0.51, 1.35),
}
CASES = [(name, kind) for name in LIMITS for kind in TYPES]


def _logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


MPMATH: dict[str, Real] = {
    "atan2": mpmath.atan2,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "cos": mpmath.cos,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log1p(x),
    "logistic": _logistic,
    "pow": mpmath.power,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "sin": mpmath.sin,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
}
LONG: dict[str, Real] = {
    "atan2": np.arctan2,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "pow": np.power,
    "rsqrt": lambda x: 1 / np.sqrt(x),
}
# Where the function neither overflows nor is constant nor undefined, by dtype.
DOMAIN: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "exp": ((-104, 89), (-745.2, 709.8)),
    "expm1": ((-20, 89), (-40, 709.8)),
    "logistic": ((-104, 20), (-745.2, 40)),
    "tanh": ((-10, 10), (-20, 20)),
    "log": ((0, 3e38), (0, 1.7e308)),
    "log1p": ((-0.999, 3e38), (-0.999, 1.7e308)),
    "rsqrt": ((0, 3e38), (0, 1.7e308)),
}
POSITIVE = ("log", "rsqrt")


def call(name: str, *args: Array) -> Array:
    """A nest function on arrays, evaluated by the interpreter."""
    kind = "f32" if args[0].dtype == np.float32 else "f64"
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(MATH[f"{name}.{kind}"], (), (), args)[0])


def _spread(name: str, kind: str, count: int, rng: np.random.Generator) -> Array:
    """Arguments over the whole domain: evenly, logarithmically, and near 0 and 1."""
    low, high = DOMAIN.get(name, ((-3e38, 3e38), (-1.7e308, 1.7e308)))[kind == "f64"]
    dtype = TYPES[kind]
    info = np.finfo(dtype)
    exponents = rng.integers(info.minexp - info.nmant, info.maxexp, count)
    logarithmic = np.ldexp(rng.uniform(1, 2, count).astype(dtype), exponents.astype(np.int32))
    signs = rng.choice(np.array([-1, 1], dtype), count)
    near = rng.uniform(-2, 2, count)
    values = [
        rng.uniform(max(low, -100), min(high, 100), count),
        rng.uniform(low / 2, high / 2, count) * 2,
        logarithmic * signs,
        near,
        1 + np.ldexp(near, -rng.integers(1, info.nmant, count)),
        np.ldexp(near, -rng.integers(1, 60, count)),
    ]
    x = np.concatenate(values).astype(dtype)
    x = abs(x) if name in POSITIVE else x
    return x[(x >= low) & (x <= high)]


def _arguments(name: str, kind: str, count: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(sum(map(ord, name + kind)))
    if name not in ("pow", "atan2"):
        return (_spread(name, kind, count, rng),)
    dtype = TYPES[kind]
    x = _spread(name, kind, count, rng)
    y = rng.permutation(x)
    if name == "atan2":
        with np.errstate(over="ignore"):
            near = (x * rng.uniform(0.2, 4, x.size)).astype(dtype)
        return np.concatenate([x, x]), np.concatenate([y, near])
    # Exponents for which the result is within range.
    x = np.abs(x[x != 0])
    info = np.finfo(dtype)
    goal = rng.uniform(info.minexp - info.nmant, info.maxexp, x.size)
    with np.errstate(all="ignore"):
        y = (goal / np.log2(x.astype(np.float64))).astype(dtype)
    whole = np.rint(rng.uniform(-20, 20, x.size)).astype(dtype)
    base = rng.uniform(-8, 8, x.size).astype(dtype)
    return np.concatenate([x, base]), np.concatenate([y, whole])


def _ulps(got: Array, want: Array, error: Array) -> Array:
    """Errors in units of the last place of what is wanted; a due overflow counts as right."""
    info = np.finfo(got.dtype)
    _, e = np.frexp(want)
    ulp = np.ldexp(np.ones_like(error), np.maximum(e - info.nmant - 1, info.minexp - info.nmant))
    ok = np.isinf(got) & (np.abs(want) > info.max) & (np.sign(got) == np.sign(want))
    return np.where(ok, 0.0, np.abs(error) / ulp)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_accuracy_in_extended_precision(name: str, kind: str) -> None:
    long = np.longdouble
    if np.finfo(long).nmant < 63:
        pytest.skip("long double is no wider than double here")
    args = _arguments(name, kind, 4000)
    got = call(name, *args)
    with np.errstate(all="ignore"):
        want = LONG.get(name, getattr(np, name, None))(*(a.astype(long) for a in args))
        error = _ulps(got, want, got.astype(long) - want)
    worst = int(np.argmax(error))
    assert error[worst] <= LIMITS[name][kind == "f64"], [float(a[worst]).hex() for a in args]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_accuracy_against_mpmath(name: str, kind: str) -> None:
    args = [a[::7] for a in _arguments(name, kind, 250)]
    for row in zip(*(a.tolist() for a in args), call(name, *args).tolist(), strict=True):
        _check_row(name, kind, row)


def _check_row(name: str, kind: str, row: tuple[float, ...]) -> None:
    *x, got = row
    info = np.finfo(TYPES[kind])
    with mpmath.workprec(1400 if name in ("sin", "cos", "tan") else 200):
        want = MPMATH[name](*(mpmath.mpf(v) for v in x))
        if abs(want) > float(info.max):
            assert math.isinf(got) or abs(want - got) < float(info.eps) * abs(want)
            return
        lowest = info.minexp - info.nmant
        ulp = mpmath.ldexp(1, max(int(mpmath.frexp(want)[1]) - info.nmant - 1, lowest))
        assert abs(got - want) / ulp <= LIMITS[name][kind == "f64"], [v.hex() for v in x]


def test_arguments_closest_to_quarter_turns() -> None:
    """The f64 and f32 numbers next to multiples of pi / 2 (Muller, Elementary Functions, 11.3)."""
    hard = np.array([6381956970095103 * 2.0**797, 6411027962775774 / 2**48, 2.0**1023 * 1.75])
    for name in ("sin", "cos", "tan"):
        for x, got in zip(hard.tolist(), call(name, hard).tolist(), strict=True):
            _check_row(name, "f64", (x, got))
        single = np.array([16367173 * 2.0**72, 2.0**127 * 1.5, 710.0, 355.0], np.float32)
        for x, got in zip(single.tolist(), call(name, single).tolist(), strict=True):
            _check_row(name, "f32", (x, got))


INF, NAN = math.inf, math.nan
SPECIAL = {
    "cbrt": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (-8.0, -2.0), (27.0, 3.0)],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN)],
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (1e30, INF), (-1e30, 0.0)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (-1e30, -1.0), (1e30, INF)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (INF, INF), (-1.0, NAN), (-INF, NAN)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-2.0, NAN), (-INF, NAN)],
    "logistic": [(0.0, 0.5), (INF, 1.0), (-INF, 0.0), (1e30, 1.0), (-1e30, 0.0)],
    "rsqrt": [(0.0, INF), (-0.0, -INF), (4.0, 0.5), (INF, 0.0), (-1.0, NAN), (-INF, NAN)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)],
    "tan": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (30.0, 1.0), (-1e30, -1.0)],
}


def _agree(got: Array, want: Array) -> None:
    """The same values with the same signs of zero."""
    np.testing.assert_array_equal(got, want)
    number = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(want)[number])


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str, kind: str) -> None:
    rows = np.array([*SPECIAL[name], (NAN, NAN), (-NAN, NAN)]).astype(TYPES[kind])
    _agree(call(name, rows[:, 0]), rows[:, 1])


EDGE = (0.0, 0.5, 1.0, 2.0, 3.0, 1e30, INF, NAN)


def _edge_pairs(kind: str) -> list[Array]:
    signed = np.array([*EDGE, *(-v for v in EDGE)], TYPES[kind])
    return [v.ravel() for v in np.meshgrid(signed, signed)]


@pytest.mark.parametrize("kind", TYPES)
def test_pow_special_values_are_those_of_c(kind: str) -> None:
    x, y = _edge_pairs(kind)
    with np.errstate(all="ignore"):
        want = np.array([_c_pow(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
        got = call("pow", x, y)
        exact = np.isin(want, [0.0, 1.0, -1.0, INF, -INF]) | np.isnan(want)
        _agree(got[exact], want.astype(TYPES[kind])[exact])


def _c_pow(x: float, y: float) -> float:
    """C99 F.9.4.4 out of math.pow, which raises where C returns."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INF if x < 0 and math.fmod(y, 2) in (1, -1) else INF
    except ValueError:
        if x != 0:
            return NAN
        return math.copysign(INF, x) if math.fmod(y, 2) in (1, -1) else INF


@pytest.mark.parametrize("kind", TYPES)
def test_atan2_special_values_are_those_of_c(kind: str) -> None:
    y, x = _edge_pairs(kind)
    want = np.array([math.atan2(a, b) for a, b in zip(y.tolist(), x.tolist(), strict=True)])
    got = call("atan2", y, x)
    special = ~(np.isfinite(x) & np.isfinite(y)) | (x == 0) | (y == 0)
    _agree(got[special], want.astype(TYPES[kind])[special])


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ["sin", "tan", "tanh", "cbrt"])
def test_odd_functions_are_odd(name: str, kind: str) -> None:
    (x,) = _arguments(name, kind, 500)
    _agree(call(name, -x), -call(name, x))


@pytest.mark.parametrize("kind", TYPES)
def test_ranges(kind: str) -> None:
    """What saturates never passes its limit; sines stay within 1."""
    x = np.linspace(-30, 30, 20_001).astype(TYPES[kind])
    assert np.abs(call("tanh", x)).max() == 1
    assert call("logistic", x).max() <= 1
    assert call("expm1", x).min() >= -1
    assert max(np.abs(call(f, x)).max() for f in ("sin", "cos")) <= 1


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("name", [n for n in LIMITS if n not in ("pow", "atan2")])
def test_every_16_bit_argument(name: str, dtype: Any) -> None:
    """Through f32 and rounded: the nearest number, or its neighbour where f32 rounded to a tie."""
    x = np.arange(1 << 16, dtype=np.uint16).view(dtype).astype(np.float32)
    with np.errstate(all="ignore"):
        got = call(name, x).astype(dtype)
        want = LONG.get(name, getattr(np, name, None))(x.astype(np.float64)).astype(dtype)
    a, b = (_ordered(v) for v in (got, want))
    number = ~np.isnan(want.astype(np.float32))
    assert (np.isnan(got.astype(np.float32)) == ~number).all()
    assert np.abs(a - b)[number].max() <= 1
    assert (a != b)[number].mean() < 0.0005


def _ordered(x: Array) -> NDArray[np.int64]:
    """Consecutive integers for consecutive 16-bit floats; both zeros are 0."""
    bits = x.view(np.int16).astype(np.int64)
    return np.where(bits < 0, -0x8000 - bits, bits)
