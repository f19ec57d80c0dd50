"""Proposals for cholesky and triangular_solve: small matrices, most of them well behaved."""

from __future__ import annotations

import numpy as np

from compiler.dtypes import FLOATS, DType
from compiler.ir import Array, TensorType
from verify.gen.draft import Draft, Step, tensor

_BATCH: tuple[tuple[int, ...], ...] = ((), (2,), (), (1, 3), (), (), (2,), (0,))
_SIZES = (2, 3, 1, 4, 2, 3, 5, 0)
_TRANSPOSE = ("NO_TRANSPOSE", "NO_TRANSPOSE", "TRANSPOSE", "ADJOINT")


def _lower(draft: Draft, t: TensorType) -> Array:
    """Small integers in the lower triangle, those of the diagonal positive."""
    below = draft.below
    out = np.zeros(t.shape)
    for index in np.ndindex(t.shape):
        i, j = index[-2:]
        if j <= i:
            out[index] = 1 + below(3) if i == j else below(4) - 1
    return out


def _constant(draft: Draft, x: Array, dtype: DType) -> int:
    made = np.ascontiguousarray(x).astype(dtype.numpy)
    data = made.tobytes()
    first = data[: made.itemsize]
    if data == first * made.size:  # splats have one spelling
        data = first
    return draft.constant(tensor(made.shape, dtype), data)


def _cholesky(draft: Draft) -> None:
    """Of a product of a triangle with itself; now and then of anything."""
    below = draft.below
    n, dtype = _SIZES[below(8)], draft.dtype(FLOATS)
    t = tensor((*_BATCH[below(8)], n, n), dtype)
    if below(4) < 3:
        half = _lower(draft, t)
        v = _constant(draft, half @ half.swapaxes(-1, -2), dtype)
    else:
        v = draft.like(t)
    draft.add("cholesky", (v,), (("lower", bool(below(2))),), t)


def _triangular_solve(draft: Draft) -> None:
    below = draft.below
    n, m, dtype = _SIZES[below(8)], _SIZES[below(8)], draft.dtype(FLOATS)
    batch, left, lower = _BATCH[below(8)], bool(below(2)), bool(below(2))
    t = tensor((*batch, n, n), dtype)
    if below(4) < 3:
        half = _lower(draft, t)
        v = _constant(draft, half if lower else half.swapaxes(-1, -2), dtype)
    else:
        v = draft.like(t)
    other = tensor((*batch, n, m) if left else (*batch, m, n), dtype)
    attrs = (
        ("left_side", left),
        ("lower", lower),
        ("unit_diagonal", bool(below(2))),
        ("transpose_a", _TRANSPOSE[below(4)]),
    )
    draft.add("triangular_solve", (v, draft.like(other)), attrs, other)


GEN: dict[str, Step] = {"cholesky": _cholesky, "triangular_solve": _triangular_solve}
