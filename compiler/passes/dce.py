"""dce: ops that no result needs and functions that nobody calls go away; so do single results of
control flow, what a loop carries in vain, and captures. Parameters stay.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.check import callees
from compiler.contract import EXACT
from compiler.ir import Graph, Module, Node
from compiler.passes.results import keep_results, needed_results
from compiler.prune import renumber
from compiler.regions import tidy_captures
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import keeps_order, rewrite_regions


def run(module: Module, trace: Trace) -> Module:
    """Remove dead ops everywhere, then dead private functions."""
    module = module.map(lambda g: sweep(g, trace))
    if len(module.functions) > 1:
        module = drop_functions(module, trace)
    return module


def sweep(graph: Graph, trace: Trace) -> Graph:
    """One graph, from its last op to its first; the same object if nothing is dead."""
    live = [False] * len(graph.types)
    for v in graph.results:
        live[v] = True
    kept: dict[int, tuple[Node, list[int]]] = {}  # alive nodes, and which results they keep
    for i in range(len(graph.nodes) - 1, -1, -1):
        node, first = graph.nodes[i], graph.first[i]
        wanted = live[first : first + len(node.types)]
        if not any(wanted) and _ask(graph, i, trace, node.op):
            continue
        made = list(range(len(node.types)))
        if any(wanted) and not all(wanted):
            made = needed_results(node, wanted)
            if len(made) < len(node.types) and _ask(graph, i, trace, "result"):
                node = keep_results(node, made)
            else:
                made = list(range(len(node.types)))
        if node.regions:
            node = rewrite_regions(node, lambda r: sweep(r, trace), trace)
            node = _without_captures(graph, i, node, trace)
        kept[i] = node, made
        for v in node.uses:
            live[v] = True
    if len(kept) == len(graph.nodes) and all(graph.nodes[i] is n for i, (n, _) in kept.items()):
        return graph
    new = list(range(len(graph.params))) + [-1] * (len(graph.types) - len(graph.params))
    at, nodes, locs = len(graph.params), [], []
    for i, first in enumerate(graph.first):
        if i in kept:
            node, made = kept[i]
            nodes.append(renumber(node, new))
            locs.append(graph.loc(i))
            for k in made:
                new[first + k] = at
                at += 1
    results = tuple(new[v] for v in graph.results)
    return Graph(graph.params, tuple(nodes), results, tuple(locs) if graph.locs else ())


def _without_captures(graph: Graph, i: int, node: Node, trace: Trace) -> Node:
    """``node`` without captures that no region uses any more."""
    tidy = tidy_captures(node)
    if len(tidy.captures) == len(node.captures) or not keeps_order(node, tidy):
        return node
    return tidy if _ask(graph, i, trace, "capture") else node


def _ask(graph: Graph, i: int, trace: Trace, what: str) -> bool:
    def describe() -> tuple[str, str]:
        after = "" if what == graph.nodes[i].op else f"without what no op needs: {what}s"
        return ops_text(graph, i), after

    return trace.apply("dce", f"dce/{what}", EXACT, graph.loc(i), describe)


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
