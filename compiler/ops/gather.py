"""Reading at computed places: gather, dynamic_slice, dynamic_update_slice."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.bodies import require_range
from compiler.ops.table import Attr, Sig, Types, define

GATHER_NUMBERS = [
    Attr("offset_dims", "i64s", ()),
    Attr("collapsed_slice_dims", "i64s", ()),
    Attr("operand_batching_dims", "i64s", ()),
    Attr("start_indices_batching_dims", "i64s", ()),
    Attr("start_index_map", "i64s", ()),
    Attr("index_vector_dim", "i64", 0),
]


def gather_type(sig: Sig, slice_sizes: tuple[int, ...]) -> TensorType:
    """The result type of a gather of slices of these sizes."""
    operand, indices = sig.operands[:2]
    a = sig.attrs
    at = a["index_vector_dim"]
    batch = [n for i, n in enumerate(indices.shape) if i != at]
    dropped = (*a["collapsed_slice_dims"], *a["operand_batching_dims"])
    offsets = [n for i, n in enumerate(slice_sizes) if i not in dropped]
    rank = len(batch) + len(offsets)
    require_range(a["offset_dims"], rank, "offset_dims", "C4")
    places = dict(zip(a["offset_dims"], offsets, strict=True))
    rest = iter(batch)
    shape = tuple(places[i] if i in places else next(rest) for i in range(rank))
    return TensorType(shape, operand.dtype)


def _gather(sig: Sig) -> Types:
    return (gather_type(sig, sig.attrs["slice_sizes"]),)


def _dynamic_slice(sig: Sig) -> Types:
    return (TensorType(sig.attrs["slice_sizes"], sig.operands[0].dtype),)


def _dynamic_update_slice(sig: Sig) -> Types:
    return (sig.operands[0],)


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
