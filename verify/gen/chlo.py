"""Proposals for the ops of chlo.

The reference computes their functions one element at a time, so tensors are kept small.
"""

from __future__ import annotations

from functools import lru_cache

from compiler.build import Builder
from compiler.dtypes import ALL, FLOATS, I1, I32, I64, INTEGERS
from compiler.ir import Attrs, Graph, TensorType
from compiler.ops import OPS
from compiler.ops.chlo import BROADCAST, FLOAT_BINARY, PREDICATES, UNARY
from verify.gen.draft import Draft, Dtypes, Step, tensor
from verify.gen.dynamic import vector
from verify.gen.elementwise import compare_attrs, partner

LIMIT = 64  # elements of an operand


def _small(draft: Draft, dtypes: Dtypes) -> int:
    """A value of few elements."""
    v = draft.subject(dtypes)
    t = draft.types[v]
    return v if t.size <= LIMIT else draft.fresh(tensor((draft.below(5),), t.dtype))


def _unary(op: str, dtypes: Dtypes) -> Step:
    def propose(draft: Draft) -> None:
        v = _small(draft, dtypes)
        draft.add(op, (v,), (), draft.types[v])

    return propose


def _predicate(op: str) -> Step:
    def propose(draft: Draft) -> None:
        v = _small(draft, FLOATS)
        draft.add(op, (v,), (), tensor(draft.types[v].shape, I1))

    return propose


def _binary(op: str, dtypes: Dtypes) -> Step:
    def propose(draft: Draft) -> None:
        v = _small(draft, dtypes)
        pair = (v, partner(draft, v))
        draft.add(op, pair[::-1] if draft.below(2) else pair, (), draft.types[v])

    return propose


def _thinner(draft: Draft, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to ``shape``: leading dimensions left out, some of size 1."""
    rest = shape[draft.below(len(shape) + 1) :]
    return tuple(1 if draft.below(3) == 2 else d for d in rest)


def _broadcasting(op: str, dtypes: Dtypes) -> Step:
    def propose(draft: Draft) -> None:
        v = _small(draft, dtypes)
        t = draft.types[v]
        shape = _thinner(draft, t.shape)
        w = draft.like(tensor(shape, t.dtype))
        rank, low = len(t.shape), len(shape)
        dims = tuple(range(rank - low, rank)) if draft.below(2) else ()
        attrs: Attrs = (("broadcast_dimensions", dims or None),)
        pair = (w, v) if draft.below(2) else (v, w)
        if op == "chlo.broadcast_compare":
            attrs += compare_attrs(t.dtype, draft.below(6), draft.below(4))
            draft.add(op, pair, attrs, tensor(t.shape, I1))
        else:
            draft.add(op, pair, attrs, t)

    return propose


def _broadcast_select(draft: Draft) -> None:
    v = _small(draft, ALL)
    t = draft.types[v]
    pred = draft.like(tensor(_thinner(draft, t.shape), I1))
    w = draft.like(tensor(_thinner(draft, t.shape), t.dtype))
    draft.add("chlo.broadcast_select", (pred, v, w), (), t)


def _top_k(draft: Draft) -> None:
    v = _small(draft, ALL)
    t = draft.types[v]
    if not t.shape:
        v = draft.fresh(tensor((4,), t.dtype))
        t = draft.types[v]
    k = draft.below(t.shape[-1] + 1)
    shape = (*t.shape[:-1], k)
    draft.add_many("chlo.top_k", (v,), (("k", k),), (tensor(shape, t.dtype), tensor(shape, I32)))


_RAGGED = (
    ("lhs_batching_dimensions", ()),
    ("rhs_batching_dimensions", ()),
    ("lhs_contracting_dimensions", (1,)),
    ("rhs_contracting_dimensions", (1,)),
    ("lhs_ragged_dimensions", (0,)),
    ("rhs_group_dimensions", (0,)),
    ("precision_config", ()),
)


def _ragged_dot(draft: Draft) -> None:
    """Group sizes are a constant: other integers are no sizes, and leave the result open."""
    below = draft.below
    m, k, n, groups = below(5), below(4), below(4), 1 + below(3)
    dtype = draft.dtype(FLOATS)
    lhs, rhs = draft.like(tensor((m, k), dtype)), draft.like(tensor((groups, k, n), dtype))
    sizes: list[int] = []
    for _ in range(groups):
        sizes.append(below(m - sum(sizes) + 1))
    operands = (lhs, rhs, vector(draft, I64, sizes))
    draft.add("chlo.ragged_dot", operands, _RAGGED, tensor((m, n), dtype))


@lru_cache(maxsize=64)
def _running(op: str, t: TensorType) -> Graph:
    """A body that combines the slice and the carry, and gives the result out as well."""
    b = Builder([t, t])
    made = b.emit(op, [0, 1])
    return b.graph([made, made])


_COMBINES = ("add", "maximum", "minimum", "multiply")


def _scan(draft: Draft) -> None:
    v = _small(draft, ALL)
    t = draft.types[v]
    if not t.shape:
        v = draft.fresh(tensor((3,), t.dtype))
        t = draft.types[v]
    dim = draft.below(len(t.shape))
    slice_type = tensor((*t.shape[:dim], *t.shape[dim + 1 :]), t.dtype)
    init = draft.like(slice_type)
    attrs = (
        ("dimension", dim),
        ("inputs", 1),
        ("is_reverse", bool(draft.below(2))),
        ("is_associative", False),
    )
    body = _running(_COMBINES[draft.below(4)], slice_type)
    draft.add_many("chlo.scan", (v, init), attrs, (t, slice_type), (body,))


GEN: dict[str, Step] = {
    **{f"chlo.{op}": _unary(f"chlo.{op}", FLOATS) for op in UNARY},
    **{f"chlo.{op}": _binary(f"chlo.{op}", FLOATS) for op in FLOAT_BINARY},
    **{f"chlo.{op}": _predicate(f"chlo.{op}") for op in PREDICATES},
    "chlo.mulhi": _binary("chlo.mulhi", INTEGERS),
    **{
        f"chlo.broadcast_{op}": _broadcasting(
            f"chlo.broadcast_{op}", OPS[f"chlo.broadcast_{op}"].dtypes
        )
        for op in BROADCAST
    },
    "chlo.broadcast_compare": _broadcasting("chlo.broadcast_compare", ALL),
    "chlo.broadcast_select": _broadcast_select,
    "chlo.top_k": _top_k,
    "chlo.ragged_dot": _ragged_dot,
    "chlo.scan": _scan,
}
