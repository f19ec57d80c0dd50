"""Terms of rules to symbolic tensors: the prover's reading of both sides of a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import z3

from compiler.dtypes import I1, DType
from compiler.ops import OPS
from compiler.rules.term import Const, Tensor, Term, scalar_bytes
from verify.smt import table
from verify.smt.integers import Int
from verify.smt.scalar import literal, sort_of
from verify.smt.tensor import Call, Env, SymTensor, Unknown, constant_tensor, shapes_agree

Place = tuple[tuple[Int, ...], DType]  # shape and dtype that a constant takes on
# Attributes of terms that are no attributes of the op.
_PSEUDO = ("shape", "dtype", "rest")


def is_function(op: str) -> bool:
    """Whether a term's op is a rule's Unary or Binary variable, bound to an uninterpreted
    function.
    """
    return op not in OPS and op not in ("tensor", "const")


def evaluate_term(
    env: Env,
    term: Term,
    leaves: Mapping[str, SymTensor],
    place: Place | None = None,
    *,
    matched: bool = False,
) -> SymTensor:
    """The value of one side of a rule.

    Args:
        leaves: the tensor variables by name.
        place: shape and dtype that a constant at the root takes on (those of the replaced value).
        matched: whether this is the side that was found in a program: constant variables have
            shapes of their own there.
    """
    if isinstance(term, Tensor):
        return leaves[term.name]
    if isinstance(term, Const):
        return _constant(env, term, place if not (matched and term.shape is not None) else None)
    args: list[SymTensor | None] = [None] * len(term.args)
    for floating in (
        False,
        True,
    ):  # operands with a type of their own first: constants beside them take it on
        for k, a in enumerate(term.args):
            if _floats(a, matched) is floating:
                args[k] = evaluate_term(
                    env, a, leaves, _place(term, k, args, place), matched=matched
                )
    return _apply(env, term, [a for a in args if a is not None])


def _floats(term: Term, matched: bool) -> bool:
    """Whether the term is a constant, or elementwise ops of constants only: it has no shape of its
    own.
    """
    if isinstance(term, Tensor):
        return False
    if isinstance(term, Const):
        return not (matched and term.shape is not None)
    uniform = is_function(term.op) or (term.op in OPS and OPS[term.op].elementwise)
    return (
        uniform
        and term.op not in ("convert", "compare", "select")
        and all(_floats(a, matched) for a in term.args)
    )


def _place(
    term: Term, k: int, args: Sequence[SymTensor | None], place: Place | None
) -> Place | None:
    """Where operand ``k`` stands: the shape and dtype of a typed sibling, or of the whole term."""
    typed: list[Place | None] = [(a.shape, a.dtype) if a is not None else None for a in args]
    first = next((p for p in typed if p is not None), None)
    if term.op == "select":
        branch = typed[1] or typed[2] or place
        return (branch[0], I1) if k == 0 and branch else branch
    if term.op == "clamp":
        return typed[1] or place
    if term.op in ("pad", "reduce") and k == 1:
        return ((), first[1]) if first else None
    if term.op == "compare":
        return first
    if is_function(term.op) or (OPS[term.op].elementwise and term.op != "convert"):
        return first or place
    return None


def _constant(env: Env, term: Const, place: Place | None) -> SymTensor:
    shape = place[0] if place else term.shape
    dtype = place[1] if place else term.dtype
    if shape is None or dtype is None:
        raise Unknown(f"nothing gives {term!r} a type")
    return constant_tensor(tuple(shape), dtype, constant_value(env, term, dtype))


def constant_value(env: Env, term: Const, dtype: DType) -> Any:
    """The scalar of a constant in ``dtype``: a numeral, or the symbol that stands for it."""
    value = term.value
    if z3.is_int(value):
        if dtype.is_integer:
            return z3.Int2BV(value, dtype.bits)
        if env.reading == "reals":
            return z3.ToReal(value)
    if z3.is_expr(value):
        if value.sort() != sort_of(dtype, env.reading):
            raise Unknown(f"{term!r} has another element type than its place")
        return value
    return literal(env, np.frombuffer(scalar_bytes(value, dtype), dtype.numpy)[0], dtype)


def _apply(env: Env, term: Term, args: list[SymTensor]) -> SymTensor:
    if is_function(term.op):
        return _uninterpreted(env, term, args)
    attrs: dict[str, Any] = dict(term.attrs)
    shape, dtype = attrs.pop("shape", None), attrs.pop("dtype", None)
    rest = dict(attrs.pop("rest", ()))
    dtypes = tuple(d for d in (dtype, rest.pop("dtype", None)) if d is not None)
    if term.op in ("compare", "is_finite"):
        dtypes = (I1,)
        attrs.setdefault("compare_type", "")
    call = Call(term.op, attrs | rest, dtypes, () if shape is None else (tuple(shape),))
    return table()[term.op](env, args, call)[0]


def _uninterpreted(env: Env, term: Term, args: list[SymTensor]) -> SymTensor:
    """An elementwise function of which nothing is known."""
    first = args[0]
    for a in args[1:]:
        env.require(term.op, "C1", shapes_agree(first.shape, a.shape))
    sort = sort_of(first.dtype, env.reading)
    value = None
    if all(a.splat is not None for a in args):
        value = env.uninterpreted(term.op, [a.splat for a in args], sort)
    return SymTensor(
        first.shape,
        first.dtype,
        lambda i: env.uninterpreted(term.op, [a.at(i) for a in args], sort),
        splat=value,
    )
