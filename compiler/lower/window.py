"""Lowering of reduce_window: one fold over the window of each result.

Where there is padding or base dilation, the padded input is made first, so that the fold reads at
indices that are linear in its loops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from compiler.ir import Node, TensorType
from compiler.lower.reduce import fold
from compiler.lower.scope import Scope, Source, from_buffer
from compiler.lower.shape import padded
from compiler.lower.table import lowering
from compiler.nest.ir import Map
from compiler.ops.window import dilated

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer


@lowering("reduce_window")
def reduce_window(program: Lowerer, node: Node) -> None:
    """Row-major over each window; padding holds the init value and takes part."""
    half = len(node.types)
    inputs, inits = node.operands[:half], node.operands[half:]
    low, high = zip(*node.attr("padding"), strict=True) if node.attr("padding") else ((), ())
    base = node.attr("base_dilations")
    sources = [
        padded_source(program, v, partial(Scope.scalar, v=i), low, high, base)
        for v, i in zip(inputs, inits, strict=True)
    ]
    shape = padded_shape(program.graph.types[inputs[0]].shape, low, high, base)
    strides, holes = node.attr("window_strides"), node.attr("window_dilations")

    def elements(at: Scope, outer: Sequence[int], inner: Sequence[int]) -> list[int]:
        index = at.index(shape, window_index(at, outer, inner, strides, holes))
        return [source(at, index) for source in sources]

    fold(program, node, node.type.shape, node.attr("window_dimensions"), elements)


def window_index(
    at: Scope,
    outer: Sequence[int],
    inner: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> list[int]:
    """Where element ``inner`` of window ``outer`` lies: ``outer * stride + inner * dilation``."""
    rows = zip(outer, inner, strides, dilations, strict=True)
    return [at.add(at.scale(i, step), at.scale(k, hole)) for i, k, step, hole in rows]


def padded_shape(
    shape: Sequence[int], low: Sequence[int], high: Sequence[int], base: Sequence[int]
) -> tuple[int, ...]:
    """The shape with holes between elements, then padding."""
    rows = zip(shape, low, high, base, strict=True)
    return tuple(max(lo + dilated(n, hole) + hi, 0) for n, lo, hi, hole in rows)


def padded_source(
    program: Lowerer,
    v: int,
    filler: Callable[[Scope], int],
    low: Sequence[int],
    high: Sequence[int],
    base: Sequence[int],
) -> Source:
    """How to read value ``v`` with ``base - 1`` holes between elements, then padded.

    Args:
        program: where the nest that pads goes, if one is needed.
        v: a value of the graph in work.
        filler: what stands in holes and padding.
        low: padding before the first element, by dimension.
        high: padding behind the last one.
        base: distance of the elements.
    """
    t = program.graph.types[v]
    shape = padded_shape(t.shape, low, high, base)
    if shape == t.shape and not any(low):
        return program.captured(v)
    at = program.scope()
    interior = [hole - 1 for hole in base]
    index = at.loops(shape)
    element = padded(at, lambda i: at.value(v, i), t.shape, index, low, interior, filler(at))
    wide = TensorType(shape, t.dtype)
    buffer = program.temporary(wide)
    program.append(Map("pad", shape, at.s.body(element), (buffer,)))
    return from_buffer(buffer, wide)
