"""Passes inside regions: everything is rewritten there too, except what would change the order of a
float reduction.

The canonical order of a reduce depends on the form of its body: a body that is just ``add`` sums in
lanes, any other one element after the other. So a rewrite of ``a - (-b)`` to ``a + b`` keeps every
bit everywhere but there.
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.ir import Graph, Node
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
    new = node._replace(regions=regions)
    if not keeps_order(node, new):
        trace.undo(count)
        return node
    return new


def keeps_order(node: Node, new: Node) -> bool:
    """Whether the change of regions from ``node`` to ``new`` leaves the order of float sums."""
    if node.op != "reduce":
        return True
    return _ordered_sum(node.regions[0]) == _ordered_sum(new.regions[0])


def _ordered_sum(body: Graph) -> str | None:
    """The op of a body that is one float sum or product, whose order has a form of its own."""
    op = body_op(body)
    return op if op in ("add", "multiply") and body.params[0].dtype.is_float else None
