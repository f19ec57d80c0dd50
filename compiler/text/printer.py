"""Printing modules in the pretty form that MLIR reads; :func:`compiler.text.parse` gives back the
same module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compiler.ir import Function, Graph, Module, Node
from compiler.ops import CHECKS, OPS
from compiler.ops.table import Attr, Types
from compiler.text.attributes import write_dict
from compiler.text.forms import ARROW, FUNCTIONAL, fields
from compiler.text.generic import GENERIC, generic_head, row_of, write_attributes, write_float
from compiler.text.lexer import quote, symbol_name
from compiler.text.literals import write_dense
from compiler.text.windows import write_convolution

Names = Sequence[str] | Mapping[int, str]
Lines = list[str]


def print_module(m: Module) -> str:
    """The whole module as text: the entry first, private functions last."""
    head = f"module {symbol_name(m.name)} {{" if m.name else "module {"
    lines = [head]
    for f in sorted(m.functions, key=lambda f: (f is not m.main, f.private)):
        lines += ["  " + line for line in _function(f)]
    return "\n".join([*lines, "}", ""])


def print_node(graph: Graph, index: int) -> str:
    """One op of a function's graph on one line, with the names that :func:`print_module` uses."""
    node = graph.nodes[index]
    names = {v: _name(graph, v) for v in node.uses}
    return " ".join(line.strip() for line in _node(graph, index, names, ""))


def _name(g: Graph, value: int) -> str:
    """One entry of ``value_names(g)``."""
    at, k = g.defs[value]
    if at < 0:
        return f"%arg{k}"
    return f"%{at}#{k}" if len(g.nodes[at].types) > 1 else f"%{at}"


def value_names(graph: Graph, prefix: str = "", outer: Sequence[str] = ()) -> list[str]:
    """The name of every value: ``%arg0`` for parameters, ``%3`` or ``%3#1`` for results of node 3.

    In a region ``prefix`` holds the path of nodes that it lies in, and ``outer`` the names of
    captured values.
    """
    own = len(graph.params) - len(outer)
    names = [f"%arg{prefix}{i}" for i in range(own)] + list(outer)
    start = f"%v{prefix}" if prefix else "%"
    for i, n in enumerate(graph.nodes):
        many = len(n.types) > 1
        names += [f"{start}{i}#{k}" if many else f"{start}{i}" for k in range(len(n.types))]
    return names


def _function(f: Function) -> Lines:
    g = f.graph
    names = value_names(g)
    params = ", ".join(f"{names[i]}: {t}" for i, t in enumerate(g.params))
    results = f" -> {_results(g.result_types)}" if g.results else ""
    visibility = "private" if f.private else "public"
    head = f"func.func {visibility} {symbol_name(f.name)}({params}){results} {{"
    return [head, *("  " + line for line in _body(g, names, "", "return")), "}"]


def _body(g: Graph, names: Names, prefix: str, terminator: str) -> Lines:
    lines: Lines = []
    for i in range(len(g.nodes)):
        lines += _node(g, i, names, prefix)
    values = ", ".join(names[v] for v in g.results)
    types = ", ".join(map(str, g.result_types))
    lines.append(f"{terminator} {values} : {types}" if values else terminator)
    return lines


def _node(g: Graph, index: int, names: Names, prefix: str) -> Lines:
    """The lines of one op."""
    n = g.nodes[index]
    left = f"%v{prefix}{index}" if prefix else f"%{index}"
    many = f":{len(n.types)}" if len(n.types) > 1 else ""
    start = f"{left}{many} = " if n.types else ""
    operands = [names[v] for v in n.operands]
    operand_types = tuple(g.types[v] for v in n.operands)
    types = _types(n, operand_types)
    inside = f"{prefix}{index}_"
    # Inside of an op of StableHLO, MLIR looks for a bare name in that dialect only.
    name = "func.call" if n.op == "call" and prefix else row_of(n.op).spelling
    if n.op in GENERIC or (n.op == "while" and not operands):
        blocks = [_block(n, k, inside, names) for k in range(len(n.regions))]
        lines = _joined(f"{start}{generic_head(n, operands)}{' (' if blocks else ''}", blocks)
        lines[-1] += (")" if blocks else "") + types
        return lines
    if n.op in _REGIONS:
        return _REGIONS[n.op](n, f"{start}{name}", operands, operand_types, inside, names)
    return [f"{start}{name}{_BODY.get(n.op, _plain)(n, operands)}{types}"]


