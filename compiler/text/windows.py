"""The pretty form of convolution, read and written."""

from __future__ import annotations

from typing import Any

from compiler.ir import Node
from compiler.ops.table import Op
from compiler.text.body import BodyReader
from compiler.text.generic import write_attributes
from compiler.text.scope import Scope
from compiler.text.structs import STRUCT_ATTRS, read_conv, write_conv, write_ints

# Keyword in the text and attribute of the table, in printing order.
WINDOW = {
    "stride": "window_strides",
    "pad": "padding",
    "lhs_dilate": "lhs_dilation",
    "rhs_dilate": "rhs_dilation",
    "reverse": "window_reversal",
}
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def read_convolution(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``(%lhs, %rhs) dim_numbers = ..., window = {...} {...} : types``."""
    operands = p.parenthesised(scope)
    p.expect("dim_numbers")
    p.expect("=")
    attrs = read_conv(p)
    for token in (",", "window", "="):
        p.expect(token)
    attrs |= _window(p)
    return p.finish(scope, row, operands, attrs, at)


def _window(p: BodyReader) -> dict[str, Any]:
    """``{stride = [1, 1], pad = [[0, 0], [1, 1]], ...}`` in any order."""
    found: dict[str, Any] = {}
    first = True
    p.expect("{")
    while not p.accept("}"):
        if not first:
            p.expect(",")
        first = False
        place, keyword = p.at, p.word("a keyword of the window")
        name = WINDOW.get(keyword)
        if name is None or name in found:
            p.fail(f"unexpected keyword {keyword} of the window", place)
        p.expect("=")
        if name == "padding":
            found[name] = _rows(p)
        elif name == "window_reversal":
            found[name] = _flags(p)
        else:
            found[name] = p.integers()
    return found


def _rows(p: BodyReader) -> tuple[tuple[int, ...], ...]:
    """``[[0, 1], [2, 3]]``."""
    rows: list[tuple[int, ...]] = []
    p.expect("[")
    while not p.accept("]"):
        if rows:
            p.expect(",")
        at = p.at
        rows.append(p.integers())
        if len(rows[-1]) != 2:
            p.fail(f"expected a pair, found {len(rows[-1])} numbers", at)
    return tuple(rows)


def _flags(p: BodyReader) -> tuple[bool, ...]:
    """``[true, false]``."""
    flags: list[bool] = []
    p.expect("[")
    while not p.accept("]"):
        if flags:
            p.expect(",")
        if p.token not in _FLAGS:
            p.fail(f"expected true or false, found {p.shown()}")
        flags.append(_FLAGS[p.take()])
    return tuple(flags)


def write_convolution(n: Node, operands: list[str]) -> str:
    """What stands between the name of the op and its types."""
    numbers = write_conv({name: n.attr(name) for name in STRUCT_ATTRS[n.op].fields})
    window = []
    for keyword, name in WINDOW.items():
        values = [_spelled(v) for v in n.attr(name)]
        window.append(f"{keyword} = [{', '.join(values)}]")
    rest = ["batch_group_count", "feature_group_count", "precision_config"]
    return (
        f"({', '.join(operands)}) dim_numbers = {numbers}, window = {{{', '.join(window)}}} "
        f"{write_attributes(n, rest)}"
    )


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return write_ints(value)
