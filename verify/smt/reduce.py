"""reduce by normal form: each result element is a constant that stands for a :class:`~verify.smt.tensor.Fold`.

Whether two folds are equal is decided in :mod:`verify.smt.equal`. The order of accumulation is the implementation's choice;
the canonical one depends on the order of the elements and on whether the reduced dimensions are the minor ones, so both are
part of a fold of rounded numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import z3

from compiler.dtypes import I1, DType
from compiler.ir import Graph
from verify.smt.integers import Int
from verify.smt.scalar import literal, sort_of
from verify.smt.tensor import Call, Env, Fold, Index, Meaning, SymTensor, Term, Unknown, shapes_agree

# i1: add is or, multiply is and.
_BOOLEAN = {"add": "or", "maximum": "or", "multiply": "and", "minimum": "and", "or": "or", "and": "and", "xor": "xor"}
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
    # Reduced indices run in row-major order of the operand's own dimensions, however the attribute lists them.
    reduced = sorted(dims)
    kept = [d for d in range(rank) if d not in dims]
    sizes = tuple(inputs[0].shape[d] for d in reduced)
    shape = tuple(inputs[0].shape[d] for d in kept)
    minor = reduced == list(range(rank - len(reduced), rank))

    def whole(index: Index, inner: Index) -> tuple[Int, ...]:
        at: dict[int, Int] = dict(zip(kept, index, strict=True)) | dict(zip(reduced, inner, strict=True))
        return tuple(at[d] for d in range(rank))

    known: dict[tuple[Any, ...], tuple[Index, tuple[Term, ...]]] = {}

    def results(index: Index) -> tuple[Term, ...]:
        tag = tuple(i if isinstance(i, int) else ("z3", i.get_id()) for i in index)
        if tag not in known:
            start = tuple(i.at(()) for i in inits)
            elements = lambda inner: tuple(x.at(whole(index, inner)) for x in inputs)  # noqa: E731
            known[tag] = (index, _fold(env, call, [x.dtype for x in inputs], start, sizes, elements, minor))
        return known[tag][1]

    return tuple(SymTensor(shape, x.dtype, lambda i, k=k: results(i)[k]) for k, x in enumerate(inputs))


def _fold(
    env: Env, call: Call, dtypes: list[DType], inits: tuple[Term, ...], sizes: tuple[Int, ...], elements: Any, minor: bool
) -> tuple[Term, ...]:
    """Enter a fold and return its constants."""
    op = monoid(call)
    consts = tuple(env.fresh("fold", sort_of(d, env.reading)) for d in dtypes)
    if op is None or len(dtypes) > 1:
        captured = tuple(c.at(()) for c in call.captures)
        key: tuple[Any, ...] = ("body", call.regions[0], tuple(dtypes), minor)
        fold = Fold(key, consts, inits + captured, sizes, elements)
    else:
        fold = monoid_fold(env, op, dtypes[0], consts[0], inits[0], sizes, elements, minor)
    for c in consts:
        env.folds[c.get_id()] = fold
    return consts


def monoid_fold(
    env: Env, op: str, dtype: DType, const: Term, init: Term, sizes: tuple[Int, ...], elements: Any, minor: bool
) -> Fold:
    """The fold of an associative and commutative op."""
    name = _BOOLEAN[op] if dtype is I1 else op
    exact = not dtype.is_float or name in ("maximum", "minimum") or env.reorder
    ring = name == "add" and (not dtype.is_float or env.reading == "reals")
    key = (name, dtype, env.reading) if exact else (name, dtype, env.reading, minor)
    return Fold(key, (const,), (init,), sizes, elements, exact, _identity(env, name, dtype), ring)


def _identity(env: Env, op: str, dtype: DType) -> Term | None:
    """The neutral element; of float sums -0, of float maximum -inf (which no real number is)."""
    if dtype is I1:
        return z3.BoolVal(op == "and")
    if dtype.is_float:
        values = {"add": -0.0, "multiply": 1.0, "maximum": -np.inf, "minimum": np.inf}
        try:
            return literal(env, np.asarray(values[op]).astype(dtype.numpy)[()], dtype)
        except Unknown:
            return None
    info = np.iinfo(dtype.numpy)
    numbers = {"add": 0, "multiply": 1, "maximum": info.min, "minimum": info.max, "and": -1, "or": 0, "xor": 0}
    return z3.BitVecVal(int(numbers[op]), dtype.bits)


def monoid(call: Call) -> str | None:
    """The op of a body that applies one associative and commutative op to accumulator and element, else ``None``."""
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
