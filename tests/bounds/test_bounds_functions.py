"""Images of intervals against mpmath: what lies inside the operand's error stays inside."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from compiler.build import Builder
from compiler.contract import EXACT
from compiler.dtypes import F32, F64, DType
from compiler.ir import Array, Node, TensorType
from verify.bounds import BOUNDS, Context
from verify.bounds.value import Value

TRUE = {
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "cosine": mpmath.cos,
    "exponential": mpmath.exp,
    "exponential_minus_one": mpmath.expm1,
    "log": lambda x: mpmath.log(x) if x > 0 else None,
    "log_plus_one": lambda x: mpmath.log1p(x) if x > -1 else None,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x) if x > 0 else None,
    "sine": mpmath.sin,
    "sqrt": lambda x: mpmath.sqrt(x) if x >= 0 else None,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
}


def context(d: DType) -> Context:
    return Context(None, EXACT, np.longdouble if d is F64 else np.float64)


def node(op: str, d: DType, count: int) -> Node:
    b = Builder([TensorType((1,), d)] * count)
    b.emit(op, list(range(count)))
    return b.nodes[0]


def bound(op: str, d: DType, *operands: tuple[float, float]) -> tuple[mpmath.mpf, mpmath.mpf]:
    """Center and error of one element, as exact mpmath numbers."""
    ctx = context(d)
    with np.errstate(all="ignore"):
        values = [
            Value(d, None, np.array([v], ctx.carrier), np.array([e], ctx.carrier))
            for v, e in operands
        ]
        out = BOUNDS[op](ctx, node(op, d, len(operands)), values)
    assert isinstance(out, Value)
    error = np.zeros(1) if out.error is None else out.error
    return number(ctx.center(out)), number(error)


def number(x: Array) -> mpmath.mpf:
    high = np.float64(x[0])
    return mpmath.mpf(float(high)) + mpmath.mpf(float(x[0] - high) if np.isfinite(high) else 0.0)


def points(rng: np.random.Generator) -> list[tuple[float, float]]:
    centers = np.concatenate([rng.normal(0, 3, 12), np.exp(rng.normal(0, 4, 12)), [0.5, 1.0, -1.0]])
    return [(float(np.float32(v)), float(abs(v) * 10.0 ** rng.uniform(-7, 0))) for v in centers]


@pytest.mark.parametrize("d", [F32, F64], ids=str)
@pytest.mark.parametrize("op", TRUE)
def test_unary_images(op: str, d: DType) -> None:
    rng = np.random.default_rng(11)
    decided = 0
    with mpmath.workprec(300):
        for v, e in points(rng):
            center, error = bound(op, d, (v, e))
            for t in (-1.0, -0.5, 0.0, 0.3, 1.0):
                true = TRUE[op](mpmath.mpf(v) + mpmath.mpf(e) * t)
                if true is None:
                    assert error == mpmath.inf or mpmath.isnan(center), (v, e, t)
                else:
                    assert error == mpmath.inf or abs(true - center) <= error, (v, e, t)
            decided += error != mpmath.inf
    assert decided >= 10


BINARY = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y if y else None,
    "power": lambda x, y: mpmath.power(x, y) if x > 0 else None,
    "atan2": mpmath.atan2,
    "maximum": max,
    "minimum": min,
    "remainder": lambda x, y: mpmath.sign(x) * mpmath.fmod(abs(x), abs(y)) if y else None,
}


@pytest.mark.parametrize("d", [F32, F64], ids=str)
@pytest.mark.parametrize("op", BINARY)
def test_binary_images(op: str, d: DType) -> None:
    rng = np.random.default_rng(12)
    decided = 0
    with mpmath.workprec(300):
        for (v, e), (w, f) in zip(points(rng), reversed(points(rng)), strict=True):
            center, error = bound(op, d, (v, e), (w, f))
            for s, t in ((-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0.5), (0.2, -0.7)):
                x, y = mpmath.mpf(v) + mpmath.mpf(e) * s, mpmath.mpf(w) + mpmath.mpf(f) * t
                true = BINARY[op](x, y)
                if true is None:
                    assert error == mpmath.inf or mpmath.isnan(center)
                    break
                assert error == mpmath.inf or abs(true - center) <= error, (v, e, w, f, s, t)
            decided += error != mpmath.inf
    assert decided >= 8


def test_bounds_are_tight() -> None:
    """A relative error of 1e-6 gives one of about that size, not of another order."""
    for op in ("exponential", "logistic", "sqrt", "log_plus_one", "tanh", "sine"):
        center, error = bound(op, F32, (0.75, 0.75e-6))
        assert error <= 2.5e-6 * abs(center), op
    for op in ("add", "multiply", "divide"):
        center, error = bound(op, F32, (0.75, 0.75e-6), (1.25, 1.25e-6))
        assert error <= 2.2e-6 * abs(center), op
