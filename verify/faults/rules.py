"""Bugs in declared rules: dropped guards, swapped operands, wrong attributes, lost contracts.

Each exchanges one rule of :data:`compiler.rules.RULES` for the same rule with another body, other
dtypes or no contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.contract import EXACT
from compiler.dtypes import ALL, FLOATS, INTEGERS, SIGNED, DType
from compiler.rules import RULES
from compiler.rules.ops import (
    add,
    and_,
    broadcast_in_dim,
    clamp,
    compare,
    concatenate,
    const,
    convert,
    divide,
    dot_general,
    maximum,
    minimum,
    multiply,
    not_op,
    pad,
    reduce,
    remainder,
    reverse,
    select,
    shift_left,
    slice_,
    subtract,
    transpose,
)
from compiler.rules.term import (
    Binary,
    Const,
    Idempotent,
    Opaque,
    PowerOfTwo,
    Pred,
    Rewrite,
    Rule,
    Scalar,
    Tensor,
    Type,
    Varying,
)
from compiler.rules.values import (
    Axes,
    Axis,
    Dims,
    Direction,
    Perm,
    Shape,
    Vec,
    all_,
    fill,
    le,
    min_,
    same,
)
from verify.faults.base import declare, exchanged


def altered(
    name: str,
    kind: str,
    rule: str,
    summary: str,
    fn: Callable[..., Rewrite] | None = None,
    *,
    source: str,
    dtypes: tuple[DType, ...] | None = None,
    keeps_bits: bool = False,
    pass_name: str = "canonicalize",
) -> None:
    """Declare a fault of one rule: another body, other dtypes, or the contract left out."""

    def make(old: Rule) -> Rule:
        new = old.altered(fn) if fn else old
        contract = EXACT if keeps_bits else new.contract
        return replace(new, dtypes=dtypes or new.dtypes, contract=contract)

    install = exchanged(RULES, rule, make)
    declare(name, kind, summary, blame=(pass_name, rule), install=install, source=source)


# Bodies with the slip in them; each is read by its rule's name below


def _composed_backwards(x: Tensor, p: Perm, q: Perm) -> Rewrite:
    return transpose(transpose(x, p), q), transpose(x, q.then(p))


def _limit_without_stride(x: Tensor, a: Vec, b: Vec, s: Vec, c: Vec, d: Vec, t: Vec) -> Rewrite:
    limit = min_(a + d, b)
    return slice_(slice_(x, a, b, s), c, d, t), slice_(x, min_(a + c * s, limit), limit, s * t)


def _start_without_stride(x: Tensor, a: Vec, b: Vec, s: Vec, c: Vec, d: Vec, t: Vec) -> Rewrite:
    limit = min_(a + d * s, b)
    return slice_(slice_(x, a, b, s), c, d, t), slice_(x, min_(a + c, limit), limit, s * t)


def _reverse_union(x: Tensor, d: Dims, e: Dims) -> Rewrite:
    return reverse(reverse(x, d), e), reverse(x, d.join(e))


def _pad_pad_unguarded(x: Tensor, v: Scalar, a: Vec, b: Vec, i: Vec, c: Vec, d: Vec) -> Rewrite:
    flat = fill(x.rank, 0)
    return pad(pad(x, v, a, b, i), v, c, d, flat), pad(x, v, a + c, b + d, i)


def _slice_of_pad_unguarded(
    x: Tensor, v: Scalar, low: Vec, high: Vec, lo: Vec, hi: Vec, step: Vec
) -> Rewrite:
    flat = fill(x.rank, 0)
    inside = all_(le(low, lo), le(hi - low, x.shape + 1))
    start, limit = lo - low, min_(hi - low, x.shape)
    return slice_(pad(x, v, low, high, flat), lo, hi, step), slice_(x, start, limit, step), inside


def _second_without_offset(x: Tensor, y: Tensor, k: Axis, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
    n = x.shape.at(k)
    kept = slice_(x, lo.put(k, lo.at(k) - n), hi.put(k, hi.at(k) - n), step)
    within = all_(le(n, lo.at(k)), le(hi.at(k) - n, n))
    return slice_(concatenate(k, x, y), lo, hi, step), kept, within


def _permuted_not_inverted(x: Tensor, p: Perm, d: Axes, s: Shape) -> Rewrite:
    return broadcast_in_dim(transpose(x, p), d, s), broadcast_in_dim(x, d.take(p), s)


def _reverse_keeps_axes(x: Tensor, p: Perm, d: Dims) -> Rewrite:
    return reverse(transpose(x, p), d), transpose(reverse(x, d), p)


def _swapped_binary(x: Tensor, y: Tensor, f: Binary, p: Perm) -> Rewrite:
    return f(transpose(x, p), transpose(y, p)), transpose(f(y, x), p)


def _swapped_constant(x: Tensor, f: Binary, c: Const, p: Perm) -> Rewrite:
    return f(c, transpose(x, p)), transpose(f(x, c), p)


def _init_dropped(x: Tensor, f: Idempotent, a: Axes, s: Shape, d: Dims, init: Scalar) -> Rewrite:
    kept = broadcast_in_dim(x, a.lower(d), s.drop(d))
    return reduce(f, broadcast_in_dim(x, a, s), d, init), kept, a.disjoint(d)


def _counted_once(x: Tensor, a: Axes, s: Shape, d: Dims, init: Scalar) -> Rewrite:
    left = s.drop(d)
    kept = broadcast_in_dim(x, a.lower(d), left)
    total = add(broadcast_in_dim(init, Axes(()), left), kept)
    return reduce("add", broadcast_in_dim(x, a, s), d, init), total, a.disjoint(d)


def _inner_dims_not_lifted(x: Tensor, d: Dims, e: Dims, init: Scalar) -> Rewrite:
    twice = reduce("add", reduce("add", x, d, const(0)), e, init)
    return twice, reduce("add", x, e.join(d), init), e.disjoint(d)


def _rhs_free_order(
    x: Tensor, y: Tensor, p: Perm, lb: Axes, rb: Axes, lc: Axes, rc: Axes, rest: Opaque
) -> Rewrite:
    moved = dot_general(x, y, lb, rb.through(p), lc, rc.through(p), rest)
    return dot_general(x, transpose(y, p), lb, rb, lc, rc, rest), moved


def _shift_one_more(x: Tensor, c: PowerOfTwo) -> Rewrite:
    return multiply(x, c), shift_left(x, const(c.exponent + 1))


def _mask_is_divisor(x: Tensor, c: PowerOfTwo) -> Rewrite:
    return remainder(x, c), and_(x, c)


def _positive_zero(x: Tensor) -> Rewrite:
    return add(x, const(0)), x


def _clamp_swapped(x: Tensor, lo: Const, hi: Const) -> Rewrite:
    return minimum(maximum(x, lo), hi), clamp(hi, x, lo)


def _not_negated(x: Tensor, y: Tensor, d: Direction) -> Rewrite:
    return not_op(compare(d, x, y)), compare(d.swapped, x, y)


def _select_not_ignored(p: Pred, x: Tensor, y: Tensor) -> Rewrite:
    return select(not_op(p), x, y), select(p, x, y)


def _select_inner_false(p: Pred, x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
    return select(p, select(p, x, y), z), select(p, y, z)


def _any_conversion(x: Tensor, s: Type, t: Type) -> Rewrite:
    return convert(convert(x, s), t), convert(x, t)


def _constants_added(x: Tensor, a: Const, b: Const) -> Rewrite:
    return subtract(add(x, a), b), add(x, add(a, b))


def _divided_by_inverse(x: Tensor, c: Const) -> Rewrite:
    return divide(x, c), multiply(x, c)


def _factor_swapped(x: Tensor, c: Const) -> Rewrite:
    return subtract(x, multiply(x, c)), multiply(x, subtract(c, const(1)))


def _unconverted(x: Tensor, y: Tensor, s: Type, d: Direction) -> Rewrite:
    """The guard keeps the types alike, not what conversion loses."""
    return compare(d, convert(x, s), convert(y, s)), compare(d, x, y), same(x.dtype, y.dtype)


def _constant_moved(x: Varying, c: Const, d: Direction) -> Rewrite:
    return compare(d, c, x), compare(d, x, c)


# fmt: off
altered("transpose-composed-backwards", "wrong axis", "layout/transpose-transpose",
        "two transposes are merged in the wrong order", _composed_backwards,
        source="llvm/llvm-project#135397: two transposes folded that do not cancel")
altered("slice-limit-without-stride", "off by one", "layout/slice-slice",
        "slice of slice forgets the inner stride in the limit", _limit_without_stride,
        source="apache/tvm#6441: the stride of a slice was ignored")
altered("slice-start-without-stride", "off by one", "layout/slice-slice",
        "slice of slice forgets the inner stride in the start", _start_without_stride,
        source="tensorflow/tensorflow#19260: wrong indices of a strided slice")
altered("reverse-union", "wrong axis", "layout/reverse-reverse",
        "reverse of reverse turns the union of the dimensions", _reverse_union,
        source="apache/tvm#6829: wrong range of a slice that runs backwards")
altered("pad-pad-unguarded", "dropped guard", "layout/pad-pad",
        "pad of pad is merged also where the outer one crops", _pad_pad_unguarded,
        source="openxla/xla#48713: negative low padding mishandled")
altered("slice-of-pad-unguarded", "off by one", "layout/slice-of-pad",
        "slice of pad may reach one element into the high padding", _slice_of_pad_unguarded,
        source="openxla/xla#48713: padding read from beyond the input")
altered("concatenate-wrong-operand", "operands swapped", "layout/slice-of-concatenate-second",
        "a slice of the second operand is taken from the first", _second_without_offset,
        source="tensorflow/tensorflow#19260: wrong indices of a strided slice")
altered("broadcast-of-transpose-not-inverted", "wrong axis", "layout/broadcast-of-transpose",
        "broadcast of transpose applies the permutation, not its inverse", _permuted_not_inverted,
        source="openxla/stablehlo#1339: a permutation and its inverse confused")
altered("reverse-of-transpose-same-axes", "wrong axis", "layout/reverse-of-transpose",
        "reverse moved below a transpose keeps its dimensions", _reverse_keeps_axes,
        source="openxla/xla#44890: transpose folded without renumbering dimensions")
altered("binary-of-transposes-swapped", "operands swapped", "layout/binary-of-transposes",
        "operands change places when a transpose moves out", _swapped_binary,
        source="llvm/llvm-project#119419: a fold wrong where operands are swapped")
altered("constant-transpose-swapped", "operands swapped", "reorder/binary-of-constant-transpose",
        "constant and operand change places when a transpose moves out", _swapped_constant,
        pass_name="reorder",
        source="llvm/llvm-project#119419: a fold wrong where operands are swapped")
altered("reduce-of-broadcast-loses-init", "wrong value", "reduce/idempotent-of-broadcast",
        "max of copies forgets the initial value", _init_dropped,
        source="kasper0406/stablehlo-coreml#73: reduce_window dropped its init")
altered("reduce-of-broadcast-counts-once", "wrong value", "reduce/integer-sum-of-broadcast",
        "sum of n copies is one copy", _counted_once,
        source="apache/tvm#12305: a sum of equal operands, wrong multiple")
altered("reduce-reduce-axes", "wrong axis", "reduce/integer-reduce-reduce",
        "dimensions of the outer sum are not renumbered", _inner_dims_not_lifted,
        source="Shen et al., A Comprehensive Study of DL Compiler Bugs, ESEC/FSE 2021")
altered("dot-of-transpose-unguarded", "dropped guard", "dot/transposed-rhs",
        "a transpose of rhs is folded also where free dimensions change order", _rhs_free_order,
        source="llvm/llvm-project#135397: two transposes folded that do not cancel")
altered("multiply-shifts-too-far", "off by one", "algebra/multiply-power-of-two",
        "x * 2^k becomes x << k + 1", _shift_one_more,
        source="Lopes et al., Alive, PLDI 2015: LLVM PR21242, product to wrong shift")
altered("remainder-mask-off-by-one", "off by one", "algebra/unsigned-remainder-power-of-two",
        "x % 2^k becomes x & 2^k", _mask_is_divisor,
        source="llvm/llvm-project#121584: wrong fold of a remainder")
altered("add-positive-zero", "sign of zero", "algebra/add-zero",
        "x + 0 is taken for x, also of floats", _positive_zero,
        source="llvm/llvm-project#212751: a + 0 folded to a, also for a = -0")
altered("multiply-zero-float", "lost NaN", "algebra/multiply-zero",
        "x * 0 is taken for 0, also of floats", dtypes=ALL,
        source="llvm/llvm-project#63316: the NaN of 0 * infinity folded away")
altered("subtract-self-float", "lost NaN", "algebra/subtract-self",
        "x - x is taken for 0, also of floats", dtypes=INTEGERS + FLOATS,
        source="Menendez et al., Alive-FP, SAS 2016: wrong float peepholes of LLVM")
altered("negate-subtract-float", "sign of zero", "algebra/negate-subtract",
        "-(x - y) becomes y - x, also of floats", dtypes=INTEGERS + FLOATS,
        source="llvm/llvm-project#57357: a fold changed the sign of zero")
altered("maximum-absorbs-float", "lost NaN", "algebra/maximum-absorbs",
        "max(x, min(x, y)) is taken for x, also of floats", dtypes=ALL,
        source="pytorch/pytorch#93784: maximum lost the NaN of one operand")
altered("signed-divide-shifts", "wrong signedness", "algebra/unsigned-divide-power-of-two",
        "x / 2^k becomes a logical shift, also of signed integers", dtypes=INTEGERS,
        source="apache/tvm#2308: simplified as if truncated division were floor")
altered("clamp-bounds-swapped", "operands swapped", "algebra/minimum-of-maximum",
        "min(max(x, lo), hi) becomes clamp(hi, x, lo)", _clamp_swapped,
        source="openxla/xla#17589: ptxas has max(min(abs(x), y), z) wrong")
altered("not-compare-swapped", "wrong algebra", "logic/not-compare",
        "not of a comparison swaps its operands instead of negating it", _not_negated,
        source="llvm/llvm-project#122723: wrong predicate of two merged comparisons")
altered("not-compare-float", "lost NaN", "logic/not-compare",
        "not of a comparison is the opposite one, also of floats", dtypes=ALL,
        source="llvm/llvm-project#63316: an unordered comparison folded to false")
altered("compare-self-float", "lost NaN", "logic/compare-self-true",
        "x <= x is taken for true, also of floats", dtypes=ALL,
        source="llvm/llvm-project#63316: an unordered comparison folded to false")
altered("select-not-ignored", "operands swapped", "logic/select-not",
        "select by a negated predicate drops the negation", _select_not_ignored,
        source="llvm/llvm-project#89669: a select of x and -x taken for one of them")
altered("select-inner-branch", "operands swapped", "logic/select-select-true",
        "a select inside the true branch is replaced by its false branch", _select_inner_false,
        source="llvm/llvm-project#83405: wrong arm of an inner select")
altered("convert-pair-unguarded", "dropped guard", "convert/convert-convert",
        "two conversions become one, also where the first loses information", _any_conversion,
        source="microsoft/onnxruntime#8787: cast to f16 and back removed")
altered("subtract-constants-added", "wrong algebra", "reassoc/integer-add-subtract-constants",
        "(x + a) - b becomes x + (a + b)", _constants_added,
        source="apache/tvm#8852: a rewrite rule missed a check of its constants")
altered("divide-by-constant-not-inverted", "wrong algebra", "reassoc/divide-by-constant",
        "x / c becomes x * c", _divided_by_inverse, pass_name="reorder",
        source="apache/tvm#2173: (3 * x + y) / 3 rewritten to x + y / 3")
altered("factor-out-swapped", "operands swapped", "reassoc/integer-subtract-multiple",
        "x - x * c becomes x * (c - 1)", _factor_swapped,
        source="llvm/llvm-project#121584: a factor taken out with the wrong sign")
altered("reassociate-without-contract", "missing contract", "reassoc/add-constants",
        "(x + a) + b becomes x + (a + b) for floats at every level", keeps_bits=True,
        source="llvm/llvm-project#161525: a fold kept a flag that it must drop")
altered("abs-square-integer", "integer overflow", "algebra/abs-square",
        "|x * x| is taken for x * x, also of integers that wrap", dtypes=SIGNED + FLOATS,
        source="openxla/xla#41784: x * x taken for non-negative, also where it wraps")
altered("not-above-greatest-float", "lost NaN", "logic/not-above-greatest",
        "x <= infinity is taken for true, also of floats", dtypes=ALL,
        source="llvm/llvm-project#63316: an unordered comparison folded to false")
altered("compare-converted-unguarded", "dropped guard", "convert/compare-converted",
        "converted numbers are compared as they were before", _unconverted,
        source="microsoft/onnxruntime#4039: float to integer to float removed")
altered("floor-of-float", "dropped guard", "convert/floor-of-integer",
        "floor of a conversion is dropped, also of floats", dtypes=INTEGERS + FLOATS,
        source="microsoft/onnxruntime#4039: float to integer to float removed")
altered("compare-constant-not-swapped", "operands swapped", "logic/compare-constant-left",
        "c < x becomes x < c", _constant_moved,
        source="llvm/llvm-project#122723: wrong predicate of two merged comparisons")
altered("signed-remainder-masks", "wrong signedness", "algebra/unsigned-remainder-power-of-two",
        "x % 2^k becomes a mask, also of signed integers", dtypes=INTEGERS,
        source="llvm/llvm-project#89516: a remainder by a power of two, wrong for some signs")
altered("divide-by-constant-without-contract", "missing contract", "reassoc/divide-by-constant",
        "x / c becomes x * (1 / c) for floats at every level", keeps_bits=True,
        source="jax-ml/jax#980: XLA approximated reciprocals by default")
altered("log-plus-one-without-contract", "missing contract", "reassoc/log-plus-one",
        "log(1 + x) becomes log_plus_one(x) at every level", keeps_bits=True,
        source="llvm/llvm-project#161525: a fold kept a flag that it must drop")
# fmt: on
