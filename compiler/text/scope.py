"""Names and values of one block while it is read."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import Loc
from compiler.ir import Graph, Node, TensorType


class Scope:
    """One block: its values by name, and the outer values that it turned out to use.

    While the block is read its values are numbered as if nothing was captured, and captured ones
    are -1, -2, ...; :meth:`graph` renumbers, since captures stand behind the block arguments.
    """

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.types: list[TensorType] = []
        self.params = 0
        self.nodes: list[Node] = []
        self.locs: list[Loc | None] = []
        self.captures: list[int] = []  # values of the parent
        self.capture_types: list[TensorType] = []
        self._names: dict[str, tuple[int, int]] = {}  # name -> first value, number of values
        self._captured: dict[int, int] = {}

    def param(self, name: str, t: TensorType) -> bool:
        """Add a block argument; False if the name is taken."""
        taken = name in self._names
        self._names[name] = (len(self.types), 1)
        self.types.append(t)
        self.params += 1
        return not taken

    def name(self, name: str, first: int, count: int) -> bool:
        """Name ``count`` results; False if the name is taken."""
        if name in self._names:
            return False
        self._names[name] = (first, count)
        return True

    def add(self, node: Node, loc: Loc | None) -> int:
        """Append a node; the number of its first result."""
        first = len(self.types)
        self.nodes.append(node)
        self.locs.append(loc)
        self.types.extend(node.types)
        return first

    def find(self, name: str, index: int) -> int | None:
        """The value ``%name#index``, captured if it is an outer one; None if there is none."""
        known = self._names.get(name)
        if known is not None:
            return known[0] + index if index < known[1] else None
        outer = self.parent.find(name, index) if self.parent else None
        if outer is None:
            return None
        if outer not in self._captured:
            assert self.parent is not None
            self.captures.append(outer)
            self.capture_types.append(self.parent.type_of(outer))
            self._captured[outer] = -len(self.captures)
        return self._captured[outer]

    def type_of(self, value: int) -> TensorType:
        """The type of an own or a captured value."""
        return self.types[value] if value >= 0 else self.capture_types[-1 - value]

    def graph(self, results: Sequence[int]) -> Graph:
        """The finished block."""
        params, extra = self.params, len(self.captures)
        nodes, done = tuple(self.nodes), tuple(results)
        if extra:

            def moved(values: tuple[int, ...]) -> tuple[int, ...]:
                return tuple(
                    params - 1 - v if v < 0 else v + extra if v >= params else v for v in values
                )

            nodes = tuple(
                n._replace(operands=moved(n.operands), captures=moved(n.captures)) for n in nodes
            )
            done = moved(done)
        return Graph((*self.types[:params], *self.capture_types), nodes, done, tuple(self.locs))


def united(regions: Sequence[tuple[Graph, Scope]]) -> tuple[tuple[Graph, ...], tuple[int, ...]]:
    """The regions of one op with the same captures: those of all of them, in order of first use."""
    if len(regions) == 1:
        return (regions[0][0],), tuple(regions[0][1].captures)
    union = tuple(dict.fromkeys(v for _, scope in regions for v in scope.captures))
    types = {v: t for _, s in regions for v, t in zip(s.captures, s.capture_types, strict=True)}
    extra = tuple(types[v] for v in union)
    return tuple(_widened(g, s, union, extra) for g, s in regions), union


def _widened(
    graph: Graph, scope: Scope, union: tuple[int, ...], types: tuple[TensorType, ...]
) -> Graph:
    """``graph`` with all of ``union`` as captures."""
    if tuple(scope.captures) == union:
        return graph
    own, old = scope.params, scope.params + len(scope.captures)
    place = {own + k: own + union.index(v) for k, v in enumerate(scope.captures)}
    shift = len(union) - len(scope.captures)

    def moved(values: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(v if v < own else place[v] if v < old else v + shift for v in values)

    nodes = tuple(
        n._replace(operands=moved(n.operands), captures=moved(n.captures)) for n in graph.nodes
    )
    params = (*graph.params[:own], *types)
    return Graph(params, nodes, moved(graph.results), graph.locs)
