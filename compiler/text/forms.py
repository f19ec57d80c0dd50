"""The pretty forms: what stands between an op's name and its types, for parser and printer alike.

A form is a list of fields with commas between them. A field is ``slot`` or ``keyword = slot`` or
``keyword = slot x slot``; a leading ``?`` marks one that is left out when the attribute has its
default. A slot is an operand or an attribute of the op table. Ops that are not listed have their
operands and nothing else. Source: the assembly formats of StableHLO.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from compiler.ops import OPS, row

FORMS: dict[str, str] = {
    "constant": "value",
    "iota": "dim = iota_dimension",
    "broadcast": "operand, sizes = broadcast_sizes",
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
    "dot": "lhs, rhs, ?precision = precision_config",
    "rng": "a, b, shape, distribution = rng_distribution",
    "dynamic_slice": "operand, start_indices*, sizes = slice_sizes",
    "cholesky": "a, ?lower = lower",
    "rng_bit_generator": "initial_state, algorithm = rng_algorithm",
    "get_dimension_size": "operand, dim = dimension",
    "set_dimension_size": "operand, size, dim = dimension",
    "dynamic_iota": "output_shape, dim = iota_dimension",
    "dynamic_broadcast_in_dim": "operand, output_dimensions, dims = broadcast_dimensions",
    "check.expect_eq_const": "lhs, value",
    "check.expect_almost_eq": "lhs, rhs, ?tolerance = tolerance",
    "check.expect_almost_eq_const": "lhs, value, ?tolerance = tolerance",
    "check.expect_close": "lhs, rhs, ?max_ulp_difference = max_ulp_difference, "
    "?min_ulp_difference = min_ulp_difference",
}

# What has a form of its own stands in special.py and loops.py, what has none in generic.py.

# Ops that always spell out operand and result types; the others name one type where all are equal.
FUNCTIONAL = frozenset(
    [
        "bitcast_convert",
        "broadcast_in_dim",
        "call",
        "compare",
        "composite",
        "concatenate",
        "convolution",
        "dot_general",
        "dynamic_broadcast_in_dim",
        "dynamic_iota",
        "dynamic_pad",
        "dynamic_reshape",
        "dynamic_slice",
        "dynamic_update_slice",
        "get_dimension_size",
        "is_finite",
        "pad",
        "real_dynamic_slice",
        "reduce",
        "reshape",
        "rng_bit_generator",
        "slice",
        "transpose",
    ]
) | frozenset(name for name in OPS if name.startswith("chlo.broadcast_"))

# Ops that spell their types ``t, t -> t``.
ARROW = frozenset(name for name in OPS if name.startswith("chlo.")) - FUNCTIONAL


class Field(NamedTuple):
    """One field: ``keyword`` may be empty; two ``slots`` are joined by ``x``."""

    keyword: str
    slots: tuple[str, ...]
    optional: bool


@cache
def fields(op: str) -> tuple[Field, ...]:
    """The fields of an op's pretty form."""
    known = row(op)
    assert known is not None, op
    form = FORMS.get(op) or ", ".join(known.operands)
    out = []
    for part in form.split(", "):
        keyword, _, slots = part.removeprefix("?").rpartition(" = ")
        out.append(Field(keyword, tuple(slots.split(" x ")), part.startswith("?")))
    return tuple(out)
