"""Ops of control flow with fewer results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compiler.ir import Graph, Node
from compiler.prune import renumber
from compiler.regions import BRANCHES, argument_use, tidy_captures, with_params


def needed_results(node: Node, wanted: Sequence[bool]) -> list[int]:
    """The results that ``node`` must keep so that those ``wanted`` stay what they are; at least
    one. All of them, where the op has no part for each result.
    """
    everything = list(range(len(node.types)))
    if node.op == "while":
        keep = _carried(node, wanted)
    elif node.op in BRANCHES:
        keep = {k for k in everything if wanted[k]}
    else:
        return everything
    return sorted(keep or {0})


def _carried(node: Node, wanted: Sequence[bool]) -> set[int]:
    """What a loop must carry: wanted results, what the condition reads, and what these depend on.

    A body is the whole of what changes a value: whether and how often it runs depends on the
    condition alone.
    """
    cond, body = node.regions
    count = len(node.types)
    todo = {k for k in range(count) if wanted[k]} | argument_use(cond, cond.results)
    keep: set[int] = set()
    while todo:
        k = todo.pop()
        if k < count and k not in keep:
            keep.add(k)
            todo |= argument_use(body, [body.results[k]])
    return keep


def keep_results(node: Node, keep: Sequence[int]) -> Node:
    """``node`` with the results ``keep`` alone, as :func:`needed_results` gives them."""
    types = tuple(node.types[k] for k in keep)
    if node.op in BRANCHES:
        regions = [_returning(r, keep) for r in node.regions]
        return node._replace(types=types, regions=tuple(regions))
    cond, body = node.regions
    operands = tuple(node.operands[k] for k in keep)
    regions = [_carrying(r, node, keep) for r in (cond, _returning(body, keep))]
    return node._replace(operands=operands, types=types, regions=tuple(regions))


def capture_carried(node: Node, same: Sequence[int]) -> Node:
    """A loop that captures what it starts with for the carried values ``same``, and does not carry
    them: what it computes where its body hands them on unchanged. At least one value must stay.
    """
    keep = [k for k in range(len(node.types)) if k not in same]
    cond, body = (_capturing(r, same) for r in node.regions)
    results = tuple(k if k in same else v for k, v in enumerate(body.results))
    regions = (cond, replace(body, results=results))
    captures = (*node.captures, *(node.operands[k] for k in same))
    return tidy_captures(keep_results(node._replace(regions=regions, captures=captures), keep))


def _capturing(graph: Graph, same: Sequence[int]) -> Graph:
    """A region of a loop that reads further captures in the place of its arguments ``same``."""
    params = (*graph.params, *(graph.params[k] for k in same))
    new = list(range(len(graph.params)))
    for at, k in enumerate(same, start=len(new)):
        new[k] = at
    return with_params(graph, params, new)


def _returning(graph: Graph, keep: Sequence[int]) -> Graph:
    return replace(graph, results=tuple(graph.results[k] for k in keep))


def _carrying(graph: Graph, node: Node, keep: Sequence[int]) -> Graph:
    """A region of a loop with the block arguments ``keep``, without dead ops that use others."""
    count = len(node.types)
    place = {k: at for at, k in enumerate(keep)}
    new = [place.get(k, -1) for k in range(count)]
    new += range(len(keep), len(keep) + len(node.captures))
    params = tuple(t for k, t in enumerate(graph.params) if k >= count or k in place)
    return with_params(_without_users(graph, set(range(count)) - set(keep)), params, new)


def _without_users(graph: Graph, gone: set[int]) -> Graph:
    """``graph`` without the ops that depend on parameters ``gone``, on which no result depends."""
    lost = set(gone)
    new = list(range(len(graph.params)))
    at, nodes, locs = len(graph.params), [], []
    for i, node in enumerate(graph.nodes):
        made = range(graph.first[i], graph.first[i] + len(node.types))
        if any(v in lost for v in node.uses):
            lost.update(made)
            new.extend([-1] * len(made))
            continue
        nodes.append(renumber(node, new))
        locs.append(graph.loc(i))
        new.extend(range(at, at + len(made)))
        at += len(made)
    results = tuple(new[v] for v in graph.results)
    return Graph(graph.params, tuple(nodes), results, tuple(locs) if graph.locs else ())
