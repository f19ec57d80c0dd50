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

from collections.abc import Callable
from dataclasses import replace

from compiler.contract import EXACT
from compiler.ir import Graph, Module
from compiler.passes.fusion_groups import Group, Grouping
from compiler.passes.outline import outline
from compiler.rewrite import Pass, Trace, ops_text

NAME = "assay.fusion"


def run(module: Module, trace: Trace) -> Module:
    """Fuse in the body of every function that is no fusion itself. A region is one loop body
    anyway.
    """
    taken = set(module.by_name)
    fused = {n.attr("decomposition") for f in module.functions for n in f.graph.nodes}
    for f in module.functions:
        if f.name in fused:
            continue
        chosen = [
            g
            for g in Grouping(f.graph).groups()
            if trace.apply(
                "fuse", f"fuse/{g.kind}", EXACT, f.graph.loc(g.root), describe(f.graph, g)
            )
        ]
        if chosen:
            graph, made = outline(f.graph, chosen, taken, NAME)
            module = module.with_graph(f.name, graph)
            module = replace(module, functions=(*module.functions, *made))
    return module


def describe(graph: Graph, group: Group) -> Callable[[], tuple[str, str]]:
    """The ops of a group as text."""
    return lambda: (ops_text(graph, *sorted(group.members)), "one composite of these ops")


PASS = Pass("fuse", EXACT, run)
