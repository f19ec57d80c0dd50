"""Lowering of control flow: regions become lists of nests that meet in buffers.

The values that a loop carries, and the results of a branch, have one buffer each. A region ends
with moves into them; that most of these need not be made is seen later, when buffers get their
places (:mod:`compiler.codegen.share`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compiler.ir import Node
from compiler.lower.table import lowering
from compiler.nest.ir import Branch, While

if TYPE_CHECKING:
    from compiler.lower.call import Inliner
    from compiler.lower.program import Lowerer


@lowering("while")
def while_(program: Lowerer, node: Node) -> None:
    """The results are the carried buffers as the last iteration leaves them."""
    cond, body = node.regions
    carried = program.results()
    program.move(node.operands, carried)
    with program.region(cond, carried, node.captures) as tests:
        pred = program.buffer(program.graph.results[0])
    with program.region(body, carried, node.captures) as steps:
        program.move(program.graph.results, carried)
    program.append(While(node.op, tuple(tests), pred, tuple(steps)))


@lowering("if", "case")
def branch(program: Lowerer, node: Node) -> None:
    """All regions write the same buffers."""
    results = program.results()
    branches = []
    for region in node.regions:
        with program.region(region, (), node.captures) as nests:
            program.move(program.graph.results, results)
        branches.append(tuple(nests))
    program.append(Branch(node.op, program.buffer(node.operands[0]), tuple(branches)))


@lowering("optimization_barrier")
def optimization_barrier(_into: Inliner, _node: Node, operands: Sequence[int]) -> list[int]:
    """Nothing: it holds back passes, and they have run."""
    return list(operands)
