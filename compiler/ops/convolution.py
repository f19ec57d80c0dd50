"""convolution: windows of lhs contracted with rhs."""

from __future__ import annotations

from typing import Any

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.bodies import (
    at_least,
    require_length,
    require_pairs,
    require_range,
    require_unique,
)
from compiler.ops.dot import PRECISION, check_precision
from compiler.ops.table import FILLED, Attr, Sig, Types, define, require
from compiler.ops.window import check_window, dilated, windows

_WINDOW = [
    Attr("window_strides", "i64s", FILLED),
    Attr("padding", "pairs", FILLED),
    Attr("lhs_dilation", "i64s", FILLED),
    Attr("rhs_dilation", "i64s", FILLED),
    Attr("window_reversal", "bools", FILLED),
]
_NUMBERS = [
    Attr("input_batch_dimension", "i64"),
    Attr("input_feature_dimension", "i64"),
    Attr("input_spatial_dimensions", "i64s"),
    Attr("kernel_input_feature_dimension", "i64"),
    Attr("kernel_output_feature_dimension", "i64"),
    Attr("kernel_spatial_dimensions", "i64s"),
    Attr("output_batch_dimension", "i64"),
    Attr("output_feature_dimension", "i64"),
    Attr("output_spatial_dimensions", "i64s"),
    Attr("feature_group_count", "i64", check=at_least("feature_group_count", 1, "C21")),
    Attr("batch_group_count", "i64", check=at_least("batch_group_count", 1, "C22")),
    PRECISION,
]
CONVOLUTION_ATTRS = [*_WINDOW, *_NUMBERS]
DYNAMIC_ATTRS = [a for a in CONVOLUTION_ATTRS if a.name != "padding"]


def convolution_shape(sig: Sig, padding: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """The result shape of a convolution with this padding (C25)."""
    lhs, rhs = sig.operands[:2]
    a = sig.attrs
    shape = [0] * lhs.rank
    shape[a["output_batch_dimension"]] = (
        lhs.shape[a["input_batch_dimension"]] // a["batch_group_count"]
    )
    shape[a["output_feature_dimension"]] = rhs.shape[a["kernel_output_feature_dimension"]]
    for k, (low, high) in enumerate(padding):
        base = dilated(lhs.shape[a["input_spatial_dimensions"][k]], a["lhs_dilation"][k])
        size = dilated(rhs.shape[a["kernel_spatial_dimensions"][k]], a["rhs_dilation"][k])
        count = windows(low + base + high, size, a["window_strides"][k])
        shape[a["output_spatial_dimensions"][k]] = count
    return tuple(shape)


def check_convolution(sig: Sig) -> None:
    """All constraints but those of padding (C4) and result (C25)."""
    lhs, rhs = sig.operands[:2]
    a = sig.attrs
    rank = lhs.rank
    require(rank == rhs.rank, "C1", "ranks of lhs {} and rhs {} differ", lhs, rhs)
    require(rank >= 2, "C1", "lhs {} needs rank 2 or more", lhs)
    _check_dimensions(a, rank)
    numbers = {
        "window_strides": ("C2", "C3"),
        "lhs_dilation": ("C5", "C6"),
        "rhs_dilation": ("C7", "C8"),
        "window_reversal": ("C9", ""),
    }
    check_window(rank - 2, a, numbers)
    feature, batch = a["feature_group_count"], a["batch_group_count"]
    require(
        feature == 1 or batch == 1,
        "C23",
        "feature_group_count {} and batch_group_count {} are both greater than 1",
        feature,
        batch,
    )
    _check_groups(sig, lhs, rhs)
    kernel = tuple(rhs.shape[d] for d in a["kernel_spatial_dimensions"])
    require(all(n > 0 for n in kernel), "C25", "the window {} has a dimension of size 0", kernel)
    check_precision(sig, "C24")
    require(lhs.dtype is rhs.dtype, "C27", "element types of lhs {} and rhs {} differ", lhs, rhs)


def _check_dimensions(a: dict[str, Any], rank: int) -> None:
    """C12, C13, C17-C20: each side's dimension numbers are a permutation."""
    sides = (
        ("input", "input_batch_dimension", "input_feature_dimension", "C12", "C13"),
        (
            "kernel",
            "kernel_input_feature_dimension",
            "kernel_output_feature_dimension",
            "C17",
            "C18",
        ),
        ("output", "output_batch_dimension", "output_feature_dimension", "C19", "C20"),
    )
    for side, first, second, count, number in sides:
        spatial = a[f"{side}_spatial_dimensions"]
        require_length(spatial, rank - 2, f"{side}_spatial_dimensions", count)
        dims = (a[first], *spatial, a[second])
        require_unique(dims, f"{side} dimensions", number)
        require_range(dims, rank, f"{side} dimensions", number)


def _check_groups(sig: Sig, lhs: TensorType, rhs: TensorType) -> None:
    """C10, C11, C14-C16: features and batches split evenly."""
    a = sig.attrs
    feature, batch = a["feature_group_count"], a["batch_group_count"]
    batches = lhs.shape[a["input_batch_dimension"]]
    features = lhs.shape[a["input_feature_dimension"]]
    kernel_in = rhs.shape[a["kernel_input_feature_dimension"]]
    kernel_out = rhs.shape[a["kernel_output_feature_dimension"]]
    for number, name, size, count in (
        ("C10", "batch dimension of lhs", batches, batch),
        ("C11", "feature dimension of lhs", features, feature),
        ("C15", "output feature dimension of rhs", kernel_out, batch),
        ("C16", "output feature dimension of rhs", kernel_out, feature),
    ):
        require(size % count == 0, number, "{} {} is not divisible by {}", name, size, count)
    require(
        kernel_in == features // feature,
        "C14",
        "input feature dimension of rhs is {}, of a group of lhs {}",
        kernel_in,
        features // feature,
    )


def _convolution(sig: Sig) -> Types:
    check_convolution(sig)
    require_pairs(sig.attrs["padding"], sig.operands[0].rank - 2, "padding", "C4")
    shape = convolution_shape(sig, sig.attrs["padding"])
    dtype = sig.operands[0].dtype if sig.results is None else sig.declared().dtype
    return (TensorType(shape, dtype),)


define(
    "convolution",
    "convolution",
    ["lhs", "rhs"],
    _convolution,
    attrs=CONVOLUTION_ATTRS,
    dtypes=ALL,
    result="C25",
    rank=lambda attrs: len(attrs["input_spatial_dimensions"]),
)
