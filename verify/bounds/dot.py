"""dot_general: sums of products in any order.

Source: StableHLO specification, *dot_general*; Jeannerod and Rump, *Improved error bounds for inner
products in floating-point arithmetic*, SIAM J. Matrix Anal. Appl. 34 (2013).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.dtypes import I1, DType
from compiler.ir import Array, Node
from verify.bounds import ring
from verify.bounds.convert import convert_value
from verify.bounds.core import Context, define
from verify.bounds.format import FORMATS, Format
from verify.bounds.ring import grain_of
from verify.bounds.rings import ring_value
from verify.bounds.rounding import after_rounding, any_hull, overflowing, settle, tame_minor
from verify.bounds.value import Value
from verify.ref.dot import Plan, accumulator, plan, product_sums
from verify.ref.rounding import round_to


@define("dot_general")
def _dot_general(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Any order: e = sum of (abs(a) eb + abs(b) ea + ea eb) + k u sum of (abs(a) + ea)(abs(b) + eb)
    + k eta.

    k u instead of gamma_k: Jeannerod and Rump, also with fused multiply-add; u of
    the accumulator, and one rounding more where the result is narrower. Exact where all products
    are multiples of one power of two and small.
    """
    t = node.type
    acc = accumulator(t.dtype)
    if not t.dtype.precision:
        return _integers(ctx, node, operands, acc)
    if ctx.reassoc:
        return _polynomial(ctx, node, operands, acc)
    parts = [convert_value(ctx, x, acc) for x in operands]
    p = plan(node, operands[0].shape, operands[1].shape)
    a, b = _matrices(p, ctx.center(parts[0]), ctx.center(parts[1]))
    ea, eb = _matrices(p, parts[0].error, parts[1].error)
    exact = ea is None and eb is None
    size_a, size_b = np.abs(a), np.abs(b)
    spread: Any = None
    mag = size_a @ size_b
    if eb is not None:
        spread = size_a @ eb
        size_b = size_b + eb
    if ea is not None:
        other = ea @ size_b
        spread = other if spread is None else spread + other
    if spread is not None:
        mag = mag + spread
    k, f = a.shape[-1], ctx.format(acc)
    z = product_sums(a, b)
    e = mag * (k * f.u * (1 + 2.0**-20) + (2 * k + 8) * ctx.eps)
    if k:
        e = e + (k + 1) * f.eta
    if spread is not None:
        e = e + spread * (1 + (2 * k + 8) * ctx.eps)
    slack = 1 + 2 * k * f.u
    fine = mag * slack + e < f.top
    if exact:
        e = np.where(_whole(a, b, mag, f.precision, f.eta_exponent), 0.0, e)
    raw = None
    if not fine.all():
        raw = np.where(tame_minor(f, mag * slack, z), e, np.inf).reshape(t.shape)
        z, e = _special(f, (a, b), (ea, eb), z, e, mag, fine)
    z, e = z.reshape(t.shape), e.reshape(t.shape)
    if t.dtype is not acc:
        z, e, raw = _narrowed_result(ctx, t.dtype, z, e, raw)
    z, e = _signless_zero(ctx, t.dtype, a, b, mag, z, e)
    if exact and k <= 1:
        z, e = _one_product(ctx, node, operands, z, e)
    return overflowing(settle(t.dtype, z, e, any_hull(operands)), raw, partly=True)


def _matrices(p: Plan, a: Array | None, b: Array | None) -> tuple[Any, Any]:
    left = None if a is None else a.transpose(p.lhs_order).reshape(p.lhs_shape)
    right = None if b is None else b.transpose(p.rhs_order).reshape(p.rhs_shape)
    return left, right


def _whole(a: Array, b: Array, mag: Array, precision: int, eta_exponent: int) -> Any:
    ga, gb = grain_of(a), grain_of(b)
    if ga is None or gb is None or ga + gb < eta_exponent:
        return False
    return mag <= 2.0 ** min(precision + ga + gb, 1000)


def _one_product(
    ctx: Context, node: Node, operands: list[Value], z: Array, e: Array
) -> tuple[Array, Array]:
    """One exact product: rounded once. A zero stays as it was found (its sign may be open)."""
    bits = ctx.center(Value(node.type.dtype, ctx.reference(node, operands)))
    alone = (bits != 0) & (z != 0)
    return np.where(alone, bits, z), np.where(alone, 0.0, e)


def _narrowed_result(
    ctx: Context, dtype: DType, z: Array, e: Array, raw: Array | None
) -> tuple[Array, Array, Array | None]:
    """The accumulator rounded once into the result's dtype; exact sums give determined bits. Third
    the error without regard to overflow, here or (``raw``) in the accumulator.
    """
    made, error, beyond = after_rounding(ctx, dtype, z, e)
    if raw is not None:
        beyond = after_rounding(ctx, dtype, z, raw)[2]
    exact = e == 0
    if exact.any():
        bits = round_to(z.astype(np.float64), dtype)
        made = np.where(exact, ctx.center(Value(dtype, np.asarray(bits))), made)
        error = np.where(exact, 0.0, error)
    return made, np.where(np.isinf(e), np.inf, error), raw if beyond is None else beyond


