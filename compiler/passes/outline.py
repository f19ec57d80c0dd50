"""Moving groups of ops into private functions that composites call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

from compiler.ir import Function, Graph, Node
from compiler.passes.fusion_groups import Group
from compiler.prune import renumber


def outline(
    graph: Graph, groups: Sequence[Group], taken: set[str], name: str
) -> tuple[Graph, list[Function]]:
    """``graph`` with each group as one composite, and the functions that hold the groups' ops.

    Args:
        graph: where the groups lie.
        groups: may overlap, but for their outputs; each can be computed at once.
        taken: names of functions that exist; the new ones are added.
        name: of the composites.
    """
    return _Outliner(graph, groups, taken, name).run()


class _Outliner:
    def __init__(self, graph: Graph, groups: Sequence[Group], taken: set[str], name: str) -> None:
        self.graph = graph
        self.groups = groups
        self.taken = taken
        self.name = name
        self.maker: dict[int, int] = {}  # node to the group that gives out its results
        for k, g in enumerate(groups):
            for m in g.outputs:
                self.maker[m] = k
        self.inputs = [_inputs(graph, g) for g in groups]
        self.nodes: list[Node] = []
        self.locs = list(graph.locs[:0])
        self.new = list(range(len(graph.params))) + [-1] * (len(graph.types) - len(graph.params))
        self.at = len(graph.params)

    def run(self) -> tuple[Graph, list[Function]]:
        functions = []
        for unit in self._ordered():
            if unit >= 0:
                self._append(renumber(self.graph.nodes[unit], self.new), unit, self._values([unit]))
            else:
                functions.append(self._composite(-unit - 1))
        results = tuple(self.new[v] for v in self.graph.results)
        locs = tuple(self.locs) if self.graph.locs else ()
        return Graph(self.graph.params, tuple(self.nodes), results, locs), functions

    def _unit(self, value: int) -> int | None:
        """What makes a value: a node number, or -1 - k for group k; ``None`` for a parameter."""
        i = self.graph.defs[value][0]
        return None if i < 0 else (-1 - self.maker[i] if i in self.maker else i)

    def _needs(self, unit: int) -> Iterable[int]:
        return self.graph.nodes[unit].uses if unit >= 0 else self.inputs[-unit - 1]

    def _ordered(self) -> list[int]:
        """All units that are needed, operands first, else in the order of the graph."""
        dead = [
            i
            for i, n in enumerate(self.graph.nodes)
            if not any(self.graph.use_counts[v] for v in self._values([i]))
        ]
        waiting = [u for v in self.graph.results if (u := self._unit(v)) is not None] + dead
        below: dict[int, set[int]] = {}
        users: dict[int, list[int]] = {}
        while waiting:
            unit = waiting.pop()
            if unit not in below:
                below[unit] = {u for v in self._needs(unit) if (u := self._unit(v)) is not None}
                for u in below[unit]:
                    users.setdefault(u, []).append(unit)
                waiting += below[unit]
        ready: list[tuple[int, int]] = []
        open_ = {unit: len(b) for unit, b in below.items()}
        for unit, count in open_.items():
            if count == 0:
                heappush(ready, (self._place(unit), unit))
        out = []
        while ready:
            unit = heappop(ready)[1]
            out.append(unit)
            for u in users.get(unit, ()):
                open_[u] -= 1
                if open_[u] == 0:
                    heappush(ready, (self._place(u), u))
        assert len(out) == len(below), "groups depend on each other in a circle"
        return out

    def _place(self, unit: int) -> int:
        return unit if unit >= 0 else self.groups[-unit - 1].root

    def _values(self, nodes: Iterable[int]) -> list[int]:
        first = self.graph.first
        return [first[i] + k for i in nodes for k in range(len(self.graph.nodes[i].types))]

    def _append(self, node: Node, origin: int, values: Sequence[int]) -> None:
        self.nodes.append(node)
        self.locs.append(self.graph.loc(origin))
        for v in values:
            self.new[v] = self.at
            self.at += 1

    def _composite(self, k: int) -> Function:
        group, inputs = self.groups[k], self.inputs[k]
        outputs = self._values(sorted(group.outputs))
        count = 0
        while f"fusion_{count}" in self.taken:
            count += 1
        function = f"fusion_{count}"
        self.taken.add(function)
        attrs = (
            ("name", self.name),
            ("composite_attributes", ()),
            ("decomposition", function),
            ("version", 0),
        )
        types = tuple(self.graph.types[v] for v in outputs)
        operands = tuple(self.new[v] for v in inputs)
        self._append(Node("composite", operands, attrs, types), group.root, outputs)
        return Function(function, _body(self.graph, group, inputs, outputs), private=True)


def _inputs(graph: Graph, group: Group) -> list[int]:
    """The values from outside that the group uses, in order of first use."""
    out: dict[int, None] = {}
    for i in sorted(group.members):
        for v in graph.nodes[i].uses:
            if graph.defs[v][0] not in group.members:
                out[v] = None
    return list(out)


def _body(graph: Graph, group: Group, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    """The group's ops as a graph of their own."""
    new = {v: k for k, v in enumerate(inputs)}
    table = [-1] * len(graph.types)
    for v, k in new.items():
        table[v] = k
    at, nodes, locs = len(inputs), [], []
    for i in sorted(group.members):
        node = graph.nodes[i]
        nodes.append(renumber(node, table))
        locs.append(graph.loc(i))
        for k in range(len(node.types)):
            table[graph.first[i] + k] = at
            at += 1
    params = tuple(graph.types[v] for v in inputs)
    results = tuple(table[v] for v in outputs)
    return Graph(params, tuple(nodes), results, tuple(locs) if graph.locs else ())
