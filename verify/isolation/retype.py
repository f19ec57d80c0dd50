"""The same program over other sizes or element types, with shapes inferred anew and inputs cut to
fit.

Used by the reducer. Every function gives ``None`` where the program has no meaning at the new
types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from compiler.build import Builder, infer
from compiler.check import verify_module
from compiler.dtypes import DType
from compiler.errors import AssayError
from compiler.ir import Array, Graph, Literal, Module, Node, TensorType
from compiler.ops import OPS
from verify.isolation.slices import with_main

Shape = tuple[int, ...]


class NoFit(Exception):
    """The program has no meaning at the new types."""


def retype(
    module: Module,
    inputs: Sequence[Array],
    sizes: Mapping[int, int] | None = None,
    dtypes: Mapping[DType, DType] | None = None,
) -> tuple[Module, list[Array]] | None:
    """``module`` with every dimension of size ``d`` turned into ``sizes[d]`` and every element type
    into ``dtypes[t]``.

    Only modules without calls: inline them first. Inputs keep their leading elements.
    """
    change = Change(sizes or {}, dtypes or {})
    try:
        graph = change.graph(module.main.graph)
        new = with_main(module, graph)
        verify_module(new)
        arrays = [fit(x, t) for x, t in zip(inputs, graph.params, strict=True)]
    except (AssayError, NoFit, ValueError, IndexError):
        return None
    return new, arrays


def fit(array: Array, t: TensorType) -> Array:
    """The leading part of ``array`` in the shape and dtype of ``t``; ValueError if too small."""
    if len(array.shape) != len(t.shape) or any(
        a < b for a, b in zip(array.shape, t.shape, strict=True)
    ):
        raise ValueError(f"{array.shape} does not hold {t}")
    part = array[tuple(slice(0, n) for n in t.shape)]
    if part.dtype == t.dtype.numpy:
        return part.copy()
    with np.errstate(all="ignore"):
        return part.astype(t.dtype.numpy)


class Change:
    """Maps sizes and dtypes through a graph, node by node in order."""

    def __init__(self, sizes: Mapping[int, int], dtypes: Mapping[DType, DType]) -> None:
        self.sizes = sizes
        self.dtypes = dtypes

    def type(self, t: TensorType) -> TensorType:
        """The new form of a type that stands alone."""
        return TensorType(self.shape(t.shape), self.dtypes.get(t.dtype, t.dtype))

    def shape(self, shape: Shape) -> Shape:
        """The new form of a shape that stands alone."""
        return tuple(self.sizes.get(d, d) for d in shape)

    def graph(self, graph: Graph) -> Graph:
        """The new form of a whole graph."""
        builder = Builder([self.type(t) for t in graph.params])
        place = {i: i for i in range(len(graph.params))}
        for i, node in enumerate(graph.nodes):
            new = self.node(graph, node, place, builder)
            first = builder.add(new)
            place.update({graph.first[i] + k: first + k for k in range(len(node.types))})
        return builder.graph([place[v] for v in graph.results])

    def node(self, graph: Graph, node: Node, place: Mapping[int, int], builder: Builder) -> Node:
        """The new form of one op over operands that are changed already."""
        operands = tuple(place[v] for v in node.operands)
        captures = tuple(place[v] for v in node.captures)
        have = [graph.types[v] for v in node.operands]
        now = [builder.types[v] for v in operands]
        attrs = dict(node.attrs)
        regions = tuple(self.graph(r) for r in node.regions)
        stated: tuple[TensorType, ...] | None = None
        if node.op in STATED:
            dtype = self.dtypes.get(node.type.dtype, node.type.dtype)
            stated = (TensorType(STATED[node.op](self, node, have, now), dtype),)
        elif node.op == "constant":
            attrs["value"] = self.literal(attrs["value"])
        elif node.op == "slice":
            _slice(self, attrs, have[0].shape, now[0].shape)
        elif node.op in ("dynamic_slice", "gather"):
            attrs["slice_sizes"] = _slice_sizes(self, attrs, have[0].shape, now[0].shape)
        elif node.op == "compare" and now[0].dtype.kind != have[0].dtype.kind:
            attrs["compare_type"] = ""
        types = self._types(node, now, attrs, regions, stated)
        return Node(node.op, operands, tuple(attrs.items()), types, regions, captures)

    def _types(
        self,
        node: Node,
        now: list[TensorType],
        attrs: dict[str, Any],
        regions: tuple[Graph, ...],
        stated: tuple[TensorType, ...] | None,
    ) -> tuple[TensorType, ...]:
        if node.op == "dot_general":
            same = [TensorType(t.shape, now[0].dtype) for t in now]
            shape = infer(node.op, same, attrs)[0].shape
            stated = (TensorType(shape, self.dtypes.get(node.type.dtype, node.type.dtype)),)
        if node.op not in OPS:
            raise NoFit(node.op)
        return infer(
            node.op,
            now,
            attrs,
            regions=regions,
            results=stated,
            captures=len(node.captures),
        )

    def literal(self, literal: Literal) -> Literal:
        """The new form of a constant."""
        return Literal.of(fit(literal.array(), self.type(literal.type)))


def _broadcast(change: Change, node: Node, have: list[TensorType], now: list[TensorType]) -> Shape:
    shape = list(change.shape(node.type.shape))
    for i, d in enumerate(node.attr("broadcast_dimensions")):
        if have[0].shape[i] == node.type.shape[d] and now[0].shape[i] != 1:
            shape[d] = now[0].shape[i]
    return tuple(shape)


def _reshape(change: Change, node: Node, have: list[TensorType], now: list[TensorType]) -> Shape:
    """Map the dimensions; where the sizes no longer fit, merge groups of dimensions as before."""
    mapped = change.shape(node.type.shape)
    if prod(mapped) == prod(now[0].shape):
        return mapped
    out: list[int] = []
    for left, right in _groups(have[0].shape, node.type.shape):
        total = prod(now[0].shape[i] for i in left)
        if len(right) == 1:
            out.append(total)
            continue
        rest = [change.shape(node.type.shape)[j] for j in right]
        if prod(rest) != total:
            if not rest or total % max(prod(rest[1:]), 1):
                raise NoFit("reshape")
            rest[0] = total // max(prod(rest[1:]), 1)
        out += rest
    return tuple(out)


def _groups(a: Shape, b: Shape) -> list[tuple[list[int], list[int]]]:
    """Runs of dimensions of ``a`` and ``b`` with equal products, as short as possible."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(a) or j < len(b):
        left, right = [], []
        if i < len(a):
            left, i = [i], i + 1
        if j < len(b):
            right, j = [j], j + 1
        while prod(a[k] for k in left) != prod(b[k] for k in right):
            if prod(a[k] for k in left) < prod(b[k] for k in right) and i < len(a):
                left.append(i)
                i += 1
            elif j < len(b):
                right.append(j)
                j += 1
            else:
                raise NoFit("reshape")
        groups.append((left, right))
    return groups


