"""inline: bodies of called functions and of composites take the place of the call, so that passes
see through them.
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.check import callees
from compiler.contract import EXACT
from compiler.errors import Loc
from compiler.ir import Graph, Module, Node
from compiler.prune import renumber
from compiler.rewrite import Pass, Trace, ops_text
from compiler.rules.regions import rewrite_regions

SIZE_CAP = 50_000  # ops of one function: calls that call twice, and so on, would fill the memory


def run(module: Module, trace: Trace) -> Module:
    """Inline every call, callees first; what nobody calls any more is left to dce."""
    if not any(callees(f.graph) for f in module.functions):
        return module
    done: dict[str, Graph] = {}
    for name in _callees_first(module):
        graph = module.by_name[name].graph
        done[name] = expand(graph, done, trace)
        if done[name] is not graph:
            module = module.with_graph(name, done[name])
    return module


def expand(graph: Graph, bodies: dict[str, Graph], trace: Trace) -> Graph:
    """``graph`` with the calls replaced by the given bodies; the same object if there is none."""
    if not callees(graph):
        return graph
    new = list(range(len(graph.params)))
    nodes: list[Node] = []
    locs: list[Loc | None] = []
    at = len(graph.params)

    def copy(node: Node, loc: Loc | None, values: list[int]) -> None:
        nonlocal at
        nodes.append(renumber(node, values))
        locs.append(loc)
        values.extend(range(at, at + len(node.types)))
        at += len(node.types)

    for i, node in enumerate(graph.nodes):
        loc = graph.loc(i)
        node = rewrite_regions(node, lambda r: expand(r, bodies, trace), trace)
        body = None
        if node.op in ("call", "composite"):
            body = bodies[node.attr("callee") or node.attr("decomposition")]
            if len(nodes) + len(body.nodes) > SIZE_CAP:
                body = None
        if body is None or not trace.apply(
            "inline", f"inline/{node.op}", EXACT, loc, _describe(graph, i, body)
        ):
            copy(node, loc, new)
            continue
        inner = [new[v] for v in node.operands]
        for k, n in enumerate(body.nodes):
            copy(n, body.loc(k) or loc, inner)
        new.extend(inner[v] for v in body.results)
    results = tuple(new[v] for v in graph.results)
    return Graph(graph.params, tuple(nodes), results, tuple(locs) if any(locs) else ())


def _describe(graph: Graph, i: int, body: Graph) -> Callable[[], tuple[str, str]]:
    return lambda: (ops_text(graph, i), ops_text(body))


def _callees_first(module: Module) -> list[str]:
    order: dict[str, None] = {}
    for f in module.functions:
        stack = [f.name]
        while stack:
            name = stack[-1]
            waiting = [c for c in callees(module.by_name[name].graph) if c not in order]
            if waiting:
                stack += waiting
                continue
            order[name] = None
            stack.pop()
    return list(order)


PASS = Pass("inline", EXACT, run)
