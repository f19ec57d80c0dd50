"""Control flow that is decided already; part of the pass ``fold``.

* A captured constant is a constant of the region.
* What a loop hands on unchanged is captured instead of carried.
* Of branches whose index is constant, or that do the same, one takes the place of all.
* A loop that does not begin, or that computes with constants alone and ends soon, is its results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from compiler.build import Builder
from compiler.check import callees
from compiler.contract import EXACT
from compiler.errors import Loc
from compiler.ir import Graph, Literal, Node, module
from compiler.passes.results import capture_carried
from compiler.prune import prune, renumber
from compiler.regions import (
    BRANCHES,
    CONTROL,
    argument_count,
    argument_use,
    splice,
    tidy_captures,
)
from compiler.rewrite import Trace, ops_text
from compiler.rules.regions import keeps_order

SIZE_CAP = 4096  # elements of one folded constant, and of what it is computed from
WORK_CAP = 1 << 16  # products of one folded contraction
TRIPS_CAP = 64  # of all loops that are evaluated at once


def decide(graph: Graph, trace: Trace) -> Graph:
    """One graph without what is decided in it; the same object if nothing is."""
    if not any(n.op in CONTROL for n in graph.nodes):
        return graph
    return _Decider(graph, trace).run()


def sink(graph: Graph, i: int, literals: Sequence[Literal | None], trace: Trace) -> Node:
    """Node ``i`` with those captures that are ``literals`` made inside of its regions."""
    node = graph.nodes[i]
    known = {k: literals[v] for k, v in enumerate(node.captures)}
    known = {k: x for k, x in known.items() if x is not None and _reads(node, k)}
    if not known:
        return node
    new = node
    for k, literal in known.items():
        assert literal is not None
        regions = [_with_constant(r, argument_count(node, r) + k, literal) for r in new.regions]
        new = new._replace(regions=tuple(regions))
    new = tidy_captures(new)

    def describe() -> tuple[str, str]:
        names = ", ".join(str(x.type) for x in known.values() if x is not None)
        return ops_text(graph, i), f"constants of types {names} inside of the regions"

    if not keeps_order(node, new):
        return node
    return new if trace.apply("fold", "fold/capture", EXACT, graph.loc(i), describe) else node


def _reads(node: Node, k: int) -> bool:
    """Whether a region uses capture ``k``."""
    for region in node.regions:
        v = argument_count(node, region) + k
        if region.use_counts[v]:
            return True
    return False


def _with_constant(graph: Graph, param: int, literal: Literal) -> Graph:
    """``graph`` with a constant in the place of a parameter, which stays, unused."""
    if not graph.use_counts[param]:
        return graph
    count = len(graph.params)
    new = [*range(count), *range(count + 1, len(graph.types) + 1)]
    new[param] = count
    constant = Node("constant", (), (("value", literal),), (literal.type,))
    nodes = (constant, *(renumber(n, new) for n in graph.nodes))
    locs = (None, *graph.locs) if graph.locs else ()
    return Graph(graph.params, nodes, tuple(new[v] for v in graph.results), locs)


@dataclass
class _Decider:
    """One walk over one graph.

    Attributes:
        graph: as it was.
        builder: as it will be.
        literals: the constants among the new values.
    """

    graph: Graph
    trace: Trace
    builder: Builder = field(init=False)
    literals: dict[int, Literal] = field(default_factory=dict)

    def run(self) -> Graph:
        graph = self.graph
        self.builder = Builder(graph.params)
        new = list(range(len(graph.params)))
        changed = False
        for i, node in enumerate(graph.nodes):
            moved = renumber(node, new)
            made = self._decided(i, moved, graph.loc(i)) if node.op in CONTROL else None
            if made is None:
                first = self._add(moved, graph.loc(i))
                made = list(range(first, first + len(node.types)))
            else:
                changed = True
            new.extend(made)
        return self.builder.graph([new[v] for v in graph.results]) if changed else graph

    def _add(self, node: Node, loc: Loc | None) -> int:
        first = self.builder.add(node, loc)
        if node.op == "constant":
            self.literals[first] = node.attr("value")
        return first

    def _decided(self, i: int, node: Node, loc: Loc | None) -> list[int] | None:
        """The values in the place of the results; ``None`` if nothing is decided."""
        if node.op in BRANCHES:
            which = self._branch(node)
            if which is None or not self._ask(i, node.op, f"branch {which}"):
                return None
            start = len(self.builder.nodes)
            values = splice(self.builder, node.regions[which], node.captures, loc)
            self._learn(start)
            return values
        found = self._loop(node)
        if found is not None:
            if not self._ask(i, "while", "constants" if found else "what it starts with"):
                return None
            return [self._constant(x, loc) for x in found] or list(node.operands)
        return self._invariant(i, node, loc)

    def _learn(self, start: int) -> None:
        """Note the constants among the nodes from ``start`` on."""
        nodes = self.builder.nodes
        at = len(self.builder.types) - sum(len(n.types) for n in nodes[start:])
        for n in nodes[start:]:
            if n.op == "constant":
                self.literals[at] = n.attr("value")
            at += len(n.types)

    def _ask(self, i: int, what: str, after: str) -> bool:
        def describe() -> tuple[str, str]:
            return ops_text(self.graph, i), after

        return self.trace.apply("fold", f"fold/{what}", EXACT, self.graph.loc(i), describe)

    def _constant(self, literal: Literal, loc: Loc | None) -> int:
        return self._add(Node("constant", (), (("value", literal),), (literal.type,)), loc)

    # branches

    def _branch(self, node: Node) -> int | None:
        """The branch that is taken."""
        last = len(node.regions) - 1
        if all(r == node.regions[0] for r in node.regions):
            return 0
        literal = self.literals.get(node.operands[0])
        if literal is None:
            return None
        value = literal.item()
        if node.op == "if":
            return 0 if value else 1
        return int(value) if 0 <= value <= last else last

    # loops

    def _loop(self, node: Node) -> list[Literal] | None:
        """The results of a loop that is evaluated to its end; empty if it does not begin. ``None``
        for any other loop.
        """
        cond, _ = node.regions
        given = [self.literals.get(v) for v in node.uses]
        first = _evaluate(cond, given)
        if first is None:
            return None
        if not first[0].item():
            return []
        operands = tuple(range(len(node.operands)))
        captures = tuple(range(len(operands), len(given)))
        alone = node._replace(operands=operands, captures=captures)
        results = tuple(range(len(given), len(given) + len(node.types)))
        types = tuple(self.builder.types[v] for v in node.uses)
        return _evaluate(Graph(types, (alone,), results), given)

    def _invariant(self, i: int, node: Node, loc: Loc | None) -> list[int] | None:
        """The loop without what its body hands on unchanged; at least one value stays."""
        body = node.regions[1]
        count = len(node.types)
        same = [k for k in range(count) if body.results[k] == k]
        if len(same) == count:
            same = same[1:]
        if not same or not self._ask(i, "carried", "what the loop leaves as it is captured"):
            return None
        keep = [k for k in range(count) if k not in same]
        first = self._add(capture_carried(node, same), loc)
        made = dict(zip(keep, range(first, first + len(keep)), strict=True))
        return [made.get(k, node.operands[k]) for k in range(count)]


def _evaluate(graph: Graph, given: Sequence[Literal | None]) -> list[Literal] | None:
    """The results of ``graph`` for ``given`` parameters, if they are small and depend on nothing
    else.
    """
    graph = prune(graph)
    if any(given[v] is None for v in argument_use(graph, graph.results)) or callees(graph):
        return None
    if not _small(graph):
        return None
    from compiler.lower import lower
    from compiler.nest.interp import TripsError, run

    builder = Builder()
    values = []
    for literal, t in zip(given, graph.params, strict=True):
        values.append(builder.constant(literal or Literal.splat(t, 0)))
    program = builder.graph(splice(builder, graph, values, None))
    try:
        arrays = run(lower(module(prune(program))), [], trips=TRIPS_CAP)
    except TripsError:
        return None
    return [Literal.of(x) for x in arrays]


def _small(graph: Graph) -> bool:
    """Whether the graph is quick to evaluate, once."""
    for node in graph.nodes:
        if any(graph.types[v].size > SIZE_CAP for v in node.uses):
            return False
        if any(t.size > SIZE_CAP for t in node.types) or products(graph, node) > WORK_CAP:
            return False
        if not all(map(_small, node.regions)):
            return False
    return True


def products(graph: Graph, node: Node) -> int:
    """How many products a contraction computes; 0 for other ops."""
    if node.op != "dot_general":
        return 0
    left = graph.types[node.operands[0]].shape
    dims: tuple[int, ...] = node.attr("lhs_contracting_dimensions")
    return node.type.size * prod(left[d] for d in dims)
