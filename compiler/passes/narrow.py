"""narrow: f32 contractions read bf16 or f16 operands and accumulate in f32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from compiler.contract import Contract, Precision, allow
from compiler.dtypes import F32, DType, by_name
from compiler.errors import Loc
from compiler.ir import Graph, Module, Node, TensorType
from compiler.prune import renumber
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import rewrite_regions

RULE = "narrow/dot_general"


def narrow(name: str, target: str, module: Module, trace: Trace) -> Module:
    """Convert the operands of every f32 dot_general to ``target``; the result stays f32."""
    contract = allow(precision=[Precision("dot_general", target)])
    return module.map(lambda g: _graph(g, name, by_name(target), contract, trace))


def applies(node: Node, operands: Sequence[TensorType]) -> bool:
    """Whether a node is a contraction in f32 throughout that states no algorithm or higher
    precision of its own.
    """
    if node.op != "dot_general" or node.attr("algorithm") is not None:
        return False
    wanted = node.attr("precision_config") or ()
    return all(t.dtype is F32 for t in (*operands, node.type)) and set(wanted) <= {"DEFAULT"}


def _graph(graph: Graph, name: str, target: DType, contract: Contract, trace: Trace) -> Graph:
    new = list(range(len(graph.params)))
    nodes: list[Node] = []
    locs: list[Loc | None] = []
    at = len(graph.params)
    changed = False
    for i, old in enumerate(graph.nodes):
        node = rewrite_regions(old, lambda r: _graph(r, name, target, contract, trace), trace)
        changed |= node is not old
        node = renumber(node, new)
        types = [graph.types[v] for v in old.operands]
        if applies(old, types) and trace.apply(
            name, RULE, contract, graph.loc(i), _describe(graph, i, target)
        ):
            changed = True
            converted: dict[int, int] = {}
            for v, t in zip(node.operands, types, strict=True):
                if v not in converted:
                    converted[v] = at
                    nodes.append(Node("convert", (v,), (), (TensorType(t.shape, target),)))
                    locs.append(graph.loc(i))
                    at += 1
            node = node._replace(operands=tuple(converted[v] for v in node.operands))
        nodes.append(node)
        locs.append(graph.loc(i))
        new.extend(range(at, at + len(node.types)))
        at += len(node.types)
    if not changed:
        return graph
    results = tuple(new[v] for v in graph.results)
    return replace(
        graph, nodes=tuple(nodes), results=results, locs=tuple(locs) if graph.locs else ()
    )


def _describe(graph: Graph, i: int, target: DType) -> Callable[[], tuple[str, str]]:
    return lambda: (ops_text(graph, i), f"the same on operands converted to {target}")


def to(name: str, target: str) -> Pass:
    """The pass for one target dtype, ``bf16`` or ``f16``."""
    contract = allow(precision=[Precision("dot_general", target)])
    return Pass(name, contract, partial(narrow, name, target))


PASS = to("narrow", "bf16")
PASS_F16 = to("narrow-f16", "f16")
