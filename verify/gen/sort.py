"""Proposals for sort: one to three operands; comparators of one operand, of two in turn, and of
what is computed from an element.

All comparators are strict weak orders, but for floats that are compared as numbers, with NaN.
"""

from __future__ import annotations

from functools import cache

from compiler.dtypes import ALL, I1, DType
from compiler.ir import Attrs, Graph, Node, TensorType
from verify.gen.draft import Draft, Step, tensor

_PRED = tensor((), I1)


def _compare(direction: str, total: bool) -> Attrs:
    kind = "TOTALORDER" if total else ""
    return (("comparison_direction", direction), ("compare_type", kind))


@cache
def _plain(dtypes: tuple[DType, ...], key: int, direction: str, total: bool, swap: bool) -> Graph:
    """One operand decides."""
    pair = (2 * key + 1, 2 * key) if swap else (2 * key, 2 * key + 1)
    node = Node("compare", pair, _compare(direction, total), (_PRED,))
    return Graph(_params(dtypes), (node,), (2 * len(dtypes),))


@cache
def _in_turn(dtypes: tuple[DType, ...], directions: tuple[str, str], total: bool) -> Graph:
    """The first operand decides; where it does not, the second."""
    first, second = (total and d.is_float for d in dtypes[:2])
    n = 2 * len(dtypes)
    nodes = (
        Node("compare", (0, 1), _compare(directions[0], first), (_PRED,)),
        Node("compare", (0, 1), _compare("EQ", first), (_PRED,)),
        Node("compare", (2, 3), _compare(directions[1], second), (_PRED,)),
        Node("and", (n + 1, n + 2), (), (_PRED,)),
        Node("or", (n, n + 3), (), (_PRED,)),
    )
    return Graph(_params(dtypes), nodes, (n + 4,))


@cache
def _bounded(dtypes: tuple[DType, ...], op: str, total: bool) -> Graph:
    """What is left of the first operand beyond a captured limit decides."""
    n, scalar = 2 * len(dtypes), tensor((), dtypes[0])
    nodes = (
        Node(op, (0, n), (), (scalar,)),
        Node(op, (1, n), (), (scalar,)),
        Node("compare", (n + 1, n + 2), _compare("LT", total), (_PRED,)),
    )
    return Graph((*_params(dtypes), scalar), nodes, (n + 3,))


def _params(dtypes: tuple[DType, ...]) -> tuple[TensorType, ...]:
    return tuple(tensor((), d) for d in dtypes for _ in range(2))


def _sort(draft: Draft) -> None:
    below = draft.below
    v = draft.ranked()
    t = draft.types[v]
    operands = [v]
    for _ in range((0, 1, 0, 2)[below(4)]):
        operands.append(draft.like(tensor(t.shape, draft.dtype(ALL))))
    types = tuple(draft.types[o] for o in operands)
    dtypes = tuple(x.dtype for x in types)
    total, k = below(2) == 1, below(8)
    captures: tuple[int, ...] = ()
    if k == 7:
        body = _bounded(dtypes, ("maximum", "minimum")[below(2)], total and t.dtype.is_float)
        captures = (draft.like(tensor((), t.dtype)),)
    elif k >= 4 and len(dtypes) > 1:
        pairs = (("LT", "LT"), ("LT", "GT"), ("GT", "LT"), ("GT", "GT"))
        body = _in_turn(dtypes, pairs[below(4)], total)
    else:
        key = below(len(dtypes))
        total = total and dtypes[key].is_float
        body = _plain(dtypes, key, ("LT", "GT")[below(2)], total, below(4) == 3)
    rank = len(t.shape)
    dim = below(rank)
    attrs: Attrs = (
        ("dimension", dim - rank if below(4) == 3 else dim),
        ("is_stable", below(4) < 3),
    )
    draft.add_many("sort", tuple(operands), attrs, types, (body,), captures)


GEN: dict[str, Step] = {"sort": _sort}
