"""Writing at computed places: scatter, select_and_scatter."""

from __future__ import annotations

from compiler.dtypes import ALL, I1
from compiler.ir import TensorType
from compiler.ops.bodies import (
    check_reducer,
    require_range,
    require_same_shape,
    require_scalars,
    require_sorted,
    require_unique,
    scalar,
)
from compiler.ops.gather import check_batching, check_index_map, check_vector_dim
from compiler.ops.table import FILLED, Attr, Sig, Types, define, require
from compiler.ops.window import check_window, window_shape


def _scatter(sig: Sig) -> Types:
    count = len(sig.operands) // 2
    require(
        len(sig.operands) >= 3 and len(sig.operands) % 2 == 1,
        "C5",
        "needs as many updates as inputs, at least one, and scatter_indices",
    )
    inputs, updates = sig.operands[:count], sig.operands[count + 1 :]
    require_same_shape(inputs, "inputs", "C1")
    require_same_shape(updates, "updates", "C3")
    for x, u in zip(inputs, updates, strict=True):
        require(x.dtype is u.dtype, "C6", "element types of input {} and update {} differ", x, u)
    _check_numbers(sig, inputs[0], sig.operands[count], updates[0])
    results = check_reducer(sig, 0, inputs, inputs, "C23")
    return tuple(TensorType(x.shape, t.dtype) for x, t in zip(inputs, results, strict=True))


def _check_numbers(sig: Sig, x: TensorType, indices: TensorType, update: TensorType) -> None:
    """C2, C4, C7-C22."""
    a = sig.attrs
    window, inserted, batching = (
        a["update_window_dims"],
        a["inserted_window_dims"],
        a["input_batching_dims"],
    )
    index_map, at = a["scatter_dims_to_operand_dims"], a["index_vector_dim"]
    require(indices.dtype.is_integer, "I2", "scatter_indices {} does not hold integers", indices)
    check_vector_dim(indices, at, "C22")
    require(
        x.rank == len(window) + len(inserted) + len(batching),
        "C2",
        "rank {} of the inputs is not the number of update_window_dims {}, inserted_window_dims {} "
        "and input_batching_dims {}",
        x.rank,
        window,
        inserted,
        batching,
    )
    require_unique(window, "update_window_dims", "C7")
    require_sorted(window, "update_window_dims", "C7")
    require_range(window, update.rank, "update_window_dims", "C8")
    check_batching(
        (x, indices),
        (inserted, batching, a["scatter_indices_batching_dims"]),
        at,
        ("inserted_window_dims", "input_batching_dims", "scatter_indices_batching_dims"),
        ("C9", "C10", "C11", "C12", "C13", "C14", "C15", "C16", "C17", "C18"),
    )
    check_index_map(indices, at, index_map, "scatter_dims_to_operand_dims", "C19")
    both = "scatter_dims_to_operand_dims and input_batching_dims"
    require_unique((*index_map, *batching), both, "C20")
    require_range(index_map, x.rank, "scatter_dims_to_operand_dims", "C21")
    _check_updates(x, indices, update, window, {*inserted, *batching}, at)


def _check_updates(
    x: TensorType,
    indices: TensorType,
    update: TensorType,
    window: tuple[int, ...],
    dropped: set[int],
    at: int,
) -> None:
    """C4: scatter dimensions as in the indices, windows no larger than the inputs."""
    scatter = [n for i, n in enumerate(indices.shape) if i != at]
    limits = [n for i, n in enumerate(x.shape) if i not in dropped]
    rank = len(scatter) + len(window)
    require(update.rank == rank, "C4", "update {} has rank {}, not {}", update, update.rank, rank)
    own = [d for d in range(rank) if d not in window]
    for d, n in zip(own, scatter, strict=True):
        require(
            update.shape[d] == n,
            "C4",
            "dimension {} of update {} has size {}, the indices have {}",
            d,
            update,
            update.shape[d],
            n,
        )
    for d, n in zip(window, limits, strict=True):
        require(
            update.shape[d] <= n,
            "C4",
            "window dimension {} of update {} has size {}, the inputs have {}",
            d,
            update,
            update.shape[d],
            n,
        )


def _select_and_scatter(sig: Sig) -> Types:
    operand, source, init = sig.operands
    require(
        operand.dtype is source.dtype, "C1", "element types of {} and {} differ", operand, source
    )
    require_scalars((init,), "init_value", "I3")
    require(init.dtype is operand.dtype, "C3", "element types of {} and {} differ", init, operand)
    check_window(
        operand.rank,
        sig.attrs,
        {
            "window_dimensions": ("C4", "C5"),
            "window_strides": ("C6", "C7"),
            "padding": ("C8", ""),
        },
    )
    shape = window_shape(operand.shape, sig.attrs)
    require(source.shape == shape, "C2", "source has shape {}, not {}", source.shape, shape)
    _check_select(sig, scalar(operand.dtype))
    results = check_reducer(sig, 1, (operand,), (init,), "C10")
    return (TensorType(operand.shape, results[0].dtype),)


def _check_select(sig: Sig, element: TensorType) -> None:
    """C9: ``(E, E) -> i1``."""
    args, out = sig.arguments(0), sig.regions[0].result_types
    require(
        args == (element, element),
        "C9",
        "select must take two arguments of type {}, not ({})",
        element,
        ", ".join(map(str, args)),
    )
    require(
        out == (scalar(I1),),
        "C9",
        "select must return tensor<i1>, not ({})",
        ", ".join(map(str, out)),
    )


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
