"""sort: where two elements cannot be told apart for certain, either may stand first.

A line is put into the order that its determined or central values have, and cut wherever everything
before the cut stands before everything behind it for certain. Between two cuts any permutation is
legal, and an element may be any one of those there. The operand that a plain comparator looks at is
also enclosed by order statistics: the k-th smallest value lies between the k-th smallest lower end
and the k-th smallest upper end.

A comparator that is no strict weak order on the data leaves the whole line open.

Source: David and Nagaraja, *Order Statistics*, 3rd ed., section 2.1: the k-th smallest of n numbers
is monotone in each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from compiler.dtypes import I32
from compiler.ir import Array, Node
from verify.bounds.bodies import broadcast, picked
from verify.bounds.core import Context, define
from verify.bounds.format import FORMATS
from verify.bounds.hulls import one_of
from verify.bounds.rounding import ends, error_of, settle
from verify.bounds.value import Value
from verify.ref.bodies import is_scalar_code
from verify.ref.elementwise import total_order
from verify.ref.sort import Plain, as_lines, from_lines, plain, sorted_order

PAIRS = 1 << 21  # comparisons of all pairs in all lines that are worth it


@define("sort")
def _sort(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """For each element the hull of those between the same two cuts; the keys by order statistics,
    too. No rounding.
    """
    count, dim = len(node.types), node.attr("dimension")
    captures = operands[count:]
    lines = [_moved(x, lambda a: as_lines(a, dim)) for x in operands[:count]]
    if 0 in lines[0].shape:
        return [Value(t.dtype, np.empty(t.shape, t.dtype.numpy)) for t in node.types]
    outer = [c.as_bits() for c in captures]
    order = sorted_order(ctx.ref, node, [x.as_bits() for x in lines], outer)
    rows = np.arange(order.shape[0])[:, None]
    lines = [picked(x, (rows, order)) for x in lines]
    known = plain(node)
    if known is not None:
        cuts = _plain_cuts(ctx, lines[known.operand], known, node.attr("is_stable"))
    else:
        cuts = _cuts(ctx, node, lines, captures)
    outs = [_between(ctx, x, cuts) for x in lines]
    if known is not None and node.types[known.operand].dtype.precision:
        k = known.operand
        outs[k] = _statistics(ctx, lines[k], outs[k], known.descending)
    return [_moved(x, lambda a: from_lines(a, dim, node.type.shape)) for x in outs]


def _moved(x: Value, move: Callable[[Array], Array]) -> Value:
    """``x`` with its elements elsewhere, without what ``reassoc`` knows of them."""
    out = Value(x.dtype, hull=x.hull)
    out.bits = None if x.bits is None else move(x.bits)
    out.center = None if x.center is None else move(x.center)
    out.error = None if x.error is None else move(x.error)
    return out


def _between(ctx: Context, x: Value, cuts: Array) -> Value:
    """For each element of sorted lines anything that stands between the same two cuts."""
    first = np.ones(x.shape, bool)
    first[:, 1:] = cuts
    blocks = one_of(ctx, _moved(x, lambda a: a.reshape(-1)), np.flatnonzero(first))
    return picked(blocks, (np.cumsum(first) - 1).reshape(x.shape))


def largest(ctx: Context, x: Value, order: Array) -> list[Value]:
    """The elements of lines ``x``, the largest first, and their numbers: a stable sort of both.

    ``order`` holds the numbers in the order that the determined or central values have. NaN stands
    above infinity, which totalOrder has only for one sign of it: a line with one is left open.
    """
    rows = np.arange(order.shape[0])[:, None]
    key = picked(x, (rows, order))
    cuts = _plain_cuts(ctx, key, Plain(0, descending=True, total=True), stable=True)
    numbers = Value(I32, order.astype(np.int32))
    out = _between(ctx, key, cuts)
    if x.dtype.precision:
        out = _statistics(ctx, key, out, descending=True)
    return [out, _between(ctx, numbers, cuts)]


# Comparators that look at one operand


def _plain_cuts(ctx: Context, key: Value, known: Plain, stable: bool) -> Array:
    """Cut where the largest upper end before is less than the smallest lower end behind."""
    low, high, decided = _key_ends(ctx, key, known)
    before = np.maximum.accumulate(high, axis=-1)[:, :-1]
    behind = np.minimum.accumulate(low[:, ::-1], axis=-1)[:, ::-1][:, 1:]
    cuts = before < behind
    return np.asarray(cuts | np.all(decided, axis=-1, keepdims=True) if stable else cuts)


def _key_ends(ctx: Context, key: Value, known: Plain) -> tuple[Array, Array, Array]:
    """Ends of the keys, ascending along sorted lines, and which keys have one known place: not NaN,
    nor a zero whose sign counts but is open.
    """
    if not key.dtype.precision:
        bits = key.as_bits()
        bits = bits.astype(np.uint8) if key.dtype.kind == "bool" else bits
        bits = ~bits if known.descending else bits
        info = np.iinfo(bits.dtype)
        unsure = np.broadcast_to(key.undecided(), bits.shape)
        return np.where(unsure, info.min, bits), np.where(unsure, info.max, bits), ~unsure
    nan = np.isnan(ctx.center(key))
    if known.total and key.error is None and not nan.any() and not ctx.loose_zero:
        bits = total_order(key.as_bits())
        bits = ~bits if known.descending else bits
        return bits, bits, np.ones(bits.shape, bool)
    low, high = ends(ctx, key)
    if known.descending:
        low, high = -high, -low
    lost = nan | key.undecided()
    zero = (ctx.center(key) == 0) if known.total else np.zeros(nan.shape, bool)
    decided = np.broadcast_to(key.exact(), nan.shape) & ~lost & ~zero
    return np.where(lost, -np.inf, low), np.where(lost, np.inf, high), decided


def _statistics(ctx: Context, key: Value, out: Value, descending: bool) -> Value:
    """``out`` where it says more than the order statistics of the ends of ``key`` do."""
    low, high = (np.sort(end, axis=-1) for end in ends(ctx, key))
    if descending:
        low, high = low[:, ::-1], high[:, ::-1]
    lost = (np.isnan(ctx.center(key)) | key.undecided()).any(axis=-1)[:, None]
    middle = np.where(low == high, low, low / 2 + high / 2)
    half = (high / 2 - low / 2) * (1 + 8 * ctx.eps) + np.abs(middle) * (4 * ctx.eps)
    # Halves of what is next to zero may vanish; and of zeros the sign is open.
    least = FORMATS[key.dtype].sign
    half = np.where(low == high, np.where(low == 0, least, 0.0), np.maximum(half, least))
    better = ~lost & (half < error_of(out))
    z, e = np.where(better, middle, ctx.center(out)), np.where(better, half, error_of(out))
    return settle(key.dtype, z, e, out.hull)


# Other comparators


def _cuts(ctx: Context, node: Node, lines: Sequence[Value], captures: Sequence[Value]) -> Array:
    """Cut where each element before is less than each one behind, and not the other way round.

    Of a stable sort that knows all answers, elements that are equal keep their order too.
    """
    count, n = lines[0].shape
    if count * n * n > PAIRS or not is_scalar_code(node.regions[0]):
        return np.zeros((count, n - 1), bool)
    shape = (count, n, n)
    pairs = [
        broadcast(ctx, picked(x, side), shape)
        for x in lines
        for side in (np.s_[:, :, None], np.s_[:, None, :])
    ]
    region = node.regions[0]
    answer = broadcast(ctx, ctx.run(region, [*pairs, *captures])[region.results[0]], shape)
    less, unsure = answer.as_bits(), np.broadcast_to(answer.undecided(), shape)
    strict = less & ~unsure & (~less & ~unsure).swapaxes(1, 2)
    # The last element that each one, or one before it, may stand behind: no cut up to there.
    open_ = np.triu(~strict, 1)
    reach = np.where(open_, np.arange(n), -1).max(axis=-1)
    cuts = np.maximum.accumulate(reach, axis=-1)[:, :-1] < np.arange(1, n)
    known = ~np.any(unsure, axis=(1, 2))
    twice = np.any(less & less.swapaxes(1, 2) & ~unsure, axis=(1, 2))
    consistent = ~twice & (~known | _is_weak_order(less))
    if node.attr("is_stable"):
        cuts |= known[:, None]
    return np.asarray(cuts & consistent[:, None])


def _is_weak_order(less: Array) -> Array:
    """For each line: whether its elements, sorted, fall into classes so that an element is less
    than exactly those of later classes.
    """
    n = less.shape[-1]
    steps = less[:, np.arange(n - 1), np.arange(1, n)]
    classes = np.concatenate([np.zeros((len(less), 1), int), np.cumsum(steps, axis=-1)], axis=-1)
    wanted = classes[:, :, None] < classes[:, None, :]
    return np.asarray((less == wanted).all(axis=(1, 2)))
