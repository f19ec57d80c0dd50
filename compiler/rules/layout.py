"""Ops that move elements: merged, cancelled and passed by elementwise ops. All keep every bit, for
every shape.

Dimensions of size 0 and 1 are where such rules break: each guard says what it needs of them.
"""

from __future__ import annotations

from compiler.rules.ops import (
    broadcast_in_dim,
    concatenate,
    pad,
    reshape,
    reverse,
    select,
    slice_,
    transpose,
)
from compiler.rules.term import Binary, Const, Pred, Rewrite, Scalar, Tensor, Unary, rule
from compiler.rules.values import (
    Axes,
    Axis,
    Dims,
    Perm,
    Shape,
    Vec,
    all_,
    fill,
    iota,
    le,
    max_,
    min_,
    same,
)


@rule("layout/transpose-identity")
def _(x: Tensor, p: Perm) -> Rewrite:
    """transpose(x, 0 1 2 ...) -> x"""
    return transpose(x, p), x, p.is_identity()


@rule("layout/transpose-transpose")
def _(x: Tensor, p: Perm, q: Perm) -> Rewrite:
    """transpose(transpose(x, p), q) -> transpose(x, p then q)"""
    return transpose(transpose(x, p), q), transpose(x, p.then(q))


@rule("layout/reshape-identity")
def _(x: Tensor, s: Shape) -> Rewrite:
    """reshape(x, shape of x) -> x"""
    return reshape(x, s), x, same(s, x.shape)


@rule("layout/reshape-reshape")
def _(x: Tensor, s: Shape, t: Shape) -> Rewrite:
    """reshape(reshape(x, s), t) -> reshape(x, t)"""
    return reshape(reshape(x, s), t), reshape(x, t)


@rule("layout/broadcast-identity")
def _(x: Tensor, d: Axes, s: Shape) -> Rewrite:
    """broadcast(x, 0 1 2 ..., shape of x) -> x"""
    return broadcast_in_dim(x, d, s), x, all_(same(d, iota(x.rank)), same(s, x.shape))


@rule("layout/broadcast-broadcast")
def _(x: Tensor, d: Axes, s: Shape, e: Axes, t: Shape) -> Rewrite:
    """broadcast(broadcast(x, d, s), e, t) -> broadcast(x, e[d], t)"""
    return broadcast_in_dim(broadcast_in_dim(x, d, s), e, t), broadcast_in_dim(x, d.through(e), t)


@rule("layout/broadcast-of-transpose")
def _(x: Tensor, p: Perm, d: Axes, s: Shape) -> Rewrite:
    """broadcast(transpose(x, p), d, s) -> broadcast(x, d[inverse p], s)"""
    return broadcast_in_dim(transpose(x, p), d, s), broadcast_in_dim(x, d.take(p.inverse()), s)


@rule("layout/transpose-of-broadcast")
def _(x: Tensor, d: Axes, s: Shape, p: Perm) -> Rewrite:
    """transpose(broadcast(x, d, s), p) -> broadcast(x, (inverse p)[d], s[p])"""
    moved = broadcast_in_dim(x, d.through(p.inverse()), s.take(p))
    return transpose(broadcast_in_dim(x, d, s), p), moved


@rule("layout/reshape-of-scalar-broadcast")
def _(x: Scalar, d: Axes, s: Shape, t: Shape) -> Rewrite:
    """reshape(broadcast(scalar), t) -> broadcast(scalar, t)"""
    return reshape(broadcast_in_dim(x, d, s), t), broadcast_in_dim(x, d, t), same(x.rank, 0)


