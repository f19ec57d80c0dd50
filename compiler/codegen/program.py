"""The functions of a program: nests in groups, loops and branches around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.codegen.arena import layout
from compiler.codegen.body import Memory
from compiler.codegen.gemm import emit_dot
from compiler.codegen.maps import emit_map
from compiler.codegen.reduces import emit_reduce
from compiler.codegen.share import copied
from compiler.codegen.text import Text
from compiler.dtypes import I1
from compiler.nest.ir import Branch, Map, Nest, Program, Reduce, While

GROUP = 16  # nests a function: LLVM's fixed cost a function is high, its cost on long ones grows


def emit(program: Program) -> str:
    """The LLVM text of a program: ``void @main(ptr)`` on pointers as :func:`layout` has them."""
    return _Emitter(program).text()


class _Emitter:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._slots = layout(program).slots
        self._declares: set[str] = set()
        self._functions: list[str] = []
        self._parts = 0

    def text(self) -> str:
        t = Text(self._declares)
        self._sequence(t, self._program.nests)
        self._functions.append(t.function("main", "ptr %args"))
        return "\n".join((*sorted(self._declares), *self._functions))

    def _sequence(self, t: Text, nests: Sequence[Nest]) -> None:
        """Append nests: in place if they are few, else as calls of functions that hold a group."""
        groups = list(_groups(nests))
        for group in groups:
            if len(groups) == 1:
                inner = t
            else:
                inner, name = Text(self._declares), f"part{self._parts}"
                self._parts += 1
                t.do(f"call void @{name}(ptr %args)")
            for nest in group:
                self._nest(inner, nest)
            if inner is not t:
                self._functions.append(inner.function(name, "ptr %args"))

    def _nest(self, t: Text, nest: Nest) -> None:
        memory = Memory(t, self._program, self._slots)
        if isinstance(nest, While):
            self._loop(t, nest)
        elif isinstance(nest, Branch):
            self._branch(t, nest, memory)
        elif isinstance(nest, Map):
            source = copied(nest)
            if source is not None and self._slots[source] == self._slots[nest.outs[0]]:
                return
            memory.prepare([nest.body], nest.outs)
            emit_map(t, nest, memory)
        elif isinstance(nest, Reduce):
            memory.prepare([nest.body, nest.inits, nest.combine], nest.outs)
            emit_reduce(t, nest, memory)
        else:
            memory.prepare([], [nest.lhs, nest.rhs, nest.out])
            emit_dot(t, nest, memory)

    def _loop(self, t: Text, nest: While) -> None:
        name = t.fresh("W")
        t.do(f"br label %{name}")
        t.label(name)
        self._sequence(t, nest.cond)
        more = t.load(Memory(t, self._program, self._slots).pointer(nest.pred), I1)
        t.do(f"br i1 {more}, label %{name}b, label %{name}x")
        t.label(f"{name}b")
        self._sequence(t, nest.body)
        t.do(f"br label %{name}")
        t.label(f"{name}x")

    def _branch(self, t: Text, nest: Branch, memory: Memory) -> None:
        name = t.fresh("C")
        index = t.load(memory.pointer(nest.index), memory.dtype(nest.index))
        last = len(nest.branches) - 1
        if memory.dtype(nest.index) is I1:
            t.do(f"br i1 {index}, label %{name}b0, label %{name}b{last}")
        else:
            ways = " ".join(f"i32 {k}, label %{name}b{k}" for k in range(last))
            t.do(f"switch i32 {index}, label %{name}b{last} [{ways}]")
        for k, nests in enumerate(nest.branches):
            t.label(f"{name}b{k}")
            self._sequence(t, nests)
            t.do(f"br label %{name}x")
        t.label(f"{name}x")


def _groups(nests: Sequence[Nest]) -> Iterator[list[Nest]]:
    """Neighbours that one function holds."""
    group: list[Nest] = []
    room = GROUP
    for nest in nests:
        size = _weight(nest)
        if group and size > room:
            yield group
            group, room = [], GROUP
        group.append(nest)
        room -= size
    if group:
        yield group


def _weight(nest: Nest) -> int:
    """How many nests stand in a function that holds this one; a longer list is calls of others."""
    if isinstance(nest, While):
        return 1 + sum(min(sum(map(_weight, part)), GROUP) for part in (nest.cond, nest.body))
    if isinstance(nest, Branch):
        return 1 + sum(min(sum(map(_weight, part)), GROUP) for part in nest.branches)
    return 1
