"""Matrix chains: (A B) C or A (B C), whichever multiplies less, by dynamic programming over each
chain.

Part of the pass ``reorder``. Exact for integers; floats need ``reassoc``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from compiler.build import Builder
from compiler.contract import EXACT, allow
from compiler.ir import Graph, Module, Node, TensorType
from compiler.prune import prune, renumber
from compiler.rewrite import Trace, ops_text
from compiler.rules.regions import rewrite_regions

RULE = "reorder/matrix-chain"
LONGEST = 64  # factors; the search is cubic


@dataclass(frozen=True, slots=True)
class Chain:
    """A tree of products.

    Attributes:
        factors: value numbers of the matrices (the first and the last may be vectors), from left to
            right.
        cost: scalar multiplications of the tree as it stands.
    """

    factors: tuple[int, ...]
    cost: int


def rebracket(module: Module, trace: Trace) -> Module:
    """The module with every chain in its cheapest order."""
    return module.map(lambda g: _graph(g, trace))


def is_product(graph: Graph, node: Node) -> bool:
    """Whether a node is a plain product of matrices or vectors: last dimension with first, one
    dtype throughout.
    """
    if node.op != "dot_general" or node.attr("lhs_batching_dimensions"):
        return False
    x, y = (graph.types[v] for v in node.operands)
    dims = (node.attr("lhs_contracting_dimensions"), node.attr("rhs_contracting_dimensions"))
    if x.rank not in (1, 2) or y.rank not in (1, 2) or dims != ((x.rank - 1,), (0,)):
        return False
    plain = not node.attr("precision_config") and node.attr("algorithm") is None
    return plain and x.dtype is y.dtype is node.type.dtype


def _graph(graph: Graph, trace: Trace) -> Graph:
    nodes = [rewrite_regions(n, lambda r: _graph(r, trace), trace) for n in graph.nodes]
    if any(a is not b for a, b in zip(nodes, graph.nodes, strict=True)):
        graph = replace(graph, nodes=tuple(nodes))
    plans = _plans(graph, trace)
    return _rebuild(graph, plans) if plans else graph


def _plans(graph: Graph, trace: Trace) -> dict[int, tuple[tuple[int, ...], list[list[int]]]]:
    """For the roots of chains to change: factors and where to split."""
    chains: dict[int, Chain] = {}
    inner: set[int] = set()
    for i, node in enumerate(graph.nodes):
        if is_product(graph, node):
            chains[graph.first[i]] = _chain(graph, node, chains, inner)
    out = {}
    for i, node in enumerate(graph.nodes):
        chain = chains.get(graph.first[i])
        if chain is None or graph.first[i] in inner or not 3 <= len(chain.factors) <= LONGEST:
            continue
        best, splits = plan([graph.types[v] for v in chain.factors])
        contract = EXACT if node.type.dtype.is_integer else allow("reassoc")
        if best < chain.cost and trace.apply(
            "reorder", RULE, contract, graph.loc(i), _describe(graph, i, chain, best)
        ):
            out[i] = (chain.factors, splits)
    return out


def _describe(graph: Graph, i: int, chain: Chain, best: int) -> Callable[[], tuple[str, str]]:
    after = f"the same product in another order: {best} multiplications instead of {chain.cost}"
    return lambda: (ops_text(graph, i), after)


def _chain(graph: Graph, node: Node, chains: dict[int, Chain], inner: set[int]) -> Chain:
    """The chain that ends in ``node``: operands that are products of their own, used only here, are
    opened.
    """
    x, y = node.operands
    left, right = chains.get(x), chains.get(y)
    # The contracted dimension must belong to the neighbouring factor: a vector there has none left.
    if left and (graph.use_counts[x] > 1 or graph.types[left.factors[-1]].rank == 1):
        left = None
    if right and (graph.use_counts[y] > 1 or graph.types[right.factors[0]].rank == 1):
        right = None
    cost = node.type.size * graph.types[y].shape[0]
    factors: tuple[int, ...] = ()
    for v, part in ((x, left), (y, right)):
        factors += part.factors if part else (v,)
        if part:
            cost += part.cost
            inner.add(v)
    return Chain(factors, cost)


def plan(types: list[TensorType]) -> tuple[int, list[list[int]]]:
    """Least number of multiplications, and where to split the factors i..j (``splits[i][j]``: last
    factor on the left).
    """
    first, last = types[0], types[-1]
    sizes = [first.shape[0] if first.rank == 2 else 1]  # a vector stands for a row at the left,
    sizes += [t.shape[-1] for t in types[:-1]]
    sizes.append(last.shape[1] if last.rank == 2 else 1)  # and for a column at the right
    n = len(types)
    cost = [[0] * n for _ in range(n)]
    splits = [[0] * n for _ in range(n)]
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            options = [
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i][j], splits[i][j] = min(options)
    return cost[0][n - 1], splits


def _rebuild(graph: Graph, plans: dict[int, tuple[tuple[int, ...], list[list[int]]]]) -> Graph:
    b = Builder(graph.params)
    new = list(range(len(graph.params)))
    keep = []

    def product(factors: tuple[int, ...], splits: list[list[int]], i: int, j: int, at: int) -> int:
        if i == j:
            return new[factors[i]]
        k = splits[i][j]
        x = product(factors, splits, i, k, at)
        y = product(factors, splits, k + 1, j, at)
        return b.emit(
            "dot_general",
            [x, y],
            lhs_contracting_dimensions=(b.types[x].rank - 1,),
            rhs_contracting_dimensions=(0,),
            loc=graph.loc(at),
        )

    for i, node in enumerate(graph.nodes):
        if i in plans:
            factors, splits = plans[i]
            first = product(factors, splits, 0, len(factors) - 1, i)
        else:
            first = b.add(renumber(node, new), graph.loc(i))
        new.extend(range(first, first + len(node.types)))
        counts = graph.use_counts[graph.first[i] : graph.first[i] + len(node.types)]
        if not any(counts):
            keep.append(first)
    return prune(b.graph([new[v] for v in graph.results]), keep)
