"""dot_general: transposes go into its dimension numbers, factors come out.

Moving a transpose changes no product and no order of summation: the contracted dimensions stay in
the order in which the op lists them.
"""

from __future__ import annotations

from compiler.contract import allow
from compiler.dtypes import FLOATS, INTEGERS
from compiler.rules.ops import dot_general, multiply, negate, transpose
from compiler.rules.term import AttrPairs, Const, Opaque, Rewrite, Tensor, rule
from compiler.rules.values import Axes, Guard, Perm, absorbing


@absorbing
def uniform(x: Tensor, y: Tensor, rest: AttrPairs) -> Guard:
    """Whether operands and result have one dtype."""
    return x.dtype is y.dtype is dict(rest)["dtype"]


@rule("dot/transposed-lhs")
def _(
    x: Tensor, y: Tensor, p: Perm, lb: Axes, rb: Axes, lc: Axes, rc: Axes, rest: Opaque
) -> Rewrite:
    """dot(transpose(x, p), y, lb, lc) -> dot(x, y, p[lb], p[lc]) where the free dimensions of x
    keep their order
    """
    free = lb.join(lc).rest(x.rank).through(p)
    moved = dot_general(x, y, lb.through(p), rb, lc.through(p), rc, rest)
    return dot_general(transpose(x, p), y, lb, rb, lc, rc, rest), moved, free.ascending()


@rule("dot/transposed-rhs")
def _(
    x: Tensor, y: Tensor, p: Perm, lb: Axes, rb: Axes, lc: Axes, rc: Axes, rest: Opaque
) -> Rewrite:
    """dot(x, transpose(y, p), rb, rc) -> dot(x, y, p[rb], p[rc]) where the free dimensions of y
    keep their order
    """
    free = rb.join(rc).rest(y.rank).through(p)
    moved = dot_general(x, y, lb, rb.through(p), lc, rc.through(p), rest)
    return dot_general(x, transpose(y, p), lb, rb, lc, rc, rest), moved, free.ascending()


@rule("dot/negate-both", dtypes=INTEGERS + FLOATS)
def _(x: Tensor, y: Tensor, lb: Axes, rb: Axes, lc: Axes, rc: Axes, rest: Opaque) -> Rewrite:
    """dot(-x, -y) -> dot(x, y) in one dtype (a wider integer result would see -MIN)"""
    both = dot_general(negate(x), negate(y), lb, rb, lc, rc, rest)
    return both, dot_general(x, y, lb, rb, lc, rc, rest), uniform(x, y, rest)


@rule("dot/integer-scaled-lhs", dtypes=INTEGERS)
@rule("dot/scaled-lhs", dtypes=FLOATS, contract=allow("reassoc", "nsz"))
def _(
    x: Tensor, y: Tensor, c: Const, lb: Axes, rb: Axes, lc: Axes, rc: Axes, rest: Opaque
) -> Rewrite:
    """dot(x * c, y) -> dot(x, y) * c in one dtype"""
    inner = dot_general(x, y, lb, rb, lc, rc, rest)
    scaled = dot_general(multiply(x, c), y, lb, rb, lc, rc, rest)
    return scaled, multiply(inner, c), uniform(x, y, rest)


@rule("dot/integer-scaled-rhs", dtypes=INTEGERS)
@rule("dot/scaled-rhs", dtypes=FLOATS, contract=allow("reassoc", "nsz"))
def _(
    x: Tensor, y: Tensor, c: Const, lb: Axes, rb: Axes, lc: Axes, rc: Axes, rest: Opaque
) -> Rewrite:
    """dot(x, y * c) -> dot(x, y) * c in one dtype"""
    inner = dot_general(x, y, lb, rb, lc, rc, rest)
    scaled = dot_general(x, multiply(y, c), lb, rb, lc, rc, rest)
    return scaled, multiply(inner, c), uniform(x, y, rest)
