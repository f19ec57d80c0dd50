"""dce: ops that no result needs and functions that nobody calls go away. Parameters stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.check import callees
from compiler.contract import EXACT
from compiler.ir import Graph, Module
from compiler.prune import prune
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import rewrite_regions


def run(module: Module, trace: Trace) -> Module:
    """Remove dead ops everywhere, then dead private functions."""
    module = module.map(lambda g: sweep(g, trace))
    if len(module.functions) > 1:
        module = drop_functions(module, trace)
    return module


def sweep(graph: Graph, trace: Trace) -> Graph:
    """One graph, from its last op to its first; the same object if nothing is dead."""
    keep: list[int] = []
    live = [False] * len(graph.types)
    for v in graph.results:
        live[v] = True
    removed = False
    nodes = list(graph.nodes)
    for i in range(len(nodes) - 1, -1, -1):
        node, first = nodes[i], graph.first[i]
        if not any(live[first : first + len(node.types)]):
            if trace.apply("dce", f"dce/{node.op}", EXACT, graph.loc(i), _describe(graph, i)):
                removed = True
                continue
            keep.append(first)
        for v in node.uses:
            live[v] = True
        nodes[i] = rewrite_regions(node, lambda r: sweep(r, trace), trace)
        removed |= nodes[i] is not node
    if not removed:
        return graph
    return prune(replace(graph, nodes=tuple(nodes)), keep)


def _describe(graph: Graph, i: int) -> Callable[[], tuple[str, str]]:
    return lambda: (ops_text(graph, i), "")


def drop_functions(module: Module, trace: Trace) -> Module:
    """The module without private functions that are never called, callers before callees."""
    while True:
        called = {name for f in module.functions for name in callees(f.graph)}
        dead = [
            f.name
            for f in module.functions
            if f.private and f.name not in called and f is not module.main
        ]
        gone = {name for name in dead if trace.apply("dce", "dce/function", EXACT)}
        if not gone:
            return module
        module = replace(module, functions=tuple(f for f in module.functions if f.name not in gone))


PASS = Pass("dce", EXACT, run)
