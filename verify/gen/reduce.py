"""Proposals for reduce: plain bodies, bodies that say the same in an odd way, several operands at
once, captures.

The specification leaves the order of a reduction open, so every body here is associative and
commutative (up to rounding and ties); what differs is how it is spelled.
"""

from __future__ import annotations

from functools import cache

from compiler.dtypes import ALL, FLOATS, I1, INTEGERS, SIGNED, DType
from compiler.ir import Attrs, Graph, Node, TensorType
from verify.gen.draft import Draft, Step, tensor
from verify.gen.pool import integer_limits
from verify.gen.shape import SUBSETS

_FOLDS_NUMBER = ("add", "maximum", "minimum", "multiply", "add", "maximum", "add")
_FOLDS_INT = (*_FOLDS_NUMBER, "and", "or", "xor")
_FOLDS_BOOL = ("and", "or", "xor", "add", "multiply", "maximum", "minimum")
FOLDS: dict[DType, tuple[str, ...]] = {
    d: _FOLDS_BOOL if d is I1 else _FOLDS_INT if d.is_integer else _FOLDS_NUMBER for d in ALL
}
# The specification lets an implementation put the start value in any number of times: only these
# folds may have any value.
_NUMBERS = INTEGERS + FLOATS
IDEMPOTENT = frozenset({"maximum", "minimum", "and", "or"})


@cache
def identity(op: str, dtype: DType) -> bytes:
    """The bytes of the neutral element of ``op``."""
    import numpy as np

    if dtype is I1:
        return b"\1" if op in ("and", "multiply", "minimum") else b"\0"
    low, high = (-np.inf, np.inf) if dtype.is_float else integer_limits(dtype)
    value = {"multiply": 1, "maximum": low, "minimum": high, "and": -1 if low else high}.get(op, 0)
    return bytes(np.array(value).astype(dtype.numpy).tobytes())


def _body(
    dtype: DType,
    nodes: list[tuple[str, tuple[int, ...], Attrs, DType]],
    result: int,
    extra: int = 0,
) -> Graph:
    """A body over two scalars (and ``extra`` captured ones); ``nodes`` are numbered after the
    parameters.
    """
    scalar = tensor((), dtype)
    made = tuple(Node(op, args, attrs, (tensor((), d),)) for op, args, attrs, d in nodes)
    return Graph((scalar,) * (2 + extra), made, (result,))


_TRUE_IF_GREATER: Attrs = (("comparison_direction", "GT"), ("compare_type", ""))


@cache
def bodies(op: str, dtype: DType) -> tuple[Graph, ...]:
    """Spellings of the fold ``op``: plain, with the operands swapped, and in a roundabout way where
    there is one.
    """
    out = [
        _body(dtype, [(op, (0, 1), (), dtype)], 2),
        _body(dtype, [(op, (0, 1), (), dtype)], 2),
        _body(dtype, [(op, (1, 0), (), dtype)], 2),
    ]
    if op == "add" and (dtype in FLOATS or dtype in SIGNED):
        out.append(_body(dtype, [("negate", (1,), (), dtype), ("subtract", (0, 2), (), dtype)], 3))
    if op in ("maximum", "minimum") and dtype in INTEGERS:
        pair = (0, 1) if op == "maximum" else (1, 0)
        out.append(
            _body(
                dtype,
                [("compare", (0, 1), _TRUE_IF_GREATER, I1), ("select", (2, *pair), (), dtype)],
                3,
            )
        )
    if op == "or":
        out.append(
            _body(
                dtype,
                [
                    ("not", (0,), (), dtype),
                    ("not", (1,), (), dtype),
                    ("and", (2, 3), (), dtype),
                    ("not", (4,), (), dtype),
                ],
                5,
            )
        )
    if op == "and" and dtype is I1:
        out.append(_body(dtype, [("select", (0, 1, 0), (), dtype)], 2))
    return tuple(out)


@cache
def captured_body(op: str, dtype: DType) -> Graph:
    """``op(op(a, b), c)`` with a captured ``c``: idempotent folds only, for which the order stays
    open.
    """
    return _body(dtype, [(op, (0, 1), (), dtype), (op, (3, 2), (), dtype)], 4, extra=1)


@cache
def pair_body(first: str, second: str, a: DType, b: DType) -> Graph:
    """Two folds side by side: parameters (acc a, acc b, value a, value b)."""
    ta, tb = tensor((), a), tensor((), b)
    nodes = (Node(first, (0, 2), (), (ta,)), Node(second, (1, 3), (), (tb,)))
    return Graph((ta, tb, ta, tb), nodes, (4, 5))


