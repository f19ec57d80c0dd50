"""From a polynomial to a value with an error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compiler.dtypes import BF16, F16, DType
from compiler.ir import Array, Node
from verify.bounds.core import Context
from verify.bounds.format import FORMATS
from verify.bounds.ring import Ring, growth
from verify.bounds.rounding import any_hull, overflowing, sure, tame_minor
from verify.bounds.value import Value

NARROW = {FORMATS[d].precision: FORMATS[d] for d in (F16, BF16)}


def ring_value(
    ctx: Context,
    node: Node,
    operands: list[Value],
    made: Ring,
    *,
    single: bool | None = None,
    reference: Callable[[], Array] | None = None,
) -> Value:
    """The result of a ring op under ``reassoc``: the bound of :mod:`verify.bounds.ring`.

    Exact where no order can round (exact mode), and where the op is the only one of its region and
    its operands are exact: then there is no other circuit. A product or quotient of NaN is NaN, as
    it stays a factor; a sum with it is undecided (x - x may have become 0). An infinity is certain
    where a sum holds infinities of one sign only.

    ``single``: whether the op on exact operands is one evaluation that the specification
    determines; by default looked up for elementwise operands. ``reference``: what the reference
    makes of the operands' bits; by default as of an elementwise op.
    """
    dtype = operands[0].dtype if node.op == "reduce" else node.type.dtype

    def bits_of() -> Array:
        return ctx.center(Value(dtype, reference() if reference else ctx.reference(node, operands)))

    f = ctx.format(dtype)
    n = made.roundings
    gain = growth(n, ctx.unit(dtype))
    e = made.mag * gain + made.big * (made.loss * (1 + gain))
    if made.spread is not None:
        e = e + made.spread * (1 + 64 * ctx.eps)
    safe = made.big * (1 + gain) + e < f.top  # false for NaN
    if made.precision:
        # In another order an intermediate may be an operand that is rounded to the narrow format.
        safe = safe & (made.big * (1 + gain) < NARROW[made.precision].top)
    if made.divisor != 1.0:
        safe = safe & (4 * made.divisor < f.top)
    z, raw = made.center, e
    shown = z
    e = np.where(np.isnan(z) | ~safe, np.inf, e)
    if not np.isfinite(z).all():
        e = np.where(np.isinf(z) & safe, 0.0, e)
    p = min(made.precision or f.precision, f.precision)
    if made.grain is not None and made.spread is None and made.fine >= f.eta_exponent:
        whole = (made.mag <= 2.0 ** min(p + made.grain, 1000)) & np.isfinite(e)
        if made.precision:
            whole &= made.fine >= NARROW[made.precision].eta_exponent
        e = np.where(whole, 0.0, e)
    if n <= 1 and single is not False:
        shown, e = _alone(ctx, node, operands, single, (shown, e), bits_of)
    if node.op in ("multiply", "divide"):
        for x in operands:
            nan = sure(x, np.isnan(ctx.center(x)))
            shown, e = np.where(nan, np.nan, shown), np.where(nan, 0.0, e)
    if not ctx.loose_zero:
        shown, e = _signed_zeros(node, operands, made, dtype, (shown, e), bits_of)
    value = Value(dtype, None, np.asarray(shown), np.asarray(e), any_hull(operands), made)
    if not e.any():
        value.error = None
    if not safe.all() and _one_sign(made, operands):
        return overflowing(value, raw, tame_minor(f, made.mag * (1 + gain), z), made.chain > 1)
    return value


def _alone(
    ctx: Context,
    node: Node,
    operands: list[Value],
    single: bool | None,
    found: tuple[Array, Array],
    reference: Callable[[], Array],
) -> tuple[Array, Array]:
    """Values and errors, exact where an op on exact operands is the only one of its region."""
    z, e = found
    # With afn a sum may go unrounded into a function, as in log(1 + x).
    unrounded = ctx.afn and node.op in ("add", "subtract")
    if unrounded or any(x.ring is not None for x in operands):
        return z, e
    alone: Array = np.asarray(True)
    if single is None:
        alone = np.asarray(np.logical_and(operands[0].exact(), operands[1].exact()))
    if not alone.any():
        return z, e
    bits = reference()
    alone = alone & ~np.isnan(bits)
    return np.where(alone, bits, z), np.where(alone, 0.0, e)


def _signed_zeros(
    node: Node,
    operands: list[Value],
    made: Ring,
    dtype: DType,
    found: tuple[Array, Array],
    reference: Callable[[], Array],
) -> tuple[Array, Array]:
    """Values and errors, with the signs of zeros that no order can round.

    Where the operands are exact they have one sign, the reference's: a sum is -0 in one order where
    it is in all, which is where each term is -0. A contraction of nothing but zeros, or of products
    that underflow, may be -0, or +0 where it starts from +0: both are in use.
    """
    z, e = found
    zeros, sign = (z == 0) & (e == 0), FORMATS[dtype].sign
    if not zeros.any():
        return z, e
    if any(x.error is not None for x in operands):
        return z, np.where(zeros, sign, e)
    if node.op == "dot_general":
        chained = any(x.ring is not None for x in operands)
        vanished = made.mag < FORMATS[dtype].eta
        return np.where(zeros, 0.0, z), np.where(zeros & (chained | vanished), sign, e)
    return np.where(zeros, reference(), z), e


def _one_sign(made: Ring, operands: list[Value]) -> bool:
    """Whether no order of the operations makes an infinity but that of a sum's own terms: a sum of
    leaves, or a product of two.
    """
    if made.precision or made.narrow or made.divisor != 1.0:
        return False
    return made.depth == 0 or (made.roundings <= 1 and all(x.ring is None for x in operands))
