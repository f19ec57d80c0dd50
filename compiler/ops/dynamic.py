"""Ops of dynamic shapes in their static-shape form: operands give what attributes give elsewhere,
the result type is stated. Also real and imag of floats.
"""

from __future__ import annotations

from compiler.dtypes import ALL, FLOATS, I32, INTEGERS
from compiler.ir import TensorType
from compiler.ops.bodies import require_range, require_scalars, require_unique, scalar
from compiler.ops.convolution import DYNAMIC_ATTRS, check_convolution, convolution_shape
from compiler.ops.gather import GATHER_NUMBERS, check_gather, gather_type
from compiler.ops.shape import broadcast_type
from compiler.ops.table import Attr, Sig, Types, define, require

# Custom calls of JAX that :mod:`compiler.open_calls` knows. They are no rows: they only occur in
# modules that still have to be specialised.
OPEN_CALLS = ("shape_assertion", "stablehlo.dynamic_reduce_window", "stablehlo.dynamic_top_k")


def _get_dimension_size(sig: Sig) -> Types:
    x, dim = sig.operands[0], sig.attrs["dimension"]
    require(0 <= dim < x.rank, "C1", "dimension {} is not in [0, {})", dim, x.rank)
    return (scalar(I32),)


def _shape_operand(t: TensorType, rank: int, name: str, number: str) -> None:
    """A vector of integers with an entry for each of ``rank`` dimensions."""
    require(t.rank == 1 and t.dtype.is_integer, "", "{} {} is no vector of integers", name, t)
    require(t.shape[0] == rank, number, "{} has {} entries, not {}", name, t.shape[0], rank)


def _dynamic_iota(sig: Sig) -> Types:
    t, dim = sig.declared(), sig.attrs["iota_dimension"]
    _shape_operand(sig.operands[0], t.rank, "output_shape", "C2")
    require(0 <= dim < t.rank, "C1", "iota_dimension {} is not in [0, {})", dim, t.rank)
    require(t.dtype.kind != "bool", "", "result {} holds neither integers nor floats", t)
    return (t,)


def _dynamic_reshape(sig: Sig) -> Types:
    x, t = sig.operands[0], sig.declared()
    require(x.dtype is t.dtype, "C1", "element types of operand {} and result {} differ", x, t)
    require(x.size == t.size, "C2", "operand {} and result {} differ in size", x, t)
    _shape_operand(sig.operands[1], t.rank, "output_shape", "C3")
    return (t,)


def _dynamic_broadcast_in_dim(sig: Sig) -> Types:
    x, t = sig.operands[0], sig.declared()
    broadcast_type(x, t, sig.attrs["broadcast_dimensions"])
    _shape_operand(sig.operands[1], t.rank, "output_dimensions", "C6")
    expanding = sig.attrs["known_expanding_dimensions"] or ()
    staying = sig.attrs["known_nonexpanding_dimensions"] or ()
    require_unique((*expanding, *staying), "known dimensions", "C7")
    require_range(expanding, x.rank, "known_expanding_dimensions", "C8")
    require_range(staying, x.rank, "known_nonexpanding_dimensions", "C9")
    return (t,)


def _dynamic_pad(sig: Sig) -> Types:
    x, value, *paddings = sig.operands
    t = sig.declared()
    require_scalars((value,), "padding_value", "I2")
    for other in (value, t):
        require(x.dtype is other.dtype, "C1", "element types of {} and {} differ", x, other)
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    for name, p in zip(names, paddings, strict=True):
        _shape_operand(p, x.rank, name, "C2")
    require(t.rank == x.rank, "C4", "ranks of operand {} and result {} differ", x, t)
    return (t,)


