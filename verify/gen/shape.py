"""Proposals for ops that move elements. What depends on a shape alone is computed once and kept."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import permutations

from compiler.dtypes import ALL
from compiler.ir import Attrs
from verify.gen.draft import Draft, Step, tensor

Shape = tuple[int, ...]

PERMUTATIONS = tuple(tuple(permutations(range(r))) for r in range(5))
_PERM_ATTRS: tuple[tuple[Attrs, ...], ...] = tuple(
    tuple((("permutation", p),) for p in ps) for ps in PERMUTATIONS
)
SUBSETS: tuple[tuple[Shape, ...], ...] = tuple(
    tuple(tuple(d for d in range(r) if m >> d & 1) for m in range(1 << r)) for r in range(5)
)
_PADS = (0, 0, 1, 0, 2, -1, 3, 1, -2)
_INTERIOR = (0, 0, 0, 1, 0, 2)


def _broadcast_in_dim(draft: Draft) -> None:
    """Insert dimensions, expand those of size 1, now and then in another order."""
    below = draft.below
    v = draft.subject(ALL)
    t = draft.types[v]
    rank = len(t.shape)
    room = 4 - rank
    wide = rank + (below(room + 1) if room > 0 else 0)
    dims = _placements(rank, wide)[below(len(_placements(rank, wide)))]
    out = [1] * wide
    for i, d in enumerate(dims):
        out[d] = t.shape[i]
    size = t.size or 1
    for d in range(wide):
        if out[d] == 1 and below(4):
            n = draft.dims[below(3)]
            if size * n <= draft.limit:
                out[d] = n
                size *= n or 1
    draft.add(
        "broadcast_in_dim", (v,), (("broadcast_dimensions", dims),), tensor(tuple(out), t.dtype)
    )


@cache
def _placements(rank: int, wide: int) -> tuple[Shape, ...]:
    """Ways to place ``rank`` dimensions among ``wide``: those in order three times over, so that
    most are in order.
    """
    every = tuple(permutations(range(wide), rank))
    return tuple(p for p in every if list(p) == sorted(p)) * 3 + every


@lru_cache(maxsize=20_000)
def reshapes(shape: Shape) -> tuple[Shape, ...]:
    """Shapes with as many elements, rank 0 to 4: the flat one, merged and split dimensions, ones
    put in and taken out.
    """
    size = 1
    for n in shape:
        size *= n
    out: dict[Shape, None] = {shape: None, (size,): None}
    squeezed = tuple(n for n in shape if n != 1)
    out[squeezed] = None
    for i in range(len(shape) - 1):
        out[(*shape[:i], shape[i] * shape[i + 1], *shape[i + 2 :])] = None
    for i in range(len(shape) + 1):
        out[(*shape[:i], 1, *shape[i:])] = None
    for i, n in enumerate(shape):
        for f in (2, 3, 4, 5, 7, 16):
            if n > f and n % f == 0:
                out[(*shape[:i], f, n // f, *shape[i + 1 :])] = None
                out[(*shape[:i], n // f, f, *shape[i + 1 :])] = None
    out[shape[::-1]] = None
    if size == 0:
        out[(3, 0)] = None
    return tuple(s for s in out if len(s) <= 4)


def _reshape(draft: Draft) -> None:
    v = draft.subject(ALL)
    t = draft.types[v]
    found = reshapes(t.shape)
    draft.add("reshape", (v,), (), tensor(found[draft.below(len(found))], t.dtype))


def _transpose(draft: Draft) -> None:
    v = draft.ranked()
    t = draft.types[v]
    rank = len(t.shape)
    k = draft.below(len(PERMUTATIONS[rank]))
    shape = tuple([t.shape[p] for p in PERMUTATIONS[rank][k]])
    draft.add("transpose", (v,), _PERM_ATTRS[rank][k], tensor(shape, t.dtype))


@lru_cache(maxsize=4096)
def slices(n: int) -> tuple[tuple[int, int, int, int], ...]:
    """(start, limit, stride, length) of slices of a dimension of size ``n``: whole, cut, empty,
    strided, past the end.
    """
    out = [(0, n, 1)] * 3
    for lo in (0, 1, n // 2, n - 1):
        for hi in (n, n - 1, n // 2 + 1, lo):
            for step in (1, 2, 3, n + 1):
                if 0 <= lo <= hi <= n and (lo < hi or (lo + step) % 4 == 0):
                    out.append((lo, hi, step))
    return tuple((lo, hi, step, -(-(hi - lo) // step)) for lo, hi, step in out)


def _slice(draft: Draft) -> None:
    below = draft.below
    v = draft.ranked()
    t = draft.types[v]
    starts, limits, strides, shape = [], [], [], []
    for n in t.shape:
        found = slices(n)
        lo, hi, step, length = found[below(len(found))]
        starts.append(lo)
        limits.append(hi)
        strides.append(step)
        shape.append(length)
    attrs = (
        ("start_indices", tuple(starts)),
        ("limit_indices", tuple(limits)),
        ("strides", tuple(strides)),
    )
    draft.add("slice", (v,), attrs, tensor(tuple(shape), t.dtype))


def _pad(draft: Draft) -> None:
    below = draft.below
    v = draft.subject(ALL)
    t = draft.types[v]
    value = draft.like(tensor((), t.dtype))
    lows, highs, interiors, shape = [], [], [], []
    size, limit = t.size or 1, draft.limit
    for n in t.shape:
        low, high, interior = _PADS[below(9)], _PADS[below(9)], _INTERIOR[below(6)]
        length = low + n + (n - 1) * interior + high if n else low + high
        if length < 0:
            high -= length
            length = 0
        grown = size // (n or 1) * (length or 1)
        if grown > max(size, limit):
            low = high = interior = 0
            length, grown = n, size
        size = grown
        lows.append(low)
        highs.append(high)
        interiors.append(interior)
        shape.append(length)
    attrs = (
        ("edge_padding_low", tuple(lows)),
        ("edge_padding_high", tuple(highs)),
        ("interior_padding", tuple(interiors)),
    )
    draft.add("pad", (v, value), attrs, tensor(tuple(shape), t.dtype))


def _concatenate(draft: Draft) -> None:
    """One to three operands that agree outside one dimension."""
    below = draft.below
    v = draft.ranked()
    t = draft.types[v]
    shape = t.shape
    dim = below(len(shape))
    operands, total = [v], shape[dim]
    row = (t.size or 1) // (shape[dim] or 1)
    for _ in range((1, 1, 2, 0)[below(4)]):
        k = below(4)
        n = shape[dim] if k < 2 else 1 if k == 2 else draft.dims[0]
        if (total + n) * row > draft.limit:
            n = 1
        operands.append(draft.like(tensor((*shape[:dim], n, *shape[dim + 1 :]), t.dtype)))
        total += n
    if below(4) == 3:
        operands.reverse()
    draft.add(
        "concatenate",
        tuple(operands),
        (("dimension", dim),),
        tensor((*shape[:dim], total, *shape[dim + 1 :]), t.dtype),
    )


def _reverse(draft: Draft) -> None:
    v = draft.ranked()
    t = draft.types[v]
    subsets = SUBSETS[len(t.shape)]
    draft.add("reverse", (v,), (("dimensions", subsets[draft.below(len(subsets))]),), t)


GEN: dict[str, Step] = {
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "reverse": _reverse,
}
