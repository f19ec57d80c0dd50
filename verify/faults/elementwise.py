"""Bugs in the lowering of elementwise ops and conversions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.dtypes import BY_NAME, F32
from compiler.ir import Node
from compiler.lower import elementwise as lower_elementwise
from compiler.lower.scope import Index, Scope
from verify.faults.base import Install, Value, declare, exchanged, lowered, patched


def direct(op: str, kind: str, scalar: str) -> Install:
    """A fault that picks another scalar op for one kind of element type."""
    return exchanged(lower_elementwise.DIRECT, op, lambda row: {**row, kind: scalar})


def _operands(at: Scope, node: Node, index: Index) -> list[int]:
    return [at.operand(node, k, index) for k in range(len(node.operands))]


def _maximum(old: Value) -> Value:
    """Compare and select: NaN in the first operand is lost."""

    def run(at: Scope, node: Node, index: Index) -> int:
        args = _operands(at, node, index)
        if not at.s.dtype(args[0]).is_float:
            return old(at, node, index)
        pick = lambda x, y: at.select(at.compare("gt", x, y), x, y)  # noqa: E731
        return lower_elementwise.widened(at, args, pick)

    return run


def _minimum(old: Value) -> Value:
    """Compare and select with a NaN check, but -0 and +0 count as equal."""

    def run(at: Scope, node: Node, index: Index) -> int:
        args = _operands(at, node, index)
        if not at.s.dtype(args[0]).is_float:
            return old(at, node, index)

        def pick(x: int, y: int) -> int:
            least = at.select(at.compare("le", x, y), x, y)
            return at.select(at.compare("ne", x, x), x, least)

        return lower_elementwise.widened(at, args, pick)

    return run


def _clamp(old: Value) -> Value:
    """max(min(x, hi), lo)."""

    def run(at: Scope, node: Node, index: Index) -> int:
        low, x, high = _operands(at, node, index)
        kind = at.s.dtype(x).kind
        upper = lower_elementwise.DIRECT["maximum"][kind]
        lower = lower_elementwise.DIRECT["minimum"][kind]
        swapped = lambda lo, x, hi: at.op(upper, at.op(lower, x, hi), lo)  # noqa: E731
        return lower_elementwise.widened(at, [low, x, high], swapped)

    return run


def _signed_compare(old: Value) -> Value:
    """Unsigned integers are compared as signed ones."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, y = _operands(at, node, index)
        dtype = at.s.dtype(x)
        if dtype.kind != "uint":
            return old(at, node, index)
        signed = BY_NAME[dtype.name[1:]]
        x, y = (at.op("bitcast", v, dtype=signed) for v in (x, y))
        return at.compare(node.attr("comparison_direction").lower(), x, y)

    return run


