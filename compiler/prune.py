"""What the results of a graph need, and the graph without the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compiler.ir import Graph, Node


def live(graph: Graph, keep: Sequence[int] = ()) -> list[bool]:
    """For each node whether the results, or the values in ``keep``, need it."""
    needed = [False] * len(graph.types)
    for v in (*graph.results, *keep):
        needed[v] = True
    out = [False] * len(graph.nodes)
    for i in range(len(graph.nodes) - 1, -1, -1):
        node, first = graph.nodes[i], graph.first[i]
        if any(needed[first : first + len(node.types)]):
            out[i] = True
            for v in node.uses:
                needed[v] = True
    return out


def prune(graph: Graph, keep: Sequence[int] = ()) -> Graph:
    """``graph`` without the ops that neither its results nor the values in ``keep`` need; the same
    object if none.
    """
    alive = live(graph, keep)
    if all(alive):
        return graph
    new = list(range(len(graph.params))) + [-1] * (len(graph.types) - len(graph.params))
    at, nodes = len(graph.params), []
    for i, node in enumerate(graph.nodes):
        if alive[i]:
            first = graph.first[i]
            for k in range(len(node.types)):
                new[first + k] = at + k
            at += len(node.types)
            nodes.append(renumber(node, new))
    locs = tuple(loc for loc, ok in zip(graph.locs, alive, strict=False) if ok)
    return Graph(graph.params, tuple(nodes), tuple(new[v] for v in graph.results), locs)


def renumber(node: Node, new: Sequence[int] | Mapping[int, int]) -> Node:
    """``node`` with every used value ``v`` replaced by ``new[v]``."""
    operands = tuple([new[v] for v in node.operands])
    if node.captures:
        return node._replace(operands=operands, captures=tuple([new[v] for v in node.captures]))
    return node._replace(operands=operands) if operands != node.operands else node
