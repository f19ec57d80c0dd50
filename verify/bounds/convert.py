"""convert, bitcast_convert, reduce_precision.

Source: one rounding to nearest of a normal result errs by u abs(x) at most (Higham, *Accuracy and
Stability of Numerical Algorithms*, 2nd ed., theorem 2.2), of a subnormal one by half the smallest
subnormal; an interval whose ends round to one integer has no other inside, as rounding is monotone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.dtypes import I1, DType
from compiler.ir import Array, Node
from verify.bounds.core import Context, define
from verify.bounds.format import FORMATS
from verify.bounds.rounding import after_rounding, ends, error_of, exact_where, overflowing, settle
from verify.bounds.value import Value
from verify.ref.convert import convert_array


@define("convert")
def _convert(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """One rounding to a narrower float; see :func:`convert_value`."""
    return convert_value(ctx, operands[0], node.type.dtype)


def convert_value(ctx: Context, x: Value, to: DType) -> Value:
    """``x`` converted to ``to``.

    Float to a narrower float: one rounding there; to a wider one: nothing. To integers and i1:
    decided where the whole interval gives the same. From integers: undecided stays undecided.
    """
    if x.dtype is to:
        return x
    if x.source is not None and x.source.dtype is to:
        return x.source  # there and back
    if x.dtype.precision and to.precision:
        return _float_to_float(ctx, x, to)
    if x.error is None:
        return Value(to, convert_array(x.as_bits(), to))
    if x.dtype.precision:
        return _float_to_int(ctx, x, to)
    bits = convert_array(x.as_bits(), to)
    if not to.precision:
        return Value(to, bits, error=x.error, hull=x.hull)
    e = np.where(x.error, ctx.carrier(np.inf), ctx.carrier(0))
    return settle(to, ctx.center(Value(to, bits)), e, x.hull)


def _float_to_float(ctx: Context, x: Value, to: DType) -> Value:
    here, there = FORMATS[x.dtype], FORMATS[to]
    wider = here.precision <= there.precision and here.eta_exponent >= there.eta_exponent
    if x.error is None:
        out = Value(to, convert_array(x.as_bits(), to))
    if wider:
        if x.error is not None:
            out = Value(to, None, ctx.center(x), x.error, x.hull, None, x.span)
        out.source = x
    if wider or x.error is None:
        return out
    z, error = ctx.center(x), x.error
    z, e, raw = after_rounding(ctx, to, z, error)
    exact = x.exact()
    if np.any(exact):
        made = ctx.center(Value(to, convert_array(x.as_bits(), to)))
        z, e = np.where(exact, made, z), np.where(exact, 0.0, e)
    return overflowing(settle(to, z, e, x.hull), raw)


def _float_to_int(ctx: Context, x: Value, to: DType) -> Value:
    low, high = ends(ctx, x)
    if to is I1:
        decided = (low > 0) | (high < 0)
        bits = np.asarray(ctx.center(x) != 0)
    else:
        bits = _saturate(high, to)
        decided = (_saturate(low, to) == bits) & ~np.isnan(low) & ~np.isnan(high)
    exact = x.exact()
    bits = np.where(exact, convert_array(x.as_bits(), to), bits)
    unsure = np.asarray(~(decided | exact) | x.undecided())
    return Value(to, bits, error=unsure if unsure.any() else None, hull=x.hull)


def _saturate(x: Array, to: DType) -> Array:
    """Truncate and saturate; the carrier is at least as wide as float64, and its last bits do not
    matter near 2**63.
    """
    return convert_array(np.asarray(x.astype(np.float64)), to)


@define("bitcast_convert")
def _bitcast_convert(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Exact bits only. Those of a NaN, and of a zero whose sign is open, are nobody's business:
    undecided.
    """
    x, to = operands[0], node.type.dtype
    bits = ctx.reference(node, operands)
    if x.dtype is to:
        return x
    unsure: Any = x.undecided()
    if x.dtype.precision:
        raw = x.as_bits()
        unsure = ~np.asarray(x.exact()) | np.isnan(raw)
        if ctx.loose_zero:
            unsure = unsure | (raw == 0)
    unsure = np.broadcast_to(unsure, x.shape)
    if not unsure.any():
        return Value(to, bits)
    if x.dtype.bits > to.bits:
        unsure = np.broadcast_to(unsure[..., None], node.type.shape)
    elif x.dtype.bits < to.bits:
        unsure = unsure.any(axis=-1)
    if not to.precision:
        return Value(to, bits, error=np.asarray(unsure), hull=x.hull)
    e = np.where(unsure, ctx.carrier(np.inf), ctx.carrier(0))
    return settle(to, ctx.center(Value(to, bits)), e, x.hull)


@define("reduce_precision")
def _reduce_precision(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """One rounding of unit 2**-(m + 1); below the smallest normal number of the format a value may
    become zero.
    """
    x = operands[0]
    f = FORMATS[x.dtype]
    own = FORMATS[x.dtype].eta_exponent + f.precision - 1
    bias = 2 ** (node.attr("exponent_bits") - 1) - 1
    if node.attr("mantissa_bits") + 1 >= f.precision and 1 - bias <= own:
        return x
    v, ex = ctx.center(x), error_of(x)
    mantissa = node.attr("mantissa_bits")
    if x.error is None and mantissa > 0:
        return Value(x.dtype, ctx.reference(node, operands))
    unit = 2.0 ** -(mantissa + 1) if mantissa + 1 < f.precision else 0.0
    size = np.abs(v)
    e = ex + (size + ex) * unit * (1 + 16 * ctx.eps)
    if unit:
        e = e + f.eta * 2.0 ** min(
            f.precision - mantissa, 60
        )  # subnormals are rounded to a coarser grid
    top = f.top
    if 1 - bias > own:
        normal = ctx.carrier(2) ** (1 - bias)
        e = np.where(size - ex <= normal * 2, e + normal * 2, e)
        top = ctx.carrier(2) ** bias
    raw, e = e, np.where(size + e < top, e, np.inf)
    z, e = exact_where(ctx, node, operands, v, e)
    if mantissa == 0:
        e = np.where(
            np.asarray(x.exact()) & np.isnan(v), np.inf, e
        )  # an infinity with the NaN's sign
    return overflowing(settle(x.dtype, z, e, x.hull), raw, top=top)
