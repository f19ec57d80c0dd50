"""gather, dynamic_slice, dynamic_update_slice: start indices are integers of the terms that hold
them, clamped, and then these ops move elements like others.
"""

from __future__ import annotations

from collections.abc import Sequence

import z3

from compiler.dtypes import DType
from verify.smt.integers import Bool, Int, ite, land
from verify.smt.tensor import Call, Env, Index, Meaning, SymTensor, Term, Unknown


def integer(term: Term, dtype: DType) -> Int:
    """The integer that a term of ``dtype`` holds, a Python int where it is a literal."""
    term = z3.simplify(term)
    if z3.is_bv_value(term):
        return int(term.as_signed_long() if dtype.kind == "int" else term.as_long())
    return z3.BV2Int(term, dtype.kind == "int")


def _clamped(x: SymTensor, index: Sequence[Int], size: Int, length: Int) -> Int:
    """The start index at ``index``, moved so that ``length`` elements of ``size`` follow."""
    start, most = integer(x.at(index), x.dtype), size - length
    return ite(start < 0, 0, ite(start > most, most, start))


def _starts(
    env: Env, op: str, starts: Sequence[SymTensor], shape: Sequence[Int], sizes: Sequence[Int]
) -> tuple[Int, ...]:
    """The scalars ``starts``, clamped for slices of ``sizes``."""
    env.require(op, "C2", len(starts) == len(shape) == len(sizes))
    for n, size in zip(shape, sizes, strict=True):
        env.require(op, "C4", land(size >= 0, size <= n))
    triples = zip(starts, shape, sizes, strict=True)
    return tuple(_clamped(s, (), n, size) for s, n, size in triples)


def _dynamic_slice(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, sizes = xs[0], call.attrs["slice_sizes"]
    starts = _starts(env, "dynamic_slice", xs[1:], x.shape, sizes)

    def element(index: Index) -> Term:
        return x.at([lo + i for lo, i in zip(starts, index, strict=True)])

    return (SymTensor(sizes, x.dtype, element, splat=x.splat),)


def _dynamic_update_slice(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, update = xs[:2]
    starts = _starts(env, "dynamic_update_slice", xs[2:], x.shape, update.shape)

    def element(index: Index) -> Term:
        own = [i - lo for i, lo in zip(index, starts, strict=True)]
        inside: list[Bool] = []
        for i, size in zip(own, update.shape, strict=True):
            inside += [i >= 0, i < size]
        holds = land(*inside)
        return x.at(index) if holds is False else ite(holds, update.at(own), x.at(index))

    return (SymTensor(x.shape, x.dtype, element),)


def gather(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    """Unknown where the indices are called sorted: then most of them have no meaning."""
    x, starts = xs
    a = call.attrs
    sizes, vector, offset_dims = a["slice_sizes"], a["index_vector_dim"], a["offset_dims"]
    if a["indices_are_sorted"]:
        raise Unknown("gather: whether indices are sorted is not known")
    for n, size in zip(x.shape, sizes, strict=True):
        env.require("gather", "C21", land(size >= 0, size <= n))
    dropped = {*a["collapsed_slice_dims"], *a["operand_batching_dims"]}
    for d in sorted(dropped):
        env.require("gather", "C9", sizes[d] <= 1)
    batch = iter([n for d, n in enumerate(starts.shape) if d != vector])
    kept = iter([n for d, n in enumerate(sizes) if d not in dropped])
    rank = len(offset_dims) + starts.rank - (vector < starts.rank)
    shape = tuple(next(kept if d in offset_dims else batch) for d in range(rank))

    def element(index: Index) -> Term:
        own = [i for d, i in enumerate(index) if d not in offset_dims]
        offsets = iter([index[d] for d in offset_dims])
        at: list[Int] = [0 if d in dropped else next(offsets) for d in range(x.rank)]
        for k, d in enumerate(a["start_index_map"]):
            where = (*own[:vector], k, *own[vector:])[: starts.rank]
            at[d] = at[d] + _clamped(starts, where, x.shape[d], sizes[d])
        batching = zip(a["operand_batching_dims"], a["start_indices_batching_dims"], strict=True)
        for d, j in batching:
            at[d] = own[j - (j > vector)]
        return x.at(at)

    return (SymTensor(shape, x.dtype, element, splat=x.splat),)


SMT: dict[str, Meaning] = {
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": gather,
}
