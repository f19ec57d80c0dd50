"""Lowering of sort: one nest, whose algorithm is canonical."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from compiler.dtypes import I1
from compiler.ir import Node, TensorType
from compiler.lower import loops
from compiler.lower.reduce import combine
from compiler.lower.scope import Scope
from compiler.lower.table import lowering
from compiler.nest.ir import Branch, Map, Sort

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer


@lowering("sort")
def sort(program: Lowerer, node: Node) -> None:
    """Stable, whether that is asked for or not."""
    if not program.is_scalar_code(node.regions[0]):
        _by_loops(program, node)
        return
    shape = node.type.shape
    dim = node.attr("dimension") % len(shape)
    at = program.scope()
    index = at.loops(shape)
    body = at.s.body(*(at.value(v, index) for v in node.operands))
    outs = program.results()
    # One element more than a line: a run that has ended is read at its end.
    rooms = (TensorType((shape[dim] + 1,), t.dtype) for t in node.types for _ in range(2))
    scratch = tuple(map(program.temporary, rooms))
    less = combine(program, node, node.regions[0])
    program.append(Sort(node.op, shape, dim, body, less, outs, scratch))


def _by_loops(program: Lowerer, node: Node) -> None:
    """Neighbours change places until all are in order, as often as that may take."""
    shape = node.type.shape
    dim = node.attr("dimension") % len(shape)
    length = shape[dim]
    others = (*shape[:dim], *shape[dim + 1 :])
    outs = program.results()
    at = program.scope()
    index = at.loops(shape)
    program.append(
        Map("copy", shape, at.s.body(*(at.value(v, index) for v in node.operands)), outs)
    )
    pairs = loops.scalars(program, [t.dtype for t in node.types for _ in range(2)])
    (less,) = loops.scalars(program, (I1,))
    with (
        loops.loop(program, prod(others)) as line,
        loops.loop(program, length),
        loops.loop(program, length - 1) as number,
    ):

        def place(at: Scope, step: int) -> int:
            rest = at.split(line(at), others)
            k = at.shift(number(at), step)
            return at.join((*rest[:dim], k, *rest[dim:]), shape)

        at = program.scope()
        loads = (
            at.s.emit("load", place(at, step), dtype=t.dtype, imm=out)
            for t, out in zip(node.types, outs, strict=True)
            for step in (1, 0)
        )
        program.append(Map("pair", (), at.s.body(*loads), pairs))
        loops.run(program, node.regions[0], pairs, node.captures, (less,))
        with program.collected() as swap:
            for k, out in enumerate(outs):
                loops.store(program, pairs[2 * k], out, lambda at: place(at, 0))
                loops.store(program, pairs[2 * k + 1], out, lambda at: place(at, 1))
        program.append(Branch("swap", less, (tuple(swap), ())))
