"""Proposals for batch normalisation."""

from __future__ import annotations

import numpy as np

from compiler.dtypes import FLOATS
from compiler.ir import Attrs
from verify.gen.draft import Draft, Step, tensor

_EPSILON = (1e-3, 1e-5, 1.0, 0.0)


def _start(draft: Draft) -> tuple[int, int, Attrs]:
    """An operand, the size of its feature dimension, and the attributes."""
    v = draft.ranked(FLOATS)
    shape = draft.types[v].shape
    axis = draft.below(len(shape))
    epsilon = float(np.float32(_EPSILON[draft.below(4)]))
    return v, shape[axis], (("epsilon", epsilon), ("feature_index", axis))


def _variance(draft: Draft, n: int, v: int) -> int:
    """A vector, mostly without negative elements: a square."""
    t = tensor((n,), draft.types[v].dtype)
    x = draft.like(t)
    return draft.add("multiply", (x, x), (), t) if draft.below(4) else x


def _vectors(draft: Draft, n: int, v: int, count: int) -> tuple[int, ...]:
    t = tensor((n,), draft.types[v].dtype)
    return tuple([draft.like(t) for _ in range(count)])


def _inference(draft: Draft) -> None:
    v, n, attrs = _start(draft)
    operands = (v, *_vectors(draft, n, v, 3), _variance(draft, n, v))
    draft.add("batch_norm_inference", operands, attrs, draft.types[v])


def _training(draft: Draft) -> None:
    v, n, attrs = _start(draft)
    t = draft.types[v]
    vector = tensor((n,), t.dtype)
    operands = (v, *_vectors(draft, n, v, 2))
    draft.add_many("batch_norm_training", operands, attrs, (t, vector, vector))


def _grad(draft: Draft) -> None:
    v, n, attrs = _start(draft)
    t = draft.types[v]
    vector = tensor((n,), t.dtype)
    operands = (v, *_vectors(draft, n, v, 2), _variance(draft, n, v), draft.like(t))
    draft.add_many("batch_norm_grad", operands, attrs, (t, vector, vector))


GEN: dict[str, Step] = {
    "batch_norm_inference": _inference,
    "batch_norm_training": _training,
    "batch_norm_grad": _grad,
}
