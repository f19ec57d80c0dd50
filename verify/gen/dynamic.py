"""Proposals for ops of dynamic shapes: a static op is proposed, and what its attributes or its
result type say becomes operands that no input decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compiler.dtypes import FLOATS, I32, I64, DType
from compiler.ir import Attrs, TensorType
from verify.gen import constant, convolution, shape
from verify.gen.draft import Draft, Step, tensor
from verify.gen.gather import gathered

_INDEX = (I32, I64, I32)
_SHAPED = {
    "dynamic_iota": constant.GEN["iota"],
    "dynamic_reshape": shape.GEN["reshape"],
    "dynamic_broadcast_in_dim": shape.GEN["broadcast_in_dim"],
}
_PADDINGS = ("edge_padding_low", "edge_padding_high", "interior_padding")
_BOUNDS = ("start_indices", "limit_indices", "strides")


def _taken_back(draft: Draft, step: Step) -> tuple[tuple[int, ...], dict[str, Any], TensorType]:
    """Operands, attributes and result type of the op that ``step`` adds last, removed again."""
    step(draft)
    _, operands, attrs, (t,), _, _ = draft.nodes.pop()
    draft.types.pop()
    draft.by_type[t].pop()
    return operands, dict(attrs), t


def _numbers(draft: Draft, dtype: DType, values: Sequence[int]) -> int:
    """Integers that no input decides: a constant, one that is converted, a sum, put together with a
    dimension, or clamped to a range of one number.
    """
    t = tensor((len(values),), dtype)
    kind = draft.below(8)
    if kind == 4:
        v = vector(draft, dtype, values)
        return draft.add("clamp", (v, draft.like(t), v), (), t)
    if kind == 5:
        other = I64 if dtype is I32 else I32
        return draft.add("convert", (vector(draft, other, values),), (), t)
    if kind == 6:
        parts = [[n // 2 for n in values], [n - n // 2 for n in values]]
        return draft.add("add", tuple(vector(draft, dtype, part) for part in parts), (), t)
    if kind == 7 and values:
        return _measured(draft, dtype, values)
    return vector(draft, dtype, values)


def vector(draft: Draft, dtype: DType, values: Sequence[int]) -> int:
    """A constant of rank 1."""
    t = tensor((len(values),), dtype)
    if len(values) > 1 and len(set(values)) == 1:
        values = values[:1]  # splats have one spelling
    return draft.constant(t, np.array(values, dtype.numpy).tobytes())


def _measured(draft: Draft, dtype: DType, values: Sequence[int]) -> int:
    """The first of ``values`` read off a dimension of that size, if there is one."""
    for v, t in enumerate(draft.types):
        if values[0] in t.shape:
            attrs: Attrs = (("dimension", t.shape.index(values[0])),)
            size = draft.add("get_dimension_size", (v,), attrs, tensor((), I32))
            if dtype is not I32:
                size = draft.add("convert", (size,), (), tensor((), dtype))
            first = draft.add("reshape", (size,), (), tensor((1,), dtype))
            rest = vector(draft, dtype, values[1:])
            t = tensor((len(values),), dtype)
            return draft.add("concatenate", (first, rest), (("dimension", 0),), t)
    return vector(draft, dtype, values)


def _index(draft: Draft) -> DType:
    return _INDEX[draft.below(len(_INDEX))]


def _shaped(op: str) -> Step:
    """The op whose last operand is the result's shape."""

    def propose(draft: Draft) -> None:
        operands, attrs, t = _taken_back(draft, _SHAPED[op])
        if op == "dynamic_broadcast_in_dim":
            attrs |= {"known_expanding_dimensions": None, "known_nonexpanding_dimensions": None}
        draft.add(op, (*operands, _numbers(draft, _index(draft), t.shape)), tuple(attrs.items()), t)

    return propose


def _spelled(op: str, static: str, names: Sequence[str]) -> Step:
    """The op whose last operands are attributes ``names`` of the static one."""

    def propose(draft: Draft) -> None:
        operands, attrs, t = _taken_back(draft, shape.GEN[static])
        dtype = _index(draft)
        vectors = [_numbers(draft, dtype, attrs[name]) for name in names]
        draft.add(op, (*operands, *vectors), (), t)

    return propose


def _dynamic_gather(draft: Draft) -> None:
    v, starts, sizes, attrs, t = gathered(draft)
    vector = _numbers(draft, _index(draft), sizes)
    draft.add("dynamic_gather", (v, starts, vector), (*attrs, ("indices_are_sorted", False)), t)


def _dynamic_conv(draft: Draft) -> None:
    operands, attrs, t = _taken_back(draft, convolution.GEN["convolution"])
    rows, dtype = attrs.pop("padding"), _index(draft)
    flat = _numbers(draft, dtype, [n for row in rows for n in row])
    padding = draft.add("reshape", (flat,), (), tensor((len(rows), 2), dtype))
    draft.add("dynamic_conv", (*operands, padding), tuple(attrs.items()), t)


def _get_dimension_size(draft: Draft) -> None:
    v = draft.ranked()
    dim = draft.below(draft.types[v].rank)
    draft.add("get_dimension_size", (v,), (("dimension", dim),), tensor((), I32))


def _part(op: str) -> Step:
    def propose(draft: Draft) -> None:
        v = draft.subject(FLOATS)
        draft.add(op, (v,), (), draft.types[v])

    return propose


GEN: dict[str, Step] = {
    "get_dimension_size": _get_dimension_size,
    **{op: _shaped(op) for op in _SHAPED},
    "dynamic_pad": _spelled("dynamic_pad", "pad", _PADDINGS),
    "real_dynamic_slice": _spelled("real_dynamic_slice", "slice", _BOUNDS),
    "dynamic_gather": _dynamic_gather,
    "dynamic_conv": _dynamic_conv,
    "real": _part("real"),
    "imag": _part("imag"),
}