def _joined(start: str, blocks: Sequence[Lines]) -> Lines:
    """``start{...}, {...}`` over several lines."""
    lines = [start]
    for k, block in enumerate(blocks):
        lines[-1] += ", {" if k else "{"
        lines += [*block, "}"]
    return lines


def _block(n: Node, k: int, prefix: str, names: Names, header: bool = True) -> Lines:
    """The lines of region ``k`` between its braces, with its block arguments where it has any."""
    body = n.regions[k]
    inner = value_names(body, prefix, [names[v] for v in n.captures])
    own = len(body.params) - len(n.captures)
    arguments = ", ".join(f"{inner[i]}: {body.params[i]}" for i in range(own))
    head = [f"^bb0({arguments}):"] if header and own else []
    return [*head, *("  " + line for line in _body(body, inner, prefix, "stablehlo.return"))]


def _types(n: Node, operands: Types) -> str:
    """The types of one op, as short as its form allows."""
    if n.op == "constant":
        return f" : {n.type}"
    if n.op == "select":
        return f" : {operands[0]}, {n.type}"
    if n.op == "optimization_barrier":
        return f" : {', '.join(map(str, operands))}" if operands else ""
    if n.op in CHECKS:
        return "" if n.attr("value") else f" : {', '.join(map(str, operands))}"
    if n.op in ARROW and n.op not in GENERIC and n.op != "chlo.scan":
        return f" : {', '.join(map(str, operands))} -> {_results(n.types)}"
    if n.op not in FUNCTIONAL | GENERIC and len({*operands, *n.types}) == 1:
        return f" : {n.type}"
    return f" : ({', '.join(map(str, operands))}) -> {_results(n.types)}"


def _results(types: Types) -> str:
    return str(types[0]) if len(types) == 1 else f"({', '.join(map(str, types))})"


def _plain(n: Node, operands: list[str]) -> str:
    """The fields of the op's form."""
    known = row_of(n.op)
    slots: dict[str, str] = {}
    for k, name in enumerate(known.operands):
        slots[name] = ", ".join(operands[k:]) if name.endswith("*") else operands[k]
    attrs = {a.name: (a, n.attr(a.name, a.default)) for a in known.attrs}
    parts = []
    rest = set(attrs)
    for field in fields(n.op):
        rest.difference_update(field.slots)
        if slots.get(field.slots[0]) == "":
            continue
        if field.optional and all(attrs[s][1] == attrs[s][0].default for s in field.slots):
            continue
        values = [slots[s] if s in slots else _slot(*attrs[s]) for s in field.slots]
        if n.op in CHECKS and field.slots == ("value",):
            values[0] += f" : {n.attr('value').type}"
        parts.append((f"{field.keyword} = " if field.keyword else "") + " x ".join(values))
    extra = write_attributes(n, rest) if rest else ""
    return f" {', '.join(parts)}{' ' if extra else ''}{extra}"


def _slot(attr: Attr, value: Any) -> str:
    """An attribute as a pretty form spells it."""
    if attr.kind == "literal":
        return write_dense(value)
    if attr.kind == "dict":
        return "<" + ", ".join(f"{k} = {_word(v)}" for k, v in value) + ">"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    if attr.kind == "f64":
        return write_float(value)
    return _word(value)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _slice(n: Node, operands: list[str]) -> str:
    rows = zip(n.attr("start_indices"), n.attr("limit_indices"), n.attr("strides"), strict=True)
    spans = (f"{lo}:{hi}" if step == 1 else f"{lo}:{hi}:{step}" for lo, hi, step in rows)
    return f" {operands[0]} [{', '.join(spans)}]"


def _reduce_precision(n: Node, operands: list[str]) -> str:
    return f" {operands[0]}, format = e{n.attr('exponent_bits')}m{n.attr('mantissa_bits')}"


