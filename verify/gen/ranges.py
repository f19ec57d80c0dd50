"""Ranges of parameters, solved backwards: which inputs keep a program's functions in their domains.

From the results to the parameters each op asks for ranges of its operands
(:mod:`verify.gen.demands`). A value that several ops use gets what all of them ask; where that is
nothing, the demand of the last op stands, which is the one nearest to the results. Calls are
followed into the functions, and loops, branches and maps into their regions.

The result is a best effort: an op may be out of its domain all the same, which is no mistake.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from functools import cache
from math import inf

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array, Graph, Literal, Module, Node, TensorType
from verify.gen.demands import FREE, NEEDY, Range, asked, meet
from verify.gen.pool import SIZE, limits

SPAN = 8.0  # how far a range goes that has one end
_COPIES = frozenset({"broadcast_in_dim", "reshape", "convert", "optimization_barrier"})
_ASKED = NEEDY | {"call", "composite", "while", "if", "case", "map"}  # whatever is wanted of them
_MATCHED = frozenset({"optimization_barrier", "sort"})  # result k is made of operand k


def needs_ranges(module: Module) -> bool:
    """Whether any op of ``module``, also in its regions, is not finite everywhere."""
    return any(_needy(f.graph) for f in module.functions)


def _needy(graph: Graph) -> bool:
    return any(n.op in NEEDY or (n.regions and any(map(_needy, n.regions))) for n in graph.nodes)


def ranges(module: Module) -> list[Range]:
    """A range for each parameter of ``module.main``; ``FREE`` where nothing is asked."""
    graph = module.main.graph
    return _solve(module, graph, [FREE] * len(graph.results))


def _solve(module: Module, graph: Graph, wanted: Sequence[Range]) -> list[Range]:
    """What ``graph`` asks of its parameters if ``wanted`` is wanted of its results."""
    wants: list[Range] = [FREE] * len(graph.types)
    for v, want in zip(graph.results, wanted, strict=True):
        wants[v] = meet(wants[v], want)
    first = len(wants)
    for node in reversed(graph.nodes):
        end, first = first, first - len(node.types)
        if node.op in _ASKED or wants[first] is not FREE or end - first > 1:
            for v, want in _asked(module, graph, node, wants[first:end]):
                wants[v] = want if wants[v] is FREE else meet(wants[v], want)
    return wants[:first]


def _asked(
    module: Module, graph: Graph, node: Node, results: list[Range]
) -> list[tuple[int, Range]]:
    """What one node asks of values of its graph."""
    op, operands = node.op, node.operands
    if op in ("call", "composite"):
        name = node.attr("callee" if op == "call" else "decomposition")
        inner = _solve(module, module.by_name[name].graph, results)
        return list(zip(operands, inner, strict=True))
    if op in ("if", "case"):
        return [
            pair for region in node.regions for pair in _captured(module, node, region, results)
        ]
    if op == "while":
        condition, body = node.regions
        out = list(zip(operands, results, strict=True))
        out += _captured(module, node, condition, [FREE])
        return out + _captured(module, node, body, [FREE] * len(results))
    if op == "map":
        return _captured(module, node, node.regions[0], results)
    if op in _MATCHED:
        return list(zip(operands, results, strict=True))

    def known(k: int) -> Range | None:
        return _constant(graph, operands[k])

    def types(k: int) -> TensorType:
        return graph.types[operands[k]]

    # What no value can fulfil, such as a narrow sum with a wide constant, is not asked for.
    wants = asked(node, results[0], known, types)
    return [(operands[k], want) for k, want in wants if want[0] <= want[1]]


def _captured(
    module: Module, node: Node, region: Graph, results: list[Range]
) -> list[tuple[int, Range]]:
    """What a region asks of the values that its arguments and captures stand for."""
    inner = _solve(module, region, results)
    own = len(region.params) - len(node.captures)
    arguments = node.operands[:own] if node.op not in ("if", "case") else ()
    return list(zip((*arguments, *node.captures), inner, strict=True))


def _constant(graph: Graph, value: int) -> Range | None:
    """The smallest and the largest element of a constant, copied or not; ``None`` for others."""
    count = len(graph.params)
    while value >= count:
        node = graph.nodes[bisect(graph.first, value) - 1]
        if node.op == "constant":
            return _extent(node.attr("value"))
        if node.op not in _COPIES:
            break
        value = node.operands[0]
    return None


def _extent(literal: Literal) -> Range | None:
    if literal.is_splat:
        element = float(literal.item())
        return (element, element) if math.isfinite(element) else None
    elements = literal.array().astype(np.float64)
    if not elements.size or not np.isfinite(elements).all():
        return None
    return float(elements.min()), float(elements.max())


@cache
def _uniform() -> Array:
    """``SIZE`` read-only numbers from 0 to below 1, after a short ramp from 0."""
    out = np.random.RandomState(99).random_sample(SIZE)
    out[:16] = np.arange(16) / 16
    out.setflags(write=False)
    return out


def array_within(t: TensorType, want: Range, offset: int) -> Array:
    """An array of type ``t`` with values from a range, or near its finite end if the type has none
    there; ``offset`` chooses them, 0 gives a ramp.
    """
    low, high = _ends(want, t.dtype)
    start, size = offset % SIZE, t.size
    drawn = _uniform()[start : start + size]
    if drawn.size < size:
        drawn = np.resize(np.roll(_uniform(), -start), size)
    if t.dtype.is_float:
        values = low + (high - low) * drawn
    else:
        values = np.minimum(np.floor(low + (high - low + 1) * drawn), high)
    return values.astype(t.dtype.numpy).reshape(t.shape)


def _ends(want: Range, dtype: DType) -> Range:
    """A finite range for ``want``: :data:`SPAN` long where one end is infinite."""
    least, most = limits(dtype)
    low, high = want
    low = high - SPAN if low == -inf else low
    high = low + SPAN if high == inf else high
    low, high = min(max(low, least), most), min(max(high, least), most)
    if not dtype.is_float:
        low = math.ceil(low)
        high = max(low, math.floor(high))
    return low, high
