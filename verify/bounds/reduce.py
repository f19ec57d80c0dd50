"""reduce: sums and products in any order, extremes, and any other body in row-major order.

The specification leaves the order to the implementation also without any contract, so a float sum
or product is bounded for every order. The init value takes part once.

Source: StableHLO specification, *reduce*; Jeannerod and Rump, *Improved error bounds for inner
products in floating-point arithmetic*, SIAM J. Matrix Anal. Appl. 34 (2013), for sums; Higham,
*Accuracy and Stability of Numerical Algorithms*, 2nd ed., lemma 3.1, for products.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from compiler.ir import Array, Graph, Node
from verify.bounds import ring
from verify.bounds.bodies import broadcast, gather, picked, without_ring
from verify.bounds.choices import extremum
from verify.bounds.convert import convert_value
from verify.bounds.core import Context, define
from verify.bounds.elementwise import ABSORBING
from verify.bounds.format import FORMATS
from verify.bounds.ring import grain_of, growth
from verify.bounds.rings import ring_value
from verify.bounds.rounding import error_of, overflowing, settle, tame_minor
from verify.bounds.value import Value
from verify.ref.bodies import is_scalar_code, kept_first, single_ops
from verify.ref.reduce import reduce_last


@define("reduce")
def _reduce(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """Sums, products and extremes by :func:`any_order`; other bodies step by step."""
    count = len(node.types)
    captures = operands[2 * count :]
    # The body may compute in a wider type than the inputs have: that of the results.
    dtypes = [t.dtype for t in node.types] * 2
    wide = [convert_value(ctx, x, d) for x, d in zip(operands, dtypes, strict=False)]
    inputs, inits = wide[:count], wide[count:]
    dims = node.attr("dimensions")
    inputs = [_reduced_last(ctx, x, dims) for x in inputs]
    ops = single_ops(node.regions[0], count)
    if ops is not None:
        return [_single(ctx, node, op, x, i) for op, x, i in zip(ops, inputs, inits, strict=True)]
    if is_scalar_code(node.regions[0]):
        return _fold(ctx, node, inputs, inits, captures)
    return _fold_each(ctx, node, inputs, inits, captures)


def _reduced_last(ctx: Context, x: Value, dims: tuple[int, ...]) -> Value:
    """``x`` with the reduced dimensions flattened into one last axis."""
    shape = x.shape
    order = kept_first(len(shape), tuple(dims))
    kept = tuple(shape[d] for d in range(len(shape)) if d not in dims)
    flat = (*kept, prod(shape[d] for d in dims))

    def move(a: Array) -> Array:
        return a.transpose(order).reshape(flat)

    out = Value(x.dtype, hull=x.hull)
    out.bits = None if x.bits is None else move(x.bits)
    out.center = None if x.center is None else move(x.center)
    out.error = None if x.error is None else move(x.error)
    if x.ring is not None:
        out.ring = x.ring.moved(move)
    return out


def _single(ctx: Context, node: Node, op: str, x: Value, init: Value) -> Value:
    if x.shape[-1] == 0:
        return broadcast(ctx, init, x.shape[:-1])
    if not x.dtype.precision:
        return _integers(op, x, init)
    if x.shape[-1] == 1 and x.ring is not None and op in ("maximum", "minimum"):
        only = Value(x.dtype, None, ctx.center(x)[..., 0], x.error, x.hull)
        only.error = None if x.error is None else x.error[..., 0]
        only.ring = x.ring.moved(lambda a: a[..., 0])
        return extremum(ctx, op, init, only)
    if ctx.reassoc and op in ("add", "multiply"):
        return _polynomial(ctx, node, op, x, init)
    return any_order(ctx, op, x, init)


def any_order(ctx: Context, op: str, x: Value, init: Value) -> Value:
    """``init op x[..., 0] op x[..., 1] ...`` in every order; ``init`` may have one element a row.

    The last axis of ``x`` must not be empty.
    """
    if not x.dtype.precision:
        return _integers(op, x, init)
    if op in ("maximum", "minimum"):
        return extremum(ctx, op, init, _extreme(ctx, op, x))
    return _sum(ctx, x, init) if op == "add" else _product(ctx, x, init)


def _integers(op: str, x: Value, init: Value) -> Value:
    """Exact in every order; undecided where a term is, unless an i1 term decides alone."""
    bits = reduce_last(op, x.as_bits(), init.as_bits())
    if x.error is None and init.error is None:
        return Value(x.dtype, np.asarray(bits))
    unsure = np.broadcast_to(x.undecided(), x.shape).any(axis=-1) | init.undecided()
    if not x.dtype.is_integer and op in ABSORBING:
        absorbing = ABSORBING[op]
        decides = ((x.as_bits() == absorbing) & x.exact()).any(axis=-1)
        unsure = unsure & ~decides & ~((init.as_bits() == absorbing) & init.exact())
    return Value(x.dtype, np.asarray(bits), error=np.asarray(unsure), hull=x.hull or init.hull)


def _extreme(ctx: Context, op: str, x: Value) -> Value:
    """The extreme of exact terms if no inexact one can reach it; else abs(difference) <= the
    largest error.
    """
    if x.error is None:
        return Value(x.dtype, _plain(op, x.as_bits()))
    sign = 1.0 if op == "maximum" else -1.0
    v, e = ctx.center(x) * sign, x.error
    exact = e == 0
    best = np.where(exact, v, -np.inf).max(axis=-1)
    rival = np.where(exact, -np.inf, v + e + np.abs(v) * (4 * ctx.eps)).max(axis=-1)
    clear = (best > rival) | exact.all(axis=-1)
    low = (v - e).max(axis=-1)
    high = (v + e).max(axis=-1)
    z = v.max(axis=-1)
    error = np.maximum(high - z, z - low) + np.abs(z) * (4 * ctx.eps)
    error = np.where(np.isfinite(e).all(axis=-1), error, np.inf)
    error = np.where(error > 0, error, FORMATS[x.dtype].sign)
    error = np.where(np.isfinite(error), error, np.inf)
    bits = np.where(exact, x.as_bits(), x.dtype.numpy.type(-np.inf * sign))
    known = ctx.center(Value(x.dtype, _plain(op, bits)))
    nan = (exact & np.isnan(v)).any(axis=-1)
    clear = (clear & np.isfinite(e).all(axis=-1)) | nan
    z = np.where(nan, np.nan, np.where(clear, known, z * sign))
    return settle(x.dtype, z, np.where(clear, 0.0, error), x.hull)


def _plain(op: str, bits: Array) -> Array:
    """The extreme over the last axis, as the reference has it; -inf or inf as init changes
    nothing.
    """
    start = -np.inf if op == "maximum" else np.inf
    return np.asarray(reduce_last(op, bits, np.asarray(start).astype(bits.dtype)))


def _sum(ctx: Context, x: Value, init: Value) -> Value:
    """Any order: abs(error) <= sum of e + (n - 1) u sum of (abs(x) + e), n terms with the init
    value.

    (n - 1) u instead of gamma_(n-1): Jeannerod and Rump. Additions do not underflow, unless
    subnormals are flushed.
    A partial sum may overflow where the sum of magnitudes reaches the threshold. Exact where all
    terms are integer multiples of one power of two 2**q and the sum of magnitudes is at most 2**(p
    + q): then every partial sum is representable.
    """
    dtype, f = x.dtype, ctx.format(x.dtype)
    v, v0, e0 = ctx.center(x), ctx.center(init), error_of(init)
    size, size0 = np.abs(v), np.abs(v0)
    mag = size.sum(axis=-1) + size0
    spread: Any = None
    if x.error is not None or init.error is not None:
        spread = (x.error.sum(axis=-1) if x.error is not None else 0.0) + e0
        mag = mag + spread
    terms = x.shape[-1] + 1
    roundings = terms - 1 if np.any(v0 != 0) or init.error is not None else terms - 2
    z = v.sum(axis=-1) + v0
    e = mag * (roundings * f.u * (1 + 2.0**-20) + (terms + 8) * ctx.eps)
    if ctx.flush:
        e = e + terms * f.half
    if spread is not None:
        e = e + spread * (1 + (terms + 8) * ctx.eps)
    out = _in_range(ctx, x, init, z, e, mag, roundings)
    if spread is None:
        if roundings <= 1:
            return Value(dtype, np.asarray(reduce_last("add", x.as_bits(), init.as_bits())))
        grain = _common_grain(v, v0)
        if grain is not None:
            whole = (mag <= 2.0 ** min(f.precision + grain, 1000)) & (grain >= f.eta_exponent)
            return _exact_part(ctx, "add", x, init, out, whole)
    return out


def _common_grain(*arrays: Array) -> int | None:
    grains = [grain_of(np.where(np.isfinite(a), a, 0)) for a in arrays]
    return None if None in grains else min(g for g in grains if g is not None)


def _exact_part(ctx: Context, op: str, x: Value, init: Value, out: Value, whole: Array) -> Value:
    """The reference's bits where no order of exact terms rounds."""
    whole = np.asarray(whole)
    if not whole.any():
        return out
    bits = np.asarray(reduce_last(op, x.as_bits(), init.as_bits()))
    if whole.all():
        return Value(x.dtype, bits)
    z = np.where(whole, ctx.center(Value(x.dtype, bits)), ctx.center(out))
    made = settle(x.dtype, z, np.where(whole, 0.0, error_of(out)), out.hull)
    made.span = out.span
    return made


