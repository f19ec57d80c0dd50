"""Reductions: folded over nothing, merged, and taken past ops that only move elements.

A float sum or product has a canonical order, so a rule that changes which element comes when is
exact only for integers and for idempotent folds (max, min, and, or); for floats it needs
``reassoc``. The order of a reduce is row-major over the reduced dimensions.
"""

from __future__ import annotations

from compiler.contract import allow
from compiler.dtypes import FLOATS, INTEGERS
from compiler.rules.ops import (
    add,
    broadcast_in_dim,
    const,
    multiply,
    negate,
    reduce,
    reshape,
    reverse,
    transpose,
)
from compiler.rules.term import Const, Idempotent, Monoid, Rewrite, Scalar, Tensor, rule
from compiler.rules.values import Axes, Dims, Perm, Shape, all_, lt, same

REASSOC = allow("reassoc")
REASSOC_NSZ = allow("reassoc", "nsz")


@rule("reduce/over-nothing")
def _(x: Tensor, f: Monoid, init: Scalar) -> Rewrite:
    """reduce(f, x, no dimensions, init) -> f(init, x)"""
    return reduce(f, x, Dims(()), init), f(broadcast_in_dim(init, Axes(()), x.shape), x)


@rule("reduce/over-ones")
def _(x: Tensor, f: Monoid, d: Dims, init: Scalar) -> Rewrite:
    """reduce(f, x, d, init) -> f(init, reshape(x)) where every d has exactly one element"""
    left = x.shape.drop(d)
    lifted = f(broadcast_in_dim(init, Axes(()), left), reshape(x, left))
    return reduce(f, x, d, init), lifted, same(x.shape.take(d), 1)


@rule("reduce/idempotent-of-broadcast")
def _(x: Tensor, f: Idempotent, a: Axes, s: Shape, d: Dims, init: Scalar) -> Rewrite:
    """reduce(f, broadcast(x), d, init) -> f(init, broadcast(x)) where d holds only new dimensions,
    none empty
    """
    left = s.drop(d)
    kept = broadcast_in_dim(x, a.lower(d), left)
    spread = reduce(f, broadcast_in_dim(x, a, s), d, init)
    return (
        spread,
        f(broadcast_in_dim(init, Axes(()), left), kept),
        all_(a.disjoint(d), lt(0, s.take(d))),
    )


@rule("reduce/idempotent-reduce-reduce")
def _(x: Tensor, f: Idempotent, d: Dims, e: Dims, init: Scalar) -> Rewrite:
    """reduce(f, reduce(f, x, d, init), e, init) -> reduce(f, x, d and e, init)"""
    twice = reduce(f, reduce(f, x, d, init), e, init)
    return twice, reduce(f, x, e.lift(d, x.rank).join(d), init)


@rule("reduce/integer-reduce-reduce", dtypes=INTEGERS)
def _(x: Tensor, d: Dims, e: Dims, init: Scalar) -> Rewrite:
    """sum(sum(x, d, 0), e, init) -> sum(x, d and e, init)"""
    twice = reduce("add", reduce("add", x, d, const(0)), e, init)
    return twice, reduce("add", x, e.lift(d, x.rank).join(d), init)


@rule("reduce/float-reduce-reduce", dtypes=FLOATS, contract=REASSOC_NSZ)
def _(x: Tensor, d: Dims, e: Dims, init: Scalar) -> Rewrite:
    """sum(sum(x, d, 0), e, init) -> sum(x, d and e, init)"""
    twice = reduce("add", reduce("add", x, d, const(0)), e, init)
    return twice, reduce("add", x, e.lift(d, x.rank).join(d), init)


@rule("reduce/idempotent-of-reverse")
def _(x: Tensor, f: Idempotent, r: Dims, d: Dims, init: Scalar) -> Rewrite:
    """reduce(f, reverse(x, r), d, init) -> reduce(f, x, d, init) where r is among d"""
    within = r.without(d).empty()
    return reduce(f, reverse(x, r), d, init), reduce(f, x, d, init), within


@rule("reduce/integer-of-reverse", dtypes=INTEGERS)
@rule("reduce/float-of-reverse", dtypes=FLOATS, contract=REASSOC)
def _(x: Tensor, f: Monoid, r: Dims, d: Dims, init: Scalar) -> Rewrite:
    """reduce(f, reverse(x, r), d, init) -> reduce(f, x, d, init) where r is among d"""
    within = r.without(d).empty()
    return reduce(f, reverse(x, r), d, init), reduce(f, x, d, init), within


@rule("reduce/idempotent-of-transpose")
def _(x: Tensor, f: Idempotent, p: Perm, d: Dims, init: Scalar) -> Rewrite:
    """reduce(f, transpose(x, p), d, init) -> reduce(f, x, p[d], init) where the dimensions left
    keep their order
    """
    ordered = d.rest(x.rank).through(p).ascending()
    return reduce(f, transpose(x, p), d, init), reduce(f, x, d.through(p).sorted(), init), ordered


@rule("reduce/integer-of-transpose", dtypes=INTEGERS)
@rule("reduce/float-of-transpose", dtypes=FLOATS, contract=REASSOC)
def _(x: Tensor, f: Monoid, p: Perm, d: Dims, init: Scalar) -> Rewrite:
    """reduce(f, transpose(x, p), d, init) -> reduce(f, x, p[d], init) where the dimensions left
    keep their order
    """
    ordered = d.rest(x.rank).through(p).ascending()
    return reduce(f, transpose(x, p), d, init), reduce(f, x, d.through(p).sorted(), init), ordered


@rule("reduce/integer-sum-of-negate", dtypes=INTEGERS)
@rule("reduce/float-sum-of-negate", dtypes=FLOATS, contract=REASSOC_NSZ)
def _(x: Tensor, d: Dims) -> Rewrite:
    """sum(-x, d, 0) -> -sum(x, d, 0); for floats the sign of a zero sum may change"""
    return reduce("add", negate(x), d, const(0)), negate(reduce("add", x, d, const(0)))


@rule("reduce/integer-sum-of-scaled", dtypes=INTEGERS)
@rule("reduce/float-sum-of-scaled", dtypes=FLOATS, contract=REASSOC_NSZ)
def _(x: Tensor, c: Const, d: Dims) -> Rewrite:
    """sum(x * c, d, 0) -> sum(x, d, 0) * c"""
    scaled = reduce("add", multiply(x, c), d, const(0))
    return scaled, multiply(reduce("add", x, d, const(0)), c)


@rule("reduce/integer-sum-of-broadcast", dtypes=INTEGERS)
def _(x: Tensor, a: Axes, s: Shape, d: Dims, init: Scalar) -> Rewrite:
    """sum(broadcast(x), d, init) -> init + n * broadcast(x), n the number of copies, where d holds
    only new dimensions
    """
    left = s.drop(d)
    copies = multiply(broadcast_in_dim(x, a.lower(d), left), const(s.take(d).product()))
    total = add(broadcast_in_dim(init, Axes(()), left), copies)
    return reduce("add", broadcast_in_dim(x, a, s), d, init), total, a.disjoint(d)
