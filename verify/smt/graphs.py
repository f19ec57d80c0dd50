"""Whole graphs to symbolic tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.ir import Graph, Module
from verify.smt import table
from verify.smt.tensor import Call, Env, SymTensor, Unknown


def evaluate_graph(
    env: Env, graph: Graph, inputs: Sequence[SymTensor], module: Module | None = None
) -> tuple[SymTensor, ...]:
    """The results of ``graph`` for symbolic ``inputs``; Unknown for an op without symbolic meaning.

    Equal ops of the same tensors are evaluated once in an ``env``: where two graphs agree, their
    values are the same terms.
    """
    meanings = table()
    for t in graph.types:
        if t.dtype.narrow:
            raise Unknown(f"element type {t.dtype} has no symbolic meaning")
    values: list[SymTensor] = list(inputs)
    for node in graph.nodes:
        if node.op not in meanings:
            raise Unknown(f"{node.op} has no symbolic meaning")
        operands = [values[v] for v in node.operands]
        captures = tuple(values[v] for v in node.captures)
        key: tuple[Any, ...] = (
            node.op,
            tuple(map(id, operands)),
            node.attrs,
            node.types,
            node.regions,
            tuple(map(id, captures)),
        )
        if node.op in ("call", "composite"):
            key = (*key, id(module))
        if key not in env.values:
            types = node.types
            call = Call(
                node.op,
                dict(node.attrs),
                tuple(t.dtype for t in types),
                tuple(t.shape for t in types),
                node.regions,
                captures,
                module,
            )
            # The operands are kept with the results: ids of dead objects are used again.
            env.values[key] = (meanings[node.op](env, operands, call), operands, captures)
        values.extend(env.values[key][0])
    return tuple(values[v] for v in graph.results)
