"""Ops of chlo.

Numerical functions: the image of the interval of legal operands, then the accuracy limit of
:mod:`verify.bounds.limits`. What is composed of plain ops has their bounds.

Source: where functions rise and fall, the Digital Library of Mathematical Functions (DLMF):
sections 4.23, 4.35 and 4.37 (elementary functions), 5.4 (iii) (the minimum of gamma), 5.15
(polygamma), 7.2 and 7.17 (error functions), 10.25 and 10.29 (Bessel functions), 25.11 (zeta).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from compiler.dtypes import F64, I1
from compiler.ir import Array, Node, TensorType
from verify.bounds.core import Context, Outputs, define
from verify.bounds.format import FORMATS
from verify.bounds.leeway import take
from verify.bounds.rounding import after_rounding, any_hull, ends, error_of, overflowing, settle
from verify.bounds.sort import largest
from verify.bounds.value import Value
from verify.ref import special
from verify.ref.chlo import BROADCASTING, BROADCASTING_CHLO, blocks, broadcast_form
from verify.ref.core import REF

MONOTONE = ("acos", "acosh", "asin", "asinh", "atan", "atanh", "erf", "erf_inv", "erfc", "sinh")
# Between which arguments functions are defined.
DOMAINS = {
    "chlo.acos": (-1.0, 1.0),
    "chlo.acosh": (1.0, np.inf),
    "chlo.asin": (-1.0, 1.0),
    "chlo.atanh": (-1.0, 1.0),
    "chlo.erf_inv": (-1.0, 1.0),
}
LOWEST = {"chlo.lgamma": 1.4616321449683623}  # where lgamma, on the positive axis, is least


def centers(ctx: Context, op: str, *args: Array) -> Array:
    """The function at every element in the carrier, right to its last place."""
    columns = [np.asarray(x, np.float64) for x in np.broadcast_arrays(*args)]
    out = np.empty(columns[0].shape, ctx.carrier)
    flat = out.reshape(-1)
    for k, row in enumerate(zip(*(c.ravel().tolist() for c in columns), strict=True)):
        high, low = special.pair(special.value(op, *row))
        value = special.signed(op, row[0], high)
        flat[k] = ctx.carrier(value) + ctx.carrier(low) if low else value
    return out


def terms(op: str, args: Sequence[Array]) -> Array | None:
    """How large the terms are whose rounding an implementation cannot avoid; ``None`` for none.

    For x < 0, lgamma and digamma are a difference: of ``log(pi / |x sin(pi x)|)`` and
    ``lgamma(-x)``, of ``digamma(-x) - 1 / x`` and ``pi / tan(pi x)``. The polygamma function is an
    exponential of ``lgamma(n + 1) - (n + 1) log(x)``; what its terms lose is relative.
    """
    x = args[0].astype(np.float64)
    if op in ("chlo.lgamma", "chlo.digamma"):
        a, turn = np.abs(x), np.abs(x - np.rint(x))
        if op == "chlo.lgamma":
            first = np.log(np.pi / (a * np.sin(np.pi * turn)))
            size = np.abs(first) + a * np.abs(np.log(a + 1)) + a + 1
        else:
            size = np.log(a + 1) + 2 / a + np.pi / np.abs(np.tan(np.pi * turn)) + 1
        return np.where(x < 0, size, 0.0)
    if op == "chlo.polygamma":
        y = np.abs(args[1].astype(np.float64))
        return np.asarray((x + 1) * (np.log(x + 1) + 1 + np.abs(np.log(y))))
    return None


def _limited(ctx: Context, node: Node, operands: list[Value], z: Array, spread: Any) -> Value:
    """The limit; what IEEE 754 section 9.2 fixes for exact arguments is exact."""
    dtype = node.type.dtype
    units = ctx.roundings(node.op, dtype)
    args = [ctx.center(x) for x in operands]
    exact = np.logical_and.reduce([np.broadcast_to(x.exact(), z.shape) for x in operands])
    extra = terms(node.op, args)
    if extra is not None:
        unit = FORMATS[F64].u if node.op == "chlo.polygamma" else FORMATS[dtype].u
        scale = np.abs(z) if node.op == "chlo.polygamma" else 1.0
        more = np.where(extra == 0, 0.0, extra * units * unit * scale)
        spread = more if spread is None else spread + more
    made, e, raw = after_rounding(ctx, dtype, z, spread, units)
    overflow = np.isinf(made) & (e == 0) & np.isfinite(z)
    whole = (np.isinf(args[0]) & (z == np.rint(z))) | ((z == 0) & (extra is None))
    fixed = exact & (~np.isfinite(z) | whole)
    if spread is not None:
        fixed = fixed & (spread == 0)
    if ctx.loose_zero:
        fixed = fixed & ~(np.isinf(z) & (args[0] == 0))
    e = np.where(fixed | overflow, 0.0, np.where(np.isfinite(z), e, np.inf))
    made = np.where(overflow, made, np.where(fixed | np.isfinite(z), z, 0.0))
    return overflowing(settle(dtype, made, e, any_hull(operands)), raw, np.isfinite(z))


def outer(ctx: Context, x: Value) -> tuple[Array, Array]:
    """The interval of legal values, with ends that are float64, as :func:`centers` reads them."""
    low, high = ends(ctx, x)
    down, up = low.astype(np.float64), high.astype(np.float64)
    down = np.where(down > low, np.nextafter(down, -np.inf), down)
    return down, np.where(up < high, np.nextafter(up, np.inf), up)


def _spread(z: Array, x: Value, *others: Array) -> Any:
    """How far values at other arguments lie from ``z``; undecided where one is no number."""
    out = np.zeros(z.shape)
    for y in others:
        out = np.maximum(out, np.abs(y - z))
    out = np.where(np.isfinite(out), out, np.inf)
    e = error_of(x)
    return np.where(e == 0, 0.0, np.where(np.isinf(e), np.inf, out))


Between: TypeAlias = Callable[[Array, Array, Array], Sequence[Array]]


def _over(ctx: Context, node: Node, operands: list[Value], between: Between | None = None) -> Value:
    """The ends of the interval give the ends of the image; beside them count the values that
    ``between(low, high, value at the center)`` names.
    """
    (x,) = operands
    z = centers(ctx, node.op, ctx.center(x))
    if x.error is None:
        return _limited(ctx, node, operands, z, None)
    low, high = outer(ctx, x)
    images = [centers(ctx, node.op, end) for end in (low, high)]
    spread = _spread(z, x, *images, *(between(low, high, z) if between else ()))
    made = _limited(ctx, node, operands, z, spread)
    least, most = DOMAINS.get(node.op, (-np.inf, np.inf))
    outside = ((high < least) | (low > most)) & np.isfinite(x.error)
    if not outside.any():
        return made
    z, e = np.where(outside, np.nan, ctx.center(made)), np.where(outside, 0.0, error_of(made))
    return settle(node.type.dtype, z, e, made.hull)


@define(*(f"chlo.{f}" for f in MONOTONE))
def _monotone(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The ends of the interval give the ends of the image."""
    return _over(ctx, node, operands)


