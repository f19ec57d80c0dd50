"""Printing in MLIR's generic form: ``"stablehlo.sort"(%a) <{...}> ({...}) : (...) -> ...``."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

import numpy as np

from compiler.ir import Node
from compiler.ops import row
from compiler.ops.table import Attr, Op
from compiler.text.lexer import quote
from compiler.text.literals import write_dense
from compiler.text.structs import STRUCT_ATTRS, write_struct

# Ops that jaxlib prints in the generic form: they have no other.
GENERIC = frozenset(
    [
        "batch_norm_grad",
        "batch_norm_inference",
        "batch_norm_training",
        "case",
        "chlo.ragged_dot",
        "dynamic_conv",
        "dynamic_gather",
        "gather",
        "if",
        "map",
        "reduce_window",
        "scatter",
        "select_and_scatter",
        "sort",
        "triangular_solve",
    ]
)
_ENUMS = {
    "precision_config": "precision",
    "transpose_a": "transpose",
    "compare_type": "comparison_type",
}


def write_attribute(attr: Attr, value: Any, dialect: str = "stablehlo") -> str:
    """An attribute of the table as MLIR spells it in a dictionary."""
    if attr.kind == "i64":
        return f"{value} : i64"
    if attr.kind == "i64s":
        return _array("i64", map(str, value))
    if attr.kind == "bool":
        return _bool(value)
    if attr.kind == "bools":
        return _array("i1", map(_bool, value))
    if attr.kind in ("f32", "f64"):
        return f"{write_float(value, attr.kind)} : {attr.kind}"
    if attr.kind == "pairs":
        rows = ", ".join(f"[{low}, {high}]" for low, high in value)
        return f"dense<{f'[{rows}]' if value else ''}> : tensor<{len(value)}x2xi64>"
    if attr.kind == "enum":
        kind = _ENUMS.get(attr.name, attr.name)
        if isinstance(value, str):
            return f"#{dialect}<{kind} {value}>"
        return f"[{', '.join(f'#{dialect}<{kind} {v}>' for v in value)}]"
    if attr.kind == "literal":
        return f"{write_dense(value)} : {value.type}"
    assert attr.kind == "str", attr
    return quote(value)


def _array(element: str, values: Iterable[str]) -> str:
    body = ", ".join(values)
    return f"array<{element}: {body}>" if body else f"array<{element}>"


def _bool(value: bool) -> str:
    return "true" if value else "false"


def write_float(value: float, kind: str = "f64") -> str:
    """A float as MLIR reads it back exactly: a decimal, or the bit pattern of inf and NaN."""
    if not isfinite(value):
        data = np.array(value, np.float32 if kind == "f32" else np.float64).tobytes()
        return f"0x{data[::-1].hex().upper()}"
    shortest = str(np.float32(value)) if kind == "f32" else repr(float(value))
    mantissa, _, exponent = shortest.partition("e")
    mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{mantissa}e{exponent}" if exponent else mantissa


def write_attributes(node: Node, names: Iterable[str]) -> str:
    """``{a = 1 : i64, ...}`` of the named attributes that have a value, in alphabetical order;
    empty if there is none.
    """
    known = row_of(node.op)
    dialect = known.spelling.partition(".")[0]
    wanted = set(names)
    items: dict[str, str] = {}
    for a in known.attrs:
        value = node.attr(a.name)
        if a.name in wanted and (a.required or value not in (None, "", ())):
            items[a.name] = write_attribute(a, value, dialect)
    if node.op in STRUCT_ATTRS:
        fields = STRUCT_ATTRS[node.op].fields
        if wanted.issuperset(fields):
            for name in fields:
                items.pop(name, None)
            name, text = write_struct(node)
            items[name] = text
    return "{" + ", ".join(f"{k} = {items[k]}" for k in sorted(items)) + "}" if items else ""


def row_of(op: str) -> Op:
    """The row of an op or a check."""
    found = row(op)
    assert found is not None, op
    return found


def generic_head(node: Node, operands: list[str]) -> str:
    """``"stablehlo.sort"(%a, %b) <{dimension = 0 : i64}>``."""
    attrs = write_attributes(node, [a.name for a in row_of(node.op).attrs])
    properties = f" <{attrs}>" if attrs else ""
    return f'"{row_of(node.op).spelling}"({", ".join(operands)}){properties}'
