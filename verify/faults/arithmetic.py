"""Bugs in the lowering of single scalar ops: integers that overflow, rounding, conversions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compiler.dtypes import BY_NAME, I32, I64, working
from compiler.ir import Node
from compiler.lower import elementwise as lower_elementwise
from compiler.lower.scope import Index, Scope
from verify.faults.base import Value, changed, declare, lowered

Scalar = Callable[[Scope, list[int]], int]


def _on(kind: str, scalar: Scalar, *, bits: tuple[int, ...] = ()) -> Callable[[Value], Value]:
    """Lower elementwise by ``scalar`` for operands of one kind and, if given, of these widths."""

    def make(old: Value) -> Value:
        def run(at: Scope, node: Node, index: Index) -> int:
            args = [at.operand(node, k, index) for k in range(len(node.operands))]
            dtype = at.s.dtype(args[0])
            if dtype.kind != kind or dtype.narrow or (bits and dtype.bits not in bits):
                return old(at, node, index)
            return lower_elementwise.widened(at, args, lambda *xs: scalar(at, list(xs)))

        return run

    return make


def _floor_division(at: Scope, xs: list[int]) -> int:
    """Rounds down, as Python does."""
    x, y = xs
    dtype = at.s.dtype(x)
    zero, quotient = at.const(0, dtype), at.op("sdiv", x, y)
    mixed = at.compare("lt", at.op("ixor", x, y), zero)
    rest = at.compare("ne", at.op("srem", x, y), zero)
    lower = at.op("isub", quotient, at.const(1, dtype))
    there = at.op("iand", rest, at.compare("ne", y, zero))
    return at.select(at.op("iand", mixed, there), lower, quotient)


def _saturating_abs(at: Scope, xs: list[int]) -> int:
    """The least integer becomes the greatest."""
    dtype = at.s.dtype(xs[0])
    zero = at.const(0, dtype)
    size = at.op("smax", xs[0], at.op("isub", zero, xs[0]))
    most = at.const(np.iinfo(dtype.numpy).max, dtype)
    return at.select(at.compare("lt", size, zero), most, size)


def _saturating_sum(at: Scope, xs: list[int]) -> int:
    """Sums of 8 bits stop at the limits."""
    dtype = at.s.dtype(xs[0])
    limits = np.iinfo(dtype.numpy)
    total = at.op("iadd", *(at.convert(x, I32) for x in xs))
    total = at.op("smax", total, at.const(limits.min, I32))
    return at.convert(at.op("smin", total, at.const(limits.max, I32)), dtype)


def _widened_zeros(at: Scope, xs: list[int]) -> int:
    """Leading zeros are counted in 64 bits, to which negative numbers are extended with ones."""
    dtype = at.s.dtype(xs[0])
    wide = at.op("ctlz", at.convert(xs[0], I64))
    return at.convert(at.op("isub", wide, at.const(64 - dtype.bits, I64)), dtype)


def _compared_sign(at: Scope, xs: list[int]) -> int:
    """(x > 0) - (x < 0): 0 for NaN, +0 for -0."""
    dtype = at.s.dtype(xs[0])
    zero = at.const(0.0, dtype)
    below = at.select(at.compare("lt", xs[0], zero), at.const(-1.0, dtype), zero)
    return at.select(at.compare("gt", xs[0], zero), at.const(1.0, dtype), below)


def _half_added(old: Value) -> Value:
    """trunc(x + 1/2), with the sign of x: the sum rounds."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x = at.operand(node, 0, index)
        dtype, wide = at.s.dtype(x), working(at.s.dtype(x))
        if dtype.narrow:
            return old(at, node, index)
        x = at.convert(x, wide)
        half = at.op("copysign", at.const(0.5, wide), x)
        total = at.convert(at.op("fadd", x, half), dtype)
        return at.convert(at.op("trunc", at.convert(total, wide)), dtype)

    return run


def _reciprocal(at: Scope, xs: list[int]) -> int:
    """X * (1 / y)."""
    one = at.const(1.0, at.s.dtype(xs[1]))
    return at.op("fmul", xs[0], at.op("fdiv", one, xs[1]))


def _fused(name: str) -> Callable[[Value], Value]:
    """A * b + c in one loop is one fma, though nothing allows it."""

    def make(old: Value) -> Value:
        def run(at: Scope, node: Node, index: Index) -> int:
            made = old(at, node, index)
            inst = at.s.insts[made]
            if inst.op != name:
                return made
            product = at.s.insts[inst.args[0]]
            if product.op != "fmul":
                return made
            rest = inst.args[1] if name == "fadd" else at.op("fneg", inst.args[1])
            return at.op("fma", *product.args, rest)

        return run

    return make


def _least_of_nan(old: Value) -> Value:
    """NaN becomes the least integer, as x86 has it."""

    def run(at: Scope, node: Node, index: Index) -> int:
        made, target = old(at, node, index), node.type.dtype
        x = at.operand(node, 0, index)
        if not at.s.dtype(x).is_float or not target.is_integer or target.narrow:
            return made
        wide = at.convert(x, BY_NAME["f64"])
        least = at.const(np.iinfo(target.numpy).min, target)
        return at.select(at.compare("ne", wide, wide), least, made)

    return run


