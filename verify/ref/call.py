"""Calls of functions of the module: func.call and composite (specification: *composite*: semantics
of the decomposition).
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.ir import Array, Node
from verify.ref.core import Context, define


@define("call")
def _call(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    return _invoke(ctx, node.attr("callee"), args)


@define("composite")
def _composite(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    return _invoke(ctx, node.attr("decomposition"), args)


def _invoke(ctx: Context, name: str, args: Sequence[Array]) -> tuple[Array, ...]:
    graph = ctx.callee(name)
    # A callee used in the body of a reduce sees many elements at once: shapes are then not the
    # declared ones.
    check = all(x.shape == t.shape for x, t in zip(args, graph.params, strict=True))
    values = ctx.run(graph, args, check=check)
    return tuple(values[v] for v in graph.results)
