"""What an op asks of its operands, so that its result is finite and lies in a wanted range.

A range is ``(low, high)``, ends included, in units of the values; an infinite end asks for nothing.
Ranges are chosen to be easily met, not to be as wide as possible: a few binades, ends that every
float type represents, and one way out where there are many (both factors positive, the sum split
evenly). :mod:`verify.gen.ranges` follows them from the results of a program to its parameters.

Functions of one operand are rows of :data:`INVERSE`; the others are functions below, which get the
node, the wanted range of its result, and what is known of the operands:

=========================== ======================================================================
log, log_plus_one           above 1/8 and -7/8; inverse
sqrt, cbrt                  at least 0, anything; inverse
rsqrt, gamma functions      at least 1/8; rsqrt: inverse
exponential (minus one)     at most 4; inverse
tanh, logistic, asinh       anything; inverse on the middle of the image
tan, sinh, cosh             within 1, 4 and 4
asin, acos, atanh, erf_inv  within 7/8;  acosh: at least 1
add, subtract               halves of the range, on both sides; by what a constant leaves of it
multiply, dot_general       roots of the range (of its k-th part); what a constant leaves of it
divide, remainder           divisor from 1 to 2, dividend as large as that; integers: at least 1
power                       base from 1/2 to 2 and exponent within 4; integers: exponent 0 to 3
shifts                      amounts from 0 to bits - 1
zeta, polygamma             from 3/2, above 1/8;  order 1 to 3, above 1/8
batch_norm_inference, _grad variance at least 1/8
reduce                      by its body: maximum and minimum the same range, sums the n-th part
floor, ceil, round          the integers of the range
select, clamp, shapes, ...  the range itself, for all operands that hold data
=========================== ======================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from math import inf, prod

from compiler.ir import Node, TensorType

Range = tuple[float, float]
FREE: Range = (-inf, inf)
Known = Callable[[int], "Range | None"]  # of operand k: what a constant holds; None for no constant
Types = Callable[[int], TensorType]  # of operand k
Asked = Iterator[tuple[int, Range]]  # operand k, and what it should be in


def _logit(x: float) -> float:
    return math.log(x / (1 - x))


_INSIDE: Range = (-0.875, 0.875)
_ABOVE: Range = (0.125, inf)
# op -> where it is finite; part of its image; the increasing inverse on that part, if it is used.
INVERSE: dict[str, tuple[Range, Range, Callable[[float], float] | None]] = {
    "log": (_ABOVE, FREE, math.exp),
    "log_plus_one": ((-0.875, inf), FREE, math.expm1),
    "sqrt": ((0, inf), (0, inf), lambda x: x * x),
    "cbrt": (FREE, FREE, lambda x: x * x * x),
    "exponential": ((-inf, 4), (2.0**-6, inf), math.log),
    "exponential_minus_one": ((-inf, 4), (-0.875, inf), math.log1p),
    "tanh": (FREE, _INSIDE, math.atanh),
    "logistic": (FREE, (0.125, 0.875), _logit),
    "tan": ((-1, 1), FREE, math.atan),
    "chlo.tan": ((-1, 1), FREE, math.atan),
    "chlo.asinh": (FREE, FREE, math.sinh),
    "chlo.sinh": ((-4, 4), FREE, math.asinh),
    "chlo.cosh": ((-4, 4), FREE, None),
    "chlo.asin": (_INSIDE, FREE, None),
    "chlo.acos": (_INSIDE, FREE, None),
    "chlo.atanh": (_INSIDE, FREE, None),
    "chlo.erf_inv": (_INSIDE, FREE, None),
    "chlo.acosh": ((1, inf), (0, inf), math.cosh),
    "chlo.lgamma": (_ABOVE, FREE, None),
    "chlo.digamma": (_ABOVE, FREE, None),
}


def meet(a: Range, b: Range) -> Range:
    """What lies in both ranges; ``a`` if nothing does."""
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else a


def _at(inverse: Callable[[float], float], x: float) -> float:
    """``inverse`` at an end of a range; an infinite end stays where the function has no value."""
    if math.isinf(x) and x < 0:
        return -inf
    try:
        return inverse(x)
    except (OverflowError, ValueError):
        return math.copysign(inf, x)


def _inverse(node: Node, want: Range) -> Asked:
    domain, image, inverse = INVERSE[node.op]
    if want == FREE or inverse is None:
        yield 0, domain
        return
    low, high = meet(image, want)
    yield 0, meet(domain, (_at(inverse, low), _at(inverse, high)))


def _rsqrt(node: Node, want: Range, known: Known, types: Types) -> Asked:
    low, high = meet(_ABOVE, want)
    yield 0, meet(_ABOVE, (high**-2 if high < inf else 0.125, low**-2))


def _rounded(node: Node, want: Range, known: Known, types: Types) -> Asked:
    yield 0, (_at(math.ceil, want[0]), _at(math.floor, want[1]))


def _negate(node: Node, want: Range, known: Known, types: Types) -> Asked:
    yield 0, (-want[1], -want[0])


def _abs(node: Node, want: Range, known: Known, types: Types) -> Asked:
    if want[1] > 0:
        yield 0, ((max(want[0], 0.0), want[1]) if want[0] > 0 else (-want[1], want[1]))


def _add(node: Node, want: Range, known: Known, types: Types) -> Asked:
    low, high = want
    for k in (0, 1):
        fixed = known(1 - k)
        if fixed is None:
            yield k, (low / 2, high / 2)
        else:
            yield k, (low - fixed[0], high - fixed[1])


def _subtract(node: Node, want: Range, known: Known, types: Types) -> Asked:
    low, high = want
    left, right = known(0), known(1)
    if right is not None:
        yield 0, (low + right[1], high + right[0])
    elif left is not None:
        yield 1, (left[1] - high, left[0] - low)
    elif low > -inf and high < inf:
        part = (high - low) / 4
        yield 0, (low + part, high - part)
        yield 1, (-part, part)
    else:
        yield 0, want
        yield 1, ((-inf, 0.0) if low > -inf else (0.0, inf))


def _factors(low: float, high: float) -> tuple[Range, Range]:
    """Ranges of two factors with a product in ``low .. high``."""
    if low >= 0:
        both = (math.sqrt(low), math.sqrt(high))
        return both, both
    if high <= 0:
        small, large = math.sqrt(-high), math.sqrt(-low)
        return (small, large), (-large, -small)
    most = math.sqrt(min(-low, high))
    return (-most, most), (-most, most)


def _multiply(node: Node, want: Range, known: Known, types: Types) -> Asked:
    for k in (0, 1):
        fixed = known(1 - k)
        if fixed is not None:
            if fixed[0] == fixed[1] != 0:
                ends = sorted((want[0] / fixed[0], want[1] / fixed[0]))
                yield k, (ends[0], ends[1])
            return
    yield from enumerate(_factors(*want))


def _dot(node: Node, want: Range, known: Known, types: Types) -> Asked:
    shape = types(0).shape
    terms = prod(shape[d] for d in node.attr("lhs_contracting_dimensions")) or 1
    yield from enumerate(_factors(want[0] / terms, want[1] / terms))


def _divide(node: Node, want: Range, known: Known, types: Types) -> Asked:
    low, high = want
    fixed = known(1)
    if not node.type.dtype.is_float:
        yield 1, (1.0, inf)
    elif fixed is None:
        yield 1, (1.0, 2.0)
        yield 0, (max(low, 2 * low), min(high, 2 * high))
    elif fixed[0] == fixed[1] > 0:
        yield 0, (low * fixed[0], high * fixed[0])


def _remainder(node: Node, want: Range, known: Known, types: Types) -> Asked:
    yield 1, ((1.0, 2.0) if node.type.dtype.is_float else (1.0, inf))


def _power(node: Node, want: Range, known: Known, types: Types) -> Asked:
    if node.type.dtype.is_float:
        yield 0, (0.5, 2.0)
        yield 1, (-4.0, 4.0)
    else:
        yield 1, (0.0, 3.0)


def _shift(node: Node, want: Range, known: Known, types: Types) -> Asked:
    yield 1, (0.0, node.type.dtype.bits - 1)


def _zeta(node: Node, want: Range, known: Known, types: Types) -> Asked:
    yield 0, (1.5, 8.0)
    yield 1, _ABOVE


def _polygamma(node: Node, want: Range, known: Known, types: Types) -> Asked:
    yield 0, (1.0, 3.0)
    yield 1, _ABOVE


def _variance(at: int) -> Rule:
    def rule(node: Node, want: Range, known: Known, types: Types) -> Asked:
        yield at, _ABOVE

    return rule


def _reduce(node: Node, want: Range, known: Known, types: Types) -> Asked:
    body = node.regions[0].nodes
    if len(node.types) > 1 or len(body) != 1 or body[0].op not in ("add", "maximum", "minimum"):
        return
    terms = types(0).size // max(node.type.size, 1) if body[0].op == "add" else 1
    yield 0, (want[0] / max(terms, 1), want[1] / max(terms, 1))


def _passed(*operands: int) -> Rule:
    """The range itself for these operands; for all, if none is named."""

    def rule(node: Node, want: Range, known: Known, types: Types) -> Asked:
        for k in operands or range(len(node.operands)):
            yield k, want

    return rule


Rule = Callable[[Node, Range, Known, Types], Asked]
# Ops that ask something of their operands, whatever is wanted of the result.
ASKING: dict[str, Rule] = {
    "rsqrt": _rsqrt,
    "divide": _divide,
    "remainder": _remainder,
    "power": _power,
    "shift_left": _shift,
    "shift_right_logical": _shift,
    "shift_right_arithmetic": _shift,
    "chlo.zeta": _zeta,
    "chlo.polygamma": _polygamma,
    "batch_norm_inference": _variance(4),
    "batch_norm_grad": _variance(3),
}
_FIRST = _passed(0)
_ALL = _passed()
# Ops that pass on what is wanted of their result.
PASSING: dict[str, Rule] = {
    "negate": _negate,
    "abs": _abs,
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "dot_general": _dot,
    "reduce": _reduce,
    "maximum": _ALL,
    "minimum": _ALL,
    "clamp": _ALL,
    "concatenate": _ALL,
    "select": _passed(1, 2),
    "pad": _passed(0, 1),
    "dynamic_pad": _passed(0, 1),
    "dynamic_update_slice": _passed(0, 1),
    "floor": _rounded,
    "ceil": _rounded,
    "round_nearest_afz": _rounded,
    "round_nearest_even": _rounded,
    "reduce_precision": _FIRST,
    "convert": _FIRST,
    "broadcast_in_dim": _FIRST,
    "dynamic_broadcast_in_dim": _FIRST,
    "reshape": _FIRST,
    "dynamic_reshape": _FIRST,
    "transpose": _FIRST,
    "slice": _FIRST,
    "dynamic_slice": _FIRST,
    "real_dynamic_slice": _FIRST,
    "reverse": _FIRST,
    "gather": _FIRST,
    "dynamic_gather": _FIRST,
}
for _rules in (ASKING, PASSING):
    _rules |= {f"chlo.broadcast_{op}": rule for op, rule in _rules.items()}
# Ops that are not finite everywhere, or otherwise have a domain.
NEEDY = frozenset(op for op, (domain, _, _) in INVERSE.items() if domain != FREE) | {*ASKING}


def asked(node: Node, want: Range, known: Known, types: Types) -> Asked:
    """What ``node`` asks of its operands if ``want`` is wanted of its (first) result."""
    if node.op in INVERSE:
        return _inverse(node, want)
    rule = ASKING.get(node.op)
    if rule is None and want != FREE:
        rule = PASSING.get(node.op)
    return rule(node, want, known, types) if rule else iter(())
