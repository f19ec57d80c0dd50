"""Bugs in the lowering of reads and writes at computed places, and of sort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from compiler.dtypes import BY_NAME, I64
from compiler.ir import Node
from compiler.lower import gather as lower_gather
from compiler.lower import scatter as lower_scatter
from compiler.lower.scope import Index, Scope
from compiler.nest.ir import Scatter
from verify.faults.base import Value, changed, declare, lowered, patched
from verify.faults.fold import last_nest

Clamped = Callable[[Scope, int, Index, int], int]
FAR = 1 << 40  # beyond all starts


def _late_clamp(old: Value) -> Value:
    """Start and offset are added first, and their sum is clamped to the last element."""

    def far(clamped: Clamped) -> Clamped:
        return lambda at, v, index, most: clamped(at, v, index, most and FAR)

    def run(at: Scope, node: Node, index: Index) -> int:
        x, value = node.operands[0], at.value
        shape = at.graph.types[x].shape
        if 0 in shape:
            return old(at, node, index)

        def near(v: int, place: Index) -> int:
            if v != x:
                return value(v, place)
            dims = [at.op("smin", d, at.i64(n - 1)) for d, n in zip(place.dims, shape, strict=True)]
            return value(v, at.index(shape, dims))

        with patched(lower_gather, "clamped", far)(), patched(at, "value", lambda _old: near)():
            return old(at, node, index)

    return run


def _signed_index(old: Clamped) -> Clamped:
    """An unsigned index is read as a signed one."""

    def clamped(at: Scope, v: int, index: Index, most: int) -> int:
        dtype = at.graph.types[v].dtype
        if dtype.kind != "uint" or dtype.narrow or most <= 0:
            return old(at, v, index, most)
        start = at.op("bitcast", at.value(v, index), dtype=BY_NAME[dtype.name[1:]])
        start = at.op("smax", at.convert(start, I64), at.i64(0))
        return at.op("smin", start, at.i64(most))

    return clamped


def _wraps_negative(old: Value) -> Value:
    """A negative start counts from the end, as Python has it."""

    def negative(clamped: Clamped) -> Clamped:
        def run(at: Scope, v: int, index: Index, most: int) -> int:
            start = clamped(at, v, index, most)
            if at.graph.types[v].dtype.kind != "int" or most <= 0:
                return start
            raw = at.convert(at.value(v, index), I64)
            wrapped = at.op("smax", at.shift(raw, most + 1), at.i64(0))
            return at.select(at.compare("lt", raw, at.i64(0)), wrapped, start)

        return run

    def run(at: Scope, node: Node, index: Index) -> int:
        with patched(lower_gather, "clamped", negative)():
            return old(at, node, index)

    return run


def _clamps_to_end(old: Value) -> Value:
    """The start of an update may be the last element, so that the rest of the update is lost."""

    def wide(starts: Callable[..., list[int]]) -> Callable[..., list[int]]:
        return lambda at, operands, shape, sizes: starts(at, operands, shape, [1] * len(sizes))

    def run(at: Scope, node: Node, index: Index) -> int:
        with patched(lower_gather, "_starts", wide)():
            return old(at, node, index)

    return run


def _clamped_updates(old: Callable[..., int]) -> Callable[..., int]:
    """An index outside of the inputs is moved to the nearest one inside."""

    def start(at: Scope, indices: int, place: list[int], vector: int, k: int, size: int) -> int:
        found = at.op("smax", old(at, indices, place, vector, k, size), at.i64(0))
        return at.op("smin", found, at.i64(max(size - 1, 0)))

    return start


def _drops_last_update(nest: Scatter) -> Scatter:
    if not nest.domain or nest.domain[-1] < 3:
        return nest
    return replace(nest, domain=(*nest.domain[:-1], nest.domain[-1] - 1))


def _another_dimension(node: Node) -> Any:
    """The first dimension as long as the sorted one."""
    shape = node.type.shape
    return shape.index(shape[node.attr("dimension")])


declare(
    "gather-clamps-sum",
    "index clamping",
    "gather clamps start + offset instead of start",
    blame=("lower", "gather"),
    install=lowered("gather", _late_clamp),
    source="openxla/stablehlo#1541: where gather clamps; after adding offsets is too late",
)
declare(
    "unsigned-start-is-signed",
    "wrong signedness",
    "unsigned start indices of slices are read as signed, and clamped to 0",
    blame=("lower", ("gather", "dynamic_slice", "dynamic_update_slice")),
    install=patched(lower_gather, "clamped", _signed_index),
    source="openxla/xla#48717: constant unsigned indices with the top bit set fold to 0",
)
declare(
    "gather-start-map-sorted",
    "wrong axis",
    "gather takes the components of an index vector in the order of the dimensions",
    blame=("lower", "gather"),
    install=lowered(
        "gather", changed(start_index_map=lambda n: tuple(sorted(n.attr("start_index_map"))))
    ),
    source="openxla/xla#34260: a gather of constants is folded wrongly",
)
declare(
    "dynamic-slice-wraps-negative",
    "index clamping",
    "a negative start of dynamic_slice counts from the end",
    blame=("lower", "dynamic_slice"),
    install=lowered("dynamic_slice", _wraps_negative),
    source="jax-ml/jax#40849: a merged dynamic_slice misplaces starts out of range",
)
declare(
    "dynamic-update-clamps-to-end",
    "index clamping",
    "the start of dynamic_update_slice is clamped to the last element, not to where it fits",
    blame=("lower", "dynamic_update_slice"),
    install=lowered("dynamic_update_slice", _clamps_to_end),
    source="openxla/xla#49120: a dynamic-update-slice is written at the unclamped offset",
)
declare(
    "scatter-clamps",
    "index clamping",
    "scatter moves updates outside of the inputs to the nearest element instead of skipping them",
    blame=("lower", "scatter"),
    install=patched(lower_scatter, "_start", _clamped_updates),
    source="tensorflow/tensorflow#115255: indices outside of the operand clipped silently",
)
declare(
    "scatter-drops-last-update",
    "off by one",
    "scatter leaves out the last of three or more updates in a row",
    blame=("lower", "scatter"),
    install=lowered("scatter", last_nest(Scatter, _drops_last_update)),
    source="llvm/llvm-project#55167: wrong tail of a vectorised loop",
)
declare(
    "sort-wrong-dimension",
    "wrong axis",
    "sort along a dimension sorts the first one of that size",
    blame=("lower", "sort"),
    install=lowered("sort", changed(dimension=_another_dimension)),
    source="Shen et al., A Comprehensive Study of DL Compiler Bugs, ESEC/FSE 2021",
)
