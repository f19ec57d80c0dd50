"""Well-formedness of whole modules: every node by its type rule, every use after its definition,
every callee known.
"""

from __future__ import annotations

from compiler.build import Callee, infer, require_sizes
from compiler.errors import ConstraintError, Loc, UnsupportedError, VerifyError
from compiler.ir import Graph, Module, Node
from compiler.ops.table import Op
from compiler.ops.table import row as row_of


def verify_module(module: Module) -> None:
    """Raise VerifyError at the first node that breaks a rule, UnsupportedError for an op outside
    the table.
    """
    if len(module.by_name) != len(module.functions):
        raise VerifyError("module: two functions share a name")
    table = {f.name: (f.graph.params, f.graph.result_types) for f in module.functions}
    judged: set[object] = set()
    for f in module.functions:
        verify_graph(f.graph, table.get, judged)
    _no_recursion(module)


def verify_graph(graph: Graph, callee: Callee, judged: set[object] | None = None) -> None:
    """Check one graph and the regions in it; see :func:`verify_module`.

    ``judged``: ops without regions, in types and attributes, that were found to keep their rules:
    large texts repeat few of them.
    """
    judged = set() if judged is None else judged
    try:
        require_sizes(graph.params)
    except ConstraintError as e:
        raise VerifyError(f"parameters: {e}") from None
    known = len(graph.params)
    for i, n in enumerate(graph.nodes):
        loc = graph.loc(i)
        row = row_of(n.op)
        if row is None:
            raise UnsupportedError(f"unsupported op {n.op}", where=loc)
        uses = n.uses
        if uses and not (min(uses) >= 0 and max(uses) < known):
            raise VerifyError(f"{n.op}: uses a value before its definition", where=loc)
        for r in n.regions:
            verify_graph(r, callee, judged)
            wanted = tuple(graph.types[v] for v in n.captures)
            if wanted and r.params[-len(wanted) :] != wanted:
                raise VerifyError(f"{n.op}: captures do not fit the region", where=loc)
        known += len(n.types)
        operands = tuple([graph.types[v] for v in n.operands])
        key = (n.op, operands, n.attrs, n.types)
        if key in judged and not n.regions:
            continue
        _check_schema(n, row, loc)
        infer(
            n.op,
            operands,
            dict(n.attrs),
            regions=n.regions,
            results=n.types,
            callee=callee,
            loc=loc,
            captures=len(n.captures),
        )
        if not n.regions:
            judged.add(key)
    if any(not 0 <= v < known for v in graph.results):
        raise VerifyError("return: a result is not defined")


def _check_schema(node: Node, row: Op, loc: Loc | None) -> None:
    """Attributes must be exactly the table's, in its order (so that equal ops are equal nodes)."""
    if len(node.attrs) != len(row.attrs) or any(
        k != a.name for (k, _), a in zip(node.attrs, row.attrs, strict=True)
    ):
        have, want = [k for k, _ in node.attrs], [a.name for a in row.attrs]
        raise VerifyError(f"{node.op}: attributes are {have}, not {want}", where=loc)
    for (_, value), a in zip(node.attrs, row.attrs, strict=True):
        if a.choices and not set(value if isinstance(value, tuple) else (value,)) <= {*a.choices}:
            raise VerifyError(f"{node.op}: {a.name} {value} is none of {a.choices}", where=loc)
    if len(node.regions) != row.regions and (row.regions >= 0 or not node.regions):
        raise VerifyError(
            f"{node.op}: has {len(node.regions)} regions, not {row.regions}", where=loc
        )


def callees(graph: Graph) -> list[str]:
    """Names of the functions that ``graph`` calls or decomposes into, with regions, in order."""
    out: list[str] = []
    for n in graph.nodes:
        name = n.attr("callee") or n.attr("decomposition")
        if n.op in ("call", "composite") and name:
            out.append(name)
        for r in n.regions:
            out += callees(r)
    return out


def _no_recursion(module: Module) -> None:
    state: dict[str, int] = {}
    for f in module.functions:
        stack = [(f.name, iter(callees(f.graph)))]
        if state.get(f.name):
            continue
        state[f.name] = 1
        while stack:
            name, rest = stack[-1]
            for c in rest:
                if state.get(c) == 1:
                    raise VerifyError(f"call: function @{c} calls itself")
                if c not in state and c in module.by_name:
                    state[c] = 1
                    stack.append((c, iter(callees(module.by_name[c].graph))))
                    break
            else:
                state[name] = 2
                stack.pop()
