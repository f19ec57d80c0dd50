"""Reading while and scan, whose pretty forms hold regions."""

from __future__ import annotations

from compiler.ir import Graph, Node
from compiler.ops.table import Op
from compiler.text.body import BodyReader
from compiler.text.scope import Scope


def read_while(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``(%a = %x, ...) : types attributes {...} cond {...} do {...}``."""
    names: list[tuple[str, int]] = []
    operands: list[int] = []
    p.expect("(")
    while not p.accept(")"):
        if names:
            p.expect(",")
        names.append((p.value_name(), p.at - 1))
        p.expect("=")
        operands.append(p.operand(scope))
    types = p.type_sequence() if p.accept(":") else ()
    p.match(scope, operands, types, at)
    attrs = p.attr_dict() if p.accept("attributes") else {}
    regions: list[tuple[Graph, Scope]] = []
    for keyword in ("cond", "do"):
        p.expect(keyword)
        inner = Scope(scope)
        for (name, place), t in zip(names, types, strict=True):
            if not inner.param(name, t):
                p.fail(f"{name} is defined twice", place)
        p.expect("{")
        regions.append(p.region(inner, row))
    return p.node(row, operands, {}, attrs, types, at, regions)


def read_scan(p: BodyReader, scope: Scope, row: Op, at: int) -> Node:
    """``(%a) inits (%b) dimension=0 attributes {...} {...} : types``."""
    inputs = p.parenthesised(scope)
    p.expect("inits")
    inits = p.parenthesised(scope)
    p.expect("dimension")
    p.expect("=")
    attrs = {"dimension": p.integer(), "inputs": len(inputs)}
    extra = p.attr_dict() if p.accept("attributes") else {}
    p.expect("{")
    region = p.region(Scope(scope), row)
    p.expect(":")
    stated = p.function_type()
    p.match(scope, inputs + inits, stated.params, at)
    return p.node(row, inputs + inits, attrs, extra, stated.results, at, [region])
