"""The pretty forms: what stands between an op's name and its types, for parser and printer alike.

A form is a list of fields with commas between them. A field is ``slot`` or ``keyword = slot`` or
``keyword = slot x slot``; a leading ``?`` marks one that is left out when the attribute has its
default. A slot is an operand or an attribute of the op table. Ops that are not listed have their
operands and nothing else. Source: the assembly formats of StableHLO.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from compiler.ops import OPS

FORMS: dict[str, str] = {
    "constant": "value",
    "iota": "dim = iota_dimension",
    "broadcast_in_dim": "operand, dims = broadcast_dimensions",
    "transpose": "operand, dims = permutation",
    "reverse": "operand, dims = dimensions",
    "concatenate": "inputs*, dim = dimension",
    "pad": "operand, padding_value, low = edge_padding_low, high = edge_padding_high, "
    "interior = interior_padding",
    "compare": "comparison_direction, lhs, rhs, ?compare_type",
    "dot_general": "lhs, rhs, ?batching_dims = lhs_batching_dimensions x rhs_batching_dimensions, "
    "contracting_dims = lhs_contracting_dimensions x rhs_contracting_dimensions, "
    "?precision = precision_config, ?algorithm = algorithm",
}

# slice, reduce_precision, reduce, call and composite have forms of their own (special.py).

# Ops that always spell out operand and result types; the others name one type where all are equal.
FUNCTIONAL = frozenset(
    [
        "bitcast_convert",
        "broadcast_in_dim",
        "call",
        "compare",
        "composite",
        "concatenate",
        "dot_general",
        "is_finite",
        "pad",
        "reduce",
        "reshape",
        "slice",
        "transpose",
    ]
)


class Field(NamedTuple):
    """One field: ``keyword`` may be empty; two ``slots`` are joined by ``x``."""

    keyword: str
    slots: tuple[str, ...]
    optional: bool


@cache
def fields(op: str) -> tuple[Field, ...]:
    """The fields of an op's pretty form."""
    form = FORMS.get(op) or ", ".join(OPS[op].operands)
    out = []
    for part in form.split(", "):
        keyword, _, slots = part.removeprefix("?").rpartition(" = ")
        out.append(Field(keyword, tuple(slots.split(" x ")), part.startswith("?")))
    return tuple(out)
