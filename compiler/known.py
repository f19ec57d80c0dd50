"""What a value of a graph under construction is, where constants alone decide it: how operands that
hold shapes are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compiler.build import Builder
from compiler.check import callees
from compiler.ir import Array, Function, Graph, Literal, Module, Node
from compiler.prune import renumber

LARGEST = 64  # elements of a value that is asked for: shapes, paddings, single numbers


class Known:
    """Values that can be computed without inputs, found by the compiler's own interpreter.

    Args:
        builder: the graph, which may grow between two questions.
        given: values that are known from elsewhere, such as parameters, by number.
        functions: those that the graph may call.
    """

    def __init__(
        self,
        builder: Builder,
        given: Mapping[int, Array] | None = None,
        functions: Sequence[Function] = (),
    ) -> None:
        self.given: dict[int, Array] = dict(given or {})
        self.functions = functions
        self._builder = builder
        self._made: list[tuple[int, int]] = []  # for each value its node and result
        self._decided: list[bool] = []

    def value(self, v: int) -> Array | None:
        """The elements of integer or boolean value ``v``; ``None`` if inputs have a say in it."""
        t = self._builder.types[v]
        if t.dtype.is_float or t.size > LARGEST:
            return None
        if v not in self.given:
            self._follow()
            if not self._decided[v]:
                return None
            self.given[v] = self._compute(v)
        return self.given[v]

    def maker(self, v: int) -> Node | None:
        """The op that makes value ``v``; ``None`` for a parameter."""
        self._follow()
        i = self._made[v][0]
        return self._builder.nodes[i] if i >= 0 else None

    def _follow(self) -> None:
        """Catch up with the builder."""
        for v in range(len(self._decided), len(self._builder.params)):
            self._decided.append(v in self.given)
            self._made.append((-1, v))
        done = 1 + (self._made[-1][0] if self._made else -1)
        for i, node in enumerate(self._builder.nodes[done:], start=done):
            decided = all(self._decided[u] for u in node.uses)
            for k in range(len(node.types)):
                self._decided.append(decided or len(self._decided) in self.given)
                self._made.append((i, k))

    def _compute(self, v: int) -> Array:
        """Run the part of the graph that makes ``v``."""
        from compiler.lower import lower
        from compiler.nest.interp import run

        nodes = self._builder.nodes
        cone, waiting = set(), [v]
        while waiting:
            u = waiting.pop()
            if u not in cone:
                cone.add(u)
                if u not in self.given:
                    waiting += nodes[self._made[u][0]].uses
        part = Builder()
        new: dict[int, int] = {}
        for u in sorted(cone):
            if u in self.given:
                new[u] = part.constant(Literal.of(self.given[u]))
            elif u not in new:
                i, k = self._made[u]
                first = part.add(renumber(nodes[i], new))
                for n in range(len(nodes[i].types)):
                    new[u - k + n] = first + n
        main = Function("main", part.graph([new[v]]))
        (out,) = run(lower(Module((main, *self._called(main.graph)))), [])
        return out

    def _called(self, graph: Graph) -> list[Function]:
        """The functions that a graph calls, and those that they call; no others are looked at."""
        waiting, found = callees(graph), dict[str, Function]()
        by_name = {f.name: f for f in self.functions}
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = by_name[name]
                waiting += callees(found[name].graph)
        return list(found.values())
