"""One of several values, where nothing says which."""

from __future__ import annotations

import numpy as np

from compiler.ir import Array, TensorType
from verify.bounds.core import Context
from verify.bounds.format import FORMATS
from verify.bounds.rounding import settle
from verify.bounds.value import Value


def one_of(ctx: Context, x: Value, starts: Array) -> Value:
    """For each group of elements of the vector ``x`` (those from ``starts[k]`` to
    ``starts[k + 1] - 1``) anything that one of them may be.
    """
    if not starts.size:
        return Value(x.dtype, np.empty(0, x.dtype.numpy))
    return _one_float(ctx, x, starts) if x.dtype.precision else _one_integer(x, starts)


def undecided(t: TensorType) -> Value:
    """A tensor of which nothing is known."""
    bits = np.zeros(t.shape, t.dtype.numpy)
    if not t.dtype.precision:
        return Value(t.dtype, bits, error=np.ones(t.shape, bool))
    return Value(t.dtype, None, np.zeros(t.shape), np.full(t.shape, np.inf))


def _one_integer(x: Value, starts: Array) -> Value:
    bits = x.as_bits()
    first = bits[starts]
    group = np.repeat(np.arange(starts.size), np.diff([*starts, bits.size]))
    differs = (bits != first[group]) | x.undecided()
    unsure = np.logical_or.reduceat(differs, starts)
    return Value(x.dtype, first, error=unsure if unsure.any() else None, hull=x.hull)


def _one_float(ctx: Context, x: Value, starts: Array) -> Value:
    v = ctx.center(x)
    e = np.zeros_like(v) if x.error is None else x.error
    sizes = np.diff([*starts, v.size])
    group = np.repeat(np.arange(starts.size), sizes)
    first = v[starts][group]
    equal = ((v == first) & (np.signbit(v) == np.signbit(first))) | (np.isnan(v) & np.isnan(first))
    alike = np.logical_and.reduceat(equal & (e == 0), starts) | (sizes == 1)
    low, high = np.minimum.reduceat(v - e, starts), np.maximum.reduceat(v + e, starts)
    middle = low / 2 + high / 2
    half = (high / 2 - low / 2) * (1 + 8 * ctx.eps) + np.abs(middle) * (4 * ctx.eps)
    least = FORMATS[x.dtype].sign
    half = np.where(np.isfinite(half), np.maximum(half, least), np.inf)
    z = np.where(alike, v[starts], middle)
    error = np.where(alike, e[starts], half)
    return settle(x.dtype, z, error, x.hull or bool((~alike & (half > least)).any()))
