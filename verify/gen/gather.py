"""Proposals for gather, dynamic_slice and dynamic_update_slice.

Indices come from anywhere: most of those out of range are clamped, and the rest is exact.
"""

from __future__ import annotations

from compiler.dtypes import ALL, INTEGERS
from compiler.ir import Attrs, TensorType
from verify.gen.draft import Draft, Step, tensor

Shape = tuple[int, ...]

WIDEST = 4  # rank of a tensor
_SIZES = (1, 1, 2, 3)


def _lengths(draft: Draft, shape: Shape) -> Shape:
    """Sizes of a slice: whole, one, nearly whole, half, none."""
    return tuple(
        [min((n, 1, n - 1, (n + 1) // 2, 0, n, 1, 2)[draft.below(8)], n) if n else 0 for n in shape]
    )


def _starts(draft: Draft, rank: int) -> tuple[int, ...]:
    """Scalar indices of one type."""
    t = tensor((), draft.dtype(INTEGERS))
    return tuple([draft.like(t) for _ in range(rank)])


def _dynamic_slice(draft: Draft) -> None:
    v = draft.subject(ALL)
    t = draft.types[v]
    sizes = _lengths(draft, t.shape)
    operands = (v, *_starts(draft, len(t.shape)))
    draft.add("dynamic_slice", operands, (("slice_sizes", sizes),), tensor(sizes, t.dtype))


def _dynamic_update_slice(draft: Draft) -> None:
    v = draft.subject(ALL)
    t = draft.types[v]
    update = draft.like(tensor(_lengths(draft, t.shape), t.dtype))
    draft.add("dynamic_update_slice", (v, update, *_starts(draft, len(t.shape))), (), t)


def gathered(draft: Draft) -> tuple[int, int, Shape, Attrs, TensorType]:
    """Operand, indices, slice sizes, other attributes and result type of a gather.

    Each dimension of the operand is one of the result's, dropped, or shared with the indices.
    """
    below = draft.below
    v = draft.subject(ALL)
    t = draft.types[v]
    shape = t.shape
    roles = [below(4) if n else 0 for n in shape]  # 0, 1: kept; 2: collapsed; 3: batching
    if roles.count(3) == WIDEST:  # the indices have one more
        roles[0] = 2
    collapsed = tuple([d for d, r in enumerate(roles) if r == 2])
    batching = tuple([d for d, r in enumerate(roles) if r == 3])
    kept = [d for d, r in enumerate(roles) if r < 2]
    lengths = _lengths(draft, shape)
    sizes = tuple([1 if roles[d] > 1 else n for d, n in enumerate(lengths)])
    # A slice of a part says most where it may begin elsewhere than at 0.
    parts = [d for d in kept if below(4) < (3 if sizes[d] < shape[d] else 1)]
    indexed = _shuffled(draft, [*collapsed, *parts])
    # The indices: batching dimensions in some order among a few others, and the index vector.
    batch = [shape[d] for d in batching]
    size = 1
    for n in (*batch, *(sizes[d] for d in kept)):
        size *= n
    while len(batch) + max(len(kept), 1) < WIDEST and below(2):
        n = _SIZES[below(4)] if below(4) else draft.dims[below(3)]
        if size * n > draft.limit:
            break
        batch.append(n)
        size *= n
    order = _shuffled(draft, list(range(len(batch))))
    shared = [order.index(k) for k in range(len(batching))]
    dims = [batch[k] for k in order]
    vector = below(len(dims) + 1)
    if len(indexed) == 1 and below(3) == 2:
        vector = len(dims)  # no dimension of its own
    else:
        dims.insert(vector, len(indexed))
        shared = [d + (d >= vector) for d in shared]
    starts = draft.like(tensor(tuple(dims), draft.dtype(INTEGERS)))
    rank = len(batch) + len(kept)
    offsets = tuple(sorted(_shuffled(draft, list(range(rank)))[: len(kept)]))
    inner, outer = iter([sizes[d] for d in kept]), iter([batch[k] for k in order])
    result = tuple([next(inner if d in offsets else outer) for d in range(rank)])
    attrs: Attrs = (
        ("offset_dims", offsets),
        ("collapsed_slice_dims", collapsed),
        ("operand_batching_dims", batching),
        ("start_indices_batching_dims", tuple(shared)),
        ("start_index_map", tuple(indexed)),
        ("index_vector_dim", vector),
    )
    return v, starts, sizes, attrs, tensor(result, t.dtype)


def _shuffled(draft: Draft, items: list[int]) -> list[int]:
    """``items``, in another order one time out of two."""
    if draft.below(2) == 0:
        return items
    return [items.pop(draft.below(len(items))) for _ in range(len(items))]


def _gather(draft: Draft) -> None:
    """Indices are called sorted where there is at most one index vector."""
    v, starts, sizes, attrs, t = gathered(draft)
    vector = dict(attrs)["index_vector_dim"]
    count = 1
    for d, n in enumerate(draft.types[starts].shape):
        count *= 1 if d == vector else n
    told = count <= 1 and draft.below(2) == 1
    more: Attrs = (("slice_sizes", sizes), ("indices_are_sorted", told))
    draft.add("gather", (v, starts), (*attrs, *more), t)


GEN: dict[str, Step] = {
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
}
