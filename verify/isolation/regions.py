"""Edits of control flow: a branch or a body in the place of its op, less that a loop carries, ops
of regions cut.

As in :mod:`verify.isolation.edits`, each gives smaller well-typed programs and none looks at what
fails. A loop of which nothing changes that its condition reads is never proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from compiler.build import Builder
from compiler.ir import Array, Graph, Literal, Module, Node
from compiler.passes.results import capture_carried, keep_results, needed_results
from compiler.prune import prune, renumber
from compiler.regions import CONTROL, argument_use, splice, tidy_captures
from verify.isolation.edits import Program
from verify.isolation.slices import trim, with_main

REGIONS = (*CONTROL, "map")  # ops that are edited inside

Path: TypeAlias = tuple[int, ...]  # node, region, node, ..., node
# Appends what stands in the place of a node of the new graph; the values of the node's results.
Put: TypeAlias = Callable[[Builder, Node], Sequence[int]]


def hoisted(module: Module, inputs: Sequence[Array]) -> Iterator[Program]:
    """The program with one op of control flow replaced by what it starts with, or by one of its
    regions.
    """
    for path, node in _controls(module.main.graph):
        if node.op == "while":
            yield _edited(module, inputs, path, lambda _builder, n: n.operands)
        first = 1 if node.op == "while" else 0  # a condition returns something else
        for k in range(first, len(node.regions)):
            yield _edited(module, inputs, path, partial(_region, k))


def _region(k: int, builder: Builder, node: Node) -> Sequence[int]:
    return splice(
        builder, node.regions[k], node.uses if node.op == "while" else node.captures, None
    )


def fewer_values(module: Module, inputs: Sequence[Array]) -> Iterator[Program]:
    """The program with a branch less, without the results of one op that nothing uses, or with one
    value that a loop captures in place of carrying it.
    """
    graph = module.main.graph
    for path, node in _controls(graph):
        if node.op == "case" and len(node.regions) > 1:
            for k in range(len(node.regions)):
                yield _edited(module, inputs, path, partial(_without_branch, k))
        keep = needed_results(node, _used(graph, path))
        if len(keep) < len(node.types):
            yield _edited(module, inputs, path, partial(_keeping, keep))
        if node.op == "while" and len(node.types) > 1:
            for k in range(len(node.types)):
                if _may_end(capture_carried(node, [k])):
                    yield _edited(module, inputs, path, partial(_capturing, k))


def _without_branch(k: int, builder: Builder, node: Node) -> Sequence[int]:
    regions = (*node.regions[:k], *node.regions[k + 1 :])
    return _whole(builder, node._replace(regions=regions))


def _keeping(keep: Sequence[int], builder: Builder, node: Node) -> Sequence[int]:
    first = _whole(builder, keep_results(node, keep))[0]
    made = {k: first + at for at, k in enumerate(keep)}
    return [made.get(k, first) for k in range(len(node.types))]  # nothing uses the others


def _capturing(k: int, builder: Builder, node: Node) -> Sequence[int]:
    made = list(_whole(builder, capture_carried(node, [k])))
    made.insert(k, node.operands[k])
    return made


def _whole(builder: Builder, node: Node) -> Sequence[int]:
    """Append a node; all its results."""
    first = builder.add(tidy_captures(node))
    return range(first, first + len(node.types))


def cut_regions(module: Module, inputs: Sequence[Array]) -> Iterator[Program]:
    """The program with one op of one region replaced by an earlier value of its type, by zeros or
    by ones; last op first.
    """
    for path, node in _controls(module.main.graph, REGIONS):
        for k, region in enumerate(node.regions):
            for smaller in _shorter(region):
                regions = (*node.regions[:k], smaller, *node.regions[k + 1 :])
                if _may_end(node._replace(regions=regions)):
                    yield _edited(module, inputs, path, partial(_with_regions, regions))


def _with_regions(regions: tuple[Graph, ...], builder: Builder, node: Node) -> Sequence[int]:
    return _whole(builder, node._replace(regions=regions))


def _shorter(graph: Graph) -> Iterator[Graph]:
    """``graph`` with one op less, or with a constant in the place of one."""
    for i in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[i]
        if len(node.types) != 1:
            continue
        same = [v for v in dict.fromkeys(node.uses) if graph.types[v] == node.type]
        for v in same[:2]:
            yield _cut(graph, i, v)
        if node.op != "constant":
            for value in (0, 1):
                yield _cut(graph, i, Literal.splat(node.type, value))


def _cut(graph: Graph, index: int, by: int | Literal) -> Graph:
    """``graph`` with a constant, or a value that node ``index`` uses, for that node's result."""

    def put(builder: Builder, node: Node) -> Sequence[int]:
        if isinstance(by, Literal):
            return [builder.constant(by)]
        return [node.uses[graph.nodes[index].uses.index(by)]]

    return _replaced(graph, (index,), put)


def _may_end(node: Node) -> bool:
    """Whether the body of a loop changes something of what its condition reads."""
    if node.op != "while":
        return True
    cond, body = node.regions
    read = {k for k in argument_use(cond, cond.results) if k < len(node.types)}
    return any(body.results[k] != k for k in read)


def _controls(
    graph: Graph, ops: Sequence[str] = CONTROL, path: Path = ()
) -> Iterator[tuple[Path, Node]]:
    """Ops with regions at any depth, last first, outer ones before those in them."""
    for i in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[i]
        if node.op in ops:
            yield (*path, i), node
            for k, region in enumerate(node.regions):
                yield from _controls(region, ops, (*path, i, k))


def _used(graph: Graph, path: Path) -> list[bool]:
    """Which results of the node at ``path`` are used."""
    i, *rest = path
    if rest:
        return _used(graph.nodes[i].regions[rest[0]], tuple(rest[1:]))
    first = graph.first[i]
    return [count > 0 for count in graph.use_counts[first : first + len(graph.nodes[i].types)]]


def _edited(module: Module, inputs: Sequence[Array], path: Path, put: Put) -> Program:
    return trim(with_main(module, _replaced(module.main.graph, path, put)), inputs)


def _replaced(graph: Graph, path: Path, put: Put) -> Graph:
    """``graph`` with what ``put`` gives in the place of the node at ``path``, without dead ops."""
    target, *rest = path
    builder = Builder(graph.params)
    new = list(range(len(graph.params)))
    for i, node in enumerate(graph.nodes):
        moved = renumber(node, new)
        if i != target:
            first = builder.add(moved)
            new.extend(range(first, first + len(node.types)))
        elif rest:
            k, *inner = rest
            region = _replaced(node.regions[k], tuple(inner), put)
            regions = (*node.regions[:k], region, *node.regions[k + 1 :])
            new.extend(_whole(builder, moved._replace(regions=regions)))
        else:
            new.extend(put(builder, moved))
    return prune(builder.graph([new[v] for v in graph.results]))