def _masked_shift(old: Value) -> Value:
    """The amount is taken modulo the width, as the machine does."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, amount = _operands(at, node, index)
        mask = at.const(at.s.dtype(x).bits - 1, at.s.dtype(x))
        name = lower_elementwise.DIRECT[node.op][at.s.dtype(x).kind]
        return at.op(name, x, at.op("iand", amount, mask))

    return run


def _floor_remainder(old: Value) -> Value:
    """The sign follows the divisor (Python's rule) for signed integers."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, y = _operands(at, node, index)
        dtype = at.s.dtype(x)
        if dtype.kind != "int":
            return old(at, node, index)
        zero, r = at.const(0, dtype), at.op("srem", x, y)
        mixed = at.compare("lt", at.op("ixor", r, y), zero)
        fix = at.op("iand", mixed, at.compare("ne", r, zero))
        return at.select(fix, at.op("iadd", r, y), r)

    return run


def _rounding_convert(old: Value) -> Value:
    """Float to integer rounds to nearest instead of truncating."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, target = at.operand(node, 0, index), node.type.dtype
        if not (at.s.dtype(x).is_float and target.is_integer):
            return old(at, node, index)
        wide = at.convert(x, F32) if at.s.dtype(x).bits == 16 else x
        return at.convert(at.op("rint", wide), target)

    return run


def _signed_convert(old: Value) -> Value:
    """Unsigned to float goes through the signed type of the same width."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, target = at.operand(node, 0, index), node.type.dtype
        dtype = at.s.dtype(x)
        if not (dtype.kind == "uint" and target.is_float):
            return old(at, node, index)
        return at.convert(at.op("bitcast", x, dtype=BY_NAME[dtype.name[1:]]), target)

    return run


def _double_rounding(old: Value) -> Value:
    """f64 to f16 or bf16 by way of f32: two roundings."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, target = at.operand(node, 0, index), node.type.dtype
        if at.s.dtype(x).name == "f64" and target.is_float and target.bits == 16:
            return at.convert(at.convert(x, F32), target)
        return old(at, node, index)

    return run


def _no_narrow_rounding(old: Callable[..., int]) -> Callable[..., int]:
    """A value that goes to bf16 and back to f32 inside one loop keeps its f32 bits."""

    def convert(self: Scope, a: int, dtype: Any) -> int:
        inst = self.s.insts[a]
        if inst.op == "convert" and inst.dtype.bits == 16 and dtype is F32:
            source = inst.args[0]
            if self.s.dtype(source) is F32:
                return source
        return old(self, a, dtype)

    return convert


declare(
    "maximum-loses-nan",
    "lost NaN",
    "maximum is compare and select, so a NaN in the first operand is lost",
    blame=("lower", ("maximum", "reduce")),
    install=lowered("maximum", _maximum),
    source="pytorch/pytorch#93784: maximum lost the NaN of one operand",
)
declare(
    "minimum-zero-sign",
    "sign of zero",
    "minimum takes -0 and +0 for equal and returns the first",
    blame=("lower", ("minimum", "reduce")),
    install=lowered("minimum", _minimum),
    source="llvm/llvm-project#57357: x < 0 ? -0 : x became x <= 0 ? -0 : x",
)
declare(
    "clamp-order",
    "operands swapped",
    "clamp is max(min(x, hi), lo) instead of min(max(x, lo), hi)",
    blame=("lower", "clamp"),
    install=lowered("clamp", _clamp),
    source="torch-spyre/torch-spyre#641: Inductor clamps by max(lo, min(hi, x))",
)
declare(
    "compare-unsigned-as-signed",
    "wrong signedness",
    "unsigned integers are compared as signed ones",
    blame=("lower", "compare"),
    install=lowered("compare", _signed_compare),
    source="openxla/xla#4491: an index of ui8 above 127 read as negative",
)
declare(
    "shift-amount-masked",
    "dropped guard",
    "shift_left takes the amount modulo the width",
    blame=("lower", "shift_left"),
    install=lowered("shift_left", _masked_shift),
    source="halide/Halide#3647: shifts by the width or more folded wrongly",
)
declare(
    "shift-arithmetic-is-logical",
    "wrong signedness",
    "shift_right_arithmetic of signed integers shifts in zeros",
    blame=("lower", "shift_right_arithmetic"),
    install=direct("shift_right_arithmetic", "int", "lshr"),
    source="YosysHQ/yosys#4164: a wide shift misoptimised",
)
declare(
    "remainder-floors",
    "wrong sign",
    "remainder of signed integers follows the divisor's sign",
    blame=("lower", "remainder"),
    install=lowered("remainder", _floor_remainder),
    source="apache/tvm#5922: kind of division forgotten by the simplifier",
)
declare(
    "boolean-add-is-xor",
    "wrong algebra",
    "add of i1 is exclusive or (as XLA's constant folder has it)",
    blame=("lower", ("add", "reduce")),
    install=direct("add", "bool", "ixor"),
    source="openxla/stablehlo#2630: the folder adds booleans as one-bit integers",
)
declare(
    "round-even-truncates",
    "missing rounding",
    "round_nearest_even truncates",
    blame=("lower", "round_nearest_even"),
    install=direct("round_nearest_even", "float", "trunc"),
    source="tile-ai/tilelang#2483: integer to bf16 truncates",
)
declare(
    "float-to-int-rounds",
    "missing rounding",
    "convert from float to integer rounds to nearest instead of truncating",
    blame=("lower", "convert"),
    install=lowered("convert", _rounding_convert),
    source="triton-lang/triton#10658: casts to integers differ by back end",
)
declare(
    "unsigned-to-float-is-signed",
    "wrong signedness",
    "convert from unsigned integer to float reads the bits as signed",
    blame=("lower", "convert"),
    install=lowered("convert", _signed_convert),
    source="microsoft/onnxruntime#17953: signedness ignored in casts",
)
declare(
    "double-rounding",
    "missing rounding",
    "convert from f64 to f16 or bf16 rounds to f32 first",
    blame=("lower", "convert"),
    install=lowered("convert", _double_rounding),
    source="llvm/llvm-project#133995: f64 to bf16 by way of f32 rounds twice",
)
declare(
    "fused-bf16-keeps-f32",
    "missing rounding",
    "inside one loop a bf16 or f16 intermediate is not rounded",
    blame=("lower", ("fusion", "fuse/producer", "*")),
    install=patched(Scope, "convert", _no_narrow_rounding),
    source="pytorch/pytorch#195214: fusion skips the rounding to bf16",
)