def _iota(change: Change, node: Node, have: list[TensorType], now: list[TensorType]) -> Shape:
    return change.shape(node.type.shape)


def _as_operand(change: Change, node: Node, have: list[TensorType], now: list[TensorType]) -> Shape:
    return now[0].shape


def _bitcast(change: Change, node: Node, have: list[TensorType], now: list[TensorType]) -> Shape:
    if change.dtypes.get(node.type.dtype, node.type.dtype) is not node.type.dtype:
        raise NoFit("bitcast_convert")
    if node.type.rank == have[0].rank:
        return now[0].shape
    if node.type.rank > have[0].rank:
        return (*now[0].shape, node.type.shape[-1])
    return now[0].shape[:-1]


def _as_before(change: Change, node: Node, have: list[TensorType], now: list[TensorType]) -> Shape:
    """Operands say the shape: it stays, or the op does not fit."""
    if [t.shape for t in have] != [t.shape for t in now]:
        raise NoFit(node.op)
    return node.type.shape


# Ops whose result shape is stated, not inferred: how it follows from the new operands.
STATED: dict[str, Callable[[Change, Node, list[TensorType], list[TensorType]], Shape]] = {
    "broadcast_in_dim": _broadcast,
    "reshape": _reshape,
    "iota": _iota,
    "convert": _as_operand,
    "bitcast_convert": _bitcast,
    **{
        op: _as_before
        for op in (
            "dynamic_broadcast_in_dim",
            "dynamic_conv",
            "dynamic_gather",
            "dynamic_iota",
            "dynamic_pad",
            "dynamic_reshape",
            "real_dynamic_slice",
        )
    },
}


def _slice_sizes(change: Change, attrs: dict[str, Any], old: Shape, new: Shape) -> Shape:
    """Whole dimensions stay whole, dropped ones keep their size, the others follow."""
    dropped = {*attrs.get("collapsed_slice_dims", ()), *attrs.get("operand_batching_dims", ())}
    sizes = []
    for d, (size, before, after) in enumerate(zip(attrs["slice_sizes"], old, new, strict=True)):
        wanted = after if size == before else change.sizes.get(size, size)
        sizes.append(min(size if d in dropped else wanted, after))
    return tuple(sizes)


def _slice(change: Change, attrs: dict[str, Any], old: Shape, new: Shape) -> None:
    """Keep start and stride where they fit; the length follows the size that it had."""
    starts, limits = [], []
    rows = zip(
        attrs["start_indices"], attrs["limit_indices"], attrs["strides"], old, new, strict=True
    )
    for start, limit, stride, before, after in rows:
        length = -(-(limit - start) // stride)
        want = change.sizes.get(length, length)
        if limit == before:
            limit = after
        elif want:
            limit = min(start + (want - 1) * stride + 1, after)
        start = min(start, limit)
        starts.append(start)
        limits.append(limit)
    attrs["start_indices"], attrs["limit_indices"] = tuple(starts), tuple(limits)
