"""Layout ops moved through other ops: exact, but a gain only where later ops can make use of it.

Transposes and reshapes sink below elementwise ops, towards the result, where they meet others and
cancel.
"""

from __future__ import annotations

from compiler.rules.ops import (
    broadcast_in_dim,
    dot_general,
    reshape,
    transpose,
)
from compiler.rules.term import Binary, Const, Opaque, Rewrite, Scalar, Tensor, Unary, rule
from compiler.rules.values import Axes, Perm, Shape, all_, same


@rule("reorder/unary-of-transpose", single_use=True)
def _(x: Tensor, f: Unary, p: Perm) -> Rewrite:
    """f(transpose(x, p)) -> transpose(f(x), p)"""
    return f(transpose(x, p)), transpose(f(x), p)


@rule("reorder/unary-of-reshape", single_use=True)
def _(x: Tensor, f: Unary, s: Shape) -> Rewrite:
    """f(reshape(x, s)) -> reshape(f(x), s)"""
    return f(reshape(x, s)), reshape(f(x), s)


@rule("reorder/binary-of-transpose-constant", single_use=True)
def _(x: Tensor, f: Binary, c: Const, p: Perm) -> Rewrite:
    """f(transpose(x, p), c) -> transpose(f(x, c), p)"""
    return f(transpose(x, p), c), transpose(f(x, c), p)


@rule("reorder/binary-of-constant-transpose", single_use=True)
def _(x: Tensor, f: Binary, c: Const, p: Perm) -> Rewrite:
    """f(c, transpose(x, p)) -> transpose(f(c, x), p)"""
    return f(c, transpose(x, p)), transpose(f(c, x), p)


@rule("reorder/binary-of-reshape-constant", single_use=True)
def _(x: Tensor, f: Binary, c: Const, s: Shape) -> Rewrite:
    """f(reshape(x, s), c) -> reshape(f(x, c), s)"""
    return f(reshape(x, s), c), reshape(f(x, c), s)


@rule("reorder/binary-of-constant-reshape", single_use=True)
def _(x: Tensor, f: Binary, c: Const, s: Shape) -> Rewrite:
    """f(c, reshape(x, s)) -> reshape(f(c, x), s)"""
    return f(c, reshape(x, s)), reshape(f(c, x), s)


@rule("reorder/binary-of-transpose-scalar", single_use=True)
def _(x: Tensor, y: Scalar, f: Binary, p: Perm, d: Axes, s: Shape) -> Rewrite:
    """f(transpose(x, p), broadcast(scalar)) -> transpose(f(x, broadcast(scalar)), p)"""
    spread = broadcast_in_dim(y, d, x.shape)
    moved = transpose(f(x, spread), p)
    return f(transpose(x, p), broadcast_in_dim(y, d, s)), moved, same(y.rank, 0)


@rule("reorder/binary-of-reshape-scalar", single_use=True)
def _(x: Tensor, y: Scalar, f: Binary, s: Shape, d: Axes) -> Rewrite:
    """f(reshape(x, s), broadcast(scalar)) -> reshape(f(x, broadcast(scalar)), s)"""
    spread = broadcast_in_dim(y, d, x.shape)
    return f(reshape(x, s), broadcast_in_dim(y, d, s)), reshape(f(x, spread), s), same(y.rank, 0)


@rule("reorder/transpose-of-dot")
def _(x: Tensor, y: Tensor, lc: Axes, rc: Axes, rest: Opaque) -> Rewrite:
    """transpose(dot(x, y), 1 0) -> dot(y, x) for matrices with one contracted dimension each"""
    none = Axes(())
    product = dot_general(x, y, none, none, lc, rc, rest)
    swapped = dot_general(y, x, none, none, rc, lc, rest)
    return transpose(product, Perm((1, 0))), swapped, all_(same(x.rank, 2), same(y.rank, 2))
