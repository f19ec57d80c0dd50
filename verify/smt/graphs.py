"""Whole graphs to symbolic tensors."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.ir import Graph, Module
from verify.smt import table
from verify.smt.tensor import Call, Env, SymTensor, Unknown


def evaluate_graph(
    env: Env, graph: Graph, inputs: Sequence[SymTensor], module: Module | None = None
) -> tuple[SymTensor, ...]:
    """The results of ``graph`` for symbolic ``inputs``; Unknown for an op without symbolic meaning."""
    meanings = table()
    values: list[SymTensor] = list(inputs)
    for node in graph.nodes:
        if node.op not in meanings:
            raise Unknown(f"{node.op} has no symbolic meaning")
        call = Call(
            node.op,
            dict(node.attrs),
            tuple(t.dtype for t in node.types),
            tuple(t.shape for t in node.types),
            node.regions,
            tuple(values[v] for v in node.captures),
            module,
        )
        values.extend(meanings[node.op](env, [values[v] for v in node.operands], call))
    return tuple(values[v] for v in graph.results)
