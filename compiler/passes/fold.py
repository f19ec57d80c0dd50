"""fold: ops on constants are evaluated now, by the nest interpreter on our own lowering: the
canonical bits.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.build import Builder
from compiler.contract import EXACT
from compiler.ir import Graph, Literal, Module, Node, TensorType, module
from compiler.ops import OPS
from compiler.passes.decide import SIZE_CAP, WORK_CAP, decide, products, sink
from compiler.prune import prune
from compiler.regions import CONTROL
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import rewrite_regions

# Not evaluated as one op: control flow is decided, a barrier is to be left alone.
_ELSEWHERE = frozenset((*CONTROL, "call", "composite", "optimization_barrier"))


def run(module: Module, trace: Trace) -> Module:
    """Fold in all functions and regions."""
    return module.map(lambda g: fold(g, trace))


def fold(graph: Graph, trace: Trace) -> Graph:
    """One graph; the same object if nothing was folded."""
    while True:
        start = graph
        graph = decide(_constants(_regions(graph, trace), trace), trace)
        if graph is start or not any(n.regions for n in graph.nodes):
            return graph


def _regions(graph: Graph, trace: Trace) -> Graph:
    """The graph folded in its regions, which also learn what is constant around them."""
    if not any(n.regions for n in graph.nodes):
        return graph
    literals: list[Literal | None] = [None] * len(graph.params)
    nodes = []
    for i, node in enumerate(graph.nodes):
        if node.regions:
            node = sink(graph, i, literals, trace)
            node = rewrite_regions(node, lambda r: fold(r, trace), trace)
        nodes.append(node)
        literal = node.attr("value") if node.op == "constant" else None
        small = literal is not None and (literal.is_splat or literal.type.size <= SIZE_CAP)
        literals += [literal if small else None] * len(node.types)
    if all(a is b for a, b in zip(nodes, graph.nodes, strict=True)):
        return graph
    return replace(graph, nodes=tuple(nodes))


def _constants(graph: Graph, trace: Trace) -> Graph:
    """The graph with what can be computed here and now as constants."""
    known = [False] * len(graph.params)  # whether a value can be computed from constants
    for node in graph.nodes:
        known += [_foldable(node, known, graph)] * len(node.types)
    wanted = _wanted(graph, known)
    wanted = [i for i in wanted if _ask(graph, i, trace)]
    if not wanted:
        return graph
    nodes = list(graph.nodes)
    for i, literal in zip(wanted, _evaluate(graph, wanted), strict=True):
        nodes[i] = Node("constant", (), (("value", literal),), (literal.type,))
    dead = [graph.first[i] for i, n in enumerate(graph.nodes) if not _used(graph, i, n)]
    return prune(replace(graph, nodes=tuple(nodes)), dead)


def _ask(graph: Graph, i: int, trace: Trace) -> bool:
    def describe() -> tuple[str, str]:
        return ops_text(graph, i), f"a constant of type {graph.nodes[i].type}"

    return trace.apply("fold", f"fold/{graph.nodes[i].op}", EXACT, graph.loc(i), describe)


def _used(graph: Graph, i: int, node: Node) -> bool:
    first = graph.first[i]
    return any(graph.use_counts[first : first + len(node.types)])


def _foldable(node: Node, known: list[bool], graph: Graph) -> bool:
    """Whether the node's only result can be computed here and now."""
    if len(node.types) != 1 or node.op in _ELSEWHERE or any(map(_loops, node.regions)):
        return False
    if node.type.size == 0 or node.op in ("constant", "iota"):
        return node.type.size <= SIZE_CAP or node.op == "constant"
    if not node.operands or node.captures or not all(known[v] for v in node.operands):
        return False
    if all(_splat(graph, v) for v in node.operands) and OPS[node.op].elementwise:
        return True  # one element stands for all
    sizes = [node.type.size, *(graph.types[v].size for v in node.operands)]
    if max(sizes) > SIZE_CAP:
        return False
    return products(graph, node) <= WORK_CAP


def _loops(graph: Graph) -> bool:
    """Whether an op in a region may run for any time."""
    return any(n.op in _ELSEWHERE or any(map(_loops, n.regions)) for n in graph.nodes)


def _splat(graph: Graph, value: int) -> bool:
    """Whether ``value`` is made by a splat constant."""
    node = graph.node_of(value)
    return node is not None and node.op == "constant" and bool(node.attr("value").is_splat)


def _wanted(graph: Graph, known: list[bool]) -> list[int]:
    """Nodes to replace: computable, no constants yet, used by something that is not computable."""
    at_edge = [False] * len(known)
    for i, node in enumerate(graph.nodes):
        if not node.types or not known[graph.first[i]]:
            for v in node.uses:
                at_edge[v] = True
    for v in graph.results:
        at_edge[v] = True
    out = []
    for i, node in enumerate(graph.nodes):
        first = graph.first[i]
        if not node.types or not known[first] or not at_edge[first] or node.op == "constant":
            continue
        if node.type.size == 0 or not _cheap(graph, node):
            out.append(i)
    return out


def _cheap(graph: Graph, node: Node) -> bool:
    """Whether a constant is no better than the node: counting, and what rules do to splats without
    evaluation.
    """
    if node.op == "iota":
        return True
    moves = "layout" in OPS[node.op].traits and node.op != "pad"
    return moves and all(_splat(graph, v) for v in node.operands)


def _evaluate(graph: Graph, wanted: list[int]) -> list[Literal]:
    """The values of the wanted nodes."""
    out: dict[int, Literal] = {}
    rest = []
    for i in wanted:
        t = graph.nodes[i].type
        if t.size == 0:
            out[i] = Literal(t, b"")
        else:
            rest.append(i)
    if rest:
        from compiler.lower import lower
        from compiler.nest.interp import run

        cone = _Cone(graph)
        scalars = [cone.is_scalar(graph.nodes[i]) for i in rest]
        pairs = zip(rest, scalars, strict=True)
        results = [cone.value(graph.first[i], scalar) for i, scalar in pairs]
        arrays = run(lower(module(cone.builder.graph(results))), [])
        for i, scalar, array in zip(rest, scalars, arrays, strict=True):
            t = graph.nodes[i].type
            out[i] = Literal(t, array.tobytes()) if scalar else Literal.of(array)
    return [out[i] for i in wanted]


class _Cone:
    """A graph without parameters that computes some values; elementwise ops on splats are done on
    one element.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.builder = Builder()
        self._new: dict[tuple[int, bool], int] = {}

    def is_scalar(self, node: Node) -> bool:
        """Whether the node is computed on one element that stands for all."""
        return bool(
            node.operands
            and OPS[node.op].elementwise
            and all(_splat(self.graph, v) for v in node.operands)
        )

    def value(self, v: int, scalar: bool = False) -> int:
        """The number of value ``v`` in the new graph: whole, or one element that stands for all."""
        if (v, scalar) not in self._new:
            node = self.graph.node_of(v)
            assert node is not None
            self._new[v, scalar] = self._add(node, scalar)
        return self._new[v, scalar]

    def _add(self, node: Node, scalar: bool) -> int:
        t = TensorType((), node.type.dtype) if scalar else node.type
        if t.size == 0:
            return self.builder.constant(Literal(t, b""))
        if node.op == "constant":
            return self.builder.constant(Literal(t, node.attr("value").data))
        operands = tuple(self.value(v, scalar) for v in node.operands)
        return self.builder.add(node._replace(operands=operands, types=(t,)))


PASS = Pass("fold", EXACT, run)
