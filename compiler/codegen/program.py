"""The functions of a program: nests in groups, loops and branches around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.codegen.arena import layout
from compiler.codegen.body import Memory
from compiler.codegen.gemm import emit_dot
from compiler.codegen.maps import emit_map
from compiler.codegen.reduces import emit_reduce
from compiler.codegen.scatters import emit_scatter
from compiler.codegen.share import copied, shares
from compiler.codegen.sorts import emit_sort
from compiler.codegen.text import Text
from compiler.dtypes import I1
from compiler.nest.ir import Branch, Map, Nest, Program, Reduce, Scatter, Sort, While

GROUP = 16  # nests a function: LLVM's fixed cost a function is high, its cost on long ones grows


def emit(program: Program) -> str:
    """The LLVM text of a program: ``void @main(ptr)`` on pointers as :func:`layout` has them."""
    return _Emitter(program).text()


class _Emitter:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._slots = layout(program).slots
        self._shares = shares(program)
        self._declares: set[str] = set()
        self._functions: list[str] = []
        self._parts = 0

    def text(self) -> str:
        t = Text(self._declares)
        self._sequence(t, self._program.nests)
        self._functions.append(t.function("main", "ptr %args"))
        return "\n".join((*sorted(self._declares), *self._functions))

    def _sequence(self, t: Text, nests: Sequence[Nest], loop: Memory | None = None) -> None:
        """Append nests: in place if they are few, else as calls of functions that hold a group.

        ``loop`` has the pointers that were fetched before a loop around them.
        """
        groups = list(_groups(nests))
        if len(groups) <= 1:
            for nest in nests:
                self._nest(t, nest, loop)
            return
        for group in groups:
            name = f"part{self._parts}"
            self._parts += 1
            t.do(f"call void @{name}(ptr %args)")
            inner = Text(self._declares)
            self._sequence(inner, group)
            self._functions.append(inner.function(name, "ptr %args"))

    def _nest(self, t: Text, nest: Nest, loop: Memory | None) -> None:
        if self._is_done(nest):
            return
        memory = loop or self._memory(t)
        if isinstance(nest, While):
            self._loop(t, nest, memory)
        elif isinstance(nest, Branch):
            self._branch(t, nest, memory, loop)
        else:
            memory.prepare(nest)
            if isinstance(nest, Map):
                emit_map(t, nest, memory)
            elif isinstance(nest, Reduce):
                emit_reduce(t, nest, memory)
            elif isinstance(nest, Scatter):
                emit_scatter(t, nest, memory)
            elif isinstance(nest, Sort):
                emit_sort(t, nest, memory)
            else:
                emit_dot(t, nest, memory)

    def _memory(self, t: Text) -> Memory:
        return Memory(t, self._program, self._slots)

    def _is_done(self, nest: Nest) -> bool:
        """Whether a nest is a copy between buffers that share their place."""
        pair = copied(nest) if self._shares else None
        return pair is not None and self._slots[pair[0]] == self._slots[pair[1]]

    def _loop(self, t: Text, nest: While, memory: Memory) -> None:
        """Append a loop; where all of it stands here, pointers are fetched once, before it."""
        whole = memory if _fits(nest.cond) and _fits(nest.body) else None
        if whole is not None:
            memory.prepare(nest)
        name = t.fresh("W")
        t.do(f"br label %{name}")
        t.label(name)
        self._sequence(t, nest.cond, whole)
        more = t.load((whole or self._memory(t)).pointer(nest.pred), I1)
        t.do(f"br i1 {more}, label %{name}b, label %{name}x")
        t.label(f"{name}b")
        self._sequence(t, nest.body, whole)
        t.do(f"br label %{name}")
        t.label(f"{name}x")

    def _branch(self, t: Text, nest: Branch, memory: Memory, loop: Memory | None) -> None:
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
            self._sequence(t, nests, loop)
            t.do(f"br label %{name}x")
        t.label(f"{name}x")


def _fits(nests: Sequence[Nest]) -> bool:
    """Whether nests, and all in them, stand in one function."""
    return sum(map(_weight, nests)) <= GROUP


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
