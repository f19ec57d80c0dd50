"""Machine code of every f32 function on all 2**32 arguments; minutes each (make test-slow)."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import F32
from compiler.executable import Executable
from compiler.ir import TensorType, module

CHUNK = 1 << 17

# Op of StableHLO: reference in f64, greatest error in ulps (what was measured, rounded up).
FUNCTIONS = {
    "cbrt": (np.cbrt, 0.52),
    "cosine": (np.cos, 0.505),
    "exponential": (np.exp, 0.55),
    "exponential_minus_one": (np.expm1, 0.51),
    "log": (np.log, 0.52),
    "log_plus_one": (np.log1p, 0.52),
    "logistic": (lambda x: 1 / (1 + np.exp(-x)), 0.55),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.501),
    "sine": (np.sin, 0.505),
    "tan": (np.tan, 0.505),
    "tanh": (np.tanh, 0.51),
}


def errors(got, want):
    """Errors in ulps of f32; 0 for equal special values, infinite for unequal ones."""
    near = want.astype(np.float32)
    same = (got == near) & (np.signbit(got) == np.signbit(near)) | (np.isnan(got) & np.isnan(near))
    _, e = np.frexp(want)
    ulp = np.ldexp(1.0, np.maximum(e - 24, -149))
    error = np.abs(got.astype(np.float64) - want) / ulp
    usual = np.isfinite(got) & np.isfinite(near) & (near != 0)
    return np.where(same & ~usual, 0, np.where(usual, error, np.inf))


@pytest.mark.slow
@pytest.mark.parametrize("op", FUNCTIONS)
def test_every_argument(op):
    reference, limit = FUNCTIONS[op]
    t = TensorType((CHUNK,), F32)
    b = Builder([t])
    run = Executable(module(b.graph([b.emit(op, [0], types=[t])])))
    worst, where = 0.0, 0.0
    for start in range(0, 1 << 32, CHUNK):
        x = np.arange(start, start + CHUNK, dtype=np.uint64).astype(np.uint32).view(np.float32)
        with np.errstate(all="ignore"):
            error = errors(run(x)[0], reference(x.astype(np.float64)))
        k = int(np.argmax(error))
        if error[k] > worst:
            worst, where = float(error[k]), float(x[k])
    assert worst <= limit, f"{op}: {worst} ulp at {where.hex()}"
