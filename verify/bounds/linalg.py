"""cholesky and triangular_solve: bounds for every order of their sums.

Sources: StableHLO specification, *triangular_solve* and *cholesky*, and those below.

Triangular solving. Each unknown is a sum of products of elements of ``b``, of elements of ``a`` and
of reciprocals of its diagonal, whatever the algorithm: substitution, in blocks, or with inverted
blocks. With the absolute values of all of these the sum is ``d = M^-1 abs(b)``, M the comparison
matrix of ``a`` (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 8.3).
A product goes through n divisions and multiplications at most, and each is followed by a sum of n
terms; so the error is at most ``((1 + u)**k - 1) d`` with k = n (n + 4) + 4. What the errors of the
operands make of the products is the difference of two such sums, one with the errors, one without.
What underflows on the way of a product is multiplied by its other factors: 2 n + 4 smallest
subnormals times the sum in which no factor is below 1.

Cholesky. Elements are computed one after the other from those before, by the formulas of the
decomposition in any order of sums: ball arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.ir import Array, Node
from verify.bounds.ball import Ball, Setting
from verify.bounds.core import Context, define
from verify.bounds.ring import growth
from verify.bounds.rounding import any_hull, error_of, settle
from verify.bounds.value import Value
from verify.ref.linalg import solution, substituted, triangle


@define("triangular_solve")
def _triangular_solve(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Undecided where a diagonal element may be zero or subnormal, or something may overflow."""
    f = ctx.format(node.type.dtype)
    values = [ctx.center(x) for x in operands]
    errors = [np.broadcast_to(error_of(x), x.shape) for x in operands]
    a, b = triangle(node, *values)
    ea, eb = triangle(node, *errors)
    n = a.shape[-1]
    diagonal = np.eye(n, dtype=bool)
    if node.attr("unit_diagonal"):
        ea = np.where(diagonal, 0.0, ea)
    least = np.abs(a) - ea
    wild = ~np.isfinite(a + ea) | (diagonal & (least < f.normal))
    lost = wild.any(axis=(-2, -1), keepdims=True) | ~np.isfinite(b + eb)
    lost = np.asarray(lost.any(axis=-2, keepdims=True) | np.zeros(b.shape, bool))
    # Where nothing is known, the unit matrix keeps the arithmetic finite.
    a = np.where(wild.any(axis=(-2, -1), keepdims=True), np.eye(n, dtype=a.dtype), a)
    ea = np.where(wild.any(axis=(-2, -1), keepdims=True), 0.0, ea)
    b, eb = np.where(lost, 0.0, b), np.where(lost, 0.0, eb)
    plain = _sizes(a, np.abs(b), 0.0)
    sizes = _sizes(a, np.abs(b) + eb, ea)
    losses = (2 * n + 4) * f.eta * _sizes(*_largest(a, ea, np.abs(b) + eb), 0.0)
    losses = losses + f.eta  # zeros have either sign
    gain = growth(n * (n + 4) + 4, f.u + 8 * ctx.eps)
    e = (sizes - plain) + sizes * gain + losses * (1 + gain)
    # Sums and products of any order stay below these, inverted blocks too.
    high = np.abs(a).max(axis=(-2, -1), keepdims=True, initial=1.0) * (n + 1)
    inverse = _sizes(a, np.broadcast_to(np.eye(n, dtype=a.dtype), a.shape), ea)
    reach = (sizes + e + inverse.max(axis=(-2, -1), keepdims=True, initial=0.0)) * high * 2
    lost |= (~np.isfinite(reach) | (reach >= f.top)).any(axis=-2, keepdims=True)
    z = np.where(lost, 0.0, substituted(a, b))
    made, error = solution(node, z), solution(node, np.where(lost, np.inf, e))
    return settle(node.type.dtype, made, error, any_hull(operands))


def _sizes(a: Array, b: Array, ea: Any) -> Any:
    """The unknowns where all products count with their absolute values, errors added."""
    diagonal = np.eye(a.shape[-1], dtype=bool)
    size = np.where(diagonal, np.abs(a) - ea, -(np.abs(a) + ea))
    return substituted(size, b)


def _largest(a: Array, ea: Any, b: Array) -> tuple[Array, Array]:
    """A matrix and a right side whose products bound those of some factors of each product."""
    size = np.abs(a) + ea
    below = np.where(size == 0, 0.0, np.maximum(size, 1.0))
    diagonal = np.eye(a.shape[-1], dtype=bool)
    made = np.where(diagonal, np.minimum(np.abs(a) - ea, 1.0), below)
    return made, np.where(b == 0, 0.0, np.maximum(b, 1.0))


@define("cholesky")
def _cholesky(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Undecided where a matrix is not symmetric or not surely positive definite, and in the other
    triangle.
    """
    (x,) = operands
    s = Setting.of(ctx, node.type.dtype)
    a = Ball.of(ctx, s, x)
    even = np.abs(a.z - a.z.swapaxes(-1, -2)) <= a.e + a.e.swapaxes(-1, -2)
    odd = ~even.all(axis=(-2, -1), keepdims=True)
    a = Ball(s, a.z, np.where(odd, np.inf, a.e))
    lower = node.attr("lower")
    if not lower:
        a = a.moved(lambda v: v.swapaxes(-1, -2))
    made = _factor(s, a)
    if not lower:
        made = made.moved(lambda v: v.swapaxes(-1, -2))
    return made.value(node.type.dtype, any_hull(operands))


def _factor(s: Setting, a: Ball) -> Ball:
    """Column k is ``(a[:, k] - l @ l[k, :]) / l[k, k]``."""
    shape, n = a.z.shape, a.z.shape[-1]
    z, e = np.zeros(shape, a.z.dtype), np.full(shape, np.inf, a.z.dtype)
    for k in range(n):
        left = Ball(s, z[..., k:, :k], e[..., k:, :k])
        row = Ball(s, z[..., k : k + 1, :k], e[..., k : k + 1, :k])
        known = (left * row).total((-1,))
        rest = Ball(s, a.z[..., k:, k], a.e[..., k:, k]) - known
        root = rest.moved(lambda v: v[..., :1]).sqrt()
        below = (rest.moved(lambda v: v[..., 1:]) / root).settled()
        z[..., k:, k] = np.concatenate([root.z, below.z], axis=-1)
        e[..., k:, k] = np.concatenate([root.e, below.e], axis=-1)
    return Ball(s, z, e)
