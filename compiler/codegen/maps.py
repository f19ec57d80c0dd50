"""Schedule of map nests: merged loops, the innermost one in vectors.

There is no tail: the last vector starts where it still fits and recomputes a few elements, which is
harmless because a nest does not read what it writes. One that does, in place of a carried value,
ends with single elements instead. Short loops use narrower vectors, and those of a few iterations
are written out.
"""

from __future__ import annotations

from contextlib import ExitStack
from math import prod

from compiler.codegen.body import Code, Memory, inlines, length, widths
from compiler.codegen.flow import Axis, analyse, axes
from compiler.codegen.text import Text
from compiler.nest.ir import Body, Map

INTERLEAVE_FROM = 1024  # trip count from which several vectors are computed side by side
COPIES = ((24, 4), (200, 2))  # (instructions, copies): longer bodies gain less and cost more
WRITTEN_OUT = 4  # iterations up to which a loop is written out, if the copies stay short:
WRITTEN_LENGTH = 24  # instructions of all of them


def emit_map(t: Text, nest: Map, memory: Memory) -> None:
    """Append the code of one map."""
    total = prod(nest.domain)
    if total == 0:
        return
    flow = analyse(nest.body)
    loops = axes(nest.domain, 0, flow)
    outs = [memory.pointer(out) for out in nest.outs]
    code = Code(t, flow, memory, inline=inlines([nest.body], total))
    with ExitStack() as stack:
        inner = total
        for axis in loops[:-1]:
            loop = stack.enter_context(t.loop(axis.size))
            inner //= axis.size
            code.bind(axis, loop.i)
            offset = t.sum((loop.i, inner))
            outs = [t.at(p, memory.dtype(b), offset) for p, b in zip(outs, nest.outs, strict=True)]
        if loops:
            _innermost(t, nest, code, loops[-1], outs)
        else:
            _store(code, nest, memory, outs, "0", 1)


def width_for(size: int, most: int, least: int) -> int:
    """The vector width for a loop of ``size``: a power of two that fits, or 1 below ``least``."""
    width = min(most, 1 << (size.bit_length() - 1))
    return width if width >= least else 1


def start_of(t: Text, counter: str, copy: int, copies: int, size: int, width: int) -> str:
    """Where vector ``copy`` of an iteration starts: at the latest where it still fits."""
    start = t.sum((counter, 1), copy * width)
    if size % (width * copies) == 0 or (copy == 0 and size % width == 0):
        return start
    if start[0] != "%":
        return str(min(int(start), size - width))
    # Not umin: LLVM's fast instruction selection knows no intrinsics.
    fits = t.e(f"icmp ult i64 {start}, {size - width}")
    return t.e(f"select i1 {fits}, i64 {start}, i64 {size - width}")


def copies_for(body: Body, size: int, width: int) -> int:
    """How many vectors to compute side by side in a loop of ``size``: all, if they are few."""
    iterations = -(-size // width)
    if iterations <= WRITTEN_OUT and iterations * length(body) <= WRITTEN_LENGTH:
        return iterations
    if size < INTERLEAVE_FROM or width == 1:
        return 1
    return next((copies for most, copies in COPIES if length(body) <= most), 1)


def _innermost(t: Text, nest: Map, code: Code, axis: Axis, outs: list[str]) -> None:
    lane = axis.variables[-1]
    width = width_for(axis.size, *widths(code.flow, lane))
    copies = copies_for(nest.body, axis.size, width)
    rest = axis.size % (width * copies) if _in_place(nest, code.memory) else 0
    if rest == axis.size:
        copies, rest = 1, axis.size % width
    if rest:
        with t.loop(rest) as loop:
            own = code.fork()
            start = t.sum((loop.i, 1), axis.size - rest)
            own.bind(axis, start)
            _store(own, nest, code.memory, outs, start, 1)
    size = axis.size - rest
    with t.loop(size, width * copies) as loop, t.interleaved(copies) as copy:
        for k in range(copies):
            copy()
            start = start_of(t, loop.i, k, copies, size, width)
            own = code.fork() if copies > 1 else code
            own.bind(axis, start, width)
            _store(own, nest, code.memory, outs, start, width)


def _in_place(nest: Map, memory: Memory) -> bool:
    """Whether a nest writes over what it reads."""
    outs = {memory.place(out) for out in nest.outs}
    return any(i.op == "load" and memory.place(i.imm) in outs for i in nest.body.insts)


def _store(code: Code, nest: Map, memory: Memory, outs: list[str], offset: str, width: int) -> None:
    t = code.t
    for pointer, buffer, value in zip(outs, nest.outs, code.results(width), strict=True):
        dtype = memory.dtype(buffer)
        t.store(value, t.at(pointer, dtype, offset), dtype, width)
