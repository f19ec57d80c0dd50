"""Lowering of the numerical functions of chlo: each is a function of :mod:`compiler.nest.math`.

The other ops of chlo have expansions.
"""

from __future__ import annotations

from compiler.ir import Node
from compiler.lower.elementwise import widened
from compiler.lower.scope import Index, Scope
from compiler.lower.table import lowering
from compiler.ops.chlo import NUMERICAL

FUNCTIONS = tuple(f"chlo.{name}" for name in sorted(NUMERICAL))


@lowering(*FUNCTIONS)
def function(at: Scope, node: Node, index: Index) -> int:
    """A call, in f32 for narrower floats."""
    name = node.op.removeprefix("chlo.")
    args = [at.operand(node, k, index) for k in range(len(node.operands))]
    return widened(at, args, lambda *xs: at.op("call", *xs, imm=f"{name}.{at.s.dtype(xs[0])}"))
