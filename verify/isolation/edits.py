"""Edits that make a failing program smaller: other results, ops cut to inputs, ops bypassed, calls
inlined.

Each edit takes a program with inputs and gives a smaller well-typed one with inputs; none looks at
what fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compiler.build import Builder
from compiler.check import callees
from compiler.dtypes import UI8
from compiler.ir import Array, Graph, Module, Node, TensorType
from compiler.prune import renumber
from verify.isolation.slices import trim, with_main

Program = tuple[Module, list[Array]]


def single_results(module: Module, inputs: Sequence[Array]) -> Iterator[Program]:
    """The program with each one of its results alone."""
    graph = module.main.graph
    distinct = tuple(dict.fromkeys(graph.results))
    if len(graph.results) > 1:
        for v in distinct:
            yield trim(with_main(module, replace(graph, results=(v,))), inputs)


def dead_shown(module: Module, inputs: Sequence[Array]) -> Program | None:
    """The program with the values that nothing uses as further results; ``None`` without any."""
    graph = module.main.graph
    used = {*graph.results, *(v for n in graph.nodes for v in n.uses)}
    dead = tuple(v for v in range(len(graph.params), len(graph.types)) if v not in used)
    results = graph.results + dead
    return (with_main(module, replace(graph, results=results)), list(inputs)) if dead else None


def all_dead(module: Module, inputs: Sequence[Array]) -> Program:
    """The program with nothing but a further input as its result."""
    graph = module.main.graph
    last, byte = len(graph.params), TensorType((), UI8)
    place = {v: v if v < last else v + 1 for v in range(len(graph.types))}
    nodes = tuple(renumber(n, place) for n in graph.nodes)
    dead = Graph((*graph.params, byte), nodes, (last,))
    return with_main(module, dead), [*inputs, np.zeros((), np.uint8)]


def keep_nodes(
    module: Module, inputs: Sequence[Array], values: Sequence[Array], kept: Collection[int]
) -> Program | None:
    """The nodes ``kept``; what they use of others becomes a parameter holding the reference's value
    of it.

    Results are those that kept nodes make; if there are none, the values of kept nodes that no kept
    node uses.
    """
    graph = module.main.graph
    inside = set(kept)
    made = {v for i in inside for v in range(graph.first[i], graph.first[i] + width(graph, i))}
    results = tuple(v for v in dict.fromkeys(graph.results) if v in made)
    if not results:
        used = {v for i in inside for v in graph.nodes[i].uses}
        results = tuple(v for v in sorted(made) if v not in used)
    if not results:
        return None
    fresh = [v for v in range(len(graph.params), len(graph.types)) if v not in made]
    return rewire(module, inputs, fresh={v: values[v] for v in fresh}, results=results)


def width(graph: Graph, node: int) -> int:
    """How many results a node has."""
    return len(graph.nodes[node].types)


def bypasses(module: Module, inputs: Sequence[Array]) -> Iterator[Program]:
    """The program with one value replaced by an operand of the same type, last node first."""
    graph = module.main.graph
    for i in range(len(graph.nodes) - 1, -1, -1):
        value, node = graph.first[i], graph.nodes[i]
        if len(node.types) > 1:
            continue
        for operand in dict.fromkeys(node.operands):
            if graph.types[operand] == node.type:
                yield rewire(module, inputs, swap={value: operand})


def merged_params(module: Module, inputs: Sequence[Array]) -> Iterator[Program]:
    """The program with one parameter replaced by an earlier one of the same type."""
    graph = module.main.graph
    for i in range(len(graph.params) - 1, 0, -1):
        if graph.params[i] in graph.params[:i]:
            yield rewire(module, inputs, swap={i: graph.params.index(graph.params[i])})


def cut_constants(module: Module, inputs: Sequence[Array]) -> Iterator[Program]:
    """The program with each constant alone turned into a parameter, last first."""
    graph = module.main.graph
    for i in range(len(graph.nodes) - 1, -1, -1):
        if graph.nodes[i].op == "constant":
            literal = graph.nodes[i].attr("value").array()
            yield rewire(module, inputs, fresh={graph.first[i]: literal})


def rewire(
    module: Module,
    inputs: Sequence[Array],
    *,
    swap: Mapping[int, int] | None = None,
    fresh: Mapping[int, Array] | None = None,
    results: Sequence[int] | None = None,
) -> Program:
    """Replace values: by earlier values (``swap``) or by new parameters (``fresh``); then drop what
    is dead.
    """
    graph, swap, fresh = module.main.graph, swap or {}, fresh or {}
    params = graph.params + tuple(graph.types[v] for v in fresh)
    place = {i: i for i in range(len(graph.params))}
    place.update({v: len(graph.params) + k for k, v in enumerate(fresh)})
    for value, by in swap.items():
        if value < len(graph.params):
            place[value] = place[by]
    at = len(params)
    nodes = []
    for i, node in enumerate(graph.nodes):
        nodes.append(renumber(node, place))
        for v in range(graph.first[i], graph.first[i] + len(node.types)):
            if v in swap:
                place[v] = place[swap[v]]
            elif v not in fresh:
                place[v] = at
            at += 1
    wanted = graph.results if results is None else results
    new = Graph(params, tuple(nodes), tuple(place[v] for v in wanted))
    return trim(with_main(module, new), [*inputs, *fresh.values()])


def inlined(module: Module) -> Module:
    """``module`` with every call and composite of the entry function, in regions too, replaced by
    the body of its callee.
    """
    return with_main(module, _inlined(module, module.main.graph))


def _inlined(module: Module, graph: Graph) -> Graph:
    builder = Builder(graph.params)
    results = _splice(module, builder, graph, list(range(len(graph.params))))
    return builder.graph(results)


def _splice(module: Module, builder: Builder, graph: Graph, arguments: list[int]) -> list[int]:
    place = dict(enumerate(arguments))
    for i, node in enumerate(graph.nodes):
        name = callee(node)
        if name:
            given = [place[v] for v in node.operands]
            made = _splice(module, builder, module.by_name[name].graph, given)
        else:
            regions = tuple(_inlined(module, r) if callees(r) else r for r in node.regions)
            first = builder.add(renumber(node, place)._replace(regions=regions))
            made = list(range(first, first + len(node.types)))
        place.update({graph.first[i] + k: v for k, v in enumerate(made)})
    return [place[v] for v in graph.results]


def callee(node: Node) -> str:
    """Name of the function that ``node`` calls or decomposes into; empty for other ops."""
    if node.op == "call":
        return str(node.attr("callee"))
    return str(node.attr("decomposition")) if node.op == "composite" else ""
