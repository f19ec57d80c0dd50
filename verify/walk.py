"""All graphs and ops of a module."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.ir import Graph, Module, Node


def graphs(module: Module) -> Iterator[Graph]:
    """The bodies of all functions, and all regions in them."""
    waiting: list[Graph] = [f.graph for f in module.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.nodes:
            waiting.extend(node.regions)


def nodes(module: Module) -> Iterator[Node]:
    """Every op of every function, those in regions included."""
    for graph in graphs(module):
        yield from graph.nodes


def ops(module: Module) -> frozenset[str]:
    """The names of the ops that ``module`` holds."""
    return frozenset(n.op for n in nodes(module))
