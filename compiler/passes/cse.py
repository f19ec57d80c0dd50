"""cse: equal ops on equal operands are computed once, within one graph (regions are graphs of their
own).
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.contract import EXACT
from compiler.ir import Graph, Module, Node
from compiler.ops import OPS
from compiler.prune import renumber
from compiler.regions import tidy_captures
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import keeps_order, rewrite_regions


def run(module: Module, trace: Trace) -> Module:
    """Merge equal ops in all functions and regions."""
    return module.map(lambda g: merge(g, trace))


def merge(graph: Graph, trace: Trace) -> Graph:
    """One graph; the same object if no two ops are equal."""
    seen: dict[Node, int] = {}
    new = list(range(len(graph.params)))
    nodes: list[Node] = []
    locs = []
    at = len(graph.params)
    changed = False
    for i, old in enumerate(graph.nodes):
        node = renumber(old, new) if changed else old
        if node.regions:
            before, node = node, _one_capture_each(graph, i, node, trace)
            node = rewrite_regions(node, lambda r: merge(r, trace), trace)
            changed |= node is not before
        # Two barriers are there to keep their operands apart.
        first = at if node.op == "optimization_barrier" else seen.setdefault(_key(node), at)
        if first != at and trace.apply(
            "cse", f"cse/{node.op}", EXACT, graph.loc(i), _describe(graph, i)
        ):
            new.extend(range(first, first + len(node.types)))
            changed = True
            continue
        nodes.append(node)
        locs.append(graph.loc(i))
        new.extend(range(at, at + len(node.types)))
        at += len(node.types)
    if not changed:
        return graph
    results = tuple(new[v] for v in graph.results)
    return Graph(graph.params, tuple(nodes), results, tuple(locs) if graph.locs else ())


def _one_capture_each(graph: Graph, i: int, node: Node, trace: Trace) -> Node:
    """``node`` with values that its regions capture twice captured once."""
    if len(set(node.captures)) == len(node.captures):
        return node
    tidy = tidy_captures(node)
    asked = keeps_order(node, tidy) and trace.apply(
        "cse", "cse/capture", EXACT, graph.loc(i), _describe(graph, i)
    )
    return tidy if asked else node


def _describe(graph: Graph, i: int) -> Callable[[], tuple[str, str]]:
    return lambda: (ops_text(graph, i), "the value of an equal op")


def _key(node: Node) -> Node:
    """Equal for ops that compute the same: operands of commutative ops in one order."""
    if len(node.operands) == 2 and "commutative" in OPS[node.op].traits:
        a, b = node.operands
        if a > b:
            return node._replace(operands=(b, a))
    return node


PASS = Pass("cse", EXACT, run)
