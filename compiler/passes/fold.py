"""fold: ops on constants are evaluated now, by the nest interpreter on our own lowering: the
canonical bits.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from compiler.build import Builder
from compiler.contract import EXACT
from compiler.ir import Graph, Literal, Module, Node, TensorType, module
from compiler.ops import OPS
from compiler.prune import prune
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import rewrite_regions

SIZE_CAP = 4096  # elements of one folded constant, and of what it is computed from
WORK_CAP = 1 << 16  # products of one folded contraction


def run(module: Module, trace: Trace) -> Module:
    """Fold in all functions and regions."""
    return module.map(lambda g: fold(g, trace))


def fold(graph: Graph, trace: Trace) -> Graph:
    """One graph; the same object if nothing was folded."""
    nodes = list(graph.nodes)
    changed = False
    known = [False] * len(graph.params)  # whether a value can be computed from constants
    for i, node in enumerate(graph.nodes):
        nodes[i] = rewrite_regions(node, lambda r: fold(r, trace), trace)
        changed |= nodes[i] is not node
        known += [_foldable(node, known, graph)] * len(node.types)
    wanted = _wanted(graph, known)
    wanted = [i for i in wanted if _ask(graph, i, trace)]
    if not wanted:
        return replace(graph, nodes=tuple(nodes)) if changed else graph
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
    if len(node.types) != 1 or node.op in ("call", "composite"):
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
    if node.op == "dot_general":
        left = graph.types[node.operands[0]].shape
        depth = prod(left[d] for d in node.attr("lhs_contracting_dimensions"))
        return bool(node.type.size * depth <= WORK_CAP)
    return True


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
