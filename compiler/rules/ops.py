"""Constructors of terms, named like the ops (with an underscore where Python has the name)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.rules.term import Const, Monoid, Term
from compiler.rules.values import Int


def _unary(op: str) -> Callable[[Term], Term]:
    return lambda x: Term(op, (x,))


def _binary(op: str) -> Callable[[Term, Term], Term]:
    return lambda x, y: Term(op, (x, y))


abs_, negate, not_op, sign = _unary("abs"), _unary("negate"), _unary("not"), _unary("sign")
floor, ceil = _unary("floor"), _unary("ceil")
exponential, log, sqrt, rsqrt = (
    _unary("exponential"),
    _unary("log"),
    _unary("sqrt"),
    _unary("rsqrt"),
)
exponential_minus_one, log_plus_one = _unary("exponential_minus_one"), _unary("log_plus_one")
logistic, tanh = _unary("logistic"), _unary("tanh")
add, subtract, multiply, divide = (
    _binary("add"),
    _binary("subtract"),
    _binary("multiply"),
    _binary("divide"),
)
maximum, minimum, remainder, power = (
    _binary("maximum"),
    _binary("minimum"),
    _binary("remainder"),
    _binary("power"),
)
and_, or_, xor = _binary("and"), _binary("or"), _binary("xor")
shift_left = _binary("shift_left")
shift_right_logical, shift_right_arithmetic = (
    _binary("shift_right_logical"),
    _binary("shift_right_arithmetic"),
)


def const(value: Any) -> Term:
    """A constant with all elements equal; see :mod:`compiler.rules.term` for values."""
    return Const(value)


def compare(direction: Any, x: Term, y: Term) -> Term:
    """Comparison in the usual order of the dtype (no TOTALORDER)."""
    return Term("compare", (x, y), (("comparison_direction", direction),))


def select(pred: Term, on_true: Term, on_false: Term) -> Term:
    """Elementwise choice."""
    return Term("select", (pred, on_true, on_false))


def clamp(lo: Term, x: Term, hi: Term) -> Term:
    """min(max(x, lo), hi)."""
    return Term("clamp", (lo, x, hi))


def convert(x: Term, dtype: Any) -> Term:
    """Change of dtype."""
    return Term("convert", (x,), (("dtype", dtype),))


def transpose(x: Term, permutation: Any) -> Term:
    """Permuted dimensions."""
    return Term("transpose", (x,), (("permutation", permutation),))


def reshape(x: Term, shape: Any) -> Term:
    """The same elements in row-major order."""
    return Term("reshape", (x,), (("shape", shape),))


def broadcast_in_dim(x: Term, dims: Any, shape: Any) -> Term:
    """Dimension i of x becomes dimension dims[i] of the result; size 1 expands."""
    return Term("broadcast_in_dim", (x,), (("broadcast_dimensions", dims), ("shape", shape)))


def slice_(x: Term, start: Any, limit: Any, stride: Any) -> Term:
    """Elements start, start + stride, ... below limit."""
    return Term(
        "slice", (x,), (("start_indices", start), ("limit_indices", limit), ("strides", stride))
    )


def pad(x: Term, value: Term, low: Any, high: Any, interior: Any) -> Term:
    """Padding at both ends (negative: cropping) and between elements."""
    attrs = (("edge_padding_low", low), ("edge_padding_high", high), ("interior_padding", interior))
    return Term("pad", (x, value), attrs)


def concatenate(dimension: Int, *xs: Term) -> Term:
    """The operands one after the other along one dimension."""
    return Term("concatenate", xs, (("dimension", dimension),))


def reverse(x: Term, dims: Any) -> Term:
    """Elements in reverse order along dims."""
    return Term("reverse", (x,), (("dimensions", dims),))


def reduce(f: Monoid | str, x: Term, dims: Any, init: Term) -> Term:
    """Fold over dims with a monoid, starting from the scalar ``init``."""
    body = Monoid(f) if isinstance(f, str) else f
    return Term("reduce", (x, init), (("dimensions", dims), ("body", body)))


def dot_general(x: Term, y: Term, lb: Any, rb: Any, lc: Any, rc: Any, rest: Any) -> Term:
    """Contraction over lc/rc with batch dimensions lb/rb; ``rest``: result dtype and precision
    attributes.
    """
    attrs = (
        ("lhs_batching_dimensions", lb),
        ("rhs_batching_dimensions", rb),
        ("lhs_contracting_dimensions", lc),
        ("rhs_contracting_dimensions", rc),
        ("rest", rest),
    )
    return Term("dot_general", (x, y), attrs)
