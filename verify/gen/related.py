"""Tables whose values have to do with each other: sums of them cancel, or all lie on one side.

Values of one array are a window of a table, and the arrays of one program are windows that begin
near each other (:data:`NEAR`), so that what is said here of neighbours holds within and across
arrays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array

BLOCK = 1024  # cancelling values share a magnitude for so long
NEAR = 16
_LOW, _HIGH = -3.0, 3.5  # binades of magnitudes: no narrow float overflows


def cancelling(dtype: DType, size: int, rng: np.random.RandomState) -> Array:
    """Runs of :data:`BLOCK` values of one magnitude c, their signs alternating in three runs of
    four: sums of neighbours and differences of arrays cancel to a few bits.

    Three in eight are c itself, three are up to 3 ulps beside it, one shares the leading half of
    its bits, one is about an ulp of c in size (what a sum loses if it meets c first). Integers are
    up to 3 beside c, which is of any size, so that sums wrap.
    """
    block = np.arange(size) // BLOCK
    count = -(-size // BLOCK)
    minus = (np.arange(size) % 2 == 1) & (rng.randint(0, 4, count) > 0)[block]
    beside = rng.randint(-3, 4, size)
    if dtype.kind == "bool":
        return np.asarray(minus ^ (beside == 0))
    word = np.dtype(f"u{dtype.numpy.itemsize}")
    if dtype.is_float:
        c = (2.0 ** rng.uniform(_LOW, _HIGH, count)).astype(dtype.numpy)[block]
        ulps = (c.view(word) + beside.astype(word)).view(dtype.numpy).astype(np.float64)
        c = c.astype(np.float64)
        half = c * (1 + 2.0 ** -(dtype.precision // 2) * rng.uniform(-1, 1, size))
        crumb = c * 2.0**-dtype.precision * rng.choice([0.5, 0.75, 1.0, 1.5], size)
        kind = rng.randint(0, 8, size)
        values = np.select([kind < 3, kind < 6, kind == 6], [c, ulps, half], crumb)
        return np.asarray(np.where(minus, -values, values).astype(dtype.numpy))
    bits = np.frombuffer(rng.bytes(8 * count), np.uint64) >> rng.randint(0, 64, count).astype("u8")
    wide = np.where(minus, -bits[block], bits[block]) + beside.astype(np.uint64)
    mask = np.uint64((1 << dtype.bits) - 1)
    return np.asarray((wide & mask).astype(word).view(dtype.numpy))


def _negative(dtype: DType, size: int, rng: np.random.RandomState) -> Array:
    """All negative; the upper half of unsigned integers."""
    if dtype.is_float:
        return -_magnitudes(size, rng)
    return -rng.randint(1, 101, size) if dtype.kind == "int" else _top(dtype, 0.5 * rng.rand(size))


def _positive(dtype: DType, size: int, rng: np.random.RandomState) -> Array:
    """All positive."""
    return _magnitudes(size, rng) if dtype.is_float else rng.randint(1, 101, size)


def _above(dtype: DType, size: int, rng: np.random.RandomState) -> Array:
    """All above 1, most by little."""
    if dtype.is_float:
        return np.asarray(1 + 2.0 ** -rng.uniform(0, min(dtype.precision - 1, 4), size))
    return rng.randint(2, 5, size)


def _below(dtype: DType, size: int, rng: np.random.RandomState) -> Array:
    """All between 1/2 and 1; integers below -1, unsigned ones next to the largest."""
    if dtype.is_float:
        return np.asarray(1 - 2.0 ** -rng.uniform(1, min(dtype.precision, 4), size))
    return (
        -rng.randint(2, 5, size) if dtype.kind == "int" else _top(dtype, 2.0**-6 * rng.rand(size))
    )


def _offset(dtype: DType, size: int, rng: np.random.RandomState) -> Array:
    """A large number, the same for all, and a few units more or less."""
    if dtype.is_float:
        return np.asarray(2.0 ** max(dtype.precision - 4, 1) + rng.standard_normal(size))
    return _top(dtype, np.full(size, 0.5)) - rng.randint(0, 9, size).astype(np.uint64)


def _magnitudes(size: int, rng: np.random.RandomState) -> Array:
    return np.asarray(2.0 ** rng.uniform(-1, _HIGH, size))


def _top(dtype: DType, share: Array) -> Array:
    """The largest integer of ``dtype``, less a share of it, as ui64."""
    bits = dtype.bits - (dtype.kind == "int")
    return np.asarray(np.uint64((1 << bits) - 1) - (share * 2.0**bits).astype(np.uint64))


# Where each value is far from the identity of some reduction: i1 is true where the flag says so.
_FAR: dict[str, tuple[Callable[[DType, int, np.random.RandomState], Array], bool]] = {
    "negative": (_negative, False),
    "positive": (_positive, True),
    "above": (_above, True),
    "below": (_below, False),
    "offset": (_offset, True),
}
FAR = tuple(_FAR)


def one_sided(dtype: DType, size: int, rng: np.random.RandomState, name: str) -> Array:
    """The table ``name`` of :data:`FAR`: a reduction that starts from a wrong value shows in it."""
    make, flag = _FAR[name]
    if dtype.kind == "bool":
        return np.full(size, flag)
    values = make(dtype, size, rng)
    if not dtype.is_float and dtype.bits < 8:
        low = -(1 << (dtype.bits - 1)) if dtype.kind == "int" else 0
        values = np.clip(values.astype(np.int8), low, low + (1 << dtype.bits) - 1)
    return np.asarray(values.astype(dtype.numpy))
