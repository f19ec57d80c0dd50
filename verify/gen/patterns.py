"""Several ops at once: shapes of programs on which fusion, reordering, folding and elimination act.

Each pattern is a step like a single op. Operands come from the draft, so a pattern's inner values
get further users, its inputs are shared, and its constants are now and then not the neutral ones:
near-misses come with the patterns.
"""

from __future__ import annotations

from functools import cache

from compiler.dtypes import ALL, F32, FLOATS, I1, INTEGERS, DType
from compiler.ir import Attrs, TensorType
from compiler.ops import OPS
from verify.gen import dot as dots
from verify.gen import dynamic
from verify.gen.draft import Draft, Step, tensor
from verify.gen.elementwise import compare_attrs, partner
from verify.gen.reduce import FOLDS, fold, identity, kept
from verify.gen.shape import PERMUTATIONS, reshapes

_NUMBERS = INTEGERS + FLOATS
_FLOAT_UNARY = (
    "exponential",
    "tanh",
    "negate",
    "abs",
    "sqrt",
    "logistic",
    "floor",
    "sine",
    "log",
    "rsqrt",
    "sign",
)
_INT_UNARY = ("negate", "not", "popcnt", "count_leading_zeros", "negate")
_FLOAT_BINARY = ("add", "multiply", "subtract", "divide", "maximum", "minimum")
_INT_BINARY = (
    "add",
    "multiply",
    "subtract",
    "and",
    "or",
    "xor",
    "maximum",
    "minimum",
    "shift_left",
)


@cache
def _defined(ops: tuple[str, ...], dtype: DType) -> tuple[str, ...]:
    """Those of ``ops`` that take ``dtype``: narrow types have few."""
    return tuple(op for op in ops if dtype in OPS[op].dtypes + OPS[op].narrow)


def _any_unary(draft: Draft, v: int) -> int:
    t = draft.types[v]
    if t.dtype is I1:
        return draft.add("not", (v,), (), t)
    ops = _defined(_FLOAT_UNARY if t.dtype.is_float else _INT_UNARY, t.dtype)
    return draft.add(ops[draft.below(len(ops))], (v,), (), t)


def _any_binary(draft: Draft, v: int, w: int) -> int:
    t = draft.types[v]
    ops: tuple[str, ...] = (
        ("and", "or", "xor")
        if t.dtype is I1
        else _FLOAT_BINARY
        if t.dtype.is_float
        else _INT_BINARY
    )
    ops = _defined(ops, t.dtype)
    return draft.add(ops[draft.below(len(ops))], (v, w), (), t)


def _transposed(draft: Draft, v: int, perm: tuple[int, ...]) -> int:
    t = draft.types[v]
    attrs: Attrs = (("permutation", perm),)
    return draft.add("transpose", (v,), attrs, tensor(tuple([t.shape[p] for p in perm]), t.dtype))


def broadcast(draft: Draft, v: int, dims: tuple[int, ...], t: TensorType) -> int:
    """Append a broadcast of ``v`` to type ``t``."""
    return draft.add("broadcast_in_dim", (v,), (("broadcast_dimensions", dims),), t)


