"""Ops that move elements and compute nothing: broadcast_in_dim, reshape, transpose, slice, pad,
concatenate, reverse.
"""

from __future__ import annotations

from compiler.dtypes import ALL, NARROW
from compiler.ir import TensorType
from compiler.ops.table import Attr, Sig, Types, define, require


def _broadcast_in_dim(sig: Sig) -> Types:
    t = sig.declared()
    broadcast_type(sig.operands[0], t, sig.attrs["broadcast_dimensions"])
    return (t,)


def broadcast_type(x: TensorType, t: TensorType, dims: tuple[int, ...]) -> None:
    """Whether ``t`` can be the result of a broadcast of ``x`` (C1-C5)."""
    require(x.dtype is t.dtype, "C1", "element types of operand {} and result {} differ", x, t)
    require(len(dims) == x.rank, "C2", "{} broadcast_dimensions for rank {}", len(dims), x.rank)
    require(
        all(0 <= d < t.rank for d in dims),
        "C3",
        "broadcast_dimensions {} not all in [0, {})",
        dims,
        t.rank,
    )
    require(len(set(dims)) == len(dims), "C4", "broadcast_dimensions {} repeat a dimension", dims)
    for i, d in enumerate(dims):
        fits = x.shape[i] in (1, t.shape[d])
        require(
            fits,
            "C5",
            "dimension {} of operand has size {}, result dimension {} has {}",
            i,
            x.shape[i],
            d,
            t.shape[d],
        )


def _reshape(sig: Sig) -> Types:
    x, t = sig.operands[0], sig.declared()
    require(x.dtype is t.dtype, "C1", "element types of operand {} and result {} differ", x, t)
    require(
        x.size == t.size, "C2", "operand {} has {} elements, result {} has {}", x, x.size, t, t.size
    )
    return (t,)


def _transpose(sig: Sig) -> Types:
    x, perm = sig.operands[0], sig.attrs["permutation"]
    fits = sorted(perm) == list(range(x.rank))
    require(fits, "C2", "permutation {} is not a permutation of {}", perm, tuple(range(x.rank)))
    return (TensorType(tuple(x.shape[p] for p in perm), x.dtype),)


def _slice(sig: Sig) -> Types:
    x = sig.operands[0]
    starts, limits, strides = (
        sig.attrs["start_indices"],
        sig.attrs["limit_indices"],
        sig.attrs["strides"],
    )
    same = len(starts) == len(limits) == len(strides) == x.rank
    require(same, "C2", "start, limit and strides need {} entries each", x.rank)
    for i, (lo, hi, step) in enumerate(zip(starts, limits, strides, strict=True)):
        require(
            0 <= lo <= hi <= x.shape[i],
            "C3",
            "dimension {}: 0 <= {} <= {} <= {} does not hold",
            i,
            lo,
            hi,
            x.shape[i],
        )
        require(step > 0, "C4", "dimension {}: stride {} is not positive", i, step)
    shape = tuple(
        -(-(hi - lo) // step) for lo, hi, step in zip(starts, limits, strides, strict=True)
    )
    return (TensorType(shape, x.dtype),)


def _pad(sig: Sig) -> Types:
    x, value = sig.operands
    low, high = sig.attrs["edge_padding_low"], sig.attrs["edge_padding_high"]
    interior = sig.attrs["interior_padding"]
    require(value.rank == 0, "I2", "padding_value {} is no scalar", value)
    require(
        x.dtype is value.dtype,
        "C1",
        "element types of operand {} and padding_value {} differ",
        x,
        value,
    )
    require(
        len(low) == len(high) == len(interior) == x.rank,
        "C2",
        "paddings need {} entries each",
        x.rank,
    )
    require(
        all(i >= 0 for i in interior), "C3", "interior_padding {} has a negative entry", interior
    )
    shape = tuple(
        lo + n + max(n - 1, 0) * mid + hi
        for n, lo, hi, mid in zip(x.shape, low, high, interior, strict=True)
    )
    require(all(n >= 0 for n in shape), "C4", "the padded shape {} has a negative dimension", shape)
    return (TensorType(shape, x.dtype),)


def _concatenate(sig: Sig) -> Types:
    require(len(sig.operands) >= 1, "C3", "needs at least one operand")
    first, dim = sig.operands[0], sig.attrs["dimension"]
    require(0 <= dim < first.rank, "C4", "dimension {} is not in [0, {})", dim, first.rank)
    for t in sig.operands[1:]:
        require(t.dtype is first.dtype, "C1", "element types of {} and {} differ", first, t)
        same = t.rank == first.rank and all(
            a == b for i, (a, b) in enumerate(zip(first.shape, t.shape, strict=True)) if i != dim
        )
        require(same, "C2", "shapes of {} and {} differ outside dimension {}", first, t, dim)
    total = sum(t.shape[dim] for t in sig.operands)
    return (TensorType((*first.shape[:dim], total, *first.shape[dim + 1 :]), first.dtype),)


def _reverse(sig: Sig) -> Types:
    x, dims = sig.operands[0], sig.attrs["dimensions"]
    require(len(set(dims)) == len(dims), "C2", "dimensions {} repeat a dimension", dims)
    require(
        all(0 <= d < x.rank for d in dims), "C3", "dimensions {} not all in [0, {})", dims, x.rank
    )
    return (x,)


define(
    "broadcast_in_dim",
    "shape",
    ["operand"],
    _broadcast_in_dim,
    attrs=[Attr("broadcast_dimensions", "i64s")],
    dtypes=ALL,
    traits="layout",
    narrow=NARROW,
)
define("reshape", "shape", ["operand"], _reshape, dtypes=ALL, traits="layout", narrow=NARROW)
define(
    "transpose",
    "shape",
    ["operand"],
    _transpose,
    attrs=[Attr("permutation", "i64s")],
    dtypes=ALL,
    traits="layout",
    narrow=NARROW,
    result="C3",
)
define(
    "slice",
    "shape",
    ["operand"],
    _slice,
    attrs=[Attr("start_indices", "i64s"), Attr("limit_indices", "i64s"), Attr("strides", "i64s")],
    dtypes=ALL,
    traits="layout",
    narrow=NARROW,
    result="C5",
)
define(
    "pad",
    "shape",
    ["operand", "padding_value"],
    _pad,
    attrs=[
        Attr("edge_padding_low", "i64s"),
        Attr("edge_padding_high", "i64s"),
        Attr("interior_padding", "i64s"),
    ],
    dtypes=ALL,
    traits="layout",
    narrow=NARROW,
    result="C4",
)
define(
    "concatenate",
    "shape",
    ["inputs*"],
    _concatenate,
    attrs=[Attr("dimension", "i64")],
    dtypes=ALL,
    traits="layout",
    narrow=NARROW,
    result="C6",
)
define(
    "reverse",
    "shape",
    ["operand"],
    _reverse,
    attrs=[Attr("dimensions", "i64s")],
    dtypes=ALL,
    traits="layout",
    narrow=NARROW,
)
