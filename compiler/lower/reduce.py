"""Lowering of reduce: one nest, in the canonical order, where its body is scalar code.

The order is ``lanes`` where the body is one commutative op with an identity and the reduced
dimensions lie innermost in memory (dimensions of size 1 do not count); else it is ``sequential``.
It depends on the op alone, never on what it is fused with, so that fusion keeps every bit.

Any other body, such as one with a loop in it, runs once for each element (:mod:`.loops`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Graph, Node, TensorType
from compiler.lower import loops
from compiler.lower.scope import Scope, from_argument
from compiler.lower.table import lowering
from compiler.nest.ir import Body, Map

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer

# (scope, index of the result, index of the reduced dimensions) -> an element of each input
Elements: TypeAlias = Callable[[Scope, Sequence[int], Sequence[int]], Iterable[int]]


@lowering("reduce")
def reduce(program: Lowerer, node: Node) -> None:
    """Append the nest of one reduce, with its operands inlined where they are not in memory."""
    inputs = node.operands[: len(node.types)]
    shape, dims = program.graph.types[inputs[0]].shape, sorted(node.attr("dimensions"))
    kept = [d for d in range(len(shape)) if d not in dims]

    def elements(at: Scope, outer: Sequence[int], inner: Sequence[int]) -> list[int]:
        place = dict(zip(kept + dims, (*outer, *inner), strict=True))
        index = at.index(shape, [place[d] for d in range(len(shape))])
        return [at.value(v, index) for v in inputs]

    alone = len(inputs) == 1 and innermost(shape, dims)
    fold(
        program,
        node,
        tuple(shape[d] for d in kept),
        tuple(shape[d] for d in dims),
        elements,
        _identity(node.regions[0]) if alone else None,
    )


def fold(
    program: Lowerer,
    node: Node,
    domain: tuple[int, ...],
    reduced: tuple[int, ...],
    elements: Elements,
    identity: bytes | None = None,
) -> None:
    """Append what folds elements by the region of ``node``, starting from its init values.

    Args:
        program: where to.
        node: its operands are inputs, then init values.
        domain: the shape of the results.
        reduced: the shape of what is folded for each result.
        elements: the elements at an index of the domain and one of the reduced dimensions.
        identity: bytes of the neutral element, if the order is ``lanes``.
    """
    if not program.is_scalar_code(node.regions[0]):
        _by_loops(program, node, domain, reduced, elements)
        return
    at = program.scope()
    index = at.loops((*domain, *reduced)).dims
    values = elements(at, index[: len(domain)], index[len(domain) :])
    body = at.s.body(*_converted(at, values, node))
    start = program.scope()
    inits = node.operands[len(node.types) :]
    program.reduce(
        node,
        domain=domain,
        reduced=reduced,
        body=body,
        inits=start.s.body(*_converted(start, map(start.scalar, inits), node)),
        combine=combine(program, node, node.regions[0]),
        order="sequential" if identity is None else "lanes",
        identity=() if identity is None else (identity,),
    )


def _converted(at: Scope, values: Iterable[int], node: Node) -> list[int]:
    """Values as the body takes them: it may compute in a wider type than that of the inputs."""
    return [at.convert(v, t.dtype) for v, t in zip(values, node.types, strict=True)]


def _by_loops(
    program: Lowerer,
    node: Node,
    domain: tuple[int, ...],
    reduced: tuple[int, ...],
    elements: Elements,
) -> None:
    """For every result: acc = init; for every element, in row-major order: acc = body(acc, it)."""
    inits = node.operands[len(node.types) :]
    results = program.results()
    accs, values = (loops.scalars(program, [t.dtype for t in node.types]) for _ in range(2))
    with loops.loop(program, prod(domain)) as result:
        at = program.scope()
        init = _converted(at, map(at.scalar, inits), node)
        program.append(Map("init", (), at.s.body(*init), accs))
        with loops.loop(program, prod(reduced)) as step:
            at = program.scope()
            made = elements(at, at.split(result(at), domain), at.split(step(at), reduced))
            program.append(Map("element", (), at.s.body(*_converted(at, made, node)), values))
            loops.run(program, node.regions[0], (*accs, *values), node.captures, accs)
        for acc, out in zip(accs, results, strict=True):
            loops.store(program, acc, out, result)


def innermost(shape: tuple[int, ...], dims: list[int]) -> bool:
    """Whether ``dims`` are the last dimensions among those that are not of size 1."""
    order = [d in dims for d in range(len(shape)) if shape[d] != 1]
    return any(order) and order == sorted(order)


def combine(program: Lowerer, node: Node, region: Graph) -> Body:
    """The region as scalar code on arguments; captured values are read from their sources."""
    count = len(region.params) - len(node.captures)
    sources = {k: from_argument(k, t.dtype) for k, t in enumerate(region.params[:count])}
    for k, v in enumerate(node.captures):
        sources[count + k] = program.captured(v)
    at = Scope(program.flat(region), sources)
    return at.s.body(*(at.scalar(v) for v in at.graph.results))


def _identity(region: Graph) -> bytes | None:
    """The neutral element's bytes, where the region is one op that has one."""
    if len(region.nodes) != 1 or region.results != (2,) or len(region.params) != 2:
        return None
    node = region.nodes[0]
    if sorted(node.operands) != [0, 1] or region.params[0] != TensorType((), node.type.dtype):
        return None
    value = identity_value(node.op, node.type.dtype)
    return None if value is None else np.asarray(value).astype(node.type.dtype.numpy).tobytes()


def identity_value(op: str, dtype: DType) -> Any:
    """The neutral element of a reducer op, ``None`` for an op without one."""
    kind = "max" if op == "maximum" else "min"
    if op in ("maximum", "minimum"):
        if dtype.is_float:
            return -np.inf if kind == "max" else np.inf
        if dtype.is_integer:
            limits = np.iinfo(dtype.numpy)
            return np.array(limits.min if kind == "max" else limits.max, dtype.numpy)
        return kind == "min"
    if op == "add":
        return -0.0 if dtype.is_float else 0
    if op == "multiply":
        return 1
    if op == "and":
        return True if dtype.kind == "bool" else np.array(~dtype.numpy.type(0))
    return 0 if op in ("or", "xor") else None
