"""Writing at computed places: scatter, select_and_scatter."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.bodies import check_reducer
from compiler.ops.table import FILLED, Attr, Sig, Types, define


def _scatter(sig: Sig) -> Types:
    count = len(sig.operands) // 2
    inputs, updates = sig.operands[:count], sig.operands[count + 1 :]
    results = check_reducer(sig, 0, inputs, updates, "C23")
    return tuple(TensorType(x.shape, t.dtype) for x, t in zip(inputs, results, strict=True))


def _select_and_scatter(sig: Sig) -> Types:
    operand, _source, init = sig.operands
    results = check_reducer(sig, 1, (operand,), (init,), "C10")
    return (TensorType(operand.shape, results[0].dtype),)


define(
    "scatter",
    "scatter",
    ["inputs_scatter_indices_updates*"],
    _scatter,
    attrs=[
        Attr("update_window_dims", "i64s", ()),
        Attr("inserted_window_dims", "i64s", ()),
        Attr("input_batching_dims", "i64s", ()),
        Attr("scatter_indices_batching_dims", "i64s", ()),
        Attr("scatter_dims_to_operand_dims", "i64s", ()),
        Attr("index_vector_dim", "i64", 0),
        Attr("indices_are_sorted", "bool", False),
        Attr("unique_indices", "bool", False),
    ],
    dtypes=ALL,
    regions=1,
    result="C24",
)
define(
    "select_and_scatter",
    "scatter",
    ["operand", "source", "init_value"],
    _select_and_scatter,
    attrs=[
        Attr("window_dimensions", "i64s"),
        Attr("window_strides", "i64s", FILLED),
        Attr("padding", "pairs", FILLED),
    ],
    dtypes=ALL,
    regions=2,
    result="C11",
    rank=lambda attrs: len(attrs["window_dimensions"]),
)
