"""Ops that move elements. Vectors of positions may be symbolic; permutations and axes are
concrete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from verify.smt.integers import (
    Bool,
    Int,
    ceildiv,
    equal,
    floordiv,
    ite,
    land,
    lor,
    maximum,
    mod,
    product,
    same,
)
from verify.smt.tensor import Call, Env, Index, Meaning, SymTensor, Term, is_one, shapes_agree


def _broadcast_in_dim(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, shape, dims = xs[0], call.shapes[0], call.attrs["broadcast_dimensions"]
    valid = (
        len(dims) == x.rank
        and len(set(dims)) == len(dims)
        and all(0 <= d < len(shape) for d in dims)
    )
    env.require("broadcast_in_dim", "C3", valid)
    if not valid:
        return (
            SymTensor(
                shape, x.dtype, lambda i: env.uninterpreted("invalid", (), x.at(i[: x.rank]).sort())
            ),
        )
    for n, d in zip(x.shape, dims, strict=True):
        env.require("broadcast_in_dim", "C5", lor(equal(n, 1), equal(n, shape[d])))

    def element(index: Index) -> Term:
        # Where the result's dimension is 1 too, the index is 0 anyway: no choice needed for a
        # dimension kept as is.
        source = [
            index[d] if same(n, shape[d]) else ite(equal(n, 1), 0, index[d])
            for n, d in zip(x.shape, dims, strict=True)
        ]
        return x.at(source)

    return (SymTensor(shape, x.dtype, element, splat=x.splat),)


def _reshape(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, shape = xs[0], call.shapes[0]
    env.require("reshape", "C2", _same_size(x.shape, shape))
    return (reshaped(env, x, shape),)


def _same_size(a: Sequence[Int], b: Sequence[Int]) -> Bool:
    """Whether the sizes agree; dimensions on both sides cancel only where no other one may be 0, so
    they stay.
    """
    left, right = _wide(a), _wide(b)
    if len(left) == len(right) and all(same(m, n) for m, n in zip(left, right, strict=True)):
        return True
    return equal(product(left), product(right))


def _wide(shape: Sequence[Int]) -> list[Int]:
    return [n for n in shape if not is_one(n)]


def flat_element(env: Env, x: SymTensor) -> Callable[[Int], Term]:
    """The element of ``x`` at a row-major position."""
    return x.flat or (lambda at: x.at(env.index_at(at, x.shape)))


def reshaped(env: Env, x: SymTensor, shape: Sequence[Int]) -> SymTensor:
    """``x`` in another shape of the same size."""
    have, want = _wide(x.shape), _wide(shape)
    if len(have) == len(want) and all(same(m, n) for m, n in zip(have, want, strict=True)):
        return SymTensor(
            shape, x.dtype, lambda i: x.at(_regroup(i, shape, x.shape)), flat=x.flat, splat=x.splat
        )
    flat = flat_element(env, x)
    return SymTensor(
        shape, x.dtype, lambda i: flat(env.position(i, shape)), flat=flat, splat=x.splat
    )


def _regroup(index: Index, shape: Sequence[Int], target: Sequence[Int]) -> tuple[Int, ...]:
    """The same entries, those of size-1 dimensions dropped and put in as ``target`` has them."""
    rest = iter([i for i, n in zip(index, shape, strict=True) if not is_one(n)])
    return tuple(0 if is_one(n) else next(rest) for n in target)


def _transpose(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, perm = xs[0], call.attrs["permutation"]
    env.require("transpose", "C2", sorted(perm) == list(range(x.rank)))
    shape = tuple(x.shape[p] for p in perm)
    where = {p: k for k, p in enumerate(perm)}
    return (
        SymTensor(
            shape, x.dtype, lambda i: x.at([i[where[d]] for d in range(x.rank)]), splat=x.splat
        ),
    )


def _slice(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x = xs[0]
    starts, limits, strides = (call.attrs[k] for k in ("start_indices", "limit_indices", "strides"))
    env.require("slice", "C2", len(starts) == len(limits) == len(strides) == x.rank)
    shape: list[Int] = []
    for n, lo, hi, step in zip(x.shape, starts, limits, strides, strict=True):
        env.require("slice", "C3", land(lo >= 0, lo <= hi, hi <= n))
        env.require("slice", "C4", step > 0)
        shape.append(ceildiv(hi - lo, step))

    def element(index: Index) -> Term:
        return x.at([lo + i * step for i, lo, step in zip(index, starts, strides, strict=True)])

    return (SymTensor(shape, x.dtype, element, splat=x.splat),)


def _pad(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, value = xs
    low, high, inner = (
        call.attrs[k] for k in ("edge_padding_low", "edge_padding_high", "interior_padding")
    )
    env.require("pad", "I2", value.rank == 0)
    env.require("pad", "C1", x.dtype is value.dtype)
    env.require("pad", "C2", len(low) == len(high) == len(inner) == x.rank)
    shape: list[Int] = []
    for n, lo, hi, gap in zip(x.shape, low, high, inner, strict=True):
        env.require("pad", "C3", gap >= 0)
        shape.append(lo + n + (0 if same(gap, 0) else maximum(n - 1, 0) * gap) + hi)
        env.require("pad", "C4", shape[-1] >= 0)

    def element(index: Index) -> Term:
        inside: list[Bool] = []
        source: list[Int] = []
        for i, n, lo, gap in zip(index, x.shape, low, inner, strict=True):
            at, step = i - lo, gap + 1
            inside += [at >= 0] if same(step, 1) else [at >= 0, equal(mod(at, step), 0)]
            source.append(floordiv(at, step))
            inside.append(source[-1] < n)
        holds = land(*inside)
        if holds is False:
            return value.at(())
        return ite(holds, x.at(source), value.at(()))

    return (SymTensor(shape, x.dtype, element),)


def _concatenate(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    first, dim = xs[0], call.attrs["dimension"]
    env.require("concatenate", "C4", 0 <= dim < first.rank)
    ends: list[Int] = []
    for x in xs:
        env.require("concatenate", "C1", x.dtype is first.dtype)
        rest = [n for k, n in enumerate(x.shape) if k != dim]
        env.require(
            "concatenate",
            "C2",
            shapes_agree(rest, [n for k, n in enumerate(first.shape) if k != dim]),
        )
        ends.append(x.shape[dim] if not ends else ends[-1] + x.shape[dim])

    def element(index: Index) -> Term:
        def part(k: int) -> Term:
            start = ends[k - 1] if k else 0
            return xs[k].at((*index[:dim], index[dim] - start, *index[dim + 1 :]))

        if isinstance(index[dim], int) and all(isinstance(e, int) for e in ends):
            return part(next(k for k, e in enumerate(ends) if index[dim] < e))
        out = part(len(xs) - 1)
        for k in range(len(xs) - 2, -1, -1):
            out = ite(index[dim] < ends[k], part(k), out)
        return out

    shape = (*first.shape[:dim], ends[-1], *first.shape[dim + 1 :])
    return (SymTensor(shape, first.dtype, element),)


def _reverse(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    x, dims = xs[0], call.attrs["dimensions"]
    env.require("reverse", "C2", len(set(dims)) == len(dims))
    env.require("reverse", "C3", all(0 <= d < x.rank for d in dims))

    def element(index: Index) -> Term:
        return x.at([x.shape[k] - 1 - i if k in dims else i for k, i in enumerate(index)])

    return (SymTensor(x.shape, x.dtype, element, splat=x.splat),)


SMT: dict[str, Meaning] = {
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "reverse": _reverse,
}