@rule("layout/slice-identity")
def _(x: Tensor, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(x, 0, shape of x, 1) -> x"""
    whole = all_(same(lo, 0), same(hi, x.shape), same(step, 1))
    return slice_(x, lo, hi, step), x, whole


@rule("layout/slice-slice")
def _(x: Tensor, a: Vec, b: Vec, s: Vec, c: Vec, d: Vec, t: Vec) -> Rewrite:
    """slice(slice(x, a, b, s), c, d, t) -> slice(x, a + c*s, a + d*s, s*t), cut to a..b"""
    limit = min_(a + d * s, b)
    start = min_(a + c * s, limit)
    return slice_(slice_(x, a, b, s), c, d, t), slice_(x, start, limit, s * t)


@rule("layout/slice-of-broadcast")
def _(x: Tensor, d: Axes, s: Shape, lo: Vec, hi: Vec) -> Rewrite:
    """slice(broadcast(x, d, s), lo, hi, 1) -> broadcast(x, d, hi - lo) where no dimension of x is
    cut
    """
    step = fill(s.rank, 1)
    kept = same(s.take(d), (hi - lo).take(d))
    return (
        slice_(broadcast_in_dim(x, d, s), lo, hi, step),
        broadcast_in_dim(x, d, hi - lo),
        kept,
    )


@rule("layout/slice-of-pad")
def _(x: Tensor, v: Scalar, low: Vec, high: Vec, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(pad(x, v, low, high), lo, hi, step) -> slice(x, lo - low, hi - low, step) inside x"""
    flat = fill(x.rank, 0)
    inside = all_(le(low, lo), le(hi, low + x.shape))
    padded = pad(x, v, low, high, flat)
    return slice_(padded, lo, hi, step), slice_(x, lo - low, hi - low, step), inside


@rule("layout/slice-of-concatenate-first")
def _(x: Tensor, y: Tensor, k: Axis, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(concatenate(x, y), lo, hi, step) -> slice(x, lo, hi, step) within x"""
    within = le(hi.at(k), x.shape.at(k))
    return slice_(concatenate(k, x, y), lo, hi, step), slice_(x, lo, hi, step), within


@rule("layout/slice-of-concatenate-second")
def _(x: Tensor, y: Tensor, k: Axis, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(concatenate(x, y), lo, hi, step) -> slice(y, lo - n, hi - n, step) within y"""
    n = x.shape.at(k)
    moved = slice_(y, lo.put(k, lo.at(k) - n), hi.put(k, hi.at(k) - n), step)
    return slice_(concatenate(k, x, y), lo, hi, step), moved, le(n, lo.at(k))


@rule("layout/slice-of-transpose")
def _(x: Tensor, p: Perm, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(transpose(x, p), lo, hi, step) -> transpose(slice(x, ... [inverse p]), p)"""
    q = p.inverse()
    inner = slice_(x, lo.take(q), hi.take(q), step.take(q))
    return slice_(transpose(x, p), lo, hi, step), transpose(inner, p)


@rule("layout/slice-of-unary", single_use=True)
def _(x: Tensor, f: Unary, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(f(x)) -> f(slice(x))"""
    return slice_(f(x), lo, hi, step), f(slice_(x, lo, hi, step))


@rule("layout/pad-identity")
def _(x: Tensor, v: Scalar, low: Vec, high: Vec, mid: Vec) -> Rewrite:
    """pad(x, v, 0, 0, 0) -> x"""
    return pad(x, v, low, high, mid), x, all_(same(low, 0), same(high, 0), same(mid, 0))


@rule("layout/pad-pad")
def _(x: Tensor, v: Scalar, a: Vec, b: Vec, i: Vec, c: Vec, d: Vec) -> Rewrite:
    """pad(pad(x, v, a, b, i), v, c, d, 0) -> pad(x, v, a + c, b + d, i) where nothing is cropped"""
    grows = all_(le(0, a), le(0, b), le(0, c), le(0, d))
    flat = fill(x.rank, 0)
    return pad(pad(x, v, a, b, i), v, c, d, flat), pad(x, v, a + c, b + d, i), grows


@rule("layout/pad-crops")
def _(x: Tensor, v: Scalar, low: Vec, high: Vec) -> Rewrite:
    """pad(x, v, low <= 0, high <= 0, 0) -> slice(x, -low, shape + high)"""
    flat = fill(x.rank, 0)
    crops = all_(le(low, 0), le(high, 0))
    return pad(x, v, low, high, flat), slice_(x, -low, x.shape + high, fill(x.rank, 1)), crops


@rule("layout/pad-of-its-value")
def _(v: Scalar, d: Axes, s: Shape, low: Vec, high: Vec, mid: Vec) -> Rewrite:
    """pad(broadcast(v), v, low, high, mid) -> broadcast(v)"""
    size = s + low + high + max_(s - 1, 0) * mid
    padded = pad(broadcast_in_dim(v, d, s), v, low, high, mid)
    return padded, broadcast_in_dim(v, d, size), same(v.rank, 0)


@rule("layout/reverse-nothing")
def _(x: Tensor, d: Dims) -> Rewrite:
    """reverse(x, d) -> x where every d has at most one element"""
    return reverse(x, d), x, le(x.shape.take(d), 1)


@rule("layout/reverse-reverse")
def _(x: Tensor, d: Dims, e: Dims) -> Rewrite:
    """reverse(reverse(x, d), e) -> reverse(x, d xor e)"""
    return reverse(reverse(x, d), e), reverse(x, d.xor(e))


@rule("layout/reverse-of-broadcast")
def _(x: Tensor, d: Axes, s: Shape, e: Dims) -> Rewrite:
    """reverse(broadcast(x, d, s), e) -> broadcast(x, d, s) where x has no dimension in e"""
    spread = broadcast_in_dim(x, d, s)
    return reverse(spread, e), spread, d.disjoint(e)


@rule("layout/reverse-of-transpose")
def _(x: Tensor, p: Perm, d: Dims) -> Rewrite:
    """reverse(transpose(x, p), d) -> transpose(reverse(x, p[d]), p)"""
    return reverse(transpose(x, p), d), transpose(reverse(x, d.through(p)), p)


@rule("layout/concatenate-one")
def _(x: Tensor, k: Axis) -> Rewrite:
    """concatenate(x) -> x"""
    return concatenate(k, x), x


@rule("layout/concatenate-empty-first")
def _(x: Tensor, y: Tensor, k: Axis) -> Rewrite:
    """concatenate(x, y) -> y where x has no element along the dimension"""
    return concatenate(k, x, y), y, same(x.shape.at(k), 0)


@rule("layout/concatenate-empty-second")
def _(x: Tensor, y: Tensor, k: Axis) -> Rewrite:
    """concatenate(x, y) -> x where y has no element along the dimension"""
    return concatenate(k, x, y), x, same(y.shape.at(k), 0)


@rule("layout/concatenate-adjacent-slices")
def _(x: Tensor, k: Axis, a: Vec, b: Vec, c: Vec, d: Vec) -> Rewrite:
    """concatenate(slice(x, a, b), slice(x, b, d)) -> slice(x, a, d)"""
    one = fill(x.rank, 1)
    meets = all_(
        same(a.put(k, 0), c.put(k, 0)), same(b.put(k, 0), d.put(k, 0)), same(b.at(k), c.at(k))
    )
    parts = concatenate(k, slice_(x, a, b, one), slice_(x, c, d, one))
    return parts, slice_(x, a, d, one), meets


@rule("layout/concatenate-transposes")
def _(x: Tensor, y: Tensor, p: Perm, k: Axis) -> Rewrite:
    """concatenate(transpose(x, p), transpose(y, p), k) -> transpose(concatenate(x, y, p[k]), p)"""
    return (
        concatenate(k, transpose(x, p), transpose(y, p)),
        transpose(concatenate(p.at(k), x, y), p),
    )


@rule("layout/transpose-of-constant")
def _(c: Const, p: Perm) -> Rewrite:
    """transpose(c, p) -> c"""
    return transpose(c, p), c


@rule("layout/reshape-of-constant")
def _(c: Const, s: Shape) -> Rewrite:
    """reshape(c, s) -> c"""
    return reshape(c, s), c


@rule("layout/broadcast-of-constant")
def _(c: Const, d: Axes, s: Shape) -> Rewrite:
    """broadcast(c, d, s) -> c"""
    return broadcast_in_dim(c, d, s), c


@rule("layout/slice-of-constant")
def _(c: Const, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(c, lo, hi, step) -> c"""
    return slice_(c, lo, hi, step), c


@rule("layout/reverse-of-constant")
def _(c: Const, d: Dims) -> Rewrite:
    """reverse(c, d) -> c"""
    return reverse(c, d), c


@rule("layout/concatenate-of-constants")
def _(c: Const, k: Axis) -> Rewrite:
    """concatenate(c, c) -> c"""
    return concatenate(k, c, c), c


@rule("layout/unary-of-broadcast")
def _(x: Tensor, f: Unary, d: Axes, s: Shape) -> Rewrite:
    """f(broadcast(x)) -> broadcast(f(x))"""
    return f(broadcast_in_dim(x, d, s)), broadcast_in_dim(f(x), d, s)


@rule("layout/binary-of-broadcasts")
def _(x: Tensor, y: Tensor, f: Binary, d: Axes, s: Shape) -> Rewrite:
    """f(broadcast(x), broadcast(y)) -> broadcast(f(x, y)) where both are spread alike"""
    both = f(broadcast_in_dim(x, d, s), broadcast_in_dim(y, d, s))
    return both, broadcast_in_dim(f(x, y), d, s), same(x.shape, y.shape)


@rule("layout/binary-of-broadcast-constant")
def _(x: Tensor, c: Const, f: Binary, d: Axes, s: Shape) -> Rewrite:
    """f(broadcast(x), c) -> broadcast(f(x, c))"""
    return f(broadcast_in_dim(x, d, s), c), broadcast_in_dim(f(x, c), d, s)


@rule("layout/binary-of-constant-broadcast")
def _(x: Tensor, c: Const, f: Binary, d: Axes, s: Shape) -> Rewrite:
    """f(c, broadcast(x)) -> broadcast(f(c, x))"""
    return f(c, broadcast_in_dim(x, d, s)), broadcast_in_dim(f(c, x), d, s)


@rule("layout/binary-of-transposes")
def _(x: Tensor, y: Tensor, f: Binary, p: Perm) -> Rewrite:
    """f(transpose(x, p), transpose(y, p)) -> transpose(f(x, y), p)"""
    return f(transpose(x, p), transpose(y, p)), transpose(f(x, y), p)


@rule("layout/binary-of-reshapes")
def _(x: Tensor, y: Tensor, f: Binary, s: Shape) -> Rewrite:
    """f(reshape(x), reshape(y)) -> reshape(f(x, y)) where x and y have one shape"""
    return f(reshape(x, s), reshape(y, s)), reshape(f(x, y), s), same(x.shape, y.shape)


@rule("layout/binary-of-reverses")
def _(x: Tensor, y: Tensor, f: Binary, d: Dims) -> Rewrite:
    """f(reverse(x, d), reverse(y, d)) -> reverse(f(x, y), d)"""
    return f(reverse(x, d), reverse(y, d)), reverse(f(x, y), d)


@rule("layout/select-of-transposes")
def _(p: Pred, x: Tensor, y: Tensor, q: Perm) -> Rewrite:
    """select(transpose(p, q), transpose(x, q), transpose(y, q)) -> transpose(select(p, x, y), q)"""
    return (
        select(transpose(p, q), transpose(x, q), transpose(y, q)),
        transpose(select(p, x, y), q),
    )
