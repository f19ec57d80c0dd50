"""Where buffers live: temporaries share one arena, by liveness; the rest comes with the call."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.nest.ir import Body, Dot, Map, Nest, Program, Reduce

ALIGN = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of all buffers.

    Attributes:
        slots: for each buffer (slot in the argument block, byte offset behind that pointer). The
            block holds inputs, outputs, the arena and the constants, in this order.
        arena: bytes of temporaries.
        constants: bytes of the constants' block.
        count: slots in all.
    """

    slots: tuple[tuple[int, int], ...]
    arena: int
    constants: int
    count: int


def reads(nest: Nest) -> set[int]:
    """The buffers that a nest reads."""
    if isinstance(nest, Dot):
        return {nest.lhs, nest.rhs}
    bodies: tuple[Body, ...] = (nest.body,)
    if isinstance(nest, Reduce):
        bodies = (nest.body, nest.inits, nest.combine)
    return {i.imm for body in bodies for i in body.insts if i.op == "load"}


def writes(nest: Nest) -> tuple[int, ...]:
    """The buffers that a nest writes."""
    return nest.outs if isinstance(nest, Map | Reduce) else (nest.out,)


def layout(program: Program) -> Layout:
    """Give every buffer its place. What a nest writes never overlaps what it reads."""
    slots: list[tuple[int, int]] = [(0, 0)] * len(program.buffers)
    for k, n in enumerate((*program.inputs, *program.outputs)):
        slots[n] = (k, 0)
    arena_slot = len(program.inputs) + len(program.outputs)
    end = 0
    for n, b in enumerate(program.buffers):
        if b.role == "const":
            slots[n] = (arena_slot + 1, end)
            end += _rounded(len(b.data))
    arena, size = _arena(program)
    for n, offset in arena.items():
        slots[n] = (arena_slot, offset)
    return Layout(tuple(slots), size, end, arena_slot + 2)


def _rounded(n: int) -> int:
    return -(-max(n, 1) // ALIGN) * ALIGN


def _arena(program: Program) -> tuple[dict[int, int], int]:
    """First fit: a temporary takes the first gap that is free from its first to its last use."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, nest in enumerate(program.nests):
        for n in (*writes(nest), *reads(nest)):
            if program.buffers[n].role == "temp":
                first.setdefault(n, at)
                last[n] = at
    placed: list[tuple[int, int, int]] = []  # (offset, end, buffer), sorted
    out: dict[int, int] = {}
    total = 0
    for n in sorted(first, key=lambda n: first[n]):
        size = _rounded(program.buffers[n].type.nbytes)
        offset = 0
        for begin, end, other in placed:
            if last[other] < first[n] or first[other] > last[n]:
                continue
            if begin - offset >= size:
                break
            offset = max(offset, end)
        out[n] = offset
        placed.append((offset, offset + size, n))
        placed.sort()
        total = max(total, offset + size)
    return out, total