def _call(n: Node, operands: list[str]) -> str:
    return f" {symbol_name(n.attr('callee'))}({', '.join(operands)})"


def _composite(n: Node, operands: list[str]) -> str:
    attrs = n.attr("composite_attributes", ())
    items = [f"composite_attributes = {write_dict(attrs)}"] if attrs else []
    items.append(f"decomposition = {symbol_name(n.attr('decomposition'))}")
    if n.attr("version", 0):
        items.append(f"version = {n.attr('version')} : i32")
    inputs = f" {', '.join(operands)}" if operands else ""
    return f" {quote(n.attr('name'))}{inputs} {{{', '.join(items)}}}"


def _top_k(n: Node, operands: list[str]) -> str:
    return f"({operands[0]}, k = {n.attr('k')})"


_BODY: dict[str, Callable[[Node, list[str]], str]] = {
    "slice": _slice,
    "reduce_precision": _reduce_precision,
    "call": _call,
    "composite": _composite,
    "convolution": write_convolution,
    "chlo.top_k": _top_k,
}


def _combiner(n: Node) -> str:
    """The op that ``applies`` can name: the body is one commutative op of the two block arguments
    in order.
    """
    body = n.regions[0]
    if len(n.operands) != 2 or n.captures or len(body.nodes) != 1:
        return ""
    inner = body.nodes[0]
    plain = (
        inner.operands == (0, 1) and body.results == (2,) and "commutative" in OPS[inner.op].traits
    )
    return inner.op if plain else ""


def _reduce(
    n: Node, start: str, operands: list[str], types: Types, prefix: str, names: Names
) -> Lines:
    """``reduce(%x init: %c) applies ... across dimensions = [0]``, or with its body behind:
    ``reducer(%a: t, %b: t) (...) {...}``. The block arguments stand in pairs, one an input.
    """
    half = len(operands) // 2
    pairs = (f"({x} init: {c})" for x, c in zip(operands[:half], operands[half:], strict=True))
    combiner = _combiner(n) if types[0].dtype is n.type.dtype else ""
    applies = f" applies stablehlo.{combiner}" if combiner else ""
    across = f" across dimensions = {list(n.attr('dimensions'))}"
    first = f"{start}{', '.join(pairs)}{applies}{across}{_types(n, types)}"
    if combiner:
        return [first]
    body = n.regions[0]
    inner = value_names(body, prefix, [names[v] for v in n.captures])
    arguments = (
        f"({inner[i]}: {body.params[i]}, {inner[half + i]}: {body.params[half + i]})"
        for i in range(half)
    )
    lines = _block(n, 0, prefix, names, header=False)
    return [first, f" reducer{' '.join(arguments)} {{", *lines, "}"]


def _while(
    n: Node, start: str, operands: list[str], types: Types, prefix: str, names: Names
) -> Lines:
    """``while(%a = %x) : types``, then ``cond {...} do {...}``."""
    pairs = ", ".join(f"%arg{prefix}{k} = {x}" for k, x in enumerate(operands))
    stated = ", ".join(map(str, n.types))
    cond, body = (_block(n, k, prefix, names, header=False) for k in (0, 1))
    return [f"{start}({pairs}) : {stated}", "cond {", *cond, "} do {", *body, "}"]


def _scan(
    n: Node, start: str, operands: list[str], types: Types, prefix: str, names: Names
) -> Lines:
    """``chlo.scan(%a) inits (%b) dimension=0 {...}``."""
    k = n.attr("inputs")
    flags = [name for name in ("is_reverse", "is_associative") if n.attr(name)]
    attrs = f" attributes {{{', '.join(f'{f} = true' for f in flags)}}}" if flags else ""
    lines = [
        f"{start}({', '.join(operands[:k])}) inits ({', '.join(operands[k:])}) "
        f"dimension={n.attr('dimension')}{attrs} {{"
    ]
    return [*lines, *_block(n, 0, prefix, names), f"}}{_types(n, types)}"]


_REGIONS: dict[str, Callable[[Node, str, list[str], Types, str, Names], Lines]] = {
    "reduce": _reduce,
    "while": _while,
    "chlo.scan": _scan,
}
