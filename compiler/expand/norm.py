"""Batch normalisation by the specification's formulas; 16-bit floats in f32, rounded at the end."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from compiler.dtypes import F32
from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Graph, Node, TensorType


class Batch:
    """Operands of one node, in the type that is computed in.

    Attributes:
        operands: converted.
        epsilon: rounded to the type of the operands, a vector with an element a feature.
        count: elements a feature, in the same form.
    """

    def __init__(self, emit: Emit, node: Node, operands: Sequence[Value]) -> None:
        own = node.type.dtype
        dtype = F32 if own.bits == 16 else own
        self.emit, self.own = emit, own
        self.axis = node.attr("feature_index")
        self.operands = [x.convert(dtype) for x in operands]
        self.whole = TensorType(operands[0].shape, dtype)
        shape = self.whole.shape
        vector = TensorType((shape[self.axis],), own)
        size = prod(n for d, n in enumerate(shape) if d != self.axis)
        self.epsilon = emit.splat(vector, node.attr("epsilon")).convert(dtype)
        self.count = emit.splat(vector, size).convert(dtype)

    def feature(self, x: Value) -> Value:
        """A vector with an element a feature, as large as the whole tensor."""
        dims = (self.axis,)
        return self.emit.op("broadcast_in_dim", x, types=[self.whole], broadcast_dimensions=dims)

    def total(self, x: Value) -> Value:
        """The sum of each feature."""
        scalar = TensorType((), x.dtype)
        dims = tuple(d for d in range(len(x.shape)) if d != self.axis)
        zero = self.emit.splat(scalar, 0)
        return self.emit.op("reduce", x, zero, regions=[_sum(self.emit, scalar)], dimensions=dims)

    def root(self, variance: Value) -> Value:
        """``sqrt(variance + epsilon)``."""
        return self.emit.op("sqrt", variance + self.epsilon)

    def normal(self, x: Value, scale: Value, offset: Value, mean: Value, variance: Value) -> Value:
        """``scale * (x - mean) / sqrt(variance + epsilon) + offset``."""
        made = (x - self.feature(mean)) / self.feature(self.root(variance))
        return self.feature(scale) * made + self.feature(offset)

    def results(self, *made: Value) -> list[Value]:
        """In the type of the operands."""
        return [x.convert(self.own) for x in made]


def _sum(emit: Emit, scalar: TensorType) -> Graph:
    return emit.region([scalar, scalar], lambda _emit, a, b: a + b)


@expansion("batch_norm_inference")
def _inference(emit: Emit, node: Node, operands: Sequence[Value]) -> list[Value]:
    b = Batch(emit, node, operands)
    return b.results(b.normal(*b.operands))


@expansion("batch_norm_training")
def _training(emit: Emit, node: Node, operands: Sequence[Value]) -> list[Value]:
    """Mean and variance of the batch are results, too."""
    b = Batch(emit, node, operands)
    x, scale, offset = b.operands
    mean = b.total(x) / b.count
    centered = x - b.feature(mean)
    variance = b.total(centered * centered) / b.count
    return b.results(b.normal(x, scale, offset, mean, variance), mean, variance)


@expansion("batch_norm_grad")
def _grad(emit: Emit, node: Node, operands: Sequence[Value]) -> list[Value]:
    """The gradients of operand, scale and offset."""
    b = Batch(emit, node, operands)
    x, scale, mean, variance, grad = b.operands
    centered = x - b.feature(mean)
    root = b.root(variance)
    total, product = b.total(grad), b.total(grad * centered)
    inner = grad * b.feature(b.count) - b.feature(total)
    inner = inner - b.feature(product) * centered / b.feature(variance + b.epsilon)
    operand = b.feature(scale / root / b.count) * inner
    by_scale = b.total(grad * (centered / b.feature(root)))
    return b.results(operand, by_scale, total)
