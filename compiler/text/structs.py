"""Attributes that MLIR spells as one struct and the op table as several: dimension numbers.

``#stablehlo.gather<offset_dims = [1], ...>`` of a text is the attributes ``offset_dims``, ... of a
node. Source: the attribute definitions of StableHLO and CHLO.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from compiler.ir import Node
from compiler.text.lexer import WORD, Cursor


class StructAttr(NamedTuple):
    """The struct of one op: attribute name, name behind ``#``, and its fields."""

    attr: str
    name: str
    fields: tuple[str, ...]


_DOT = (
    "lhs_batching_dimensions",
    "rhs_batching_dimensions",
    "lhs_contracting_dimensions",
    "rhs_contracting_dimensions",
)
_GATHER = StructAttr(
    "dimension_numbers",
    "stablehlo.gather",
    (
        "offset_dims",
        "collapsed_slice_dims",
        "operand_batching_dims",
        "start_indices_batching_dims",
        "start_index_map",
        "index_vector_dim",
    ),
)
_CONV = StructAttr(
    "dimension_numbers",
    "stablehlo.conv",
    (
        "input_batch_dimension",
        "input_feature_dimension",
        "input_spatial_dimensions",
        "kernel_input_feature_dimension",
        "kernel_output_feature_dimension",
        "kernel_spatial_dimensions",
        "output_batch_dimension",
        "output_feature_dimension",
        "output_spatial_dimensions",
    ),
)
STRUCT_ATTRS: dict[str, StructAttr] = {
    "dot_general": StructAttr("dot_dimension_numbers", "stablehlo.dot", _DOT),
    "gather": _GATHER,
    "dynamic_gather": _GATHER,
    "scatter": StructAttr(
        "scatter_dimension_numbers",
        "stablehlo.scatter",
        (
            "update_window_dims",
            "inserted_window_dims",
            "input_batching_dims",
            "scatter_indices_batching_dims",
            "scatter_dims_to_operand_dims",
            "index_vector_dim",
        ),
    ),
    "convolution": _CONV,
    "dynamic_conv": _CONV,
    "chlo.ragged_dot": StructAttr(
        "ragged_dot_dimension_numbers",
        "chlo.ragged_dot",
        (*_DOT, "lhs_ragged_dimensions", "rhs_group_dimensions"),
    ),
}
SINGLE = frozenset(
    ["index_vector_dim", *(f for f in _CONV.fields if not f.endswith("dimensions"))]
)  # fields that are one number, the others are lists
FIELDS = {s.name: frozenset(s.fields) for s in STRUCT_ATTRS.values()}

# The three parts of a convolution's dimension numbers: letters and what they stand for.
CONV_PARTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("input", {"b": "input_batch_dimension", "f": "input_feature_dimension"}),
    ("kernel", {"i": "kernel_input_feature_dimension", "o": "kernel_output_feature_dimension"}),
    ("output", {"b": "output_batch_dimension", "f": "output_feature_dimension"}),
)


def read_conv(cursor: Cursor) -> dict[str, Any]:
    """Consume ``[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]``: dimension numbers by name."""
    found: dict[str, Any] = {}
    for k, (part, letters) in enumerate(CONV_PARTS):
        if k:
            cursor.expect(("", "x", "->")[k])
        found |= _read_part(cursor, part, letters)
    return found


def _read_part(cursor: Cursor, part: str, letters: dict[str, str]) -> dict[str, Any]:
    """``[b, 0, 1, f]``: each letter once, and the spatial dimensions from 0."""
    found: dict[str, Any] = {}
    spatial: dict[int, int] = {}
    start, place = cursor.at, 0
    cursor.expect("[")
    while not cursor.accept("]"):
        if place:
            cursor.expect(",")
        at, name = cursor.at, letters.get(cursor.token)
        if name is not None:
            if name in found:
                cursor.fail(f"dimension {cursor.token} is given twice")
            found[name] = place
            cursor.at += 1
        elif WORD.fullmatch(cursor.token):
            cursor.fail(f"dimension {cursor.token} is none of {', '.join(letters)}")
        else:
            number = cursor.integer()
            if number < 0 or number in spatial:
                wrong = "negative" if number < 0 else "given twice"
                cursor.fail(f"spatial dimension {number} is {wrong}", at)
            spatial[number] = place
        place += 1
    for letter, name in letters.items():
        if name not in found:
            cursor.fail(f"dimension {letter} is missing", start)
    for number in range(len(spatial)):
        if number not in spatial:
            cursor.fail(f"spatial dimension {number} is missing", start)
    found[f"{part}_spatial_dimensions"] = tuple(spatial[i] for i in range(len(spatial)))
    return found


def write_struct(node: Node) -> tuple[str, str]:
    """The struct attribute of a node: its name and its MLIR text."""
    struct = STRUCT_ATTRS[node.op]
    values = {name: node.attr(name) for name in struct.fields}
    if struct.name == "stablehlo.conv":
        return struct.attr, f"#{struct.name}<{write_conv(values)}>"
    given = [f"{name} = {write_ints(v)}" for name, v in values.items() if v not in ((), 0)]
    return struct.attr, f"#{struct.name}<{', '.join(given)}>"


def write_ints(value: Sequence[int] | int) -> str:
    """``[1, 2]`` or ``1``."""
    return str(value) if isinstance(value, int) else f"[{', '.join(map(str, value))}]"


def write_conv(values: Mapping[str, Any]) -> str:
    """``[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]``."""
    parts = []
    for part, letters in CONV_PARTS:
        places = {values[name]: letter for letter, name in letters.items()}
        places |= {d: str(k) for k, d in enumerate(values[f"{part}_spatial_dimensions"])}
        parts.append(f"[{', '.join(places[d] for d in sorted(places))}]")
    return f"{parts[0]}x{parts[1]}->{parts[2]}"
