"""Ops of dynamic shapes in their static-shape form: operands give what attributes give elsewhere,
the result type is stated. Also real and imag of floats.
"""

from __future__ import annotations

from compiler.dtypes import ALL, FLOATS, I32, INTEGERS
from compiler.ops.bodies import scalar
from compiler.ops.convolution import DYNAMIC_ATTRS
from compiler.ops.gather import GATHER_NUMBERS
from compiler.ops.table import Attr, Sig, Types, define, require


def _get_dimension_size(sig: Sig) -> Types:
    x, dim = sig.operands[0], sig.attrs["dimension"]
    require(0 <= dim < x.rank, "C1", "dimension {} is not in [0, {})", dim, x.rank)
    return (scalar(I32),)


def _dynamic_iota(sig: Sig) -> Types:
    return (sig.declared(),)


def _dynamic_reshape(sig: Sig) -> Types:
    return (sig.declared(),)


def _dynamic_broadcast_in_dim(sig: Sig) -> Types:
    return (sig.declared(),)


def _dynamic_pad(sig: Sig) -> Types:
    return (sig.declared(),)


def _dynamic_gather(sig: Sig) -> Types:
    return (sig.declared(),)


def _dynamic_conv(sig: Sig) -> Types:
    return (sig.declared(),)


def _real_dynamic_slice(sig: Sig) -> Types:
    return (sig.declared(),)


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
)
define(
    "dynamic_conv",
    "dynamic",
    ["lhs", "rhs", "padding"],
    _dynamic_conv,
    attrs=DYNAMIC_ATTRS,
    dtypes=ALL,
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