def _through_32_bits(old: Value) -> Value:
    """Floats become integers of 8 and 16 bits by way of 32 bits, whose high part is dropped."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, target = at.operand(node, 0, index), node.type.dtype
        if at.s.dtype(x).is_float and target.is_integer and target.bits in (8, 16):
            return at.convert(at.convert(x, I32), target)
        return old(at, node, index)

    return run


def _high_parts_first(old: Value) -> Value:
    """The parts of a wide element come in the order of a big-endian machine."""

    def run(at: Scope, node: Node, index: Index) -> int:
        source, target = at.graph.types[node.operands[0]].dtype, node.type.dtype
        if source.bits <= target.bits:
            return old(at, node, index)
        last = at.shift(at.scale(index.dims[-1], -1), index.shape[-1] - 1)
        return old(at, node, at.index(index.shape, (*index.dims[:-1], last)))

    return run


def _own_exponents(node: Node) -> int:
    return node.type.dtype.bits - node.type.dtype.precision


declare(
    "divide-floors",
    "wrong sign",
    "division of signed integers rounds down instead of towards zero",
    blame=("lower", "divide"),
    install=lowered("divide", _on("int", _floor_division)),
    source="apache/tvm#2308: simplified as if truncated division were floor",
)
declare(
    "abs-saturates",
    "integer overflow",
    "abs of the least integer is the greatest",
    blame=("lower", "abs"),
    install=lowered("abs", _on("int", _saturating_abs)),
    source="openxla/xla#41784: abs taken for non-negative, also of the least integer",
)
declare(
    "narrow-sum-saturates",
    "integer overflow",
    "sums of integers of 8 bits stop at the limits instead of wrapping",
    blame=("lower", ("add", "reduce")),
    install=lowered("add", _on("int", _saturating_sum, bits=(8,))),
    source="pytorch/pytorch#198071: bounds beyond int8 wrap in one back end, clip in another",
)
declare(
    "leading-zeros-widened",
    "integer overflow",
    "leading zeros of negative integers are counted after widening to 64 bits",
    blame=("lower", "count_leading_zeros"),
    install=lowered("count_leading_zeros", _on("int", _widened_zeros, bits=(8, 16, 32))),
    source="B-Lang-org/bsc-contrib#16: extension of narrow integers mistaken",
)
declare(
    "sign-by-comparisons",
    "lost NaN",
    "sign of NaN is 0, and sign of -0 is +0",
    blame=("lower", "sign"),
    install=lowered("sign", _on("float", _compared_sign)),
    source="llvm/llvm-project#136646: a select by sign folded without regard to NaN",
)
declare(
    "round-away-adds-half",
    "missing rounding",
    "round_nearest_afz adds a half and truncates, so that the sum rounds first",
    blame=("lower", "round_nearest_afz"),
    install=lowered("round_nearest_afz", _half_added),
    source="JDK-6430675: Math.round(0.49999999999999994) is 1",
)
declare(
    "divide-by-reciprocal",
    "missing contract",
    "division multiplies by the reciprocal",
    blame=("lower", "divide"),
    install=lowered("divide", _on("float", _reciprocal)),
    source="jax-ml/jax#980: XLA approximated reciprocals by default",
)
declare(
    "multiply-add-fused",
    "missing contract",
    "a product and a sum in one loop are rounded once",
    blame=("lower", ("add", "fusion", "fuse/*", "*")),
    install=lowered("add", _fused("fadd")),
    source="iree-org/iree#14551: products and sums contracted to fma by default",
)
declare(
    "multiply-subtract-fused",
    "missing contract",
    "a product and a difference in one loop are rounded once",
    blame=("lower", ("subtract", "fusion", "fuse/*", "*")),
    install=lowered("subtract", _fused("fsub")),
    source="athei/x87sidecar#19: products contracted though x87 rounds them",
)
declare(
    "nan-to-least-integer",
    "lost NaN",
    "convert from NaN to an integer gives the least one instead of 0",
    blame=("lower", "convert"),
    install=lowered("convert", _least_of_nan),
    source="tensorflow/tensorflow#126212: NaN to int32 differs under jit_compile",
)
declare(
    "float-to-narrow-integer-wraps",
    "integer overflow",
    "convert from float to 8 or 16 bits wraps what is out of range",
    blame=("lower", "convert"),
    install=lowered("convert", _through_32_bits),
    source="triton-lang/triton#10658: 510 to i8 gives -2",
)
declare(
    "bitcast-high-part-first",
    "wrong value",
    "bitcast_convert to narrower elements gives the high part first",
    blame=("lower", "bitcast_convert"),
    install=lowered("bitcast_convert", _high_parts_first),
    source="onnx/onnx#4238: bytes of bf16 in the wrong order",
)
declare(
    "reduce-precision-keeps-range",
    "missing rounding",
    "reduce_precision rounds the significand, but leaves the exponent as it is",
    blame=("lower", "reduce_precision"),
    install=lowered("reduce_precision", changed(exponent_bits=_own_exponents)),
    source="microsoft/onnxruntime#8787: 1e-12 and 1e5 unchanged by a cast to f16 and back",
)
