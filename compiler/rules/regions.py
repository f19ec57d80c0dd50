"""Passes inside regions: everything is rewritten there too, except what would change the order of a
float reduction.

The canonical order of a reduce depends on the form of its body: a body that is just ``add`` sums in
lanes, any other one element after the other. So a rewrite of ``a - (-b)`` to ``a + b`` keeps every
bit everywhere but there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from compiler.ir import Graph, Node, TensorType
from compiler.rewrite import Trace
from compiler.rules.plant import body_op


def rewrite_regions(node: Node, rewrite: Callable[[Graph], Graph], trace: Trace) -> Node:
    """``node`` with its regions rewritten; the same object if nothing changed or the order of a sum
    would.
    """
    if not node.regions:
        return node
    count = len(trace.applications)
    regions = tuple([rewrite(r) for r in node.regions])
    if all(a is b for a, b in zip(regions, node.regions, strict=True)):
        return node
    if node.op == "reduce" and _ordered_sum(node.regions[0]) != _ordered_sum(regions[0]):
        trace.undo(count)
        return node
    return node._replace(regions=regions)


def _ordered_sum(body: Graph) -> str | None:
    """The op of a body that is one float sum or product, whose order has a form of its own."""
    op = body_op(body)
    return op if op in ("add", "multiply") and body.params[0].dtype.is_float else None


def arguments(node: Node, region: Graph) -> int:
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
        own = arguments(node, region)
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
        own = arguments(node, region)
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
