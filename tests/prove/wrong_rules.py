"""Rules that are wrong, each as some compiler once had it or nearly had it. The prover has to
refute every one.
"""

from __future__ import annotations

from compiler.contract import allow
from compiler.dtypes import F16, F32, F64, FLOATS, I32, INTEGERS, SIGNED, UNSIGNED
from compiler.rules.ops import (
    abs_,
    add,
    broadcast_in_dim,
    clamp,
    compare,
    concatenate,
    const,
    convert,
    divide,
    dot_general,
    exponential,
    log,
    maximum,
    minimum,
    multiply,
    negate,
    not_op,
    pad,
    reduce,
    reshape,
    reverse,
    select,
    shift_right_arithmetic,
    shift_right_logical,
    slice_,
    sqrt,
    subtract,
    transpose,
)
from compiler.rules.term import (
    Binary,
    Const,
    Monoid,
    Opaque,
    PowerOfTwo,
    Pred,
    Rewrite,
    Scalar,
    Tensor,
    Type,
    Unary,
    rule,
)
from compiler.rules.values import (
    Axes,
    Axis,
    Dims,
    Direction,
    Perm,
    Shape,
    Vec,
    all_,
    fill,
    le,
    same,
)

NUMBERS = INTEGERS + FLOATS


@rule("wrong/float-add-zero", dtypes=FLOATS)
def _(x: Tensor) -> Rewrite:
    """x + 0 -> x; wrong: x = -0"""
    return add(x, const(0.0)), x


@rule("wrong/float-multiply-zero", dtypes=FLOATS)
def _(x: Tensor) -> Rewrite:
    """x * 0 -> 0; wrong: NaN, infinities, negative x"""
    return multiply(x, const(0.0)), const(0.0)


@rule("wrong/multiply-zero-reassoc", dtypes=FLOATS, contract=allow("reassoc", "nsz"))
def _(x: Tensor) -> Rewrite:
    """x * 0 -> 0 under reassoc nsz; wrong: NaN"""
    return multiply(x, const(0.0)), const(0.0)


@rule("wrong/float-subtract-self", dtypes=FLOATS)
def _(x: Tensor) -> Rewrite:
    """x - x -> 0; wrong: NaN, infinities"""
    return subtract(x, x), const(0.0)


@rule("wrong/float-divide-self", dtypes=FLOATS)
def _(x: Tensor) -> Rewrite:
    """x / x -> 1; wrong: 0, NaN, infinities"""
    return divide(x, x), const(1)


