"""Reading at computed places: gather, dynamic_slice, dynamic_update_slice."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.bodies import (
    require_length,
    require_range,
    require_scalars,
    require_sorted,
    require_unique,
)
from compiler.ops.table import Attr, Sig, Types, define, require

GATHER_NUMBERS = [
    Attr("offset_dims", "i64s", ()),
    Attr("collapsed_slice_dims", "i64s", ()),
    Attr("operand_batching_dims", "i64s", ()),
    Attr("start_indices_batching_dims", "i64s", ()),
    Attr("start_index_map", "i64s", ()),
    Attr("index_vector_dim", "i64", 0),
]


def gather_type(sig: Sig, slice_sizes: tuple[int, ...]) -> TensorType:
    """The result type of a gather of slices of these sizes (C22, C23)."""
    operand, indices = sig.operands[:2]
    check_gather(sig, slice_sizes)
    dropped = {*sig.attrs["collapsed_slice_dims"], *sig.attrs["operand_batching_dims"]}
    at = sig.attrs["index_vector_dim"]
    batch = iter([n for i, n in enumerate(indices.shape) if i != at])
    offsets = iter([n for i, n in enumerate(slice_sizes) if i not in dropped])
    offset_dims = sig.attrs["offset_dims"]
    rank = len(offset_dims) + indices.rank - (at < indices.rank)
    shape = tuple(next(offsets if i in offset_dims else batch) for i in range(rank))
    return TensorType(shape, operand.dtype)


def check_gather(sig: Sig, slice_sizes: tuple[int, ...] | None) -> None:
    """C1-C21; those that speak of the slice sizes only where these are known."""
    operand, indices = sig.operands[:2]
    a = sig.attrs
    offset, collapsed = a["offset_dims"], a["collapsed_slice_dims"]
    batching, index_map = a["operand_batching_dims"], a["start_index_map"]
    at = a["index_vector_dim"]
    require(indices.dtype.is_integer, "I2", "start_indices {} does not hold integers", indices)
    check_vector_dim(indices, at, "C2")
    require(
        operand.rank == len(offset) + len(collapsed) + len(batching),
        "C1",
        "rank {} of operand is not the number of offset_dims {}, collapsed_slice_dims {} and "
        "operand_batching_dims {}",
        operand.rank,
        offset,
        collapsed,
        batching,
    )
    require_unique(offset, "offset_dims", "C4")
    require_sorted(offset, "offset_dims", "C4")
    rank = len(offset) + indices.rank - (at < indices.rank)
    require_range(offset, rank, "offset_dims", "C5")
    check_batching(
        (operand, indices),
        (collapsed, batching, a["start_indices_batching_dims"]),
        at,
        ("collapsed_slice_dims", "operand_batching_dims", "start_indices_batching_dims"),
        ("C6", "C7", "C8", "C10", "C11", "C13", "C14", "C15", "C16", "C17"),
    )
    check_index_map(indices, at, index_map, "start_index_map", "C3")
    both = "start_index_map and operand_batching_dims"
    require_unique((*index_map, *batching), both, "C18")
    require_range(index_map, operand.rank, "start_index_map", "C19")
    if slice_sizes is None:
        return
    require_length(slice_sizes, operand.rank, "slice_sizes", "C20")
    for name, dims, number in (
        ("collapsed_slice_dims", collapsed, "C9"),
        ("operand_batching_dims", batching, "C12"),
    ):
        for d in dims:
            require(
                slice_sizes[d] <= 1,
                number,
                "slice size {} of dimension {} in {} is greater than 1",
                slice_sizes[d],
                d,
                name,
            )
    _check_sizes(slice_sizes, operand, "slice_sizes", "C21")


def check_vector_dim(indices: TensorType, at: int, number: str) -> None:
    """index_vector_dim is a dimension of the indices or the one behind."""
    require(
        0 <= at <= indices.rank, number, "index_vector_dim {} is not in [0, {}]", at, indices.rank
    )


def check_index_map(
    indices: TensorType, at: int, index_map: tuple[int, ...], name: str, number: str
) -> None:
    """Each index vector has an entry for each of ``index_map``."""
    length = indices.shape[at] if at < indices.rank else 1
    require(
        len(index_map) == length,
        number,
        "{} has {} entries, an index vector has {}",
        name,
        len(index_map),
        length,
    )


def check_batching(
    types: tuple[TensorType, TensorType],
    dims: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
    at: int,
    names: tuple[str, str, str],
    numbers: tuple[str, ...],
) -> None:
    """What gather and scatter say of dropped and batching dimensions.

    Args:
        types: operand and indices.
        dims: dropped dimensions of the operand, its batching dimensions, those of the indices.
        at: index_vector_dim.
        names: of ``dims``.
        numbers: ten constraints, in the order of the specification.
    """
    operand, indices = types
    dropped, batching, index_batching = dims
    unique, sorted1, range1, sorted2, range2, unique2, range3, vector, count, sizes = numbers
    require_unique((*dropped, *batching), f"{names[0]} and {names[1]}", unique)
    require_sorted(dropped, names[0], sorted1)
    require_range(dropped, operand.rank, names[0], range1)
    require_sorted(batching, names[1], sorted2)
    require_range(batching, operand.rank, names[1], range2)
    require_unique(index_batching, names[2], unique2)
    require_range(index_batching, indices.rank, names[2], range3)
    require(
        at not in index_batching,
        vector,
        "{} {} holds index_vector_dim {}",
        names[2],
        index_batching,
        at,
    )
    require(
        len(batching) == len(index_batching),
        count,
        "{} {} and {} {} differ in number",
        names[1],
        batching,
        names[2],
        index_batching,
    )
    for i, j in zip(batching, index_batching, strict=True):
        require(
            operand.shape[i] == indices.shape[j],
            sizes,
            "batching dimension {} of the operand has size {}, {} of the indices has {}",
            i,
            operand.shape[i],
            j,
            indices.shape[j],
        )


def _check_sizes(sizes: tuple[int, ...], operand: TensorType, name: str, number: str) -> None:
    """Every size must be in ``[0, dim(operand)]``."""
    for d, (size, limit) in enumerate(zip(sizes, operand.shape, strict=True)):
        require(
            0 <= size <= limit,
            number,
            "{} of dimension {} is {}, not in [0, {}]",
            name,
            d,
            size,
            limit,
        )


def _check_starts(starts: Types, rank: int, numbers: tuple[str, str, str]) -> None:
    """One scalar integer for each dimension, all of the same type."""
    require(
        len(starts) == rank,
        numbers[0],
        "{} start_indices for an operand of rank {}",
        len(starts),
        rank,
    )
    require_scalars(starts, "start index", numbers[1])
    for t in starts:
        require(t.dtype.is_integer, numbers[1], "start index {} is no integer", t)
        require(t == starts[0], numbers[2], "start indices {} and {} differ", starts[0], t)


def _gather(sig: Sig) -> Types:
    return (gather_type(sig, sig.attrs["slice_sizes"]),)


def _dynamic_slice(sig: Sig) -> Types:
    x, starts = sig.operands[0], sig.operands[1:]
    sizes = sig.attrs["slice_sizes"]
    _check_starts(starts, x.rank, ("C2", "I2", "C3"))
    require_length(sizes, x.rank, "slice_sizes", "C2")
    _check_sizes(sizes, x, "slice_sizes", "C4")
    return (TensorType(sizes, x.dtype),)


def _dynamic_update_slice(sig: Sig) -> Types:
    require(
        len(sig.operands) >= 2, "", "takes operand and update, not {} operands", len(sig.operands)
    )
    x, update, starts = sig.operands[0], sig.operands[1], sig.operands[2:]
    require(
        update.dtype is x.dtype, "C2", "element types of update {} and operand {} differ", update, x
    )
    require(update.rank == x.rank, "C3", "ranks of update {} and operand {} differ", update, x)
    _check_starts(starts, x.rank, ("C4", "I3", "C5"))
    _check_sizes(update.shape, x, "size of update", "C6")
    return (x,)


define(
    "gather",
    "gather",
    ["operand", "start_indices"],
    _gather,
    attrs=[*GATHER_NUMBERS, Attr("slice_sizes", "i64s"), Attr("indices_are_sorted", "bool", False)],
    dtypes=ALL,
    result="C22",
)
define(
    "dynamic_slice",
    "gather",
    ["operand", "start_indices*"],
    _dynamic_slice,
    attrs=[Attr("slice_sizes", "i64s")],
    dtypes=ALL,
    result="C5",
)
define(
    "dynamic_update_slice",
    "gather",
    ["operand", "update", "start_indices*"],
    _dynamic_update_slice,
    dtypes=ALL,
)
