"""Pieces of programs: all intermediate values, one op alone, the ops that a result needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compiler.check import callees
from compiler.ir import Array, Graph, Module
from compiler.prune import prune, renumber
from compiler.regions import CONTROL
from verify.ref import evaluate


def with_main(module: Module, graph: Graph) -> Module:
    """``module`` with another entry body; functions that nothing calls any more are dropped."""
    entry = module.main.name
    needed, todo = {entry}, callees(graph)
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo += callees(module.by_name[name].graph)
    kept = tuple(
        replace(f, graph=graph) if f.name == entry else f
        for f in module.functions
        if f.name in needed
    )
    return Module(kept, module.name)


def every_value(module: Module, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The reference's value of each value of the entry function, by number."""
    graph = module.main.graph
    everything = replace(graph, results=tuple(range(len(graph.types))))
    return tuple(evaluate(module.with_graph(module.main.name, everything), inputs))


def alone(module: Module, index: int, values: Sequence[Array]) -> tuple[Module, list[Array]]:
    """A program of the one op ``index``, with its distinct operands as inputs, and their values."""
    graph = module.main.graph
    node = graph.nodes[index]
    used = tuple(dict.fromkeys(node.uses))
    place = {v: i for i, v in enumerate(used)}
    moved = renumber(node, place)
    results = tuple(range(len(used), len(used) + len(node.types)))
    single = Graph(tuple(graph.types[v] for v in used), (moved,), results)
    return with_main(module, single), [values[v] for v in used]


def trim(module: Module, inputs: Sequence[Array]) -> tuple[Module, list[Array]]:
    """Drop dead ops, parameters that nothing uses (with their inputs) and uncalled functions."""
    graph = prune(module.main.graph)
    used = {*graph.results, *(v for n in graph.nodes for v in n.uses)}
    params = [i for i in range(len(graph.params)) if i in used]
    gone = len(graph.params) - len(params)
    place = {v: v - gone for v in range(len(graph.params), len(graph.types))}
    place.update({old: new for new, old in enumerate(params)})
    small = Graph(
        tuple(graph.params[i] for i in params),
        tuple(renumber(n, place) for n in graph.nodes),
        tuple(place[v] for v in graph.results),
    )
    return with_main(module, small), [inputs[i] for i in params]


def count_ops(module: Module) -> int:
    """Ops of the entry function and of the functions it calls, with those in branches and loops;
    constants count, ``return`` and the bodies of ``reduce`` and its like do not.
    """
    return sum(_count(f.graph) for f in module.functions)


def _count(graph: Graph) -> int:
    inner = (_count(r) for n in graph.nodes if n.op in CONTROL for r in n.regions)
    return len(graph.nodes) + sum(inner)
