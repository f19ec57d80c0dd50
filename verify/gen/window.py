"""Proposals for reduce_window: windows of all kinds, and the bodies of reduce."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import Attrs, TensorType
from compiler.ops.window import window_shape
from verify.gen.draft import Draft, Step, tensor
from verify.gen.reduce import FOLDS, IDEMPOTENT, bodies, captured_body, identity, pair_body

_SIZES = (1, 2, 3, 1, 2, 1)
_SELDOM = (1, 1, 1, 1, 2, 3)
_PADDING = ((0, 0), (0, 0), (1, 1), (1, 0), (0, 0), (0, 2), (-1, 1), (2, -1))


def windows(draft: Draft, shape: tuple[int, ...]) -> Attrs:
    """Windows over ``shape`` whose results keep to the limit."""
    below = draft.below
    rows = []
    size = 1
    for n in shape:
        row = [_SIZES[below(6)], *(_SELDOM[below(6)] for _ in range(3))]
        padding = _PADDING[below(8)]
        if below(12) == 11:  # as a cumulative sum has it
            row, padding = [max(n, 1), 1, 1, 1], (max(n, 1) - 1, 0)
        made = window_shape((n,), dict(_attrs([row], [padding])))[0]
        if size * made > draft.limit:
            row, padding, made = [max(n, 1), 1, 1, 1], (0, 0), min(n, 1)
        size *= max(made, 1)
        rows.append((row, padding))
    return _attrs([r for r, _ in rows], [p for _, p in rows])


def _attrs(rows: list[list[int]], padding: list[tuple[int, int]]) -> Attrs:
    names = ("window_dimensions", "window_strides", "base_dilations", "window_dilations")
    columns = [tuple(r[k] for r in rows) for k in range(len(names))]
    return (*zip(names, columns, strict=True), ("padding", tuple(padding)))


def _reduce_window(draft: Draft) -> None:
    below = draft.below
    v = draft.subject(ALL)
    t = draft.types[v]
    attrs = windows(draft, t.shape)
    shape = window_shape(t.shape, dict(attrs))
    ops = FOLDS[t.dtype]
    op, k = ops[below(len(ops))], below(10)
    types: tuple[TensorType, ...] = (tensor(shape, t.dtype),)
    captures: tuple[int, ...] = ()
    found = bodies(op, t.dtype)
    body = found[below(len(found))]
    scalar = tensor((), t.dtype)
    if k == 9:
        other = draft.dtype(ALL)
        w = draft.like(tensor(t.shape, other))
        second = FOLDS[other][below(len(FOLDS[other]))]
        inits = (
            draft.constant(scalar, identity(op, t.dtype)),
            draft.constant(tensor((), other), identity(second, other)),
        )
        operands: tuple[int, ...] = (v, w, *inits)
        types += (tensor(shape, other),)
        body = pair_body(op, second, t.dtype, other)
    elif k >= 7 and op in IDEMPOTENT:  # any init value: it may take part any number of times
        operands = (v, draft.like(scalar))
        if k == 8:
            body, captures = captured_body(op, t.dtype), (draft.like(scalar),)
    else:
        operands = (v, draft.constant(scalar, identity(op, t.dtype)))
    draft.add_many("reduce_window", operands, attrs, types, (body,), captures)


GEN: dict[str, Step] = {"reduce_window": _reduce_window}