@rule("wrong/reassociated", dtypes=FLOATS)
def _(x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
    """(x + y) + z -> x + (y + z) without a contract"""
    return add(add(x, y), z), add(x, add(y, z))


@rule("wrong/reassociated-difference", dtypes=FLOATS, contract=allow("reassoc"))
def _(x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
    """(x - y) - z -> x - (y - z); wrong: signs"""
    return subtract(subtract(x, y), z), subtract(x, subtract(y, z))


@rule("wrong/negate-subtract", dtypes=FLOATS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """-(x - y) -> y - x; wrong: x = y"""
    return negate(subtract(x, y)), subtract(y, x)


@rule("wrong/divide-by-constant", dtypes=FLOATS)
def _(x: Tensor, c: Const) -> Rewrite:
    """x / c -> x * (1 / c) without arcp"""
    return divide(x, c), multiply(x, divide(const(1), c))


@rule("wrong/sqrt-of-square", dtypes=FLOATS, contract=allow("reassoc"))
def _(x: Tensor) -> Rewrite:
    """sqrt(x * x) -> x; wrong: negative x"""
    return sqrt(multiply(x, x)), x


@rule("wrong/log-of-product", dtypes=FLOATS)
def _(x: Tensor) -> Rewrite:
    """log(exp(x)) -> x without a contract"""
    return log(exponential(x)), x


@rule("wrong/transpose-composed-backwards")
def _(x: Tensor, p: Perm, q: Perm) -> Rewrite:
    """transpose(transpose(x, p), q) -> transpose(x, q then p)"""
    return transpose(transpose(x, p), q), transpose(x, q.then(p))


@rule("wrong/slice-start-not-scaled")
def _(x: Tensor, a: Vec, b: Vec, s: Vec, c: Vec, d: Vec, t: Vec) -> Rewrite:
    """slice(slice(x, a, b, s), c, d, t) -> slice(x, a + c, ...); wrong: the inner stride"""
    return slice_(slice_(x, a, b, s), c, d, t), slice_(x, a + c, b, s * t)


@rule("wrong/slice-limit-off-by-one")
def _(x: Tensor, lo: Vec, hi: Vec) -> Rewrite:
    """slice(x, lo, hi) -> x where hi is the last index"""
    one = fill(x.rank, 1)
    return slice_(x, lo, hi, one), x, all_(same(lo, 0), same(hi, x.shape - 1))


@rule("wrong/pad-interior-added")
def _(x: Tensor, v: Scalar, i: Vec, j: Vec) -> Rewrite:
    """pad(pad(x, v, interior i), v, interior j) -> pad(x, v, interior i + j)"""
    flat = fill(x.rank, 0)
    return pad(pad(x, v, flat, flat, i), v, flat, flat, j), pad(x, v, flat, flat, i + j)


@rule("wrong/pad-pad-crops")
def _(x: Tensor, v: Scalar, a: Vec, b: Vec, c: Vec, d: Vec) -> Rewrite:
    """pad(pad(x, v, a, b), v, c, d) -> pad(x, v, a + c, b + d); wrong: cropping what was data"""
    flat = fill(x.rank, 0)
    return pad(pad(x, v, a, b, flat), v, c, d, flat), pad(x, v, a + c, b + d, flat)


@rule("wrong/slice-of-pad-unguarded")
def _(x: Tensor, v: Scalar, low: Vec, high: Vec, lo: Vec, hi: Vec) -> Rewrite:
    """slice(pad(x, v, low, high), lo, hi) -> slice(x, lo - low, hi - low); wrong: in the padding"""
    flat, one = fill(x.rank, 0), fill(x.rank, 1)
    return slice_(pad(x, v, low, high, flat), lo, hi, one), slice_(x, lo - low, hi - low, one)


@rule("wrong/slice-of-concatenate-side")
def _(x: Tensor, y: Tensor, k: Axis, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    """slice(concatenate(x, y)) within x -> slice(y)"""
    within = all_(le(hi.at(k), x.shape.at(k)), le(hi.at(k), y.shape.at(k)))
    return slice_(concatenate(k, x, y), lo, hi, step), slice_(y, lo, hi, step), within


@rule("wrong/reduce-empty")
def _(x: Tensor, a: Axes, s: Shape, d: Dims, init: Scalar) -> Rewrite:
    """max(broadcast(x), d, init) -> max(init, x); wrong: d of size 0"""
    left = s.drop(d)
    spread = reduce("maximum", broadcast_in_dim(x, a, s), d, init)
    other = maximum(broadcast_in_dim(init, Axes(()), left), broadcast_in_dim(x, a.lower(d), left))
    return spread, other, a.disjoint(d)


@rule("wrong/broadcast-dims-mixed")
def _(x: Tensor, d: Axes, s: Shape, e: Axes, t: Shape) -> Rewrite:
    """broadcast(broadcast(x, d, s), e, t) -> broadcast(x, d, t)"""
    return broadcast_in_dim(broadcast_in_dim(x, d, s), e, t), broadcast_in_dim(x, d, t)


@rule("wrong/reshape-of-broadcast")
def _(x: Tensor, d: Axes, s: Shape, t: Shape) -> Rewrite:
    """reshape(broadcast(x, d, s), t) -> broadcast(x, d, t)"""
    return reshape(broadcast_in_dim(x, d, s), t), broadcast_in_dim(x, d, t)


@rule("wrong/transpose-of-reshape")
def _(x: Tensor, s: Shape, p: Perm) -> Rewrite:
    """transpose(reshape(x, s), p) -> reshape(x, s[p])"""
    return transpose(reshape(x, s), p), reshape(x, s.take(p))


@rule("wrong/reverse-first-dims")
def _(x: Tensor, d: Dims, e: Dims) -> Rewrite:
    """reverse(reverse(x, d), e) -> reverse(x, d or e)"""
    return reverse(reverse(x, d), e), reverse(x, d.join(e))


@rule("wrong/reverse-of-transpose")
def _(x: Tensor, p: Perm, d: Dims) -> Rewrite:
    """reverse(transpose(x, p), d) -> transpose(reverse(x, d), p)"""
    return reverse(transpose(x, p), d), transpose(reverse(x, d), p)


@rule("wrong/concatenate-swapped")
def _(x: Tensor, y: Tensor, k: Axis, d: Dims) -> Rewrite:
    """reverse(concatenate(x, y)) -> concatenate(reverse(x), reverse(y))"""
    return reverse(concatenate(k, x, y), d), concatenate(k, reverse(x, d), reverse(y, d))


@rule("wrong/unary-of-pad")
def _(x: Tensor, f: Unary, v: Scalar, low: Vec, high: Vec, mid: Vec) -> Rewrite:
    """f(pad(x, v)) -> pad(f(x), v)"""
    return f(pad(x, v, low, high, mid)), pad(f(x), v, low, high, mid)


@rule("wrong/binary-commutes")
def _(x: Tensor, y: Tensor, f: Binary) -> Rewrite:
    """f(x, y) -> f(y, x) for any f"""
    return f(x, y), f(y, x)


@rule("wrong/select-swapped")
def _(p: Pred, x: Tensor, y: Tensor) -> Rewrite:
    """select(not p, x, y) -> select(p, x, y)"""
    return select(not_op(p), x, y), select(p, x, y)


@rule("wrong/signed-divide-by-shift", dtypes=SIGNED)
def _(x: Tensor, c: PowerOfTwo) -> Rewrite:
    """x / 2^k -> x >> k; wrong: negative x"""
    return divide(x, c), shift_right_arithmetic(x, const(c.exponent))


@rule("wrong/shift-logical-for-signed", dtypes=SIGNED)
def _(x: Tensor, k: Const) -> Rewrite:
    """x >> k -> x >>> k; wrong: negative x"""
    return shift_right_arithmetic(x, k), shift_right_logical(x, k)


@rule("wrong/multiply-then-divide", dtypes=INTEGERS)
def _(x: Tensor) -> Rewrite:
    """(x * 2) / 2 -> x; wrong: products that wrap"""
    return divide(multiply(x, const(2)), const(2)), x


@rule("wrong/unsigned-compared-as-signed", dtypes=UNSIGNED)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """x < y -> x - y < 0 as signed numbers, that is: the top bit of x - y"""
    top = shift_right_arithmetic(subtract(x, y), const(63))
    return compare("LT", x, y), compare("NE", top, const(0))


@rule("wrong/abs-not-negative", dtypes=SIGNED)
def _(x: Tensor) -> Rewrite:
    """|x| >= 0 -> true; wrong: the least integer"""
    return compare("GE", abs_(x), const(0)), const(True)


@rule("wrong/maximum-by-select", dtypes=FLOATS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """max(x, y) -> select(x > y, x, y); wrong: NaN in x, zeros of both signs"""
    return maximum(x, y), select(compare("GT", x, y), x, y)


@rule("wrong/maximum-absorbs", dtypes=FLOATS)
def _(x: Tensor, y: Tensor) -> Rewrite:
    """max(x, min(x, y)) -> x; wrong: y = NaN"""
    return maximum(x, minimum(x, y)), x


@rule("wrong/not-compare", dtypes=FLOATS)
def _(x: Tensor, y: Tensor, d: Direction) -> Rewrite:
    """not (x < y) -> x >= y; wrong: NaN"""
    return not_op(compare(d, x, y)), compare(d.negated, x, y)


@rule("wrong/clamp-order", dtypes=NUMBERS)
def _(x: Tensor, lo: Tensor, hi: Tensor) -> Rewrite:
    """clamp(lo, x, hi) -> max(min(x, hi), lo); wrong: lo > hi"""
    return clamp(lo, x, hi), maximum(minimum(x, hi), lo)


@rule("wrong/convert-round-trip", dtypes=(F32, I32))
def _(x: Tensor, t: Type) -> Rewrite:
    """convert(convert(x, t), dtype of x) -> x; wrong: t is narrower"""
    return convert(convert(x, t), x.dtype), x


@rule("wrong/double-rounding", dtypes=(F64,))
def _(x: Tensor) -> Rewrite:
    """convert(convert(x, f32), f16) -> convert(x, f16); wrong: rounds twice"""
    return convert(convert(x, F32), F16), convert(x, F16)


@rule("wrong/sum-in-another-order", dtypes=FLOATS)
def _(x: Tensor, p: Perm, d: Dims, init: Scalar) -> Rewrite:
    """sum(transpose(x, p), d) -> sum(x, p[d]) with the dimensions left in the wrong order"""
    return reduce("add", transpose(x, p), d, init), reduce("add", x, d.through(p).sorted(), init)


@rule("wrong/float-sum-backwards", dtypes=FLOATS)
def _(x: Tensor, d: Dims, init: Scalar) -> Rewrite:
    """sum(reverse(x, d), d, init) -> sum(x, d, init) without a contract"""
    return reduce("add", reverse(x, d), d, init), reduce("add", x, d, init)


@rule("wrong/reduce-twice", dtypes=INTEGERS)
def _(x: Tensor, f: Monoid, d: Dims, init: Scalar) -> Rewrite:
    """f(init, reduce(x, d, init)) -> reduce(x, d, init); wrong: init counts twice"""
    once = reduce(f, x, d, init)
    return f(broadcast_in_dim(init, Axes(()), x.shape.drop(d)), once), once


@rule("wrong/dot-swapped")
def _(x: Tensor, y: Tensor, lc: Axes, rc: Axes, rest: Opaque) -> Rewrite:
    """dot(x, y) -> dot(y, x) of matrices without a transpose"""
    none = Axes(())
    left = dot_general(x, y, none, none, lc, rc, rest)
    return left, dot_general(y, x, none, none, rc, lc, rest), all_(same(x.rank, 2), same(y.rank, 2))
