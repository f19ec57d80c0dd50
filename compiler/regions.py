"""Regions: their arguments, the outer values that they capture, and their ops put elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compiler.errors import Loc
from compiler.ir import Graph, Node, TensorType
from compiler.prune import live, renumber

if TYPE_CHECKING:
    from compiler.build import Builder

BRANCHES = ("case", "if")  # ops that run one of their regions, which take nothing but captures
CONTROL = (*BRANCHES, "while")


def argument_count(node: Node, region: Graph) -> int:
    """How many block arguments a region of ``node`` has; captured values follow them."""
    return len(region.params) - len(node.captures)


def used(region: Graph) -> Iterator[int]:
    """The values that a region uses, in the order of its text."""
    for n in region.nodes:
        yield from n.uses
    yield from region.results


def tidy_captures(node: Node) -> Node:
    """``node`` with captures as a reader makes them: those that a region uses, each once, in order
    of first use. The same object if they are so already.
    """
    if not node.captures:
        return node
    order: dict[int, None] = {}
    for region in node.regions:
        own = argument_count(node, region)
        for v in used(region):
            if own <= v < len(region.params):
                order[node.captures[v - own]] = None
    captures = tuple(order)
    if captures == node.captures:
        return node
    place = {v: k for k, v in enumerate(captures)}
    old = {v: k for k, v in enumerate(node.captures)}
    regions = []
    for region in node.regions:
        own = argument_count(node, region)
        types = tuple(region.params[own + old[v]] for v in captures)
        moved = [place.get(v, -1) for v in node.captures]
        new = [*range(own), *(own + k if k >= 0 else -1 for k in moved)]
        regions.append(with_params(region, (*region.params[:own], *types), new))
    return node._replace(regions=tuple(regions), captures=captures)


def with_params(graph: Graph, params: tuple[TensorType, ...], new: Sequence[int]) -> Graph:
    """``graph`` with other parameters: old parameter ``k`` becomes new parameter ``new[k]``."""
    shift = len(params) - len(graph.params)
    count = len(graph.params)

    def moved(values: tuple[int, ...]) -> tuple[int, ...]:
        return tuple([v + shift if v >= count else new[v] for v in values])

    nodes = tuple(
        n._replace(operands=moved(n.operands), captures=moved(n.captures)) for n in graph.nodes
    )
    return Graph(params, nodes, moved(graph.results), graph.locs)


def argument_use(graph: Graph, results: Sequence[int]) -> set[int]:
    """The parameters of ``graph`` that the given values depend on."""
    count = len(graph.params)
    alive = live(Graph(graph.params, graph.nodes, tuple(results)))
    needed = {v for n, lives in zip(graph.nodes, alive, strict=True) if lives for v in n.uses}
    return {v for v in (*needed, *results) if v < count}


def splice(builder: Builder, graph: Graph, values: Sequence[int], loc: Loc | None) -> list[int]:
    """Append the nodes of ``graph``, whose parameters are ``values``; returns its results."""
    new = list(values)
    for k, node in enumerate(graph.nodes):
        first = builder.add(renumber(node, new), graph.loc(k) or loc)
        new.extend(range(first, first + len(node.types)))
    return [new[v] for v in graph.results]
