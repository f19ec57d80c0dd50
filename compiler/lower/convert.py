"""Lowering of changes of element type: convert, bitcast_convert, reduce_precision."""

from __future__ import annotations

import numpy as np

from compiler.dtypes import BY_NAME, DType, working
from compiler.ir import Node
from compiler.lower.scope import Index, Scope
from compiler.lower.table import lowering


@lowering("convert")
def convert(at: Scope, node: Node, index: Index) -> int:
    """The scalar conversion of the nest IR; to the same type it changes nothing."""
    return at.convert(at.operand(node, 0, index), node.type.dtype)


def unsigned(bits: int) -> DType:
    """The unsigned integer type of ``bits`` bits."""
    return BY_NAME[f"ui{bits}"]


def raw_bits(at: Scope, x: int) -> int:
    """The bits of ``x`` as an unsigned integer; every NaN reads as the one canonical NaN.

    Which payload and sign an operation gives a NaN is not defined, and differs between processors
    and even between orders of commutative operands, so bits may not depend on it.
    """
    dtype = at.s.dtype(x)
    if dtype.is_float:
        wide = at.convert(x, working(dtype))
        nan = at.compare("ne", wide, wide)
        x = at.select(nan, at.const(np.nan, dtype), x)
    want = unsigned(dtype.bits)
    return x if dtype is want else at.op("bitcast", x, dtype=want)


@lowering("bitcast_convert")
def bitcast_convert(at: Scope, node: Node, index: Index) -> int:
    """The bits; the minor dimension holds the parts of a wider element, lowest first."""
    source, target = at.graph.types[node.operands[0]].dtype, node.type.dtype
    if source is target:
        return at.value(node.operands[0], index)
    if source.bits == target.bits:
        return _from_bits(at, raw_bits(at, at.value(node.operands[0], index)), target)
    if source.bits > target.bits:
        shape = at.graph.types[node.operands[0]].shape
        whole = raw_bits(at, at.value(node.operands[0], at.index(shape, index.dims[:-1])))
        amount = at.convert(at.scale(index.dims[-1], target.bits), at.s.dtype(whole))
        part = at.op("lshr", whole, amount)
        if target.bits == 1:
            return at.convert(at.op("iand", part, at.const(1, at.s.dtype(part))), target)
        return _from_bits(at, at.convert(part, unsigned(target.bits)), target)
    return _joined(at, node, index, source, target)


def _joined(at: Scope, node: Node, index: Index, source: DType, target: DType) -> int:
    """One wide element of several narrow ones."""
    shape, wide = at.graph.types[node.operands[0]].shape, unsigned(target.bits)
    total = at.const(0, wide)
    for k in range(target.bits // source.bits):
        part = at.value(node.operands[0], at.index(shape, (*index.dims, at.i64(k))))
        part = part if source.bits == 1 else raw_bits(at, part)
        amount = at.const(k * source.bits, wide)
        total = at.op("ior", total, at.op("shl", at.convert(part, wide), amount))
    return _from_bits(at, total, target)


def _from_bits(at: Scope, x: int, target: DType) -> int:
    return x if at.s.dtype(x) is target else at.op("bitcast", x, dtype=target)


@lowering("reduce_precision")
def reduce_precision(at: Scope, node: Node, index: Index) -> int:
    """Round the significand to ``mantissa_bits`` half to even, then apply the exponent range.

    What is too large becomes infinity, what is below the smallest normal number becomes zero, each
    with its sign; NaN stays, or becomes infinity where there are no mantissa bits to tell them
    apart (specification, *reduce_precision*). Works on the bits in the operand's own type.
    """
    x = at.operand(node, 0, index)
    dtype = at.s.dtype(x)
    own_mantissa, width = dtype.precision - 1, unsigned(dtype.bits)
    own_exponent = dtype.bits - dtype.precision
    exponent, mantissa = node.attr("exponent_bits"), node.attr("mantissa_bits")
    bits = at.op("bitcast", x, dtype=width)

    def c(value: int) -> int:
        return at.const(np.array(value % (1 << dtype.bits), width.numpy), width)

    sign = at.op("iand", bits, c(1 << (dtype.bits - 1)))
    magnitude = at.op("iand", bits, c((1 << (dtype.bits - 1)) - 1))
    infinity = c(((1 << own_exponent) - 1) << own_mantissa)
    nan = at.compare("gt", magnitude, infinity)
    cut = own_mantissa - mantissa
    if cut > 0:
        odd = at.op("iand", at.op("lshr", magnitude, c(cut)), c(1))
        magnitude = at.op("iadd", at.op("iadd", magnitude, c((1 << (cut - 1)) - 1)), odd)
        magnitude = at.op("iand", magnitude, c(-(1 << cut)))
    if exponent < own_exponent:
        bias, reduced = (1 << (own_exponent - 1)) - 1, (1 << (exponent - 1)) - 1
        over = at.compare("ge", magnitude, c((bias + reduced + 1) << own_mantissa))
        under = at.compare("lt", magnitude, c((bias - reduced + 1) << own_mantissa))
        magnitude = at.select(over, infinity, at.select(under, c(0), magnitude))
    rounded = at.op("bitcast", at.op("ior", sign, magnitude), dtype=dtype)
    kept = x if mantissa > 0 else at.const(np.inf, dtype)
    return at.select(nan, kept, rounded)
