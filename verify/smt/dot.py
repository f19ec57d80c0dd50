"""dot_general: a fold of products over the contracting dimensions.

In the readings of bits the product is not rounded (the canonical sum takes it by fused
multiply-add), so a dot's elements stay pairs; as real numbers, integers and i1 a dot is a sum of
products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import z3

from compiler.dtypes import F32, I1, DType
from verify.smt.integers import Int, equal
from verify.smt.reduce import monoid_fold
from verify.smt.scalar import apply, literal, sort_of
from verify.smt.tensor import Call, Env, Fold, Index, Meaning, SymTensor, Term


def _dot_general(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    lhs, rhs = xs
    lb, rb = call.attrs["lhs_batching_dimensions"], call.attrs["rhs_batching_dimensions"]
    lc, rc = call.attrs["lhs_contracting_dimensions"], call.attrs["rhs_contracting_dimensions"]
    _validate(env, lhs, rhs, (lb, rb, lc, rc))
    lf = [d for d in range(lhs.rank) if d not in (*lb, *lc)]
    rf = [d for d in range(rhs.rank) if d not in (*rb, *rc)]
    shape = tuple([lhs.shape[d] for d in (*lb, *lf)] + [rhs.shape[d] for d in rf])
    sizes = tuple(lhs.shape[d] for d in lc)
    out = call.dtypes[0] if call.dtypes else lhs.dtype
    split = len(lb) + len(lf)

    def pair(index: Index, inner: Index) -> tuple[Term, Term]:
        left: dict[int, Int] = dict(zip((*lb, *lf, *lc), (*index[:split], *inner), strict=True))
        right_index = (*index[: len(lb)], *index[split:], *inner)
        right: dict[int, Int] = dict(zip((*rb, *rf, *rc), right_index, strict=True))
        return lhs.at([left[d] for d in range(lhs.rank)]), rhs.at(
            [right[d] for d in range(rhs.rank)]
        )

    dtypes = (lhs.dtype, rhs.dtype)
    return (
        SymTensor(shape, out, lambda i: _sum(env, call, dtypes, out, sizes, lambda j: pair(i, j))),
    )


def _validate(env: Env, lhs: SymTensor, rhs: SymTensor, dims: tuple[Sequence[int], ...]) -> None:
    lb, rb, lc, rc = dims
    env.require("dot_general", "C1", len(lb) == len(rb))
    env.require("dot_general", "C2", len(lc) == len(rc))
    env.require("dot_general", "C3", len({*lb, *lc}) == len(lb) + len(lc))
    env.require("dot_general", "C4", len({*rb, *rc}) == len(rb) + len(rc))
    env.require("dot_general", "C5", all(0 <= d < lhs.rank for d in (*lb, *lc)))
    env.require("dot_general", "C7", all(0 <= d < rhs.rank for d in (*rb, *rc)))
    for number, left, right in (("C9", lb, rb), ("C10", lc, rc)):
        for a, b in zip(left, right, strict=True):
            env.require("dot_general", number, equal(lhs.shape[a], rhs.shape[b]))


def _sum(
    env: Env, call: Call, dtypes: tuple[DType, DType], out: DType, sizes: tuple[Int, ...], pair: Any
) -> Term:
    if not out.is_float or env.reading == "reals":
        return _ring_sum(env, dtypes, out, sizes, pair)
    const = env.fresh("dot", sort_of(out, env.reading))
    rest = tuple(
        sorted((k, str(v)) for k, v in call.attrs.items() if k in ("precision_config", "algorithm"))
    )
    # Operands are converted to the accumulation type, exactly where that is wider.
    fold = Fold(("dot", dtypes, out, rest), (const,), (), sizes, pair, exact=env.reorder)
    env.folds[const.get_id()] = fold
    return const


def _ring_sum(
    env: Env, dtypes: tuple[DType, DType], out: DType, sizes: tuple[Int, ...], pair: Any
) -> Term:
    acc = F32 if out.is_float and out.bits < 32 else out

    def elements(inner: Index) -> tuple[Term, ...]:
        left, right = (
            t if d is acc else apply(env, "convert", {}, (d,), acc, (t,))
            for d, t in zip(dtypes, pair(inner), strict=True)
        )
        return (apply(env, "multiply", {}, (acc, acc), acc, (left, right)),)

    zero = z3.BoolVal(False) if out is I1 else literal(env, acc.numpy.type(0), acc)
    return monoid_fold(env, "add", out, zero, sizes, elements, minor=True)


SMT: dict[str, Meaning] = {"dot_general": _dot_general}
