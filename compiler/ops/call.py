"""Calls of functions of the same module: func.call and composite. ``return`` is part of the graph
itself.
"""

from __future__ import annotations

import re

from compiler.ops.table import Attr, Sig, Types, define, require

_NAMESPACED = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_$]+)+")


def _callee(sig: Sig, name: str, defined: str = "", number: str = "") -> Types:
    found = sig.callee(name)
    require(found is not None, defined, "there is no function @{}", name)
    assert found is not None
    params, results = found
    require(
        params == sig.operands,
        number,
        "@{} takes ({}), not ({})",
        name,
        _list(params),
        _list(sig.operands),
    )
    return results


def _list(types: Types) -> str:
    return ", ".join(map(str, types))


def _call(sig: Sig) -> Types:
    return _callee(sig, sig.attrs["callee"])


def _composite(sig: Sig) -> Types:
    name = sig.attrs["name"]
    require(
        bool(_NAMESPACED.fullmatch(name)), "C1", "name {!r} is not of the form namespace.op", name
    )
    require(sig.attrs.get("version", 0) >= 0, "", "version must not be negative")
    return _callee(sig, sig.attrs["decomposition"], "C2", "C3")


define("call", "call", ["operands*"], _call, attrs=[Attr("callee", "symbol")], result="")
define(
    "composite",
    "call",
    ["inputs*"],
    _composite,
    attrs=[
        Attr("name", "str"),
        Attr("composite_attributes", "dict", ()),
        Attr("decomposition", "symbol"),
        Attr("version", "i64", 0),
    ],
    result="C4",
)
