"""All ops of a module."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.ir import Graph, Module, Node


def nodes(module: Module) -> Iterator[Node]:
    """Every op of every function, those in regions included."""
    graphs: list[Graph] = [f.graph for f in module.functions]
    while graphs:
        for node in graphs.pop().nodes:
            yield node
            graphs.extend(node.regions)


def ops(module: Module) -> frozenset[str]:
    """The names of the ops that ``module`` holds."""
    return frozenset(n.op for n in nodes(module))