@cache
def _argmax_body(value: DType, index: DType, direction: str) -> Graph:
    """The larger (or smaller) value with its index; the smaller index at ties, so that the order
    does not matter.

    Floats are compared in the total order, in which NaN has a place.
    """
    kind = ("compare_type", "TOTALORDER" if value.is_float else "")
    tv, ti, tb = tensor((), value), tensor((), index), tensor((), I1)
    nodes = (
        Node("compare", (0, 2), (("comparison_direction", direction), kind), (tb,)),  # 4
        Node("compare", (0, 2), (("comparison_direction", "EQ"), kind), (tb,)),  # 5
        Node("compare", (1, 3), (("comparison_direction", "LT"), ("compare_type", "")), (tb,)),  # 6
        Node("and", (5, 6), (), (tb,)),  # 7
        Node("or", (4, 7), (), (tb,)),  # 8
        Node("select", (8, 0, 2), (), (tv,)),  # 9
        Node("select", (8, 1, 3), (), (ti,)),  # 10
    )
    return Graph((tv, ti, tv, ti), nodes, (9, 10))


def axes(draft: Draft, rank: int) -> tuple[int, ...]:
    """Dimensions to reduce over: mostly the last one; now and then out of order."""
    k = draft.below(8)
    if rank == 0:
        return ()
    if k < 3:
        return (rank - 1,)
    if k == 3:
        return (0,)
    found = SUBSETS[rank][draft.below(1 << rank)]
    return found[::-1] if k == 7 else found


def kept(t: TensorType, dims: tuple[int, ...]) -> TensorType:
    """The type that is left of ``t``."""
    return tensor(tuple([n for i, n in enumerate(t.shape) if i not in dims]), t.dtype)


def fold(draft: Draft, v: int, op: str, dims: tuple[int, ...]) -> int:
    """Append the reduction of ``v`` by ``op`` from its neutral element; returns the result."""
    t = draft.types[v]
    init = draft.constant(tensor((), t.dtype), identity(op, t.dtype))
    found = bodies(op, t.dtype)
    body = found[draft.below(len(found))]
    return draft.add_many("reduce", (v, init), (("dimensions", dims),), (kept(t, dims),), (body,))


def _reduce(draft: Draft) -> None:
    below = draft.below
    k = below(16)
    if k == 14:
        return _two(draft)
    if k == 15 and any(d in draft.dtypes for d in _NUMBERS):
        return _argmax(draft)
    v = draft.subject(ALL)
    t = draft.types[v]
    dims = axes(draft, len(t.shape))
    ops = FOLDS[t.dtype]
    op = ops[below(len(ops))]
    if k < 11:
        fold(draft, v, op, dims)
        return None
    if op not in IDEMPOTENT:
        fold(draft, v, op, dims)
        return None
    init = draft.like(tensor((), t.dtype))
    attrs = (("dimensions", dims),)
    if k == 13:
        captured = draft.like(tensor((), t.dtype))
        body = captured_body(op, t.dtype)
        draft.add_many("reduce", (v, init), attrs, (kept(t, dims),), (body,), (captured,))
        return None
    found = bodies(op, t.dtype)
    draft.add_many("reduce", (v, init), attrs, (kept(t, dims),), (found[below(len(found))],))
    return None


def _two(draft: Draft) -> None:
    """Two operands of one shape, reduced side by side."""
    below = draft.below
    v = draft.subject(ALL)
    a = draft.types[v]
    b = tensor(a.shape, draft.dtype(ALL))
    w = draft.like(b)
    first, second = FOLDS[a.dtype], FOLDS[b.dtype]
    f, s = first[below(len(first))], second[below(len(second))]
    dims = axes(draft, len(a.shape))
    inits = (
        draft.constant(tensor((), a.dtype), identity(f, a.dtype)),
        draft.constant(tensor((), b.dtype), identity(s, b.dtype)),
    )
    body = pair_body(f, s, a.dtype, b.dtype)
    draft.add_many(
        "reduce", (v, w, *inits), (("dimensions", dims),), (kept(a, dims), kept(b, dims)), (body,)
    )


def _argmax(draft: Draft) -> None:
    """Largest or smallest value and where it stands."""
    v = draft.ranked(_NUMBERS)
    t = draft.types[v]
    dims = axes(draft, len(t.shape))
    integers = tuple(d for d in INTEGERS if d in draft.dtypes and d.bits > 8) or (t.dtype,)
    index = draft.dtype(integers)
    counter = draft.add(
        "iota", (), (("iota_dimension", draft.below(len(t.shape))),), tensor(t.shape, index)
    )
    op, direction = (("maximum", "GT"), ("minimum", "LT"))[draft.below(2)]
    inits = (
        draft.constant(tensor((), t.dtype), identity(op, t.dtype)),
        draft.constant(tensor((), index), identity("minimum", index)),
    )
    body = _argmax_body(t.dtype, index, direction)
    types = (kept(t, dims), kept(tensor(t.shape, index), dims))
    draft.add_many("reduce", (v, counter, *inits), (("dimensions", dims),), types, (body,))


GEN: dict[str, Step] = {"reduce": _reduce}
