"""fma against the C library's, bit for bit, and against rational arithmetic at the bottom."""

from __future__ import annotations

import ctypes
import ctypes.util
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from compiler.nest.fma import fma

_LIBM = ctypes.CDLL(ctypes.util.find_library("m"))


def _libm(name: str, kind: Any, *columns: NDArray[Any]) -> NDArray[Any]:
    function = getattr(_LIBM, name)
    function.restype, function.argtypes = kind, [kind] * 3
    return np.array([function(*row) for row in zip(*(c.tolist() for c in columns), strict=True)])


def _same(got: NDArray[Any], want: NDArray[Any]) -> NDArray[Any]:
    """Equal bits, any NaN equal to any NaN."""
    integer = np.dtype(f"i{got.dtype.itemsize}")
    same: NDArray[Any] = (got.view(integer) == want.view(integer)) | (
        np.isnan(got) & np.isnan(want)
    )
    return same


_KINDS: dict[str, tuple[Any, Any, str, Any]] = {
    "f32": (np.float32, np.uint32, "fmaf", ctypes.c_float),
    "f64": (np.float64, np.uint64, "fma", ctypes.c_double),
}


def _edges(dtype: Any) -> NDArray[Any]:
    """Zeros, extremes, powers of two and their neighbours, infinities, NaN."""
    info = np.finfo(dtype)
    span = np.arange(info.minexp - info.nmant, info.maxexp, 2 if dtype == np.float32 else 17)
    powers = np.ldexp(dtype(1), span.astype(np.int32)).astype(dtype)
    near = [powers, np.nextafter(powers, dtype(0)), np.nextafter(powers, dtype(np.inf))]
    odd = [dtype(v) for v in (0, 1.5, 3, np.pi, info.max, info.tiny, np.inf, np.nan)]
    values = np.concatenate([*near, np.array(odd, dtype)])
    return np.concatenate([values, -values])


def _cases(kind: str, count: int, seed: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Random bit patterns, edge values, and sums that nearly cancel or nearly tie."""
    dtype, bits, _, _ = _KINDS[kind]
    rng = np.random.default_rng(seed)
    words = rng.integers(0, np.iinfo(bits).max, (3, count), bits, endpoint=True).view(dtype)
    edge = rng.choice(_edges(dtype), (3, count))
    a, b, c = (np.where(rng.random(count) < 0.5, words[k], edge[k]) for k in range(3))
    with np.errstate(all="ignore"):
        product = (a * b).astype(dtype)
        ulps = rng.integers(-2, 3, count)
        integer = np.dtype(f"i{product.dtype.itemsize}")
        close = (product.view(integer) + ulps).astype(integer).view(dtype)
        pick = rng.integers(0, 4, count)
        c = np.select([pick == 0, pick == 1], [-close, close * dtype(0.5)], c).astype(dtype)
        # A product near the bottom of the range.
        small = (dtype(np.finfo(dtype).tiny) / a * dtype(rng.random())).astype(dtype)
    return a, np.where(pick == 2, small, b).astype(dtype), c


@pytest.mark.parametrize("kind", _KINDS)
def test_equals_libm(kind: str) -> None:
    """Half a million operand triples of all sorts."""
    _, _, name, ctype = _KINDS[kind]
    a, b, c = _cases(kind, 500_000, seed=1)
    want = _libm(name, ctype, a, b, c).astype(a.dtype)
    bad = ~_same(fma(a, b, c), want)
    assert not bad.any(), [[float(x[bad][0]).hex() for x in (a, b, c)], int(bad.sum())]


@pytest.mark.parametrize("kind", _KINDS)
def test_all_pairs_of_edges(kind: str) -> None:
    """Every pair of edge values with three addends."""
    dtype, _, name, ctype = _KINDS[kind]
    values = _edges(dtype)[:: 3 if kind == "f32" else 5]
    a, b = (x.ravel() for x in np.meshgrid(values, values))
    for shift in (1, 7):
        c = np.roll(a, shift) * dtype(-1)
        want = _libm(name, ctype, a, b, c).astype(dtype)
        assert _same(fma(a, b, c), want).all()


def test_subnormal_results_are_rounded_once() -> None:
    """Against rationals: results around the smallest subnormal, no C library asked."""
    rng = np.random.default_rng(2)
    a = np.ldexp(rng.random(3000) + 0.5, rng.integers(-600, -480, 3000).astype(np.int32))
    b = np.ldexp(rng.random(3000) + 0.5, rng.integers(-590, -540, 3000).astype(np.int32))
    c = rng.integers(-8, 9, 3000).astype(np.int64) * 5e-324
    for x, y, z, got in zip(a.tolist(), b.tolist(), c.tolist(), fma(a, b, c).tolist(), strict=True):
        steps = (Fraction(x) * Fraction(y) + Fraction(z)) * 2**1074
        assert Fraction(got) * 2**1074 == round(steps), (x.hex(), y.hex(), z)


def test_broadcasts_and_checks_types() -> None:
    """Shapes broadcast as in NumPy; mixed or other dtypes are refused."""
    got = fma(np.ones((3, 1), np.float32), np.full(4, 2, np.float32), np.float32(0.5))
    assert got.shape == (3, 4)
    assert got.dtype == np.float32
    assert (got == 2.5).all()
    with pytest.raises(TypeError, match="float32, float64"):
        fma(np.float32(1), 1.0, 1.0)
    with pytest.raises(TypeError, match="float16"):
        fma(np.float16(1), np.float16(1), np.float16(1))


@pytest.mark.slow
@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("seed", range(2, 12))
def test_equals_libm_at_length(kind: str, seed: int) -> None:
    """Ten million more triples a type."""
    _, _, name, ctype = _KINDS[kind]
    a, b, c = _cases(kind, 1_000_000, seed)
    assert _same(fma(a, b, c), _libm(name, ctype, a, b, c).astype(a.dtype)).all()
