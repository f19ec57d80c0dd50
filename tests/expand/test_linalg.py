"""cholesky and triangular_solve: exact where all numbers are small integers, in all forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import FLOATS, from_numpy
from compiler.executable import compile_module
from compiler.ir import TensorType, module
from verify.bounds import enclose
from verify.ref import evaluate

FORMS = list(
    itertools.product(
        (True, False),
        (True, False),
        (True, False),
        ("NO_TRANSPOSE", "TRANSPOSE", "ADJOINT"),
    )
)


def program(op, arrays, **attrs):
    b = Builder([TensorType(x.shape, from_numpy(x.dtype)) for x in arrays])
    return module(b.graph([b.emit(op, list(range(len(arrays))), **attrs)]))


def both(op, arrays, **attrs):
    """What reference and machine code give."""
    m = program(op, arrays, **attrs)
    return evaluate(m, arrays)[0], compile_module(m)(*arrays)[0]


def triangles(rng, *shape):
    """Lower triangles of small integers, 1 or 2 in the diagonal."""
    x = np.tril(rng.integers(-2, 3, shape), -1)
    return x + np.eye(shape[-1], dtype=int) * rng.integers(1, 3, shape)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (3, 5, 5), (2, 1, 3, 3), (0, 0), (0, 2, 2)])
def test_cholesky_of_integers(dtype, lower, shape):
    half = triangles(np.random.default_rng(1), *shape)
    a = half @ half.swapaxes(-1, -2)
    want = half if lower else half.swapaxes(-1, -2)
    # The other triangle is not read.
    noise = np.triu(np.full(shape, 99), 1) if lower else np.tril(np.full(shape, 99), -1)
    for got in both("cholesky", [(a + noise).astype(dtype.numpy)], lower=lower):
        np.testing.assert_array_equal(got.astype(np.float64), want)


def test_a_matrix_that_is_not_positive_definite_gives_nan():
    a = np.array([[1, 2], [2, 1]], np.float32)
    for got in both("cholesky", [a], lower=True):
        assert np.isnan(got[1, 1])
    (enclosure,) = enclose(program("cholesky", [a], lower=True), [a])
    assert np.isinf(enclosure.error[1, 1]), "undecided"


@pytest.mark.parametrize(("left", "lower", "unit", "transpose"), FORMS)
@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_triangular_solve_of_integers(left, lower, unit, transpose, batch):
    rng = np.random.default_rng(2)
    a = triangles(rng, *batch, 4, 4)
    a = a if lower else a.swapaxes(-1, -2)
    if unit:
        a = a - np.eye(4) * a + np.eye(4)
    x = rng.integers(-3, 4, (*batch, 4, 2) if left else (*batch, 2, 4))
    op = a if transpose == "NO_TRANSPOSE" else a.swapaxes(-1, -2)
    b = op @ x if left else x @ op
    # Neither the other triangle nor a unit diagonal is read.
    noise = np.triu(np.full((4, 4), np.nan), 1) if lower else np.tril(np.full((4, 4), np.nan), -1)
    noise = noise + (np.eye(4) * 77 if unit else 0)
    arrays = [(a + noise).astype(np.float32), b.astype(np.float32)]
    attrs = {
        "left_side": left,
        "lower": lower,
        "unit_diagonal": unit,
        "transpose_a": transpose,
    }
    for got in both("triangular_solve", arrays, **attrs):
        np.testing.assert_array_equal(got, x)


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_solve(n, m):
    attrs = {"left_side": True, "lower": True, "unit_diagonal": False}
    arrays = [np.ones((n, n), np.float32), np.ones((n, m), np.float32)]
    for got in both("triangular_solve", arrays, transpose_a="NO_TRANSPOSE", **attrs):
        assert got.shape == (n, m)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bounds_hold_other_ways_to_solve(dtype):
    """By an inverted matrix, and with sums in another order."""
    rng = np.random.default_rng(3)
    attrs = {"left_side": True, "lower": True, "unit_diagonal": False}
    for _ in range(30):
        a = (np.tril(rng.standard_normal((5, 5))) + 2 * np.eye(5)).astype(dtype)
        b = rng.standard_normal((5, 3)).astype(dtype)
        m = program("triangular_solve", [a, b], transpose_a="NO_TRANSPOSE", **attrs)
        (found,) = enclose(m, [a, b])
        inverse = np.linalg.inv(a.astype(np.float64)).astype(dtype)
        x = np.zeros_like(b)
        for i in range(5):
            rest = b[i]
            for j in reversed(range(i)):
                rest = rest - a[i, j] * x[j]
            x[i] = rest * (dtype(1) / a[i, i])
        for got in (x, inverse @ b, compile_module(m)(a, b)[0]):
            assert (np.abs(got.astype(found.value.dtype) - found.value) <= found.error).all()
        assert (found.error < 1e3 * np.finfo(dtype).eps * (1 + np.abs(found.value).max())).all()