def _matrix_chain(draft: Draft) -> None:
    """A product of three or four matrices with uneven sizes, associated to either side or in the
    middle.
    """
    below = draft.below
    dtype = draft.dtype(FLOATS if below(4) else ALL)
    count = 3 + (below(4) == 3)
    sizes = [draft.dims[below(3)] for _ in range(count + 1)]
    sizes = [min(n, 24) for n in sizes]
    factors = [draft.like(tensor((sizes[i], sizes[i + 1]), dtype)) for i in range(count)]
    while len(factors) > 1:
        i = (0, len(factors) - 2, len(factors) // 2 - 1)[below(3)]
        factors[i : i + 2] = [dots.matmul(draft, factors[i], factors[i + 1])]


def _transpose_sandwich(draft: Draft) -> None:
    """Transposes around an elementwise op; often the second one undoes the first, sometimes not
    quite.
    """
    below = draft.below
    v = draft.ranked()
    rank = len(draft.types[v].shape)
    perms = PERMUTATIONS[rank]
    p = perms[below(len(perms))]
    back = tuple(sorted(range(rank), key=p.__getitem__))
    v = _transposed(draft, v, p)
    v = _any_binary(draft, v, partner(draft, v)) if below(2) else _any_unary(draft, v)
    if below(3):
        _transposed(draft, v, back if below(3) else p)


def _reshape_sandwich(draft: Draft) -> None:
    """A reshape, elementwise work, and a reshape back or onwards."""
    below = draft.below
    v = draft.ranked()
    t = draft.types[v]
    found = reshapes(t.shape)
    shape = found[below(len(found))]
    v = draft.add("reshape", (v,), (), tensor(shape, t.dtype))
    v = _any_unary(draft, v)
    onward = reshapes(shape)
    last = t.shape if below(3) else onward[below(len(onward))]
    draft.add("reshape", (v,), (), tensor(last, t.dtype))


def _sums(draft: Draft) -> None:
    """A tree of one associative op over values and constants: (a + c) + d, (a + b) + (c + d), a * c
    + b * c.
    """
    below = draft.below
    v = draft.subject(_NUMBERS)
    t = draft.types[v]
    op = ("add", "multiply", "add", "maximum", "subtract")[below(5)]
    k = below(4)
    if k == 0:
        for _ in range(2 + below(2)):
            v = draft.add(op, (v, draft.splat(t)), (), t)
    elif k == 1:
        left = draft.add(op, (v, draft.like(t)), (), t)
        right = draft.add(op, (draft.like(t), draft.like(t)), (), t)
        draft.add(op, (left, right), (), t)
    elif k == 2:
        shared = draft.like(t)
        left = draft.add("multiply", (v, shared), (), t)
        right = draft.add(
            "multiply", (draft.like(t), shared) if below(2) else (shared, draft.like(t)), (), t
        )
        draft.add(("add", "subtract")[below(2)], (left, right), (), t)
    else:
        for _ in range(3):
            w = draft.like(t)
            v = draft.add(op, (v, w) if below(2) else (w, v), (), t)


def _reduction_of_sum(draft: Draft) -> None:
    """Reduce over reduce, reduce of a sum, a sum of reductions."""
    below = draft.below
    v = draft.ranked()
    t = draft.types[v]
    ops = FOLDS[t.dtype]
    op = ops[below(len(ops))]
    k = below(3)
    if k == 0 and len(t.shape) > 1:
        inner = fold(draft, v, op, (below(len(t.shape)),))
        rank = len(draft.types[inner].shape)
        fold(draft, inner, op if below(4) else ops[below(len(ops))], (below(rank),))
    elif k == 1:
        w = _any_binary(draft, v, partner(draft, v))
        fold(draft, w, op, (len(t.shape) - 1,))
    else:
        a, b = fold(draft, v, op, (0,)), fold(draft, draft.like(t), op, (0,))
        _any_binary(draft, a, b)


def _again(draft: Draft) -> None:
    """An op that stands there already, once more: the same, with operands swapped, or with one
    operand exchanged (but for ops whose operands decide the result's shape).
    """
    below = draft.below
    single = [n for n in draft.nodes if len(n[3]) == 1 and n[1]]
    if not single:
        return _sums(draft)
    op, operands, attrs, types, regions, captures = single[below(len(single))]
    k = below(4)
    if op in dynamic.GEN:
        k = 0
    if (
        k == 1
        and len(operands) == 2
        and draft.types[operands[0]] is draft.types[operands[1]]
        and op != "pad"
    ):
        operands = (operands[1], operands[0])
    elif k == 2:
        at = below(len(operands))
        operands = (*operands[:at], draft.like(draft.types[operands[at]]), *operands[at + 1 :])
    elif k == 3 and op == "compare":
        attrs = compare_attrs(draft.types[operands[0]].dtype, below(6), below(4))
    v = draft.add_many(op, operands, attrs, types, regions, captures)
    if below(2):
        _any_unary(draft, v)
    return None


def _zeros(draft: Draft) -> None:
    """0 and -0 side by side, each with a user that tells them apart: against anything, or against
    zeros of both signs.
    """
    t = draft.new_type(FLOATS)
    if 0 in t.shape:
        return _sums(draft)
    plus = bytes(t.dtype.numpy.itemsize)
    minus = plus[:-1] + b"\x80"
    order = (plus, minus) if draft.below(2) else (minus, plus)
    v = draft.like(t)
    if draft.below(2):
        v = draft.add("multiply", (v, draft.constant(t, plus)), (), t)
    op = ("divide", "maximum", "minimum", "atan2", "add")[draft.below(5)]
    for data in order:
        zero = draft.constant(t, data)
        draft.add(op, (zero, v) if op == "atan2" else (v, zero), (), t)
    return None


def _softmax(draft: Draft) -> None:
    """exp(x - max) / sum over one axis, the broadcasts as JAX makes them; sometimes over another
    axis than the maximum's.
    """
    below = draft.below
    v = draft.ranked(FLOATS)
    t = draft.types[v]
    rank = len(t.shape)
    axis = rank - 1 if below(4) else below(rank)
    rest = tuple([d for d in range(rank) if d != axis])
    top = fold(draft, v, "maximum", (axis,))
    shifted = draft.add("subtract", (v, broadcast(draft, top, rest, t)), (), t)
    powers = draft.add("exponential", (shifted,), (), t)
    other = axis if below(4) else 0
    total = fold(draft, powers, "add", (other,))
    rest = tuple([d for d in range(rank) if d != other])
    draft.add("divide", (powers, broadcast(draft, total, rest, t)), (), t)


def _layernorm(draft: Draft) -> None:
    """(x - mean) * rsqrt(variance + c) over the last axis."""
    v = draft.ranked(FLOATS)
    t = draft.types[v]
    rank = len(t.shape)
    rest = tuple(range(rank - 1))
    row = kept(t, (rank - 1,))
    count = draft.splat(row)
    mean = draft.add("divide", (fold(draft, v, "add", (rank - 1,)), count), (), row)
    centred = draft.add("subtract", (v, broadcast(draft, mean, rest, t)), (), t)
    squares = draft.add("multiply", (centred, centred), (), t)
    variance = draft.add("divide", (fold(draft, squares, "add", (rank - 1,)), count), (), row)
    scale = draft.add("rsqrt", (draft.add("add", (variance, draft.splat(row)), (), row),), (), row)
    draft.add("multiply", (centred, broadcast(draft, scale, rest, t)), (), t)


def _dot_epilogue(draft: Draft) -> None:
    """A matrix product, a bias of either orientation, and an activation; operands transposed or
    converted before.
    """
    below = draft.below
    m, k, n = (min(draft.dims[below(3)], 300) for _ in range(3))
    if draft.limit < 10_000:
        m, k, n = min(m, 20), min(k, 70), min(n, 20)
    dtype = draft.dtype(FLOATS)
    lhs = draft.like(tensor((m, k), dtype))
    if below(3) == 2:
        rhs = _transposed(draft, draft.like(tensor((n, k), dtype)), (1, 0))
    else:
        rhs = draft.like(tensor((k, n), dtype))
    wide = dots.result_dtype(draft, dtype)
    v = dots.dot(draft, (lhs, rhs), ((), ()), ((1,), (0,)), wide)
    t = tensor((m, n), wide)
    axis = below(2)
    bias = draft.like(tensor(((m, n)[axis],), wide))
    v = draft.add("add", (v, broadcast(draft, bias, (axis,), t)), (), t)
    if below(2):
        zero = draft.constant(tensor((), wide), identity("add", wide))
        v = draft.add("maximum", (v, broadcast(draft, zero, (), t)), (), t)
    else:
        v = _any_unary(draft, v)
    if below(3) == 2:
        fold(draft, v, "add", (1,))


def _chain(draft: Draft) -> None:
    """Three to six elementwise ops in a row, for fusion; one of them may change the dtype."""
    below = draft.below
    v = draft.subject(ALL)
    for _ in range(3 + below(4)):
        k = below(6)
        t = draft.types[v]
        if k == 5:
            v = draft.add("convert", (v,), (), tensor(t.shape, draft.dtype(ALL)))
        elif k > 2:
            v = _any_binary(draft, v, partner(draft, v))
        else:
            v = _any_unary(draft, v)


def _folded(draft: Draft) -> None:
    """Work on constants only, with a result that meets the rest of the program."""
    below = draft.below
    t = draft.new_type(ALL)
    v = draft.dense(t) if below(2) else draft.splat(t)
    v = _any_binary(draft, v, draft.dense(t) if below(2) else draft.splat(t))
    v = _any_unary(draft, v)
    if below(2):
        _any_binary(draft, draft.like(t), v)


def _conversions(draft: Draft) -> None:
    """Conversions in a row, there and back: some are exact, some round, saturate or wrap."""
    below = draft.below
    v = draft.subject(ALL)
    shape, first = draft.types[v]
    middle: DType = draft.dtype(ALL)
    v = draft.add("convert", (v,), (), tensor(shape, middle))
    if below(3) == 2:
        v = _any_unary(draft, v)
    draft.add("convert", (v,), (), tensor(shape, first if below(4) else draft.dtype(ALL)))


def _masked(draft: Draft) -> None:
    """A compare against an iota or a broadcast scalar, a select with it, a reduction: masks and
    tails.
    """
    below = draft.below
    v = draft.ranked(_NUMBERS)
    t = draft.types[v]
    counter = tensor(t.shape, draft.dtype(INTEGERS))
    iota = draft.add("iota", (), (("iota_dimension", below(len(t.shape))),), counter)
    bound = draft.splat(counter)
    mask_type = tensor(t.shape, I1)
    mask = draft.add("compare", (iota, bound), compare_attrs(counter.dtype, below(6), 0), mask_type)
    pair = (v, draft.splat(t)) if below(2) else (draft.splat(t), v)
    w = draft.add("select", (mask, *pair), (), t)
    if below(2):
        ops = FOLDS[t.dtype]
        fold(draft, w, ops[below(len(ops))], (below(len(t.shape)),))


def _nan_check(draft: Draft) -> None:
    """A float compared with itself, as isnan is written, and often a select by that."""
    below = draft.below
    v = draft.subject(FLOATS)
    t = draft.types[v]
    attrs = compare_attrs(t.dtype, below(6), 0)
    mask = draft.add("compare", (v, v), attrs, tensor(t.shape, I1))
    if below(2):
        pair = (v, draft.splat(t)) if below(2) else (draft.splat(t), v)
        draft.add("select", (mask, *pair), (), t)


def _diamond(draft: Draft) -> None:
    """One value with two users that meet again, one branch moved by a layout op that keeps the
    type.
    """
    below = draft.below
    v = draft.ranked()
    t = draft.types[v]
    left = _any_unary(draft, v)
    if below(2):
        right = draft.add("reverse", (v,), (("dimensions", (below(len(t.shape)),)),), t)
    else:
        right = _any_binary(draft, v, partner(draft, v))
    _any_binary(draft, left, right)


def _square_layout(draft: Draft) -> None:
    """Layout ops on a square or cube, where a wrong permutation or axis changes values and not the
    type.
    """
    below = draft.below
    n = (2, 3, 5, 4)[below(4)]
    rank = 2 + below(2)
    t = tensor((n,) * rank, draft.dtype((F32, *ALL)))
    v = draft.like(t)
    perms = PERMUTATIONS[rank]
    for _ in range(2 + below(2)):
        k = below(5)
        if k == 0:
            v = draft.add("reverse", (v,), (("dimensions", (below(rank),)),), t)
        elif k == 1:
            v = _any_unary(draft, v)
        elif k == 2:
            v = broadcast(draft, v, perms[below(len(perms))], t)
        else:
            v = _transposed(draft, v, perms[below(len(perms))])
    if below(2):
        _any_binary(draft, v, draft.like(t))


PATTERNS: dict[str, Step] = {
    "again": _again,
    "chain": _chain,
    "conversions": _conversions,
    "diamond": _diamond,
    "dot-epilogue": _dot_epilogue,
    "folded": _folded,
    "layernorm": _layernorm,
    "masked": _masked,
    "matrix-chain": _matrix_chain,
    "nan-check": _nan_check,
    "reduction-of-sum": _reduction_of_sum,
    "reshape-sandwich": _reshape_sandwich,
    "softmax": _softmax,
    "square-layout": _square_layout,
    "sums": _sums,
    "transpose-sandwich": _transpose_sandwich,
    "zeros": _zeros,
}