@define("chlo.cosh")
def _cosh(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Even: over an interval around 0 it is between 1 and its larger end."""
    return _over(
        ctx,
        node,
        operands,
        lambda low, high, z: [np.where((low < 0) & (high > 0), 1.0, z)],
    )


@define("chlo.bessel_i1e")
def _bessel_i1e(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The derivative is at most 1 / 2, and all values lie within 0.22 of 0."""
    (x,) = operands
    z = centers(ctx, node.op, ctx.center(x))
    spread = None
    if x.error is not None:
        low, high = outer(ctx, x)
        spread = np.where(np.isinf(x.error), np.inf, np.minimum((high - low) / 2, 0.44))
        spread = np.where(x.error == 0, 0.0, spread)
    return _limited(ctx, node, operands, z, spread)


@define("chlo.lgamma", "chlo.digamma")
def _gamma(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Above 0 lgamma falls and rises and digamma rises; an interval that reaches 0 is undecided."""

    def between(low: Array, high: Array, z: Array) -> list[Array]:
        images = [np.where(low <= 0, np.inf, z)]
        if node.op in LOWEST:
            at = np.clip(np.full(z.shape, LOWEST[node.op]), low, high)
            images.append(centers(ctx, node.op, at))
        return images

    return _over(ctx, node, operands, between)


@define("chlo.zeta", "chlo.polygamma")
def _zeta(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """For s > 1 and q > 0, sums of (q + k)**-s (DLMF, 25.11.1 and 25.11.12): they fall with q, and
    for q >= 1 with s, so their extremes over a box lie at its corners. The same holds for
    polygamma, of an exact order. Undecided elsewhere but for exact arguments; also below 0, where
    decompositions differ, and for orders above :data:`verify.ref.special.ORDER`, where they
    multiply an infinite factorial by a zeta function that underflows.
    """
    s, q = operands
    args = [ctx.center(x) for x in operands]
    z = centers(ctx, node.op, *args)
    exact = np.logical_and(s.exact(), q.exact())
    decided = exact & ~((args[1] <= 0) & np.isinf(args[0])) & ~(args[1] < 0)
    if node.op == "chlo.polygamma":
        decided = decided & ((args[0] <= special.ORDER) | ~np.isfinite(args[0]))
    spread = np.where(decided, 0.0, np.inf)
    if s.error is not None or q.error is not None:
        spread = np.where(exact, spread, _corners(ctx, node.op, s, q, z))
    z = np.where(decided | np.isfinite(spread), z, 1.0)
    return _limited(ctx, node, operands, z, spread)


def _corners(ctx: Context, op: str, s: Value, q: Value, z: Array) -> Array:
    """How far the corners of a box of arguments lie from ``z``; undecided where they are not the
    extremes.
    """
    (least, most), (low, high) = outer(ctx, s), outer(ctx, q)
    known = np.broadcast_to(s.exact(), z.shape)
    if op == "chlo.zeta":
        box = (low > 0) & (least > 1) & (known | (low >= 1))
    else:
        whole = (least == np.rint(least)) & (least >= 0) & (least <= special.ORDER)
        box = (low > 0) & known & whole
    box = box & np.isfinite(most) & np.isfinite(high) & np.isfinite(z)
    at = [np.where(box, end, 2.0) for end in (least, most, low, high)]
    images = [centers(ctx, op, a, b) for a in at[:2] for b in at[2:]]
    spread = np.max([np.abs(y - z) for y in images], axis=0)
    return np.asarray(np.where(box & np.isfinite(spread), spread, np.inf))


# --- ops that are other ops -----------------------------------------------------------------------


@define("chlo.square")
def _square(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """A product."""
    return ctx.step(node._replace(op="multiply", operands=node.operands * 2), operands * 2)


@define("chlo.tan")
def _tan(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """The same function in the other dialect."""
    return ctx.step(node._replace(op="tan"), operands)


@define("chlo.is_inf", "chlo.is_pos_inf", "chlo.is_neg_inf", determined=True)
def _predicate(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """A decided inexact value is finite."""
    (x,) = operands
    bits = ctx.reference(node, [Value(x.dtype, x.as_bits())])
    return Value(I1, bits, error=np.asarray(x.undecided()), hull=x.hull)


@define("chlo.next_after", "chlo.mulhi", determined=True)
def _exact(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Exact on exact operands, else undecided."""
    bits = ctx.reference(node, operands)
    unsure = np.logical_not(np.logical_and(operands[0].exact(), operands[1].exact()))
    unsure = np.broadcast_to(unsure, bits.shape)
    if not node.type.dtype.precision:
        return Value(node.type.dtype, bits, error=unsure)
    z = np.where(unsure, 0.0, ctx.center(Value(node.type.dtype, bits)))
    return settle(node.type.dtype, z, np.where(unsure, np.inf, 0.0))


@define(*(f"chlo.broadcast_{op}" for op in (*BROADCASTING, *BROADCASTING_CHLO)))
def _broadcasting(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """Broadcast, then the plain op."""
    shape = node.type.shape
    whole = []
    for x in operands:
        have = ctx.center(x).shape if x.bits is None else x.bits.shape
        if have != shape:
            dims = tuple(range(len(shape) - len(have), len(shape)))
            types = (TensorType(shape, x.dtype),)
            spread = Node("broadcast_in_dim", (0,), (("broadcast_dimensions", dims),), types)
            made = ctx.step(spread, [x])
            assert isinstance(made, Value)
            x = made
        whole.append(x)
    attrs = tuple((k, v) for k, v in node.attrs if k != "broadcast_dimensions")
    plain = node._replace(op=broadcast_form(node.op), attrs=attrs)
    made = ctx.step(plain, whole)
    return take(ctx, plain, whole, made if isinstance(made, list) else [made])


@define("chlo.top_k")
def _top_k(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """What the reference gives for exact elements; else a stable sort, see
    :mod:`verify.bounds.sort`.
    """
    (x,) = operands
    made = REF[node.op](ctx.ref, node, [x.as_bits()])
    if x.error is None:
        return [Value(t.dtype, np.asarray(v)) for v, t in zip(made, node.types, strict=True)]
    shape, k = x.shape, node.attr("k")
    whole = node._replace(attrs=(("k", shape[-1]),))
    _, ranks = REF[node.op](ctx.ref, whole, [x.as_bits()])
    count = int(np.prod(shape[:-1], dtype=np.int64))
    lines = _piece(x, lambda a: a.reshape(count, shape[-1]))
    both = largest(ctx, lines, ranks.reshape(count, shape[-1]).astype(np.int64))
    return [_piece(v, lambda a: a[:, :k].reshape(*shape[:-1], k)) for v in both]


def _undecided(ctx: Context, bits: Array, t: TensorType, where: Array) -> Value:
    """``bits``, undecided at some places."""
    where = np.broadcast_to(where, t.shape)
    if not where.any():
        return Value(t.dtype, bits)
    if not t.dtype.precision:
        return Value(t.dtype, bits, error=where)
    center = ctx.center(Value(t.dtype, bits))
    return Value(t.dtype, None, np.where(where, 0.0, center), np.where(where, np.inf, 0.0))


def _piece(x: Value, cut: Callable[[Array], Array]) -> Value:
    """A part of a value."""
    bits, center, error = (
        None if a is None else np.asarray(cut(a)) for a in (x.bits, x.center, x.error)
    )
    return Value(x.dtype, bits, center, error, x.hull)


def _assemble(ctx: Context, t: TensorType, parts: Sequence[tuple[Any, Value]]) -> Value:
    """The tensor that holds the values at their places, and exact zeros elsewhere."""
    if not t.dtype.precision:
        bits, wrong = np.zeros(t.shape, t.dtype.numpy), np.zeros(t.shape, np.bool_)
        for place, x in parts:
            bits[place] = x.as_bits()
            wrong[place] = False if x.error is None else x.error
        return Value(t.dtype, bits, error=wrong if wrong.any() else None)
    center, error = np.zeros(t.shape, ctx.carrier), np.zeros(t.shape, ctx.carrier)
    for place, x in parts:
        center[place], error[place] = ctx.center(x), error_of(x)
    return settle(t.dtype, center, error, any(x.hull for _, x in parts))


@define("chlo.ragged_dot")
def _ragged_dot(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The contraction of each group; all is undecided where a size is."""
    lhs, rhs, sizes = operands
    t = node.type
    if sizes.error is not None:
        zeros = np.zeros(t.shape, t.dtype.numpy)
        return _undecided(ctx, zeros, t, np.ones(t.shape, np.bool_))
    parts = []
    for block in blocks(node, lhs.as_bits(), rhs.as_bits(), sizes.as_bits()):
        left = _piece(lhs, operator.itemgetter(block.left))
        right = _piece(rhs, operator.itemgetter(block.right))
        made = ctx.step(block.node, [left, right])
        assert isinstance(made, Value)
        parts.append((block.rows, made))
    return _assemble(ctx, t, parts)


@define("chlo.scan")
def _scan(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """The body at each place in turn."""
    count, dim = node.attr("inputs"), node.attr("dimension")
    given, captures = operands[: len(node.operands)], operands[len(node.operands) :]
    inputs, carries = given[:count], given[count:]
    types = node.types[: len(node.types) - len(carries)]
    parts: list[list[tuple[Any, Value]]] = [[] for _ in types]
    body = node.regions[0]
    places = range(np.shape(inputs[0].as_bits())[dim])
    for k in reversed(places) if node.attr("is_reverse") else places:
        place = (slice(None),) * dim + (k,)
        slices = [_piece(x, operator.itemgetter(place)) for x in inputs]
        values = ctx.run(body, [*slices, *carries, *captures])
        made = [values[v] for v in body.results]
        for out, x in zip(parts, made, strict=False):
            out.append((place, x))
        carries = made[len(types) :]
    return [*(_assemble(ctx, t, p) for t, p in zip(types, parts, strict=True)), *carries]
