"""call and composite: the bounds of the body, whose values a compiler may inline.

Source: StableHLO specification, *call* and *composite*: the value is that of the function called.
"""

from __future__ import annotations

from compiler.ir import Node
from verify.bounds.core import Context, define
from verify.bounds.value import Value


@define("call")
def _call(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """What the bounds of the callee's ops give for the operands."""
    return _body(ctx, node.attr("callee"), operands)


@define("composite")
def _composite(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """As a call of its decomposition."""
    return _body(ctx, node.attr("decomposition"), operands)


def _body(ctx: Context, name: str, operands: list[Value]) -> list[Value]:
    graph = ctx.callee(name)
    values = ctx.run(graph, operands)
    return [values[v] for v in graph.results]
