"""The two runnable forms of a program that checks itself.

The check ops are taken out and what they look at becomes the results of the entry function. As
*constants* the program keeps its inputs in its text, and a compiler folds much of it; as
*arguments* its constants, and what it gets from functions such as ``@inputs()`` that only hold
constants, are fed from outside. Expected values that are constants never go through the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.errors import UnsupportedError
from compiler.ir import Array, Graph, Literal, Module, Node
from verify.conform.checks import compare

CONSTANTS, ARGUMENTS = "constants", "arguments"
PREFIX = "check."


@dataclass(frozen=True)
class Check:
    """One check: result ``actual`` of the program must agree with ``expected``, which is a value or
    another result.
    """

    op: str
    attrs: dict[str, Any]
    actual: int
    expected: int | Literal

    def compare(self, outputs: Sequence[Array]) -> str:
        """What is wrong; empty if nothing is."""
        e = self.expected
        want = e.array() if isinstance(e, Literal) else outputs[e]
        return compare(self.op, self.attrs, outputs[self.actual], want)


@dataclass(frozen=True)
class Form:
    """A program without check ops, its inputs, and what its results must be."""

    module: Module
    inputs: tuple[Array, ...] = ()
    checks: tuple[Check, ...] = field(default=())


def programs(module: Module) -> list[Module]:
    """The programs that a text holds: that of its entry function or, where none is called ``main``,
    of each function without parameters that holds checks. The entry of each is called ``main``.
    """
    if "main" in module.by_name:
        return [module]
    alone = [f for f in module.functions if not f.graph.params and _checks_inside(f.graph)]
    entries = alone if len(alone) > 1 else [module.main]
    out = []
    for entry in entries:
        others = tuple(f for f in module.functions if f is not entry and f not in alone)
        out.append(replace(module, functions=(replace(entry, name="main", private=False), *others)))
    return out


def constants(module: Module) -> Form:
    """A program as it stands, with its own results if it holds no check. UnsupportedError where a
    check stands elsewhere than in the entry function.
    """
    main = module.main
    graph = main.graph
    for f in module.functions:
        for k, node in enumerate(f.graph.nodes):
            inner = any(_checks_inside(g) for g in node.regions)
            if inner or (node.op.startswith(PREFIX) and f is not main):
                message = f"{node.op}: a check outside the body of @{main.name}"
                raise UnsupportedError(message, where=f.graph.loc(k))
    results: dict[int, int] = {}
    checks = tuple(
        _check(module, node, results) for node in graph.nodes if node.op.startswith(PREFIX)
    )
    if not checks:
        return Form(module)
    kept = [k for k, node in enumerate(graph.nodes) if not node.op.startswith(PREFIX)]
    nodes = tuple(graph.nodes[k] for k in kept)
    locs = tuple(graph.locs[k] for k in kept) if graph.locs else ()
    stripped = Graph(graph.params, nodes, tuple(results), locs)
    return Form(module.with_graph(main.name, stripped), (), checks)


def _checks_inside(graph: Graph) -> bool:
    return any(
        n.op.startswith(PREFIX) or any(_checks_inside(g) for g in n.regions) for n in graph.nodes
    )


def _check(module: Module, node: Node, results: dict[int, int]) -> Check:
    """``node`` as a check; the values that it looks at are entered in ``results``."""
    attrs = dict(node.attrs)
    actual = results.setdefault(node.operands[0], len(results))
    expected: int | Literal | None = attrs.pop("value", None)
    if expected is None:
        value = node.operands[1]
        expected = literal(module, module.main.graph, value)
        if expected is None:
            expected = results.setdefault(value, len(results))
    return Check(node.op, attrs, actual, expected)


def literal(module: Module, graph: Graph, value: int) -> Literal | None:
    """The constant that ``value`` is by itself or through a function without parameters."""
    at, k = graph.defs[value]
    if at < 0:
        return None
    node = graph.nodes[at]
    if node.op == "constant":
        found: Literal = node.attr("value")
        return found
    if node.op == "call" and not node.operands:
        callee = module.by_name[node.attr("callee")].graph
        return literal(module, callee, callee.results[k])
    return None


def arguments(form: Form) -> Form:
    """The same program with its constants as parameters of the entry function."""
    main = form.module.main
    graph = main.graph
    lifted: dict[int, Literal] = {}  # value -> what it is, in order
    dropped = set()
    for k, (node, first) in enumerate(zip(graph.nodes, graph.first, strict=True)):
        values = {first + i: literal(form.module, graph, first + i) for i in range(len(node.types))}
        if values and all(v is not None for v in values.values()):
            used = {v: x for v, x in values.items() if x is not None and graph.use_counts[v]}
            lifted.update(used)
            dropped.add(k)
    count = len(graph.params)
    number = {v: v for v in range(count)}
    number |= {v: count + i for i, v in enumerate(lifted)}
    nodes, at = [], count + len(lifted)
    kept = [k for k in range(len(graph.nodes)) if k not in dropped]
    for k in kept:
        node = graph.nodes[k]
        nodes.append(
            node._replace(
                operands=tuple(number[v] for v in node.operands),
                captures=tuple(number[v] for v in node.captures),
            )
        )
        for i in range(len(node.types)):
            number[graph.first[k] + i] = at
            at += 1
    lifted_graph = Graph(
        graph.params + tuple(x.type for x in lifted.values()),
        tuple(nodes),
        tuple(number[v] for v in graph.results),
        tuple(graph.locs[k] for k in kept) if graph.locs else (),
    )
    inputs = (*form.inputs, *(x.array() for x in lifted.values()))
    return replace(form, module=form.module.with_graph(main.name, lifted_graph), inputs=inputs)
