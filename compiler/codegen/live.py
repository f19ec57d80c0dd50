"""Which buffers are live where: ordinary liveness over nests, loops and branches.

Sets of buffers are bit masks. A nest that is no control flow is a *step*; so are the test of a loop
and the choice of a branch. Steps are numbered in the order of the text, and a buffer that is live
at the end of a loop's body is live at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from compiler.nest.ir import Body, Branch, Dot, Map, Nest, Reduce, Scatter, Sort, While

Leaf = Map | Reduce | Dot | Scatter | Sort


def reads(nest: Leaf) -> set[int]:
    """The buffers that a nest reads; a scatter needs its outputs as they were."""
    if isinstance(nest, Dot):
        return {nest.lhs, nest.rhs}
    bodies: tuple[Body, ...] = (nest.body,)
    if isinstance(nest, Reduce):
        bodies = (nest.body, nest.inits, nest.combine)
    elif isinstance(nest, Scatter):
        bodies = (nest.body, nest.combine)
    elif isinstance(nest, Sort):
        bodies = (nest.body, nest.less)
    loaded = {i.imm for body in bodies for i in body.insts if i.op == "load"}
    return loaded | set(nest.outs) if isinstance(nest, Scatter) else loaded


def writes(nest: Leaf) -> tuple[int, ...]:
    """The buffers that a nest writes: every element, or it is among those that it reads."""
    if isinstance(nest, Sort):
        return (*nest.outs, *nest.scratch)
    return (nest.out,) if isinstance(nest, Dot) else nest.outs


def touched(nest: Nest) -> Iterator[int]:
    """The buffers that a nest reads or writes, or that nests inside it do; some more than once."""
    if isinstance(nest, While):
        yield nest.pred
        for inner in (*nest.cond, *nest.body):
            yield from touched(inner)
    elif isinstance(nest, Branch):
        yield nest.index
        for nests in nest.branches:
            for inner in nests:
                yield from touched(inner)
    else:
        yield from sorted(reads(nest))
        yield from writes(nest)


def mask(buffers: Iterable[int]) -> int:
    """The set of some buffers."""
    out = 0
    for n in buffers:
        out |= 1 << n
    return out


def members(buffers: int) -> Iterator[int]:
    """The buffers of a set, in order."""
    while buffers:
        low = buffers & -buffers
        yield low.bit_length() - 1
        buffers ^= low


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program.

    Attributes:
        nest: a leaf, or the loop or branch whose condition is read here.
        depth: loops around it.
        reads: what it reads.
        writes: what it writes.
        after: what is live after it.
    """

    nest: Nest
    depth: int
    reads: int
    writes: int
    after: int

    @property
    def touched(self) -> int:
        """All buffers that must keep their places here."""
        return self.reads | self.writes | self.after


def steps(nests: Sequence[Nest], outputs: Iterable[int]) -> list[Step]:
    """The steps of a program whose ``outputs`` are live at its end."""
    return _Analysis().program(nests, mask(outputs))


class _Analysis:
    """Summaries bottom up, then liveness top down: each nest is looked at twice."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}

    def program(self, nests: Sequence[Nest], outputs: int) -> list[Step]:
        out: list[Step] = []
        self._sequence(nests, outputs, 0, out)
        out.reverse()
        return out

    def _summary(self, nest: Nest) -> tuple[int, int]:
        """What a nest reads before it writes it, and what it writes for certain."""
        found = self._known.get(id(nest))
        if found is None:
            found = self._known[id(nest)] = self._summarise(nest)
        return found

    def _summarise(self, nest: Nest) -> tuple[int, int]:
        if isinstance(nest, While):
            needs, makes = self._summary_of(nest.cond)
            body, _ = self._summary_of(nest.body)
            return needs | ((body | 1 << nest.pred) & ~makes), makes
        if isinstance(nest, Branch):
            parts = [self._summary_of(nests) for nests in nest.branches]
            needs, makes = 1 << nest.index, ~0
            for part_needs, part_makes in parts:
                needs |= part_needs
                makes &= part_makes
            return needs, makes
        return mask(reads(nest)), mask(writes(nest))

    def _summary_of(self, nests: Sequence[Nest]) -> tuple[int, int]:
        needs = makes = 0
        for nest in nests:
            own_needs, own_makes = self._summary(nest)
            needs |= own_needs & ~makes
            makes |= own_makes
        return needs, makes

    def _sequence(self, nests: Sequence[Nest], after: int, depth: int, out: list[Step]) -> int:
        """Append the steps, last one first; returns what is live before them."""
        for nest in reversed(nests):
            if isinstance(nest, While):
                after = self._loop(nest, after, depth, out)
            elif isinstance(nest, Branch):
                after = self._branch(nest, after, depth, out)
            else:
                step = Step(nest, depth, mask(reads(nest)), mask(writes(nest)), after)
                out.append(step)
                after = (after & ~step.writes) | step.reads
        return after

    def _loop(self, nest: While, after: int, depth: int, out: list[Step]) -> int:
        needs, makes = self._summary_of(nest.cond)
        body, _ = self._summary_of(nest.body)
        pred = 1 << nest.pred
        head = needs | ((after | body | pred) & ~makes)  # live where an iteration begins
        before = self._sequence(nest.body, head, depth + 1, out)
        out.append(Step(nest, depth + 1, pred, 0, after | before))
        return self._sequence(nest.cond, after | before | pred, depth + 1, out)

    def _branch(self, nest: Branch, after: int, depth: int, out: list[Step]) -> int:
        index = 1 << nest.index
        before = 0
        for nests in reversed(nest.branches):
            before |= self._sequence(nests, after, depth, out)
        out.append(Step(nest, depth, index, 0, before))
        return before | index