def _in_range(
    ctx: Context, x: Value, init: Value, z: Array, e: Array, mag: Array, roundings: int
) -> Value:
    """Overflow and special values of a sum: NaN is certain if a term is NaN or infinities disagree;
    infinity if all agree.
    """
    f = FORMATS[x.dtype]
    slack = 1 + roundings * f.u * 2
    if (mag * slack + e < f.top).all():
        return settle(x.dtype, z, e, x.hull or init.hull)
    v, v0 = ctx.center(x), ctx.center(init)
    ex, e0 = error_of(x), error_of(init)
    sure, sure0 = np.broadcast_to(ex == 0, v.shape), e0 == 0
    nan = (sure & np.isnan(v)).any(axis=-1) | (sure0 & np.isnan(v0))
    up = (sure & (v == np.inf)).any(axis=-1) | (sure0 & (v0 == np.inf))
    down = (sure & (v == -np.inf)).any(axis=-1) | (sure0 & (v0 == -np.inf))
    fine = np.broadcast_to(np.isfinite(ex), v.shape).all(axis=-1) & np.isfinite(e0)
    finite = np.where(np.isfinite(v), np.abs(v) + ex, 0).sum(axis=-1)
    finite = finite + np.where(np.isfinite(v0), np.abs(v0) + e0, 0)
    tame = fine & (finite * slack < f.top)
    minor = (mag - np.abs(z)) / 2 + mag * (4 * (x.shape[-1] + 4) * ctx.eps)
    certain = fine & np.isfinite(mag) & (minor < f.top / 2) & (np.abs(z) - e >= f.top)
    endless = tame & (up ^ down)
    nan = nan | (up & down)
    ok = mag * slack + e < f.top
    z = np.where(nan, np.nan, np.where(certain, np.copysign(np.inf, z), z))
    raw, e = e, np.where(ok, e, np.where(nan | certain | endless, 0.0, np.inf))
    made = settle(x.dtype, z, e, x.hull or init.hull)
    return overflowing(made, raw, fine & tame_minor(f, mag * slack, z), partly=True)


