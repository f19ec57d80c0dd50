"""Which buffers share a place, so that copies between them need not be made.

Lowering copies freely: into the buffers that a loop carries, out of the branches of an ``if``. Two
buffers that a copy joins get one place if neither is written while the other is needed, as in
register allocation (G. J. Chaitin, "Register allocation and spilling via graph coloring", 1982).
Copies in inner loops are tried first.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from compiler.codegen.flow import Flow, analyse
from compiler.codegen.live import Step, members
from compiler.nest.ir import Branch, Map, Nest, Program, Reduce, Scatter, While


def shares(program: Program) -> bool:
    """Whether buffers may share places: other programs have no copies to spare."""
    return any(isinstance(n, While | Branch | Scatter) for n in program.nests)


def joined(program: Program, steps: Sequence[Step]) -> list[int]:
    """For each buffer the first of those that share its place."""
    if not shares(program):
        return list(range(len(program.buffers)))
    groups = _Groups(program, steps)
    copies = [(step.depth, pair) for step in steps if (pair := copied(step.nest))]
    for _, pair in sorted(copies, key=lambda copy: -copy[0]):
        groups.join(*pair)
    return groups.first


def copied(nest: Nest) -> tuple[int, int] | None:
    """The buffers from and to which a nest copies all elements, ``None`` for any other nest."""
    if not isinstance(nest, Map) or len(nest.outs) != 1:
        return None
    result = nest.body.results[0]
    inst = nest.body.insts[result]
    if inst.op != "load" or not _own_index(nest, analyse(nest.body), result):
        return None
    return inst.imm, nest.outs[0]


def in_step(nest: Nest, buffer: int) -> bool:
    """Whether a nest may write its results over ``buffer`` while it reads it.

    It may where no element is read after it is written: where each is read at its own index only,
    and where the domain has one index, as all results are there before the first is written.
    """
    if isinstance(nest, Map | Reduce) and prod(nest.domain) == 1:
        return True
    if not isinstance(nest, Map):
        return False
    flow = analyse(nest.body)
    loads = [n for n in flow.needed if n in flow.offsets and nest.body.insts[n].imm == buffer]
    return all(_own_index(nest, flow, n) for n in loads)


def _own_index(nest: Map, flow: Flow, load: int) -> bool:
    form, domain = flow.offsets[load], nest.domain
    own = {d: prod(domain[d + 1 :]) for d, n in enumerate(domain) if n != 1}
    loops = {d: stride for d, stride in form.loops.items() if domain[d] != 1}
    return form.const == 0 and not form.others and loops == own


class _Groups:
    """Buffers that share a place, and for each group the buffers that it cannot take in."""

    def __init__(self, program: Program, steps: Sequence[Step]) -> None:
        buffers = program.buffers
        self._buffers = buffers
        self.first = list(range(len(buffers)))
        self._members = [1 << n for n in range(len(buffers))]
        self._outputs = [b.role == "output" for b in buffers]
        self._conflicts = [0] * len(buffers)
        for step in steps:
            pair, dying = copied(step.nest), step.reads & ~step.after & ~step.writes
            equal = 1 << pair[0] if pair else 0  # holds the same values afterwards
            for y in list(members(dying)) if step.writes else ():
                if in_step(step.nest, y):
                    dying &= ~(1 << y)
            for w in members(step.writes):
                self._conflicts[w] |= (step.after | step.writes | dying) & ~(1 << w) & ~equal

    def join(self, a: int, b: int) -> None:
        """Let two buffers share a place if they may."""
        roles = {self._buffers[n].role for n in (a, b)}
        types = {(self._buffers[n].type.size, self._buffers[n].type.dtype) for n in (a, b)}
        a, b = sorted((self.first[a], self.first[b]))
        if a == b or not roles <= {"temp", "output"} or len(types) > 1:
            return
        if self._outputs[a] and self._outputs[b]:
            return
        if self._conflict(a, b) or self._conflict(b, a):
            return
        for n in members(self._members[b]):
            self.first[n] = a
        self._members[a] |= self._members[b]
        self._conflicts[a] |= self._conflicts[b]
        self._outputs[a] = self._outputs[a] or self._outputs[b]

    def _conflict(self, a: int, b: int) -> bool:
        return bool(self._conflicts[a] & self._members[b])
