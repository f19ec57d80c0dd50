"""Proposals for elementwise ops: one closure an op of the table."""

from __future__ import annotations

from compiler.dtypes import ALL, FLOATS, I1, DType
from compiler.ops import OPS
from compiler.ops.elementwise import BINARY, UNARY
from verify.gen.draft import Draft, Dtypes, Step, tensor

DIRECTIONS = ("EQ", "NE", "GE", "GT", "LE", "LT")
_COMPARE_TYPES = {
    "float": ("", "FLOAT", "FLOAT", "TOTALORDER"),
    "int": ("", "SIGNED"),
    "uint": ("", "UNSIGNED"),
    "bool": ("", "UNSIGNED"),
}


def compare_attrs(dtype: DType, direction: int, kind: int) -> tuple[tuple[str, str], ...]:
    """Attributes of a compare of elements of ``dtype``; any integers select them."""
    kinds = _COMPARE_TYPES[dtype.kind]
    return (
        ("comparison_direction", DIRECTIONS[direction % 6]),
        ("compare_type", kinds[kind % len(kinds)]),
    )


_COMPARE = {d: tuple(compare_attrs(d, i % 6, i // 6) for i in range(24)) for d in ALL}


def partner(draft: Draft, v: int) -> int:
    """A second operand for ``v``: another value of the type, often a splat constant, sometimes
    ``v`` itself.
    """
    k = draft.below(12)
    if k == 11:
        return v
    t = draft.types[v]
    return draft.splat(t) if k > 8 else draft.like(t)


def _unary(op: str, dtypes: Dtypes) -> Step:
    def propose(draft: Draft) -> None:
        v = draft.subject(dtypes)
        draft.add(op, (v,), (), draft.types[v])

    return propose


def _binary(op: str, dtypes: Dtypes) -> Step:
    def propose(draft: Draft) -> None:
        v = draft.subject(dtypes)
        w = partner(draft, v)
        pair = (w, v) if draft.below(4) == 3 else (v, w)
        draft.add(op, pair, (), draft.types[v])

    return propose


def _is_finite(draft: Draft) -> None:
    v = draft.subject(FLOATS)
    draft.add("is_finite", (v,), (), tensor(draft.types[v].shape, I1))


def _compare(draft: Draft) -> None:
    v = draft.subject(ALL)
    w = partner(draft, v)
    t = draft.types[v]
    draft.add("compare", (v, w), _COMPARE[t.dtype][draft.below(24)], tensor(t.shape, I1))


def _select(draft: Draft) -> None:
    v = draft.subject(ALL)
    w = partner(draft, v)
    t = draft.types[v]
    pred = draft.like(tensor(t.shape if draft.below(4) else (), I1))
    draft.add("select", (pred, v, w), (), t)


def _clamp(draft: Draft) -> None:
    v = draft.subject(ALL)
    t = draft.types[v]
    scalar = tensor((), t.dtype)
    low = partner(draft, v) if draft.below(2) else draft.like(scalar)
    high = partner(draft, v) if draft.below(2) else draft.like(scalar)
    draft.add("clamp", (low, v, high), (), t)


GEN: dict[str, Step] = {
    **{op: _unary(op, OPS[op].dtypes) for op in UNARY},
    **{op: _binary(op, OPS[op].dtypes) for op in BINARY},
    "is_finite": _is_finite,
    "compare": _compare,
    "select": _select,
    "clamp": _clamp,
}