def _signless_zero(
    ctx: Context, dtype: DType, a: Array, b: Array, mag: Array, z: Array, e: Array
) -> tuple[Array, Array]:
    """A sum of nothing but negative zeros is -0, or +0 where the sum starts from +0: both are in
    use.
    """
    k = a.shape[-1]
    if not k or ctx.loose_zero or (mag != 0).all():
        return z, e
    signs = np.copysign(1.0, a) @ np.copysign(1.0, b)
    negative = ((mag == 0) & (signs == -k)).reshape(z.shape)
    return z, np.where(negative & (e == 0), FORMATS[dtype].sign, e)


def _special(
    f: Format,
    values: tuple[Array, Array],
    errors: tuple[Any, Any],
    z: Array,
    e: Array,
    mag: Array,
    fine: Array,
) -> tuple[Array, Array]:
    """Infinities and NaN are certain where all elements that take part are exact and the finite
    part is tame.

    A sum that passes the threshold with all its legal values is certainly infinite if the terms of
    the other sign cannot overflow by themselves. Else undecided.
    """
    a, b = values
    tame_a, tame_b = (np.where(np.isfinite(x), np.abs(x), 0) for x in values)
    endless_a, endless_b = ((~np.isfinite(x)).astype(x.dtype) for x in values)
    loose_a, loose_b = (
        np.zeros_like(x) if w is None else (w != 0).astype(x.dtype)
        for x, w in zip(values, errors, strict=True)
    )
    ones_a, ones_b = np.ones_like(a), np.ones_like(b)
    inexact = (loose_a @ ones_b + ones_a @ loose_b) > 0
    endless = (endless_a @ ones_b + ones_a @ endless_b) > 0
    tame = (tame_a @ tame_b) * (1 + 4 * a.shape[-1] * f.u) < f.top
    certain = endless & tame & ~inexact
    k = a.shape[-1]
    minor = (mag - np.abs(z)) / 2 + mag * (4 * (k + 4) * float(np.finfo(mag.dtype).eps))
    over = ~endless & np.isfinite(mag) & (minor < f.top / 2) & (np.abs(z) - e >= f.top)
    z = np.where(over, np.copysign(np.inf, z), z)
    return z, np.where(fine, e, np.where(certain | over, 0.0, np.inf))


def _integers(ctx: Context, node: Node, operands: list[Value], acc: DType) -> Value:
    """Exact; undecided where an undecided element takes part (for i1: unless a true product
    decides).
    """
    bits = ctx.reference(node, operands)
    parts = [convert_value(ctx, x, acc) for x in operands]
    if all(x.error is None for x in parts):
        return Value(acc, bits, hull=any_hull(operands))
    p = plan(node, operands[0].shape, operands[1].shape)
    doubt_a, doubt_b = _matrices(p, *(np.broadcast_to(x.undecided(), x.shape) for x in parts))
    a, b = _matrices(p, parts[0].as_bits(), parts[1].as_bits())
    unsure = doubt_a @ np.ones_like(doubt_b) | np.ones_like(doubt_a) @ doubt_b
    if acc is I1:
        possible = (doubt_a | a) @ (doubt_b | b)  # false for sure where this is false
        certain = (a & ~doubt_a) @ (b & ~doubt_b)
        unsure = possible & ~certain
    return Value(acc, bits, error=unsure.reshape(node.type.shape), hull=any_hull(operands))


def _polynomial(ctx: Context, node: Node, operands: list[Value], acc: DType) -> Value:
    """With ``reassoc``: the polynomial of the contraction; operands of other dtypes are leaves."""
    t = node.type
    parts = [x if x.dtype is t.dtype else convert_value(ctx, x, acc) for x in operands]
    p = plan(node, operands[0].shape, operands[1].shape)

    def matrix(x: Value, side: int) -> ring.Ring:
        a = ctx.factor(x)
        order = p.rhs_order if side else p.lhs_order
        shape = p.rhs_shape if side else p.lhs_shape
        return a.moved(lambda y: y.transpose(order).reshape(shape))

    f, k = ctx.format(t.dtype), p.lhs_shape[2]
    made = ring.contract(matrix(parts[0], 0), matrix(parts[1], 1), k, f, FORMATS[acc].u)
    made = made.moved(lambda y: y.reshape(t.shape))
    exact = all(x.error is None for x in parts)
    return ring_value(ctx, node, parts, made, single=exact)
