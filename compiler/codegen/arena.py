"""Where buffers live: temporaries share one arena, by liveness; the rest comes with the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.codegen.live import Step, members, steps
from compiler.codegen.share import joined
from compiler.nest.ir import Program

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


def layout(program: Program) -> Layout:
    """Give every buffer its place.

    What a nest writes never overlaps what it reads, unless it reads each element before it writes
    that element (:func:`compiler.codegen.share.in_step`).
    """
    slots: list[tuple[int, int]] = [(0, 0)] * len(program.buffers)
    for k, n in enumerate((*program.inputs, *program.outputs)):
        slots[n] = (k, 0)
    arena_slot = len(program.inputs) + len(program.outputs)
    end = 0
    for n, b in enumerate(program.buffers):
        if b.role == "const":
            slots[n] = (arena_slot + 1, end)
            end += _rounded(len(b.data))
    whole = steps(program.nests, program.outputs)
    first = joined(program, whole)
    owner = list(first)  # of a group: its output, if it has one
    for n in program.outputs:
        owner[first[n]] = n
    arena, size = _arena(program, whole, first, owner)
    for n, b in enumerate(program.buffers):
        if b.role == "temp":
            place = owner[first[n]]
            slots[n] = slots[place] if place not in arena else (arena_slot, arena[place])
    return Layout(tuple(slots), size, end, arena_slot + 2)


def _rounded(n: int) -> int:
    return -(-max(n, 1) // ALIGN) * ALIGN


def _arena(
    program: Program, whole: Sequence[Step], group: Sequence[int], owner: Sequence[int]
) -> tuple[dict[int, int], int]:
    """First fit: a temporary takes the first gap that is free from its first to its last step."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, step in enumerate(whole):
        for n in members(step.touched):
            place = owner[group[n]]
            if program.buffers[place].role == "temp":
                first.setdefault(place, at)
                last[place] = at
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
