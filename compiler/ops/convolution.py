"""convolution: windows of lhs contracted with rhs."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.table import FILLED, Attr, Sig, Types, define
from compiler.ops.window import dilated, windows

PRECISION = Attr("precision_config", "enum", (), choices=("DEFAULT", "HIGH", "HIGHEST"))
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
    Attr("feature_group_count", "i64", 1),
    Attr("batch_group_count", "i64", 1),
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


def _convolution(sig: Sig) -> Types:
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
