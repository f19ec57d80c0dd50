"""Control flow: while, case, if, map, optimization_barrier (specification: the sections of these
names).
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.ir import Array, Graph, Node
from verify.ref.bodies import at_once
from verify.ref.core import Context, define


def region(ctx: Context, graph: Graph, args: Sequence[Array]) -> list[Array]:
    """What a region returns."""
    values = ctx.run(graph, args)
    return [values[v] for v in graph.results]


@define("while")
def _while(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The body, as often as cond holds of what it left. UnsupportedError beyond a number of
    trips.
    """
    cond, body = node.regions
    count = len(node.types)
    carried, captures = list(args[:count]), args[count:]
    while region(ctx, cond, [*carried, *captures])[0]:
        ctx.trip()
        carried = region(ctx, body, [*carried, *captures])
    return tuple(carried)


@define("case")
def _case(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The branch of the index; the last one if there is none of that index."""
    index, last = int(args[0]), len(node.regions) - 1
    chosen = node.regions[index if 0 <= index <= last else last]
    return tuple(region(ctx, chosen, args[1:]))


@define("if")
def _if(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(region(ctx, node.regions[0 if args[0] else 1], args[1:]))


@define("map")
def _map(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """The computation of the elements at every index."""
    count = len(node.operands)
    return at_once(ctx, node.regions[0], args[:count], args[count:])[0]


@define("optimization_barrier")
def _optimization_barrier(_ctx: Context, _node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(args)
