"""reduce by normal form: each result element is a constant that stands for a
:class:`~verify.smt.tensor.Fold`.

Whether two folds are equal is decided in :mod:`verify.smt.equal`. The order of accumulation is the
implementation's choice; the canonical one depends on the order of the elements and on whether the
reduced dimensions are the minor ones, so both are part of a fold of rounded numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import z3

from compiler.dtypes import I1, DType
from compiler.ir import Graph
from verify.smt.integers import Int, equal, land, lor, same
from verify.smt.scalar import apply, literal, sort_of
from verify.smt.tensor import (
    Call,
    Env,
    Fold,
    Index,
    Meaning,
    SymTensor,
    Term,
    Unknown,
    shapes_agree,
)

# i1: add is or, multiply is and.
_BOOLEAN = {
    "add": "or",
    "maximum": "or",
    "multiply": "and",
    "minimum": "and",
    "or": "or",
    "and": "and",
    "xor": "xor",
}
IDEMPOTENT = frozenset(["maximum", "minimum", "and", "or"])
_MONOIDS = frozenset(["add", "multiply", "maximum", "minimum", "and", "or", "xor"])


def _reduce(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    half = len(xs) // 2
    inputs, inits, dims = xs[:half], xs[half:], call.attrs["dimensions"]
    rank = inputs[0].rank
    env.require("reduce", "C3", len(xs) >= 2 and len(xs) % 2 == 0)
    for x, init in zip(inputs, inits, strict=True):
        env.require("reduce", "C1", shapes_agree(x.shape, inputs[0].shape))
        env.require("reduce", "C2", x.dtype is init.dtype)
        env.require("reduce", "I2", init.rank == 0)
    env.require("reduce", "C4", all(0 <= d < rank for d in dims))
    env.require("reduce", "C5", len(set(dims)) == len(dims))
    # Reduced indices run in row-major order of the operand's own dimensions, however the attribute
    # lists them.
    reduced = sorted(dims)
    kept = [d for d in range(rank) if d not in dims]
    sizes = tuple(inputs[0].shape[d] for d in reduced)
    shape = tuple(inputs[0].shape[d] for d in kept)
    minor = reduced == list(range(rank - len(reduced), rank))

    def whole(index: Index, inner: Index) -> tuple[Int, ...]:
        at: dict[int, Int] = dict(zip(kept, index, strict=True)) | dict(
            zip(reduced, inner, strict=True)
        )
        return tuple(at[d] for d in range(rank))

    known: dict[tuple[Any, ...], tuple[Index, tuple[Term, ...]]] = {}

    def results(index: Index) -> tuple[Term, ...]:
        tag = tuple(i if isinstance(i, int) else ("z3", i.get_id()) for i in index)
        if tag not in known:
            start = tuple(i.at(()) for i in inits)
            elements = lambda inner: tuple(x.at(whole(index, inner)) for x in inputs)  # noqa: E731
            known[tag] = (
                index,
                _fold(env, call, [x.dtype for x in inputs], start, sizes, elements, minor),
            )
        return known[tag][1]

    def result(k: int) -> SymTensor:
        return SymTensor(shape, inputs[k].dtype, lambda i: results(i)[k])

    return tuple(map(result, range(half)))


def _fold(
    env: Env,
    call: Call,
    dtypes: list[DType],
    inits: tuple[Term, ...],
    sizes: tuple[Int, ...],
    elements: Any,
    minor: bool,
) -> tuple[Term, ...]:
    """The results of one fold, entered into ``env``."""
    op = monoid(call)
    if op is not None and len(dtypes) == 1:
        return (monoid_fold(env, op, dtypes[0], inits[0], sizes, elements, minor),)
    consts = tuple(env.fresh("fold", sort_of(d, env.reading)) for d in dtypes)
    captured = tuple(c.at(()) for c in call.captures)
    key = ("body", call.regions[0], tuple(dtypes), minor)
    fold = Fold(key, consts, inits + captured, sizes, elements)
    empty = lor(*(equal(n, 0) for n in sizes))
    for c, start in zip(consts, inits, strict=True):
        env.folds[c.get_id()] = fold
        env.fact(empty, c == start)
    return consts


def monoid_fold(
    env: Env, op: str, dtype: DType, init: Term, sizes: tuple[Int, ...], elements: Any, minor: bool
) -> Term:
    """The fold of an associative and commutative op: ``op(init, fold from the identity)`` where any
    order is the same.
    """
    name = _BOOLEAN[op] if dtype is I1 else op

    def combine(a: Term, b: Term) -> Term:
        return apply(env, name, {}, (dtype, dtype), dtype, (a, b))

    if any(same(n, 0) for n in sizes):
        return init
    idempotent = name in IDEMPOTENT
    exact = not dtype.is_float or idempotent or env.reorder
    ring = name == "add" and (not dtype.is_float or env.reading == "reals") and dtype is not I1
    key = (name, dtype, env.reading) if exact else (name, dtype, env.reading, minor)
    identity = identity_of(env, name, dtype) if exact else None
    start = init if identity is None else identity
    const = env.fresh("fold", sort_of(dtype, env.reading))
    fold = Fold(key, (const,), (start,), sizes, elements, exact, identity, ring, idempotent)
    if identity is not None:
        env.monoids.setdefault(key, fold)
    first = tuple(0 for _ in sizes)
    if all(same(n, 1) for n in sizes):
        return combine(init, elements(first)[0])
    env.folds[const.get_id()] = fold
    env.fact(lor(*(equal(n, 0) for n in sizes)), const == start)
    single = elements(first)[0]
    env.fact(
        land(*(equal(n, 1) for n in sizes)),
        const == (single if identity is not None else combine(init, single)),
    )
    return const if identity is None or init.eq(identity) else combine(init, const)


def identity_of(env: Env, op: str, dtype: DType) -> Term | None:
    """The neutral element; of float sums -0, of float maximum -inf (which no real number is)."""
    if dtype is I1:
        return z3.BoolVal(op == "and")
    if dtype.is_float:
        # A float dtype stands for any dtype in the abstract reading: there "and" and "or" have
        # identities too.
        values = {
            "add": -0.0,
            "multiply": 1.0,
            "maximum": -np.inf,
            "minimum": np.inf,
            "and": -1.0,
            "or": 0.0,
        }
        try:
            return (
                literal(env, np.asarray(values[op]).astype(dtype.numpy)[()], dtype)
                if op in values
                else None
            )
        except Unknown:
            return None
    info = np.iinfo(dtype.numpy)
    numbers = {
        "add": 0,
        "multiply": 1,
        "maximum": info.min,
        "minimum": info.max,
        "and": -1,
        "or": 0,
        "xor": 0,
    }
    return z3.BitVecVal(int(numbers[op]), dtype.bits)


def monoid(call: Call) -> str | None:
    """The op of a body that applies one associative and commutative op to accumulator and element,
    else ``None``.
    """
    stated = call.attrs.get("body")
    if stated is not None:
        return str(stated.op)
    return monoid_of(call.regions[0]) if call.regions else None


def monoid_of(body: Graph) -> str | None:
    """The one op of a reduction body, else ``None``."""
    if len(body.nodes) != 1 or len(body.params) != 2 or body.results != (2,):
        return None
    node = body.nodes[0]
    return node.op if node.op in _MONOIDS and sorted(node.operands) == [0, 1] else None


SMT: dict[str, Meaning] = {"reduce": _reduce}
