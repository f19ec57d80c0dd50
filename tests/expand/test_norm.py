"""Batch normalisation: gradients by differences, bounds by other formulas."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from compiler.build import Builder
from compiler.contract import allow
from compiler.dtypes import from_numpy
from compiler.executable import compile_module
from compiler.ir import TensorType, module
from verify.bounds import enclose
from verify.ref import evaluate

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
EPSILON = 1e-3


def program(op, arrays, axis):
    b = Builder([TensorType(x.shape, from_numpy(x.dtype)) for x in arrays])
    operands = list(range(len(arrays)))
    first = b.emit(op, operands, epsilon=EPSILON, feature_index=axis)
    return module(b.graph(list(range(first, len(b.types)))))


def reference(op, arrays, axis):
    return evaluate(program(op, arrays, axis), arrays)


def drawn(seed, shape, axis, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    return x, *(rng.standard_normal(shape[axis]).astype(dtype) for _ in range(2)), rng


@pytest.mark.parametrize(("shape", "axis"), [((4, 3), 1), ((2, 3, 4, 2), 1), ((5,), 0)])
def test_training_is_inference_with_the_moments_of_the_batch(shape, axis):
    x, scale, offset, _ = drawn(1, shape, axis)
    others = tuple(d for d in range(len(shape)) if d != axis)
    y, mean, variance = reference("batch_norm_training", [x, scale, offset], axis)
    np.testing.assert_allclose(mean, x.mean(axis=others), rtol=1e-14)
    np.testing.assert_allclose(variance, x.var(axis=others), rtol=1e-13, atol=1e-30)
    (same,) = reference("batch_norm_inference", [x, scale, offset, mean, variance], axis)
    np.testing.assert_allclose(y, same, rtol=1e-9)


@pytest.mark.parametrize(("shape", "axis"), [((4, 3), 1), ((3, 2, 4), 0)])
def test_gradients_are_limits_of_differences(shape, axis):
    x, scale, offset, rng = drawn(2, shape, axis)
    out = rng.standard_normal(shape)
    _, mean, variance = reference("batch_norm_training", [x, scale, offset], axis)
    made = reference("batch_norm_grad", [x, scale, mean, variance, out], axis)

    def loss(*arrays):
        return float((reference("batch_norm_training", list(arrays), axis)[0] * out).sum())

    h = 1e-6
    for k, gradient in enumerate(made):
        for index in np.ndindex(gradient.shape):
            up, down = ([a.copy() for a in (x, scale, offset)] for _ in range(2))
            up[k][index] += h
            down[k][index] -= h
            slope = (loss(*up) - loss(*down)) / (2 * h)
            assert slope == pytest.approx(gradient[index], rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shift", [0.0, 8.0])
def test_bounds_hold_machine_code_and_the_formulas_step_by_step(dtype, shift):
    """Machine code computes 16-bit floats in f32; a step by step evaluation rounds each time."""
    x, scale, offset, _ = drawn(3, (6, 5), 1, dtype)
    x = (x + dtype(shift)).astype(dtype)
    m = program("batch_norm_training", [x, scale, offset], 1)
    found = enclose(m, [x, scale, offset])
    mean = x.sum(axis=0) / dtype(6)
    variance = ((x - mean) * (x - mean)).sum(axis=0) / dtype(6)
    y = scale * ((x - mean) / np.sqrt(variance + dtype(EPSILON))) + offset
    for made in (compile_module(m)(x, scale, offset), (y, mean, variance)):
        for got, e in zip(made, found, strict=True):
            assert got.dtype == dtype
            distance = np.abs(got.astype(np.float32).astype(e.value.dtype) - e.value)
            if dtype is np.float64:
                distance = np.abs(got.astype(e.value.dtype) - e.value)
            assert (distance <= e.error).all()
    if dtype is not ml_dtypes.bfloat16 or not shift:  # there the variance may come out as 0
        assert all(np.isfinite(e.error).all() for e in found)


def test_reassoc_allows_to_multiply_out():
    """E[x * x] - E[x] * E[x] loses what the mean and the deviations differ in size."""
    x, scale, offset, _ = drawn(4, (64, 3), 1, np.float32)
    x = x + np.float32(1000)
    arrays = [x, scale, offset]
    m = program("batch_norm_training", arrays, 1)
    variance = (x * x).sum(axis=0) / np.float32(64) - (x.sum(axis=0) / np.float32(64)) ** 2
    exact, loose = (enclose(m, arrays, c)[2] for c in (allow(), allow("reassoc")))
    assert (np.abs(variance - exact.value) > exact.error).any()
    assert (np.abs(variance - loose.value) <= loose.error).all()
