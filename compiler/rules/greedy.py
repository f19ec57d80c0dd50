"""The driver: rebuilds a graph from operands to results and lets rules replace each op as it is
added.

Since operands are already in normal form when an op is added, and what a rule puts in place is
added the same way, one walk reaches the fixpoint. Each application asks the trace first; an
application that is refused leaves the op as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from compiler.build import Builder, Callee, infer
from compiler.errors import InternalError, Loc
from compiler.ir import Graph, Literal, Module, Node, TensorType
from compiler.ops import OPS
from compiler.prune import prune
from compiler.rewrite import Trace, ops_text
from compiler.rules.match import Match, Pattern, State, compile_rule, roots
from compiler.rules.plant import plant
from compiler.rules.regions import rewrite_regions
from compiler.rules.term import RULES, Rule, Term


class RuleSet:
    """The rules that ``select`` accepts, by root op. Follows changes of :data:`RULES`."""

    def __init__(self, select: Callable[[Rule], bool]) -> None:
        self._select = select
        self._rules: list[Rule] = []
        self._index: dict[str, list[Pattern]] = {}

    def index(self) -> dict[str, list[Pattern]]:
        """Compiled patterns by root op, in order of declaration."""
        now = list(RULES.values())
        if now != self._rules:  # rules compare by identity
            self._index = indexed(filter(self._select, now))
            self._rules = now
        return self._index


def indexed(rules: Iterable[Rule]) -> dict[str, list[Pattern]]:
    """Compiled patterns of ``rules`` by root op, in their order."""
    index: dict[str, list[Pattern]] = {}
    for rule in rules:
        for pattern in compile_rule(rule):
            for op in roots(pattern):
                index.setdefault(op, []).append(pattern)
    return index


def rewrite_module(module: Module, rules: RuleSet, pass_name: str, trace: Trace) -> Module:
    """Apply ``rules`` everywhere in all functions, regions included, to the fixpoint."""
    index = rules.index()
    table = {f.name: (f.graph.params, f.graph.result_types) for f in module.functions}
    return module.map(lambda g: rewrite_graph(g, index, pass_name, trace, table.get))


def rewrite_graph(
    graph: Graph,
    index: dict[str, list[Pattern]],
    pass_name: str,
    trace: Trace,
    callee: Callee,
) -> Graph:
    """One graph rewritten; the same object if nothing fired."""
    return Greedy(graph, index, pass_name, trace, callee).run()


class Greedy:
    """One walk over one graph. It is the :class:`~compiler.rules.plant.Sink` of what rules put in
    place.
    """

    def __init__(
        self,
        graph: Graph,
        index: dict[str, list[Pattern]],
        pass_name: str,
        trace: Trace,
        callee: Callee,
    ) -> None:
        self.graph = graph
        self.index = index
        self.pass_name = pass_name
        self.trace = trace
        self.callee = callee
        self.types: list[TensorType] = list(graph.params)
        self.nodes: list[Node] = []
        self.locs: list[Loc | None] = []
        count = len(graph.params)
        self.state = State([None] * count, self.types, list(graph.use_counts[:count]))
        self.loc: Loc | None = None
        self.fired = 0
        self.fuel = 100 + 20 * len(graph.nodes)  # a bound for rule sets that run in circles

    def run(self) -> Graph:
        """The rewritten graph."""
        graph, uses = self.graph, self.graph.use_counts
        new = list(range(len(graph.params)))
        keep: list[int] = []  # ops that were dead before the walk are not ours to remove
        changed = False
        for i, node in enumerate(graph.nodes):
            self.loc = graph.loc(i)
            first = graph.first[i]
            if node.regions:
                old, node = node, rewrite_regions(node, self._inner, self.trace)
                changed |= node is not old
            if self.fired:
                node = node._replace(
                    operands=tuple(new[v] for v in node.operands),
                    captures=tuple(new[v] for v in node.captures),
                )
            at = self.simplify(node, uses[first] if node.types else 0)
            new.extend(range(at, at + len(node.types)))
            if not any(uses[first : first + len(node.types)]):
                keep.append(at)
        if not self.fired and not changed:
            return graph
        return self._finish([new[v] for v in graph.results], keep)

    def _inner(self, region: Graph) -> Graph:
        return rewrite_graph(region, self.index, self.pass_name, self.trace, self.callee)

    def emit(
        self,
        op: str,
        operands: Sequence[int] = (),
        /,
        *,
        types: Sequence[TensorType] | None = None,
        regions: Sequence[Graph] = (),
        **attrs: Any,
    ) -> int:
        """Add a checked op that a rule puts in place; rules may replace it in turn."""
        full = OPS[op].fill({a.name: attrs.get(a.name, a.default) for a in OPS[op].attrs})
        found = infer(
            op,
            [self.types[v] for v in operands],
            full,
            regions=regions,
            results=types,
            callee=self.callee,
            loc=self.loc,
        )
        node = Node(op, tuple(operands), tuple(full.items()), found, tuple(regions))
        return self.simplify(node, 1)

    def constant(self, value: Literal) -> int:
        """Add a constant."""
        return self._add(Node("constant", (), (("value", value),), (value.type,)), 1)

    def simplify(self, node: Node, uses: int) -> int:
        """Add ``node``, or what a rule makes of it; the number of its first result."""
        patterns = self.index.get(node.op)
        if patterns is not None and self.fired < self.fuel:
            for pattern in patterns:
                if not pattern.may_match(self.state, node):
                    continue
                match = pattern.match(self.state, node)
                if match is not None and self._ask(match, node):
                    return self._replace(match, node, uses)
        return self._add(node, uses)

    def _ask(self, match: Match, node: Node) -> bool:
        rule = match.rule

        def describe() -> tuple[str, str]:
            return self._text(match, match.lhs, node.type), self._text(match, match.rhs, node.type)

        return self.trace.apply(self.pass_name, rule.name, rule.contract, self.loc, describe)

    def _text(self, match: Match, term: Term, result: TensorType) -> str:
        """The ops of a term, one a line, on the leaves of the match."""
        b = Builder([self.types[v] for v in match.leaves.values()])
        root = plant(term, b, {name: k for k, name in enumerate(match.leaves)}, result)
        return ops_text(b.graph([root]))

    def _replace(self, match: Match, node: Node, uses: int) -> int:
        self.fired += 1
        value = plant(match.rhs, self, match.leaves, node.type)
        if self.types[value] != node.type:
            name = match.rule.name
            raise InternalError(f"rule {name} turned {node.type} into {self.types[value]}")
        self.state.uses[value] += uses - 1
        return value

    def _add(self, node: Node, uses: int) -> int:
        first = len(self.types)
        self.nodes.append(node)
        self.locs.append(self.loc)
        self.types.extend(node.types)
        single = len(node.types) == 1
        self.state.defs.extend([node if single else None] * len(node.types))
        self.state.uses.extend([uses] * len(node.types))
        return first

    def _finish(self, results: list[int], keep: list[int]) -> Graph:
        """The graph without the ops that the rewrites left without users."""
        graph = Graph(
            self.graph.params,
            tuple(self.nodes),
            tuple(results),
            tuple(self.locs) if any(self.locs) else (),
        )
        return prune(graph, keep)
