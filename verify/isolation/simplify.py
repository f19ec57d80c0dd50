"""Simpler attributes, op by op: no padding, no stride, the first comparison direction, identity
permutations.

Shapes behind the op are inferred anew; a candidate that does not type is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from compiler.build import infer
from compiler.errors import AssayError
from compiler.ir import Array, Module, Node
from verify.isolation.edits import Program
from verify.isolation.retype import STATED, retype
from verify.isolation.slices import with_main


def simpler_attrs(module: Module, inputs: Sequence[Array]) -> Iterator[Program | None]:
    """The program with one attribute of one op made simpler."""
    graph = module.main.graph
    for i, node in enumerate(graph.nodes):
        if node.op in STATED or node.op in ("constant", "call", "composite"):
            continue
        for name, value in _simpler(node):
            attrs = tuple((k, value if k == name else v) for k, v in node.attrs)
            if attrs == node.attrs:
                continue
            changed = _with_attrs(module, i, node, attrs)
            if changed is not None:
                yield retype(changed, inputs)


def _with_attrs(module: Module, index: int, node: Node, attrs: tuple[Any, ...]) -> Module | None:
    """``module`` with other attributes at one node; types behind it are left to :func:`retype`."""
    graph = module.main.graph
    try:
        operands = [graph.types[v] for v in node.operands]
        types = infer(
            node.op,
            operands,
            dict(attrs),
            regions=node.regions,
            captures=len(node.captures),
        )
    except AssayError:
        return None
    if node.op == "dot_general":
        types = (types[0]._replace(dtype=node.type.dtype),)
    new = node._replace(attrs=attrs, types=types)
    nodes = (*graph.nodes[:index], new, *graph.nodes[index + 1 :])
    return with_main(module, replace(graph, nodes=nodes, locs=()))


def _simpler(node: Node) -> Iterator[tuple[str, Any]]:
    for name, value in node.attrs:
        if not isinstance(value, tuple) or not all(isinstance(v, int) for v in value):
            continue
        if name in ("edge_padding_low", "edge_padding_high", "interior_padding", "start_indices"):
            yield name, (0,) * len(value)
            for k, v in enumerate(value):
                if v not in (0, 1):
                    yield name, (*value[:k], 1 if v > 0 else -1, *value[k + 1 :])
        elif name == "strides":
            yield name, (1,) * len(value)
        elif name == "dimensions" and node.op in ("reverse", "reduce") and len(value) > 1:
            for k in range(len(value)):
                yield name, (*value[:k], *value[k + 1 :])
