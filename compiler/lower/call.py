"""Calls and composites: their bodies are copied into the caller.

A composite ``assay.fusion`` stays where it can become one nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compiler.ir import Graph, Module, Node, TensorType
from compiler.lower.table import INLINED, lowering, lowering_of

FUSION = "assay.fusion"


def is_fusion(node: Node) -> bool:
    """Whether a node is a group that the fusion pass made."""
    return node.op == "composite" and node.attr("name") == FUSION


def never(_node: Node) -> bool:
    """Keep no composite."""
    return False


class Inliner:
    """Copies a graph, with the bodies of its callees in place of the calls.

    Args:
        module: where callees are found.
        params: the parameters of the new graph.
        keep: whether a composite stays as it is.
    """

    def __init__(
        self, module: Module, params: Sequence[TensorType], keep: Callable[[Node], bool] = never
    ) -> None:
        self.module = module
        self.params = tuple(params)
        self.nodes: list[Node] = []
        self._keep = keep
        self._count = len(params)

    def add(self, node: Node, operands: Sequence[int], captures: Sequence[int] = ()) -> list[int]:
        """Append a node on new operands; returns the numbers of its results."""
        self.nodes.append(node._replace(operands=tuple(operands), captures=tuple(captures)))
        first, self._count = self._count, self._count + len(node.types)
        return list(range(first, self._count))

    def body(self, graph: Graph, arguments: Sequence[int]) -> list[int]:
        """Append the nodes of ``graph`` on the given values; returns the values of its results."""
        new = list(arguments)
        for node in graph.nodes:
            operands = [new[v] for v in node.operands]
            if node.op in INLINED and not self._keep(node):
                new += lowering_of(node.op)(self, node, operands)
            else:
                new += self.add(node, operands, [new[v] for v in node.captures])
        return [new[v] for v in graph.results]

    def graph(self, results: Sequence[int]) -> Graph:
        """The flat graph."""
        return Graph(self.params, tuple(self.nodes), tuple(results))


@lowering("call")
def call(into: Inliner, node: Node, operands: Sequence[int]) -> list[int]:
    """The callee's nodes on the call's operands."""
    return into.body(into.module.by_name[node.attr("callee")].graph, operands)


@lowering("composite")
def composite(into: Inliner, node: Node, operands: Sequence[int]) -> list[int]:
    """The decomposition's nodes on the composite's operands."""
    return into.body(into.module.by_name[node.attr("decomposition")].graph, operands)


def flatten(module: Module, graph: Graph, keep: Callable[[Node], bool] = never) -> Graph:
    """``graph`` without calls, composites and barriers, but for those to ``keep``.

    Regions stay as they are: whoever lowers them flattens them.
    """
    if not any(n.op in INLINED for n in graph.nodes):
        return graph
    into = Inliner(module, graph.params, keep)
    results = into.body(graph, range(len(graph.params)))
    return into.graph(results)