def _product(ctx: Context, x: Value, init: Value) -> Value:
    """Any order: abs(error) <= d + ((1 + u)**(n-1) - 1) mag + (n - 1) eta / 2 big, undecided where
    big overflows.

    mag is the product of abs(x) + e, d = mag - product of abs(x), and big the product of max(abs(x)
    + e, 1), which bounds every partial product. Exact where the odd parts of all factors multiply
    to at most 2**p and no partial product leaves the range.
    """
    dtype, f = x.dtype, ctx.format(x.dtype)
    v0, e0 = ctx.center(init), error_of(init)
    v = ctx.center(x)
    if np.any(v0 != 1) or init.error is not None:
        first = np.broadcast_to(v0, x.shape[:-1])[..., None]
        v = np.concatenate([v, first], axis=-1)
        own = np.broadcast_to(e0, x.shape[:-1])[..., None]
        e = np.concatenate([np.broadcast_to(error_of(x), x.shape), own], axis=-1)
    else:
        e = np.broadcast_to(error_of(x), x.shape)
    size = np.abs(v)
    n = v.shape[-1]
    mag, low, big = (
        (size + e).prod(axis=-1),
        size.prod(axis=-1),
        np.maximum(size + e, 1).prod(axis=-1),
    )
    gain = growth(n - 1, f.u + 8 * ctx.eps)
    error = (mag - low) + mag * (gain + 8 * n * ctx.eps) + big * ((n - 1) * f.half * (1 + gain))
    if n == 1:
        error = e[..., 0]
    z = v.prod(axis=-1)
    error = np.where(big * (1 + gain) + error < f.top, error, np.inf)
    exact = (e == 0).all(axis=-1)
    if np.any(exact):
        mantissa, exponent = np.frexp(np.where(np.isfinite(v) & (v != 0), v, 1).astype(np.float64))
        odd = np.ldexp(np.abs(mantissa), 53).astype(np.int64)
        low_bit = (odd & -odd).astype(ctx.carrier)
        grain = np.log2(low_bit.astype(np.float64)) + exponent - 53
        whole = exact & ((odd / low_bit).prod(axis=-1) <= 2.0**f.precision) & (big < f.top)
        whole &= np.minimum(grain, 0).sum(axis=-1) >= f.eta_exponent
        whole |= exact & np.isnan(v).any(axis=-1) | (exact & (n == 2))
        bits = ctx.center(
            Value(dtype, np.asarray(reduce_last("multiply", x.as_bits(), init.as_bits())))
        )
        z, error = np.where(whole, bits, z), np.where(whole, 0.0, error)
    return settle(dtype, z, error, x.hull or init.hull)


