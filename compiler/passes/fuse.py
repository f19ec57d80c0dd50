"""fuse: elementwise and layout ops that can share one loop become one composite ``assay.fusion``.

A group is one loop nest: a map (results of one shape) or a reduce with the ops that make its
operands. The group's body is a private function, so the module stays plain StableHLO. Fusion
changes no bit: the order of a reduce depends on the op alone.

The walk goes from the results to the parameters. An op joins the group of its users if they are all
in one; a cheap op may be copied into several; an op that is needed outside too may become a second
result of a group. What would be recomputed often (expensive, read through a broadcast) stays a
group of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from compiler.contract import EXACT
from compiler.ir import Function, Graph, Module
from compiler.passes.fusion_groups import Group, Grouping
from compiler.passes.outline import outline
from compiler.regions import CONTROL
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import rewrite_regions

NAME = "assay.fusion"


def run(module: Module, trace: Trace) -> Module:
    """Fuse in the body of every function that is no fusion itself, and in the regions of control
    flow. The body of a reduce and its like is one loop body anyway.
    """
    taken = set(module.by_name)
    fused = {name for f in module.functions for name in _decompositions(f.graph)}
    for f in module.functions:
        if f.name in fused:
            continue
        made: list[Function] = []
        graph = _fuse(f.graph, taken, made, trace)
        if graph is not f.graph:
            module = module.with_graph(f.name, graph)
            module = replace(module, functions=(*module.functions, *made))
    return module


def _decompositions(graph: Graph) -> Iterator[str]:
    for n in graph.nodes:
        if n.op == "composite":
            yield n.attr("decomposition")
        for r in n.regions:
            yield from _decompositions(r)


def _fuse(graph: Graph, taken: set[str], made: list[Function], trace: Trace) -> Graph:
    """One graph, the same object if nothing is fused; functions of its groups go to ``made``."""
    nodes = [
        rewrite_regions(n, lambda r: _fuse(r, taken, made, trace), trace) if n.op in CONTROL else n
        for n in graph.nodes
    ]
    if any(a is not b for a, b in zip(nodes, graph.nodes, strict=True)):
        graph = replace(graph, nodes=tuple(nodes))
    chosen = [
        g
        for g in Grouping(graph).groups()
        if trace.apply("fuse", f"fuse/{g.kind}", EXACT, graph.loc(g.root), describe(graph, g))
    ]
    if not chosen:
        return graph
    graph, functions = outline(graph, chosen, taken, NAME)
    made += functions
    return graph


def describe(graph: Graph, group: Group) -> Callable[[], tuple[str, str]]:
    """The ops of a group as text."""
    return lambda: (ops_text(graph, *sorted(group.members)), "one composite of these ops")


PASS = Pass("fuse", EXACT, run)
