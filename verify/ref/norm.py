"""Batch normalisation (specification: *batch_norm_inference*, *batch_norm_training*,
*batch_norm_grad*): its formulas in higher precision, rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compiler.ir import Array, Node
from verify.ref.core import Context, define
from verify.ref.rounding import round_to, wider


class Batch:
    """Tensors of one node in higher precision.

    Attributes:
        wide: the dtype.
        axes: all dimensions but that of features.
        epsilon: rounded to the element type, as the specification has it.
        count: elements a feature.
    """

    def __init__(self, node: Node, x: Array) -> None:
        dtype = node.type.dtype
        axis = node.attr("feature_index")
        self.wide = wider(dtype)
        self.axes = tuple(d for d in range(x.ndim) if d != axis)
        self.shape = [n if d == axis else 1 for d, n in enumerate(x.shape)]
        self.epsilon = self.widened(np.asarray(node.attr("epsilon")).astype(x.dtype))
        self.count = self.widened(np.asarray(x.size // max(x.shape[axis], 1)).astype(x.dtype))

    def widened(self, x: Array) -> Any:
        """``x`` in higher precision; ml_dtypes knows no longdouble."""
        x = np.asarray(x)
        return (x.astype(np.float32) if x.dtype.itemsize == 2 else x).astype(self.wide)

    def feature(self, x: Array) -> Any:
        """A vector with an element a feature, to be combined with the whole tensor."""
        return x.reshape(self.shape)

    def mean(self, x: Array) -> Any:
        """The mean of each feature."""
        return x.sum(axis=self.axes) / self.count


def _normalized(b: Batch, x: Any, mean: Any, variance: Any) -> Any:
    return (x - b.feature(mean)) / b.feature(np.sqrt(variance + b.epsilon))


@define("batch_norm_inference")
def _inference(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """``scale * (x - mean) / sqrt(variance + epsilon) + offset``."""
    b = Batch(node, args[0])
    x, scale, offset, mean, variance = map(b.widened, args)
    made = b.feature(scale) * _normalized(b, x, mean, variance) + b.feature(offset)
    return round_to(made, node.type.dtype)


@define("batch_norm_training")
def _training(_ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """Inference with the mean and variance of the batch, which are results, too."""
    b = Batch(node, args[0])
    x, scale, offset = map(b.widened, args)
    mean = b.mean(x)
    variance = b.mean((x - b.feature(mean)) ** 2)
    made = b.feature(scale) * _normalized(b, x, mean, variance) + b.feature(offset)
    return tuple(round_to(a, node.type.dtype) for a in (made, mean, variance))


@define("batch_norm_grad")
def _grad(_ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The gradients of operand, scale and offset."""
    b = Batch(node, args[0])
    x, scale, mean, variance, grad = map(b.widened, args)
    centered = x - b.feature(mean)
    spread = variance + b.epsilon
    total = grad.sum(axis=b.axes)
    product = (grad * centered).sum(axis=b.axes)
    inner = b.count * grad - b.feature(total) - b.feature(product / spread) * centered
    operand = b.feature(scale / np.sqrt(spread) / b.count) * inner
    by_scale = (grad * (centered / b.feature(np.sqrt(spread)))).sum(axis=b.axes)
    made = (operand, by_scale, total)
    return tuple(round_to(a, node.type.dtype) for a in made)
