"""Values that go into bodies of scalars element by element, and come out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compiler.ir import Array, TensorType
from verify.bounds.core import Context
from verify.bounds.rounding import any_hull, error_of
from verify.bounds.value import Value


def broadcast(ctx: Context, x: Value, shape: tuple[int, ...]) -> Value:
    """A scalar (or array) as an array of ``shape``."""
    if not x.dtype.precision or x.error is None:
        error = None if x.error is None else np.broadcast_to(x.error, shape)
        return Value(x.dtype, np.broadcast_to(x.as_bits(), shape), error=error, hull=x.hull)
    center = np.broadcast_to(ctx.center(x), shape)
    out = Value(x.dtype, None, center, np.broadcast_to(x.error, shape), x.hull)
    if x.span is not None:
        out.span = np.broadcast_to(x.span[0], shape), np.broadcast_to(x.span[1], shape)
    return out


def picked(x: Value, index: Any) -> Value:
    """Some elements of ``x``, without what ``reassoc`` knows of them."""

    def pick(a: Array | None) -> Array | None:
        return None if a is None else np.asarray(a[index])

    out = Value(x.dtype, pick(x.bits), pick(x.center), pick(x.error), x.hull)
    if x.span is not None:
        out.span = np.asarray(x.span[0][index]), np.asarray(x.span[1][index])
    return out


def without_ring(x: Value) -> Value:
    """``x`` without what ``reassoc`` knows of it."""
    return Value(x.dtype, x.bits, x.center, x.error, x.hull, None, x.span)


def gather(ctx: Context, cells: Sequence[Value], t: TensorType) -> Value:
    """The tensor of type ``t`` whose elements in row-major order are the scalars ``cells``."""
    dtype, shape = t.dtype, t.shape
    if not cells:
        return Value(dtype, np.empty(shape, dtype.numpy))
    if all(c.error is None for c in cells):
        return Value(dtype, np.array([c.as_bits() for c in cells], dtype.numpy).reshape(shape))
    hull = any_hull(cells)
    if not dtype.precision:
        bits = np.array([c.as_bits() for c in cells], dtype.numpy).reshape(shape)
        unsure = np.array([bool(c.undecided()) for c in cells]).reshape(shape)
        return Value(dtype, bits, error=unsure, hull=hull)
    center = np.array([ctx.center(c) for c in cells], ctx.carrier).reshape(shape)
    error = np.array([error_of(c) for c in cells], ctx.carrier).reshape(shape)
    return Value(dtype, None, center, error, hull)
