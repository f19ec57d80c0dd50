"""Control flow: what chooses between branches chooses between their elements; loops are unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import z3

from compiler.dtypes import I1, I32
from verify.smt.scalar import apply, literal
from verify.smt.tensor import Call, Env, Index, Meaning, SymTensor, Term, Unknown

_EQUAL = {"comparison_direction": "EQ", "compare_type": ""}


def _unknown(_env: Env, _xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    raise Unknown(f"{call.op}: how often its region runs is no term")


def _map(_env: Env, _xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    raise Unknown(f"{call.op}: the prover has no meaning for it")


def _if(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    on, off = _branches(env, call)
    return tuple(_chosen(xs[0].at(()), a, b) for a, b in zip(on, off, strict=True))


def _case(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    """The last branch is also that of every index without one."""
    *others, out = _branches(env, call)
    for k in reversed(range(len(others))):
        here = literal(env, k, I32)
        pred = apply(env, "compare", _EQUAL, (I32, I32), I1, (xs[0].at(()), here))
        out = tuple(_chosen(pred, a, b) for a, b in zip(others[k], out, strict=True))
    return out


def _branches(env: Env, call: Call) -> list[tuple[SymTensor, ...]]:
    from verify.smt.graphs import evaluate_graph

    return [evaluate_graph(env, r, call.captures, call.module) for r in call.regions]


def _chosen(pred: Term, a: SymTensor, b: SymTensor) -> SymTensor:

    def element(index: Index) -> Any:
        return z3.If(pred, a.at(index), b.at(index))

    return SymTensor(a.shape, a.dtype, element)


def _barrier(_env: Env, xs: Sequence[SymTensor], _call: Call) -> tuple[SymTensor, ...]:
    return tuple(xs)


SMT: dict[str, Meaning] = {
    "while": _unknown,
    "case": _case,
    "if": _if,
    "map": _map,
    "optimization_barrier": _barrier,
}