def _dynamic_gather(sig: Sig) -> Types:
    operand, _indices, sizes = sig.operands
    t = sig.declared()
    check_gather(sig, None)
    _shape_operand(sizes, operand.rank, "slice_sizes", "C20")
    dropped = {*sig.attrs["collapsed_slice_dims"], *sig.attrs["operand_batching_dims"]}
    offsets = dict(
        zip(
            [d for d in range(operand.rank) if d not in dropped],
            [t.shape[d] if d < t.rank else 0 for d in sig.attrs["offset_dims"]],
            strict=True,
        )
    )
    return (gather_type(sig, tuple(offsets.get(d, 1) for d in range(operand.rank))),)


def _dynamic_conv(sig: Sig) -> Types:
    check_convolution(sig)
    padding, t = sig.operands[2], sig.declared()
    rank = sig.operands[0].rank
    wanted = (rank - 2, 2)
    fits = padding.shape == wanted and padding.dtype.is_integer
    require(fits, "C4", "padding {} does not have shape {}", padding, wanted)
    require(t.rank == rank, "C26", "rank of result {} is not {}", t, rank)
    shape = list(convolution_shape(sig, ((0, 0),) * (rank - 2)))
    for d in sig.attrs["output_spatial_dimensions"]:
        shape[d] = t.shape[d]
    return (TensorType(tuple(shape), t.dtype),)


def _real_dynamic_slice(sig: Sig) -> Types:
    x, *vectors = sig.operands
    t = sig.declared()
    for name, v in zip(("start_indices", "limit_indices", "strides"), vectors, strict=True):
        _shape_operand(v, x.rank, name, "")
        require(v == vectors[0], "", "types of {} {} and start_indices differ", name, v)
    require(x.dtype is t.dtype, "", "element types of operand {} and result {} differ", x, t)
    require(t.rank == x.rank, "", "ranks of operand {} and result {} differ", x, t)
    return (t,)


def _real(sig: Sig) -> Types:
    return (sig.operands[0],)


def _imag(sig: Sig) -> Types:
    return (sig.operands[0],)


define(
    "get_dimension_size",
    "dynamic",
    ["operand"],
    _get_dimension_size,
    attrs=[Attr("dimension", "i64")],
    dtypes=ALL,
)
define(
    "dynamic_iota",
    "dynamic",
    ["output_shape"],
    _dynamic_iota,
    attrs=[Attr("iota_dimension", "i64")],
    dtypes=INTEGERS,
)
define("dynamic_reshape", "dynamic", ["operand", "output_shape"], _dynamic_reshape, dtypes=ALL)
define(
    "dynamic_broadcast_in_dim",
    "dynamic",
    ["operand", "output_dimensions"],
    _dynamic_broadcast_in_dim,
    attrs=[
        Attr("broadcast_dimensions", "i64s"),
        Attr("known_expanding_dimensions", "i64s", None),
        Attr("known_nonexpanding_dimensions", "i64s", None),
    ],
    dtypes=ALL,
)
define(
    "dynamic_pad",
    "dynamic",
    ["operand", "padding_value", "edge_padding_low", "edge_padding_high", "interior_padding"],
    _dynamic_pad,
    dtypes=ALL,
)
define(
    "dynamic_gather",
    "dynamic",
    ["operand", "start_indices", "slice_sizes"],
    _dynamic_gather,
    attrs=[*GATHER_NUMBERS, Attr("indices_are_sorted", "bool", False)],
    dtypes=ALL,
    result="C22",
)
define(
    "dynamic_conv",
    "dynamic",
    ["lhs", "rhs", "padding"],
    _dynamic_conv,
    attrs=DYNAMIC_ATTRS,
    dtypes=ALL,
    result="C25",
    rank=lambda attrs: len(attrs["input_spatial_dimensions"]),
)
define(
    "real_dynamic_slice",
    "dynamic",
    ["operand", "start_indices", "limit_indices", "strides"],
    _real_dynamic_slice,
    dtypes=ALL,
)
define("real", "dynamic", ["operand"], _real, dtypes=FLOATS)
define("imag", "dynamic", ["operand"], _imag, dtypes=FLOATS)