def _polynomial(ctx: Context, node: Node, op: str, x: Value, init: Value) -> Value:
    """With ``reassoc``: the polynomial of the sum or product."""
    f = ctx.format(x.dtype)
    made, start = (ctx.leaf(v) if op == "add" else ctx.factor(v) for v in (x, init))
    start = start.moved(lambda y: np.broadcast_to(y, x.shape[:-1]))
    v0 = ctx.center(init)
    exact_init = init.error is None
    if op == "add":
        made = ring.total(made)
        neutral = exact_init and bool(np.all(v0 == 0))
        if not neutral:
            made = ring.add(made, start)
    else:
        made = ring.product(made, f)
        neutral = exact_init and bool(np.all(v0 == 1))
        if not neutral:
            made = ring.multiply(made, start, f)
    single = x.error is None and exact_init and len(node.types) == 1
    plain = [Value(x.dtype, x.bits, x.center, x.error, x.hull, x.ring), init]

    def reference() -> Array:
        return np.asarray(reduce_last(op, x.as_bits(), init.as_bits()))

    value = ring_value(ctx, node, plain, made, single=False, reference=reference)
    if single and x.ring is None and init.ring is None and made.roundings <= 1:
        bits = reference()
        if not np.isnan(bits).any():
            return Value(x.dtype, bits, ring=made)
    return value


def _fold(
    ctx: Context, node: Node, inputs: list[Value], inits: list[Value], captures: list[Value]
) -> list[Value]:
    """The body's own bounds, one reduced index after the other in row-major order, for all output
    elements at once.
    """
    body: Graph = node.regions[0]
    acc = inits
    for k in range(inputs[0].shape[-1]):
        values = ctx.run(body, [*acc, *(picked(x, (..., k)) for x in inputs), *captures])
        acc = [values[v] for v in body.results]
    return [broadcast(ctx, without_ring(x), node.type.shape) for x in acc]


def _fold_each(
    ctx: Context, node: Node, inputs: list[Value], inits: list[Value], captures: list[Value]
) -> list[Value]:
    """The same, one output element after the other, for bodies with ops that need true scalars."""
    body: Graph = node.regions[0]
    kept = node.type.shape
    cells: list[list[Value]] = []
    for index in np.ndindex(kept):
        acc = inits
        for k in range(inputs[0].shape[-1]):
            values = ctx.run(body, [*acc, *(picked(x, (*index, k)) for x in inputs), *captures])
            acc = [values[v] for v in body.results]
        cells.append(acc)
    return [gather(ctx, [c[i] for c in cells], node.types[i]) for i in range(len(node.types))]
