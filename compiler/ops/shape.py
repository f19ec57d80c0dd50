"""Ops that move elements and compute nothing: broadcast_in_dim, reshape, transpose, slice, pad,
concatenate, reverse.
"""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.table import Attr, Sig, Types, define, require


def _broadcast_in_dim(sig: Sig) -> Types:
    x, t, dims = sig.operands[0], sig.declared(), sig.attrs["broadcast_dimensions"]
    require(x.dtype is t.dtype, "C1", f"element types of operand {x} and result {t} differ")
    require(len(dims) == x.rank, "C2", f"{len(dims)} broadcast_dimensions for rank {x.rank}")
    require(
        all(0 <= d < t.rank for d in dims),
        "C3",
        f"broadcast_dimensions {list(dims)} not all in [0, {t.rank})",
    )
    require(
        len(set(dims)) == len(dims), "C4", f"broadcast_dimensions {list(dims)} repeat a dimension"
    )
    for i, d in enumerate(dims):
        fits = x.shape[i] in (1, t.shape[d])
        require(
            fits,
            "C5",
            f"dimension {i} of operand has size {x.shape[i]}, result dimension {d} {t.shape[d]}",
        )
    return (t,)


def _reshape(sig: Sig) -> Types:
    x, t = sig.operands[0], sig.declared()
    require(x.dtype is t.dtype, "C1", f"element types of operand {x} and result {t} differ")
    require(x.size == t.size, "C2", f"operand {x} has {x.size} elements, result {t} has {t.size}")
    return (t,)


def _transpose(sig: Sig) -> Types:
    x, perm = sig.operands[0], sig.attrs["permutation"]
    fits = sorted(perm) == list(range(x.rank))
    require(fits, "C2", f"permutation {list(perm)} is not a permutation of {list(range(x.rank))}")
    return (TensorType(tuple(x.shape[p] for p in perm), x.dtype),)


def _slice(sig: Sig) -> Types:
    x = sig.operands[0]
    starts, limits, strides = (
        sig.attrs["start_indices"],
        sig.attrs["limit_indices"],
        sig.attrs["strides"],
    )
    same = len(starts) == len(limits) == len(strides) == x.rank
    require(same, "C2", f"start, limit and strides need {x.rank} entries each")
    for i, (lo, hi, step) in enumerate(zip(starts, limits, strides, strict=True)):
        require(
            0 <= lo <= hi <= x.shape[i],
            "C3",
            f"dimension {i}: 0 <= {lo} <= {hi} <= {x.shape[i]} does not hold",
        )
        require(step > 0, "C4", f"dimension {i}: stride {step} is not positive")
    shape = tuple(
        -(-(hi - lo) // step) for lo, hi, step in zip(starts, limits, strides, strict=True)
    )
    return (TensorType(shape, x.dtype),)


def _pad(sig: Sig) -> Types:
    x, value = sig.operands
    low, high = sig.attrs["edge_padding_low"], sig.attrs["edge_padding_high"]
    interior = sig.attrs["interior_padding"]
    require(value.rank == 0, "I2", f"padding_value {value} is no scalar")
    require(
        x.dtype is value.dtype,
        "C1",
        f"element types of operand {x} and padding_value {value} differ",
    )
    require(
        len(low) == len(high) == len(interior) == x.rank,
        "C2",
        f"paddings need {x.rank} entries each",
    )
    require(
        all(i >= 0 for i in interior),
        "C3",
        f"interior_padding {list(interior)} has a negative entry",
    )
    shape = tuple(
        lo + n + max(n - 1, 0) * mid + hi
        for n, lo, hi, mid in zip(x.shape, low, high, interior, strict=True)
    )
    require(
        all(n >= 0 for n in shape), "C4", f"the padded shape {list(shape)} has a negative dimension"
    )
    return (TensorType(shape, x.dtype),)


def _concatenate(sig: Sig) -> Types:
    require(len(sig.operands) >= 1, "C3", "needs at least one operand")
    first, dim = sig.operands[0], sig.attrs["dimension"]
    require(0 <= dim < first.rank, "C4", f"dimension {dim} is not in [0, {first.rank})")
    for t in sig.operands[1:]:
        require(t.dtype is first.dtype, "C1", f"element types of {first} and {t} differ")
        same = t.rank == first.rank and all(
            a == b for i, (a, b) in enumerate(zip(first.shape, t.shape, strict=True)) if i != dim
        )
        require(same, "C2", f"shapes of {first} and {t} differ outside dimension {dim}")
    total = sum(t.shape[dim] for t in sig.operands)
    return (TensorType((*first.shape[:dim], total, *first.shape[dim + 1 :]), first.dtype),)


def _reverse(sig: Sig) -> Types:
    x, dims = sig.operands[0], sig.attrs["dimensions"]
    require(len(set(dims)) == len(dims), "C2", f"dimensions {list(dims)} repeat a dimension")
    require(
        all(0 <= d < x.rank for d in dims),
        "C3",
        f"dimensions {list(dims)} not all in [0, {x.rank})",
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
)
define("reshape", "shape", ["operand"], _reshape, dtypes=ALL, traits="layout")
define(
    "transpose",
    "shape",
    ["operand"],
    _transpose,
    attrs=[Attr("permutation", "i64s")],
    dtypes=ALL,
    traits="layout",
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
)
