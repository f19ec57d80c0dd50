"""Expanding whole modules, regions included."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.build import Builder
from compiler.expand.emit import Emit
from compiler.expand.table import EXPANSIONS
from compiler.ir import Function, Graph, Module
from compiler.known import Known
from compiler.prune import renumber
from compiler.rewrite import Trace, ops_text


def expand_module(module: Module, pass_name: str, trace: Trace) -> Module:
    """``module`` without ops that have an expansion; the same object if it holds none.

    The trace logs each expansion, but cannot refuse it: lowering needs them all.
    """
    functions = module.functions
    for f in functions:
        graph = _graph(f.graph, pass_name, trace, functions)
        if graph is not f.graph:
            module = module.with_graph(f.name, graph)
    return module


def expand_all(module: Module) -> Module:
    """As :func:`expand_module`, without a log."""
    return expand_module(module, "expand", Trace())


def _holds(graph: Graph) -> bool:
    return any(n.op in EXPANSIONS or any(map(_holds, n.regions)) for n in graph.nodes)


def _graph(graph: Graph, pass_name: str, trace: Trace, functions: Sequence[Function]) -> Graph:
    if not _holds(graph):
        return graph
    table = {f.name: (f.graph.params, f.graph.result_types) for f in functions}
    builder = Builder(graph.params, table.get)
    known = Known(builder, functions=functions)
    new = list(range(len(graph.params)))
    for i, node in enumerate(graph.nodes):
        loc = graph.loc(i)
        node = renumber(node, new)
        if node.regions:
            inner = [_graph(r, pass_name, trace, functions) for r in node.regions]
            node = node._replace(regions=tuple(inner))
        if node.op not in EXPANSIONS:
            first = builder.add(node, loc)
            new.extend(range(first, first + len(node.types)))
            continue
        start = len(builder.nodes)
        new.extend(x.id for x in Emit(builder, loc, known).expand(node))

        def describe(i: int = i, start: int = start) -> tuple[str, str]:
            added = range(start, len(builder.nodes))
            after = ops_text(builder.graph([]), *added) if added else "one of its operands"
            return ops_text(graph, i), after

        trace.require(pass_name, f"expand/{node.op}", loc, describe)
    return builder.graph([new[v] for v in graph.results])
