"""Batch normalisation: the specification's formulas in ball arithmetic.

Source: StableHLO specification, *batch_norm_inference*, *batch_norm_training*, *batch_norm_grad*;
for the steps :mod:`verify.bounds.ball`.
"""

from __future__ import annotations

import numpy as np

from compiler.ir import Node
from verify.bounds.ball import Ball, Setting
from verify.bounds.core import Context, define
from verify.bounds.rounding import any_hull
from verify.bounds.value import Value


class Batch:
    """The balls of one node.

    Attributes:
        balls: of the operands.
        axes: all dimensions but that of features.
        shape: of a vector with an element a feature, to be combined with the whole tensor.
    """

    def __init__(self, ctx: Context, node: Node, operands: list[Value]) -> None:
        self.s = Setting.of(ctx, node.type.dtype)
        self.balls = [Ball.of(ctx, self.s, x) for x in operands]
        shape, axis = operands[0].shape, node.attr("feature_index")
        self.axes = tuple(d for d in range(len(shape)) if d != axis)
        self.shape = tuple(n if d == axis else 1 for d, n in enumerate(shape))
        self.size = int(np.prod([shape[d] for d in self.axes]))
        epsilon = np.asarray(node.attr("epsilon")).astype(node.type.dtype.numpy)
        self.epsilon = self.constant(float(epsilon))
        self.count = self.constant(float(self.size))

    def constant(self, value: float) -> Ball:
        """A number, rounded to the element type or not."""
        return Ball(self.s, np.asarray(value), np.asarray(abs(value) * self.s.f.u))

    def feature(self, x: Ball) -> Ball:
        """A vector with an element a feature, to be combined with the whole tensor."""
        return x.moved(lambda a: a.reshape(self.shape))

    def normal(self, x: Ball, scale: Ball, offset: Ball, mean: Ball, variance: Ball) -> Ball:
        """``scale * (x - mean) / sqrt(variance + epsilon) + offset``."""
        root = (variance + self.epsilon).sqrt()
        scale, offset, mean, root = map(self.feature, (scale, offset, mean, root))
        made = scale * ((x - mean) / root) + offset
        if self.s.loose:
            slope = scale / root
            made = made.or_else(x * slope + (offset - mean * slope))
            made = made.or_else((x - mean) * scale / root + offset)
        return made


@define("batch_norm_inference")
def _inference(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """``scale * (x - mean) / sqrt(variance + epsilon) + offset``, a rounding each step."""
    b = Batch(ctx, node, operands)
    return b.normal(*b.balls).value(node.type.dtype, any_hull(operands))


@define("batch_norm_training")
def _training(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """Multiplied out, the variance is E[x * x] - E[x] * E[x]."""
    b = Batch(ctx, node, operands)
    x, scale, offset = b.balls
    total = x.total(b.axes)
    mean = total / b.count
    centered = (x - b.feature(mean)).settled()  # not to be multiplied out but as below
    variance = (centered * centered).total(b.axes) / b.count
    if b.s.loose:
        square = total * total / (b.count * b.count)
        variance = variance.or_else((x * x).total(b.axes) / b.count - square)
    made = b.normal(x, scale, offset, mean, variance)
    hull = any_hull(operands)
    return [y.value(t.dtype, hull) for y, t in zip((made, mean, variance), node.types, strict=True)]


@define("batch_norm_grad")
def _grad(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """The gradients of operand, scale and offset."""
    b = Batch(ctx, node, operands)
    x, scale, mean, variance, grad = b.balls
    centered = x - b.feature(mean)
    shifted = variance + b.epsilon
    spread = shifted.sqrt()
    total, product = grad.total(b.axes), (grad * centered).total(b.axes)
    inner = grad * b.count - b.feature(total)
    inner = inner - b.feature(product) * centered / b.feature(shifted)
    operand = b.feature(scale / spread / b.count) * inner
    by_scale = (grad * (centered / b.feature(spread))).total(b.axes)
    if b.s.loose:
        by_scale = by_scale.or_else(product / spread)
    hull = any_hull(operands)
    made = (operand, by_scale, total)
    return [y.value(t.dtype, hull) for y, t in zip(made, node.types, strict=True)]
