"""Rows of :data:`verify.bounds.leeway.LEEWAYS` for what compilers are known to compute otherwise:
where the results of an op may be anything, or how far they may lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.dtypes import F32, F64, I1
from compiler.ir import Node, TensorType
from verify.bounds.core import Context
from verify.bounds.format import FORMATS
from verify.bounds.leeway import leeway
from verify.bounds.rounding import error_of
from verify.bounds.value import Value
from verify.ref.core import meaning
from verify.ref.rounding import up
from verify.ref.scatter import selected_index


@leeway("inverted-power", "power")
def _inverted_power(_ctx: Context, node: Node, _operands: list[Value]) -> list[Any]:
    """Powers of integers, by which something may be divided."""
    return [node.type.dtype.is_integer]


@leeway("large-exponent", "power")
def _large_exponent(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Integers to the power of 64 or more."""
    return [operands[1].as_bits() >= 64 if node.type.dtype.is_integer else False]


@leeway("power-of-power-of-two", "power")
def _power_of_two(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """What the rounding of n y, of unit u, makes of (2**n)**y = 2**(n y): a factor of
    2**(u n abs(y)). No limit in ulp can say that. A product by a power of two is exact.
    """
    x, y = operands
    if not node.type.dtype.precision:
        return [False]
    made = ctx.step(node, operands)
    assert isinstance(made, Value)
    mantissa, exponent = np.frexp(ctx.center(x))
    n, size = np.abs(exponent - 1.0), np.abs(ctx.center(y)) + error_of(y)
    rounded = (mantissa == 0.5) & x.exact() & (n > 1) & (n <= 62) & (np.frexp(n)[0] != 0.5)
    rounded = rounded & np.isfinite(size)
    factor = np.expm1(np.log(2) * FORMATS[node.type.dtype].u * n * size)
    return [np.where(rounded, np.abs(ctx.center(made)) * factor, 0.0)]


@leeway("logarithm-of-power", "power")
def _logarithm_of_power(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """All but powers of positive numbers by numbers that neither overflow nor are subnormal."""
    if not node.type.dtype.precision:
        return [False]
    made, f = ctx.step(node, operands), FORMATS[node.type.dtype]
    assert isinstance(made, Value)
    x, y = (ctx.center(v) for v in operands)
    size = np.abs(ctx.center(made))
    inside = (x > 0) & np.isfinite(x) & np.isfinite(y) & (size >= f.normal) & (size < f.top)
    return [~inside]


@leeway("rounded-exponent", "exponential", "power")
def _rounded_exponent(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """What a rounding of x, or two of a sum with it, of unit u, make of exp(x): a factor of
    exp(2 u abs(x)). No limit in ulp can say that. Powers of exp(+-inf) by 0, which are exp(NaN).
    """
    x, *other = operands
    if other:
        base = ctx.center(x)
        return [((base == 0) | np.isinf(base)) & (ctx.center(other[0]) == 0)]
    made = ctx.step(node, operands)
    assert isinstance(made, Value)
    factor = np.expm1(2 * FORMATS[node.type.dtype].u * (np.abs(ctx.center(x)) + error_of(x)))
    return [np.where(np.isfinite(factor), np.abs(ctx.center(made)) * factor, 0.0)]


@leeway("i1-sum", "add")
def _i1_sum(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Where both are true: false if the sum wraps, as that of other integers does."""
    if node.type.dtype is not I1:
        return [False]
    x, y = (v.as_bits() | v.undecided() for v in operands)
    return [x & y]


@leeway("i1-clamp", "clamp")
def _i1_clamp(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Where it shows that true is read as -1, so that maximum is "and", and minimum "or"."""
    if node.type.dtype is not I1:
        return [False]
    low, x, high = (v.as_bits() for v in operands)
    return [((low & x) | high) != ((low | x) & high)]


@leeway("signed-overflow", "multiply", "abs")
def _signed_overflow(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Squares and absolute values of signed integers that wrap."""
    x = operands[0].as_bits()
    if x.dtype.kind != "i":
        return [False]
    if node.op == "abs":
        return [x == np.iinfo(x.dtype).min]
    if operands[1] is not operands[0]:
        return [False]
    return [np.abs(x.astype(np.longdouble)) > np.sqrt(np.longdouble(np.iinfo(x.dtype).max))]


@leeway("negative-leading-zeros", "count_leading_zeros")
def _leading_zeros(_ctx: Context, _node: Node, operands: list[Value]) -> list[Any]:
    """The number of leading zeros of a negative integer."""
    return [operands[0].as_bits() < 0]


@leeway("atan2-near-zero", "atan2")
def _atan2(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """The angle of two numbers that are zero or subnormal."""
    normal = FORMATS[node.type.dtype].normal
    y, x = (np.abs(ctx.center(v)) for v in operands)
    return [(x < normal) & (y < normal)]


@leeway("masked-product", "multiply")
def _masked_product(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """NaN and infinity times a zero of what may be a converted mask: all are 0 or 1."""
    if not node.type.dtype.precision:
        return [False]
    x, y = (ctx.center(v) for v in operands)
    pairs = [(x, y), (y, x)]
    return [sum((a == 0) & ~np.isfinite(b) for a, b in pairs if ((a == 0) | (a == 1)).all()) > 0]


@leeway("rooted-square", "sqrt")
def _rooted_square(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Roots of what may be a square, where it overflows or is subnormal."""
    made, f = operands[0].ring, FORMATS[node.type.dtype]
    if made is None or made.chain > 1:
        return [False]
    lost = (made.center < f.normal) | (made.center >= f.top)
    return [lost & (made.center > 0) & np.isfinite(made.center)]


@leeway("multiplied-quotient", "divide")
def _multiplied_quotient(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Quotients a / (b / c) where a c may overflow, or be subnormal."""
    x, y = operands
    if y.ring is None or y.ring.divisor == 1.0:
        return [False]
    size, f = np.abs(ctx.center(x)), FORMATS[node.type.dtype]
    over, under = size * y.ring.divisor >= f.top, size < f.normal * y.ring.divisor
    return [over | (under & (size > 0))]


@leeway("nan-exponential", "exponential", "logistic", "chlo.cosh", "chlo.sinh")
def _nan_exponential(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """The exponential of NaN, not in f64."""
    return [np.isnan(ctx.center(operands[0])) & (node.type.dtype is not F64)]


@leeway("imprecise-erf-inv", "chlo.erf_inv")
def _erf_inv(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """What the rounding of x**2, of unit u and no more than (1 - abs(x))**2 as 2 abs(x) - 1 has no
    further digits than x, makes of the result: the derivative is sqrt(pi) / 2 exp(erf_inv(x)**2)
    (Abramowitz and Stegun, 7.1.19). Narrow types are computed in f32.
    """
    made = ctx.step(node, operands)
    assert isinstance(made, Value)
    unit = FORMATS[F64 if node.type.dtype is F64 else F32].u
    x, value = np.abs(ctx.center(operands[0])), ctx.center(made)
    rounding = np.minimum(unit * x * x, (1 - x) ** 2)
    return [np.sqrt(np.pi) / 2 * np.exp(value * value) * rounding]


@leeway("zeta-domain", "chlo.zeta", "chlo.polygamma")
def _zeta(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Arguments up to 1 or 0; an x whose 24th power overflows; a q that is infinite, or of which
    terms that count are subnormal.
    """
    x, q = (ctx.center(v) for v in operands)
    if node.op == "chlo.polygamma":
        x = x + 1
    wide = FORMATS[node.type.dtype if node.type.dtype is F64 else F32]
    size = -x * np.log(np.abs(q))
    inside = (x > 1) & (x < wide.top ** (1 / 24)) & (q > 0) & np.isfinite(q)
    return [~(inside & (size > np.log(wide.normal / wide.u)))]


@leeway("unsigned-start", "dynamic_slice", "dynamic_update_slice", "gather")
def _unsigned_start(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Unsigned starts that are negative when they are read as signed."""
    starts = [
        x
        for x in operands[2 if node.op == "dynamic_update_slice" else 1 :]
        if x.dtype.kind == "uint"
    ]
    return [any((x.as_bits() >> (x.dtype.bits - 1)).any() for x in starts)]


@leeway("wrapped-bound", "dynamic_update_slice")
def _wrapped_bound(_ctx: Context, _node: Node, operands: list[Value]) -> list[Any]:
    """All, where another start is chosen if the last legal one wraps in the type of the starts."""
    whole, part, *starts = operands
    for have, size, x in zip(whole.shape, part.shape, starts, strict=True):
        start, last = int(x.as_bits()), have - size
        wrapped = int(np.asarray(last).astype(x.as_bits().dtype))
        if min(max(start, 0), last) != min(max(start, 0), wrapped):
            return [True]
    return [False]


@leeway("clamped-slice", "dynamic_slice")
def _clamped_slice(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Slices that start out of bounds."""
    ends = zip(operands[0].shape, node.type.shape, operands[1:], strict=True)
    return [any(not 0 <= int(x.as_bits()) <= have - size for have, size, x in ends)]


@leeway("shared-scatter", "scatter")
def _shared_scatter(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Scatters into two inputs that have the same elements, and so may be one value."""
    inputs = [x.as_bits().tobytes() for x in operands[: len(node.types)]]
    return [inputs.count(x) > 1 for x in inputs]


@leeway("masked-convolution", "convolution")
def _masked(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Convolutions in groups, where something is infinite or NaN, or undecided."""
    groups = max(node.attr("feature_group_count"), node.attr("batch_group_count"))
    if groups == 1 or not node.type.dtype.precision:
        return [False]
    return [any((~np.isfinite(ctx.center(x)) | x.undecided()).any() for x in operands)]


@leeway("select-ties", "select_and_scatter")
def _ties(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """All, where another element is chosen when the windows are read from their ends."""
    source, updates = (x.as_bits() for x in operands[:2])
    captures = [x.as_bits() for x in operands[3:]]
    attrs = dict(node.attrs)
    sizes = zip(updates.shape, attrs["window_strides"], attrs["window_dimensions"], strict=True)
    reach = [(n - 1) * stride + window for n, stride, window in sizes]
    ends = zip(reach, source.shape, attrs["padding"], strict=True)
    attrs["padding"] = tuple((size - low - have, low) for size, have, (low, _) in ends)
    turned = node._replace(attrs=tuple(attrs.items()))
    there = selected_index(ctx.ref, node, source, captures)
    back = np.flip(selected_index(ctx.ref, turned, np.flip(source), captures))
    return [bool((there != np.where(back < 0, back, source.size - 1 - back)).any())]


@leeway("negative-sort-dimension", "sort")
def _negative_dimension(_ctx: Context, node: Node, _operands: list[Value]) -> list[Any]:
    """Sorts along a dimension that is counted from the last."""
    return [node.attr("dimension") < 0] * len(node.types)


@leeway("negative-padding", "convolution")
def _negative_padding(_ctx: Context, node: Node, _operands: list[Value]) -> list[Any]:
    """Convolutions that cut their operand."""
    return [any(n < 0 for pair in node.attr("padding") for n in pair)]


@leeway("saturating-convolution", "convolution")
def _saturates(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Sums of integers that the type cannot hold."""
    t = node.type
    if not t.dtype.is_integer:
        return [False]
    wide = node._replace(types=(TensorType(t.shape, F64),))
    total = meaning("convolution")(ctx.ref, wide, [up(x.as_bits()).astype(float) for x in operands])
    least = -(2.0 ** (t.dtype.bits - 1)) if t.dtype.kind == "int" else 0.0
    top = least + 2.0**t.dtype.bits
    return [(np.asarray(total) < least) | (np.asarray(total) >= top)]


@leeway("unsigned-countdown", "while")
def _counts_down(_ctx: Context, node: Node, _operands: list[Value]) -> list[Any]:
    """Loops that carry an unsigned integer and subtract from one."""
    carries = any(t.dtype.kind == "uint" for t in node.types)
    down = any(n.op == "subtract" and n.type.dtype.kind == "uint" for n in node.regions[1].nodes)
    return [carries and down] * len(node.types)


@leeway("imprecise-gamma", "chlo.lgamma", "chlo.digamma")
def _gamma(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Above 0, where the function is small but the terms of its sum are not: 64 roundings of
    numbers around 1, in the format that narrow types are computed in. No limit in ulp can say that.
    """
    unit = FORMATS[F64 if node.type.dtype is F64 else F32].u
    return [np.where(ctx.center(operands[0]) > 0, 64 * unit, 0.0)]
