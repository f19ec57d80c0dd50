"""Which ops are fused: see :mod:`compiler.passes.fuse` for the idea."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.ir import Graph, Node
from compiler.ops import OPS

MEMBERS_CAP = 96  # ops of one group: beyond, registers spill
RECOMPUTED_CAP = (
    8  # ops of one group that are evaluated more than once an element, or in other groups too
)
CLASSES_CAP = 3  # different indices at which a group may ask for one value
COPIES_CAP = 3  # groups into which an op may be copied

FREE_OPS = frozenset(o.name for o in OPS.values() if "layout" in o.traits) | {
    "constant",
    "dynamic_slice",
    "dynamic_update_slice",
    "gather",
    "iota",
}
COSTLY_OPS = frozenset(o.name for o in OPS.values() if "transcendental" in o.traits) | {
    "divide",
    "remainder",
    "sqrt",
}


@dataclass(eq=False)
class Group:
    """Ops that share a loop.

    Attributes:
        kind: ``map`` or ``reduce``.
        root: number of the node that started it, the last one.
        shape: of the loop: that of all results of a map, that of the operand of a reduce.
        members: node numbers.
        outputs: members whose results are needed outside.
        classes: for each member the indices at which it is evaluated: equal numbers, equal indices.
        recomputed: how many members cost extra evaluations.
    """

    kind: str
    root: int
    shape: tuple[int, ...]
    size: int
    members: set[int] = field(default_factory=set)
    outputs: set[int] = field(default_factory=set)
    classes: dict[int, frozenset[object]] = field(default_factory=dict)
    recomputed: int = 0


class Grouping:
    """Groups of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        count = len(graph.nodes)
        self.users: list[list[int]] = [[] for _ in range(count)]
        for i, node in enumerate(graph.nodes):
            for v in dict.fromkeys(node.uses):
                made = graph.defs[v][0]
                if made >= 0:
                    self.users[made].append(i)
        self.is_result = [False] * count
        for v in graph.results:
            if graph.defs[v][0] >= 0:
                self.is_result[graph.defs[v][0]] = True
        self.home: list[list[Group]] = [[] for _ in range(count)]
        self.found: list[Group] = []

    def groups(self) -> list[Group]:
        """Groups of at least two ops (constants do not count), in order of their roots."""
        for i in range(len(self.graph.nodes) - 1, -1, -1):
            if self.users[i] or self.is_result[i]:
                self._place(i, self.graph.nodes[i])
        nodes = self.graph.nodes
        real = [g for g in self.found if sum(nodes[m].op != "constant" for m in g.members) > 1]
        return real[::-1]

    def _place(self, i: int, node: Node) -> None:
        if node.op == "reduce":
            if not node.captures:
                t = self.graph.types[node.operands[0]]
                self._start(i, Group("reduce", i, t.shape, t.size))
            return
        if not (node.op in FREE_OPS or OPS[node.op].elementwise):
            return
        if node.op == "constant" and not node.attr("value").is_splat:
            return
        if node.op == "dynamic_update_slice" and self._carried(node.operands[0]):
            return
        around = self._around(i)
        if around is not None and self._joins(around, i):
            for g in around:
                self._join(g, i)
            return
        if node.op in ("constant", "iota"):
            return
        host = self._second_result(i, node)
        if host is not None:
            self._join(host, i)
            host.outputs.add(i)
        elif node.op != "reshape":  # alone a reshape costs nothing: it is no loop of its own
            self._start(i, Group("map", i, node.type.shape, node.type.size))

    def _carried(self, v: int) -> bool:
        """Whether only one op needs a parameter: what a loop carries may be changed in place."""
        return self.graph.defs[v][0] < 0 and self.graph.use_counts[v] == 1

    def _start(self, i: int, group: Group) -> None:
        group.members.add(i)
        group.outputs.add(i)
        group.classes[i] = frozenset([-1])
        self.home[i].append(group)
        self.found.append(group)

    def _around(self, i: int) -> list[Group] | None:
        """The groups of all users, or ``None`` if one of them is in no group or the value is a
        result.
        """
        if self.is_result[i]:
            return None
        out: list[Group] = []
        for u in self.users[i]:
            if not self.home[u]:
                return None
            out += [g for g in self.home[u] if g not in out]
        return out

    def _joins(self, around: list[Group], i: int) -> bool:
        """Whether op ``i`` becomes part of the one group around it, or of each of several."""
        if not all(self._absorbs(g, i) for g in around):
            return False
        return len(around) == 1 or self._copies(self.graph.nodes[i], len(around))

    def _copies(self, node: Node, count: int) -> bool:
        """Whether computing ``node`` in each of ``count`` groups is cheaper than storing it."""
        if node.op in ("constant", "iota"):
            return True
        return count <= COPIES_CAP and node.op not in COSTLY_OPS

    def _absorbs(self, group: Group, i: int) -> bool:
        """Whether op ``i`` may be computed inside ``group``, in which it has users."""
        if len(group.members) >= MEMBERS_CAP:
            return False
        node = self.graph.nodes[i]
        if node.op == "constant":
            return True
        classes = self._classes(group, i)
        if len(classes) > CLASSES_CAP:
            return False
        if not self._repeats(group, i, classes):
            return True
        return node.op not in COSTLY_OPS and group.recomputed < RECOMPUTED_CAP

    def _repeats(self, group: Group, i: int, classes: frozenset[object]) -> bool:
        """Whether the group evaluates op ``i`` clearly more often than once an element."""
        node = self.graph.nodes[i]
        if node.op in FREE_OPS:
            return False
        evaluations = len(classes) * group.size
        return 2 * evaluations > 3 * node.type.size

    def _classes(self, group: Group, i: int) -> frozenset[object]:
        """The indices at which the members of ``group`` ask for op ``i``."""
        out: set[object] = set()
        shape = self.graph.nodes[i].type.shape
        for u in self.users[i]:
            if u not in group.members:
                continue
            user = self.graph.nodes[u]
            if not OPS[user.op].elementwise:
                out |= {(u, k) for k in group.classes[u]}
            elif user.type.shape == shape:
                out |= group.classes[u]
            else:
                out.add("scalar")  # pred of select, bounds of clamp
        return frozenset(out)

    def _join(self, group: Group, i: int) -> None:
        classes = self._classes(group, i)
        copied = bool(self.home[i]) and self.graph.nodes[i].op not in FREE_OPS
        if copied or self._repeats(group, i, classes):
            group.recomputed += 1
        group.classes[i] = classes
        group.members.add(i)
        self.home[i].append(group)

    def _second_result(self, i: int, node: Node) -> Group | None:
        """A map of the same shape among the users, which may give out op ``i``'s value too."""
        if node.op in FREE_OPS:
            return None
        for u in self.users[i]:
            for g in self.home[u]:
                fits = g.kind == "map" and g.shape == node.type.shape and self._absorbs(g, i)
                # The loop's own index, -1, is the one at which results are stored.
                if fits and self._classes(g, i) == {-1} and not self._leads_to(i, g):
                    return g
        return None

    def _leads_to(self, i: int, goal: Group) -> bool:
        """Whether a user of op ``i`` outside of ``goal`` feeds ``goal``: then they cannot be one
        loop.
        """
        seen: set[int] = set()
        waiting: list[Group | int] = []
        for u in self.users[i]:
            waiting += [g for g in self.home[u] if g is not goal] if self.home[u] else [u]
        while waiting:
            unit = waiting.pop()
            if unit is goal:
                return True
            if id(unit) in seen if isinstance(unit, Group) else -unit - 1 in seen:
                continue
            seen.add(id(unit) if isinstance(unit, Group) else -unit - 1)
            outs = unit.outputs if isinstance(unit, Group) else [unit]
            for m in outs:
                for w in self.users[m]:
                    waiting += self.home[w] or [w]
        return False
