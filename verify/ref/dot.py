"""dot_general (specification: *dot_general*; the order of the sum is implementation-defined
there).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from compiler.dtypes import F32, I1, DType
from compiler.ir import Array, Node
from verify.ref.convert import convert_array
from verify.ref.core import Context, define
from verify.ref.rounding import round_to


def accumulator(dtype: DType) -> DType:
    """The dtype of products and sums for a result of ``dtype``: f32 for smaller floats, else the
    dtype itself.
    """
    return F32 if dtype.is_float and dtype.bits < 32 else dtype


class Plan(NamedTuple):
    """How to bring operands to [batch, rows, k] and [batch, k, columns]."""

    lhs_order: tuple[int, ...]
    rhs_order: tuple[int, ...]
    lhs_shape: tuple[int, int, int]
    rhs_shape: tuple[int, int, int]


@lru_cache(maxsize=512)
def _plan(
    lhs: tuple[int, ...],
    rhs: tuple[int, ...],
    lb: tuple[int, ...],
    rb: tuple[int, ...],
    lc: tuple[int, ...],
    rc: tuple[int, ...],
) -> Plan:
    lf = tuple(i for i in range(len(lhs)) if i not in lb + lc)
    rf = tuple(i for i in range(len(rhs)) if i not in rb + rc)
    batch, k = prod(lhs[i] for i in lb), prod(lhs[i] for i in lc)
    rows, columns = prod(lhs[i] for i in lf), prod(rhs[i] for i in rf)
    return Plan(lb + lf + lc, rb + rc + rf, (batch, rows, k), (batch, k, columns))


def plan(node: Node, lhs: tuple[int, ...], rhs: tuple[int, ...]) -> Plan:
    """The matrix form of ``node`` on operands of these shapes."""
    return _plan(
        lhs,
        rhs,
        tuple(node.attr("lhs_batching_dimensions")),
        tuple(node.attr("rhs_batching_dimensions")),
        tuple(node.attr("lhs_contracting_dimensions")),
        tuple(node.attr("rhs_contracting_dimensions")),
    )


@define("dot_general")
def _dot_general(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """Operands converted to the accumulator's dtype; products and sums rounded in it, from +0 on in
    the order of the contracting dimensions, as StableHLO's own interpreter does: its test data
    holds sums that cancel, where a more exact value counts as wrong. Rounded to the result's dtype
    at the end.

    Integers are exact modulo 2**bits, i1 is or of ands.
    """
    t = node.type
    acc = accumulator(t.dtype)
    p = plan(node, args[0].shape, args[1].shape)
    lhs, rhs = (convert_array(x, acc) for x in args[:2])
    lhs = lhs.transpose(p.lhs_order).reshape(p.lhs_shape)
    rhs = rhs.transpose(p.rhs_order).reshape(p.rhs_shape)
    if acc.is_integer or acc is I1:
        return np.asarray(np.matmul(lhs, rhs)).reshape(t.shape)
    total = np.zeros((*p.lhs_shape[:2], p.rhs_shape[2]), acc.numpy)
    for k in range(p.lhs_shape[2]):
        total += lhs[:, :, k, None] * rhs[:, k, None, :]
    return round_to(total, t.dtype).reshape(t.shape)


def product_sums(a: Array, b: Array) -> Array:
    """Matrix product, starting from +0. Not by BLAS where something is not finite: it may skip
    zeros; nor with elements that are one in memory, as broadcasts are: einsum factors them out.
    """
    if np.isfinite(a).all() and np.isfinite(b).all():
        return np.asarray(np.matmul(a, b) + a.dtype.type(0))
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return np.asarray(np.einsum("bmk,bkn->bmn", a, b, optimize=False) + a.dtype.type(0))
