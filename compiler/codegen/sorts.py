"""Code of sort nests: each line is fetched into scratch, merged to and fro there, and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import prod

from compiler.codegen.body import Code, Memory
from compiler.codegen.flow import Axis, analyse, axes
from compiler.codegen.text import Text, register
from compiler.dtypes import I1, DType
from compiler.nest.ir import Sort


def emit_sort(t: Text, nest: Sort, memory: Memory) -> None:
    """Append the code of one sort."""
    if prod(nest.shape):
        _Sorter(t, nest, memory).emit()


class _Sorter:
    def __init__(self, t: Text, nest: Sort, memory: Memory) -> None:
        self.t, self.nest, self.memory = t, nest, memory
        self.dtypes: list[DType] = [memory.dtype(out) for out in nest.outs]
        self.length = nest.shape[nest.dimension]
        self.less = analyse(nest.less)

    def emit(self) -> None:
        """All lines, one after another."""
        t, shape, dim = self.t, self.nest.shape, self.nest.dimension
        flow = analyse(self.nest.body)
        code = Code(t, flow, self.memory)
        outs = [self.memory.pointer(out) for out in self.nest.outs]
        rooms = [self.memory.pointer(room) for room in self.nest.scratch]
        stride = prod(shape[dim + 1 :])
        with ExitStack() as stack:
            loops = axes(shape[:dim], 0, flow) + axes(shape[dim + 1 :], dim + 1, flow)
            inner = prod(shape)
            for axis in loops:
                if inner == stride * self.length:  # the sorted dimension is among what is inner
                    inner = stride
                loop = stack.enter_context(t.loop(axis.size))
                code.bind(axis, loop.i)
                inner //= axis.size
                outs = self._at(outs, t.sum((loop.i, inner)))
            with t.loop(self.length) as loop:
                if self.length > 1:
                    code.bind(Axis(self.length, (dim,)), loop.i)
                self._store(code.results(1), self._at(rooms[::2], loop.i))
            lines = self._passes(rooms[::2], rooms[1::2]) if self.length > 1 else rooms[::2]
            with t.loop(self.length) as loop:
                values = self._load(self._at(lines, loop.i))
                self._store(values, self._at(outs, t.sum((loop.i, stride))))

    def _passes(self, lines: Sequence[str], spare: Sequence[str]) -> Sequence[str]:
        """Merge runs of 1, 2, 4, ... elements; returns where the last pass leaves them."""
        t, n = self.t, len(self.dtypes)
        carry = [("i64", "1"), *(("ptr", p) for p in (*lines, *spare))]
        with _repeat(t, carry) as loop:
            width, *rooms = loop.carried
            self._merges(width, rooms[:n], rooms[n:])
            double = t.e(f"shl i64 {width}, 1")
            loop.next = [double, *rooms[n:], *rooms[:n]]
            loop.again = t.e(f"icmp ult i64 {double}, {self.length}")
        return loop.next[1 : n + 1]

    def _merges(self, width: str, source: Sequence[str], target: Sequence[str]) -> None:
        """One pass: neighbouring runs of ``width`` elements become one."""
        t = self.t
        with _repeat(t, [("i64", "0")]) as runs:
            (start,) = runs.carried
            middle = self._least(t.e(f"add i64 {start}, {width}"))
            end = self._least(t.e(f"add i64 {middle}, {width}"))
            with _repeat(t, [("i64", start), ("i64", start), ("i64", middle)]) as step:
                place, left, right = step.carried
                a, b = (self._load(self._at(source, at)) for at in (left, right))
                take = self._right_first(a, b, left, middle, right, end)
                chosen = [
                    t.e(f"select i1 {take}, {register(d)} {v}, {register(d)} {u}")
                    for u, v, d in zip(a, b, self.dtypes, strict=True)
                ]
                self._store(chosen, self._at(target, place))
                after = t.e(f"add i64 {place}, 1")
                one = t.e(f"zext i1 {take} to i64")
                further = t.e(f"add i64 {right}, {one}")
                # place = left + (right - middle)
                taken = t.e(f"sub i64 {further}, {middle}")
                step.next = [after, t.e(f"sub i64 {after}, {taken}"), further]
                step.again = t.e(f"icmp ult i64 {after}, {end}")
            runs.next = [end]
            runs.again = t.e(f"icmp ult i64 {end}, {self.length}")

    def _right_first(
        self, a: list[str], b: list[str], left: str, middle: str, right: str, end: str
    ) -> str:
        """Whether the right run gives the next element: the left one is at its end, or it must."""
        t = self.t
        args = [(v, 1) for pair in zip(b, a, strict=True) for v in pair]
        (before,) = Code(t, self.less, self.memory, args=args).results(1)
        none_left = t.e(f"icmp uge i64 {left}, {middle}")
        some_right = t.e(f"icmp ult i64 {right}, {end}")
        wanted = t.e(f"or {register(I1)} {none_left}, {before}")
        return t.e(f"and {register(I1)} {some_right}, {wanted}")

    def _least(self, at: str) -> str:
        """``at``, or the end of the line if that comes first."""
        inside = self.t.e(f"icmp ult i64 {at}, {self.length}")
        return self.t.e(f"select i1 {inside}, i64 {at}, i64 {self.length}")

    def _at(self, pointers: Sequence[str], offset: str) -> list[str]:
        return [self.t.at(p, d, offset) for p, d in zip(pointers, self.dtypes, strict=True)]

    def _load(self, places: Sequence[str]) -> list[str]:
        return [self.t.load(p, d) for p, d in zip(places, self.dtypes, strict=True)]

    def _store(self, values: Sequence[str], places: Sequence[str]) -> None:
        for value, place, d in zip(values, places, self.dtypes, strict=True):
            self.t.store(value, place, d)


@dataclass(slots=True)
class _Repeat:
    """A loop that runs at least once.

    Attributes:
        carried: the carried values at the start of an iteration.
        next: their values at its end, also after the loop.
        again: whether there is another one. Set both before the loop closes.
    """

    carried: list[str]
    next: list[str] = field(default_factory=list)
    again: str = "false"


@contextmanager
def _repeat(t: Text, carry: Sequence[tuple[str, str]]) -> Iterator[_Repeat]:
    """A loop that carries values, given as (type, first value)."""
    name, before = t.fresh("R"), t.block
    t.do(f"br label %{name}")
    t.label(name)
    hole = len(t.lines)
    t.lines.append("")
    loop = _Repeat([t.fresh() for _ in carry])
    yield loop
    end = t.block
    t.do(f"br i1 {loop.again}, label %{name}, label %{name}x")
    t.lines[hole] = "\n".join(
        f" {phi} = phi {kind} [{start}, %{before}], [{new}, %{end}]"
        for phi, (kind, start), new in zip(loop.carried, carry, loop.next, strict=True)
    )
    t.label(f"{name}x")
