"""cholesky and triangular_solve (specification: the sections of these names), in higher precision
and rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compiler.ir import Array, Node
from verify.ref.core import Context, define
from verify.ref.rounding import round_to, wider


def widened(x: Array, node: Node) -> Any:
    """``x`` in higher precision; ml_dtypes knows no longdouble."""
    return (x.astype(np.float32) if x.dtype.itemsize == 2 else x).astype(wider(node.type.dtype))


def triangle(node: Node, a: Any, b: Any) -> tuple[Any, Any]:
    """The lower triangular matrix and the right side of the same equations, unknowns in rows.

    Elements of the other triangle are 0, those of a unit diagonal 1.
    """
    left, lower = node.attr("left_side"), node.attr("lower")
    if (node.attr("transpose_a") != "NO_TRANSPOSE") == left:
        a, lower = a.swapaxes(-1, -2), not lower
    if not left:
        b = b.swapaxes(-1, -2)
    if not lower:
        a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
    if node.attr("unit_diagonal"):
        return np.tril(a, -1) + np.eye(a.shape[-1], dtype=a.dtype), b
    return np.tril(a), b


def solution(node: Node, x: Array) -> Array:
    """The result, from the unknowns as :func:`triangle` orders them."""
    left = node.attr("left_side")
    transposed = node.attr("transpose_a") != "NO_TRANSPOSE"
    if node.attr("lower") == (transposed == left):
        x = x[..., ::-1, :]
    return x if left else x.swapaxes(-1, -2)


def substituted(a: Any, b: Any) -> Any:
    """The unknowns of a lower triangular system, one row after the other."""
    x = np.zeros(np.broadcast_shapes(b.shape), b.dtype)
    for k in range(a.shape[-1]):
        known = (a[..., k, :k, None] * x[..., :k, :]).sum(axis=-2)
        x[..., k, :] = (b[..., k, :] - known) / a[..., k, k, None]
    return x


@define("triangular_solve")
def _triangular_solve(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """``op(a) @ x = b`` or ``x @ op(a) = b``."""
    a, b = triangle(node, *(widened(x, node) for x in args[:2]))
    return round_to(solution(node, substituted(a, b)), node.type.dtype)


def factor(a: Any) -> Any:
    """The lower triangular ``l`` with ``l @ transpose(l) = a``; only the lower triangle is read."""
    out = np.zeros(a.shape, a.dtype)
    for k in range(a.shape[-1]):
        row = out[..., k, :k]
        rest = a[..., k:, k] - (out[..., k:, :k] * row[..., None, :]).sum(axis=-1)
        root = np.sqrt(rest[..., :1])
        out[..., k:, k] = np.concatenate([root, rest[..., 1:] / root], axis=-1)
    return out


@define("cholesky")
def _cholesky(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """Only the triangle of the result is read, and the other one of the result is zero."""
    a = widened(args[0], node)
    if not node.attr("lower"):
        a = a.swapaxes(-1, -2)
    made = factor(a)
    return round_to(made if node.attr("lower") else made.swapaxes(-1, -2), node.type.dtype)
