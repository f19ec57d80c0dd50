"""Lowering of control flow: regions become lists of nests that meet in buffers. And map.

The values that a loop carries, and the results of a branch, have one buffer each. A region ends
with moves into them; that most of these need not be made is seen later, when buffers get their
places (:mod:`compiler.codegen.share`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from compiler.ir import Node
from compiler.lower import loops
from compiler.lower.scope import Scope, Source
from compiler.lower.table import lowering
from compiler.nest.ir import Branch, Map, While

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


@lowering("map")
def map_(program: Lowerer, node: Node) -> None:
    """One nest, or a loop over elements where the body is no scalar code."""
    (region,), shape = node.regions, node.type.shape
    if not program.is_scalar_code(region):
        _map_by_loop(program, node)
        return
    at = program.scope()
    index = at.loops(shape)
    sources: dict[int, Source] = {}
    for k, v in enumerate(node.operands):
        sources[k] = _fixed(at.value(v, index))
    for k, v in enumerate(node.captures, start=len(node.operands)):
        sources[k] = program.captured(v)
    inner = Scope(program.flat(region), sources, at.s)
    body = at.s.body(inner.scalar(inner.graph.results[0]))
    program.append(Map(node.op, shape, body, program.results()))


def _fixed(value: int) -> Source:
    """An instruction that is there already."""
    return lambda _at, _index: value


def _map_by_loop(program: Lowerer, node: Node) -> None:
    (region,), shape = node.regions, node.type.shape
    (out,) = program.results()
    types = [program.graph.types[v].dtype for v in node.operands]
    arguments, results = loops.scalars(program, types), loops.scalars(program, [node.type.dtype])
    with loops.loop(program, prod(shape)) as place:
        at = program.scope()
        index = at.index(shape, at.split(place(at), shape))
        values = at.s.body(*(at.value(v, index) for v in node.operands))
        program.append(Map("element", (), values, arguments))
        loops.run(program, region, arguments, node.captures, results)
        loops.store(program, results[0], out, place)


@lowering("optimization_barrier")
def optimization_barrier(_into: Inliner, _node: Node, operands: Sequence[int]) -> list[int]:
    """Nothing: it holds back passes, and they have run."""
    return list(operands)
