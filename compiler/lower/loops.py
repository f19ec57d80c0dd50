"""Loops over single elements, for bodies of reduce and its like that are no scalar code.

Arguments and results of such a body lie in buffers of one element, and its nests run once for each
element. Slow, but any body can be run so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from compiler.dtypes import I1, I64, DType
from compiler.ir import Graph, TensorType
from compiler.lower.scope import Scope
from compiler.nest.ir import Map, Scalars, Scatter, While

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer

Number = Callable[[Scope], int]


def scalars(program: Lowerer, dtypes: Sequence[DType]) -> tuple[int, ...]:
    """New buffers of one element each."""
    return tuple(program.temporary(TensorType((), dtype)) for dtype in dtypes)


def element(at: Scope, buffer: int, dtype: DType) -> int:
    """The one element of a buffer."""
    return at.s.emit("load", at.i64(0), dtype=dtype, imm=buffer)


@contextmanager
def loop(program: Lowerer, count: int) -> Iterator[Number]:
    """Nests that are appended inside the ``with`` run ``count`` times.

    Returns:
        How code reads the number of the iteration.
    """
    number, after, more = scalars(program, (I64, I64, I1))

    def read(at: Scope) -> int:
        return element(at, number, I64)

    at = program.scope()
    program.append(Map("begin", (), at.s.body(at.i64(0)), (number,)))
    with program.collected() as test:
        at = program.scope()
        program.append(Map("test", (), at.s.body(at.below(read(at), count)), (more,)))
    with program.collected() as body:
        yield read
        at = program.scope()
        program.append(Map("step", (), at.s.body(at.shift(read(at), 1)), (after,)))
        program.copy(after, number)
    program.append(While("loop", tuple(test), more, tuple(body)))


def run(
    program: Lowerer,
    region: Graph,
    arguments: Sequence[int],
    captures: Sequence[int],
    outs: Sequence[int],
) -> None:
    """Run a body once, from the buffers of its arguments to those of its results.

    They may be the same buffers.
    """
    with program.region(region, arguments, captures) as nests:
        program.move(program.graph.results, outs)
    for nest in nests:
        program.append(nest)


def store(program: Lowerer, value: int, out: int, place: Number) -> None:
    """Write the one element of ``value`` to the row-major offset ``place`` of ``out``."""
    dtype = program.buffers[out].type.dtype
    at, combine = program.scope(), Scalars()
    body = at.s.body(place(at), element(at, value, dtype))
    new = combine.body(combine.emit("arg", dtype=dtype, imm=1))
    program.append(Scatter("store", (), body, new, (out,)))
