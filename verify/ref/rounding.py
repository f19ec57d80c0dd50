"""Between dtypes: working precision, and one correct rounding into each float format."""

from __future__ import annotations

import numpy as np

from compiler.dtypes import BF16, F16, F64, NARROW, DType, from_numpy
from compiler.ir import Array
from verify.ref import narrow

F16_NUMPY, BF16_NUMPY = F16.numpy, BF16.numpy
SMALL_FLOATS = (F16_NUMPY, BF16_NUMPY)
SMALL = frozenset((*SMALL_FLOATS, *(d.numpy for d in NARROW)))


def up(x: Array) -> Array:
    """``x`` in the type in which it is computed: floats of less than 32 bits as float32, integers
    of less than 8 as 8 bits; everything else as it is. Exact.
    """
    if x.dtype not in SMALL:
        return x
    dtype = from_numpy(x.dtype)
    return narrow.widen(x, dtype) if dtype.narrow else x.astype(np.float32)


def down(x: Array, dtype: DType) -> Array:
    """What was computed on :func:`up` values, rounded or wrapped to ``dtype``."""
    if not dtype.narrow:
        return x if x.dtype == dtype.numpy else x.astype(dtype.numpy)
    return narrow.round_float(x, dtype) if dtype.is_float else narrow.wrap(x, dtype)


def wider(dtype: DType) -> np.dtype[np.floating]:
    """A dtype of clearly higher precision: float64, or longdouble for f64."""
    return np.dtype(np.longdouble) if dtype is F64 else np.dtype(np.float64)


def round_to(x: Array, dtype: DType) -> Array:
    """``x`` (float32, float64, or for f64 longdouble) rounded once to nearest even in ``dtype``.

    NumPy rounds float64 to float16 once, but ml_dtypes goes from float64 to bfloat16 through
    float32, which rounds twice; so the intermediate is rounded to odd (Boldo and Melquiond,
    *Emulation of FMA and correctly rounded sums*, 2008).
    """
    x = np.asarray(x)
    if dtype.narrow:
        return narrow.round_float(x, dtype)
    if dtype is BF16 and x.dtype.itemsize > 4:
        x = to_odd_f32(x)
    return x.astype(dtype.numpy)


def to_odd_f32(x: Array) -> Array:
    """``x`` in float32, rounded to odd: truncated, and the last bit set where anything was lost."""
    near = np.asarray(x.astype(np.float32))
    back = near.astype(x.dtype)
    bits = near.view(np.uint32)
    # One step toward zero where rounding went away from it; an infinity from overflow becomes the
    # largest finite number.
    bits = bits - (np.abs(back) > np.abs(x)).astype(np.uint32)
    bits = bits | (back != x).astype(np.uint32)
    return np.asarray(bits).view(np.float32)
