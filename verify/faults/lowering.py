"""Bugs in the lowering of ops to scalar code: each exchanges a lowering or what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from compiler.dtypes import BY_NAME, F32, I64
from compiler.ir import Node
from compiler.lower import LOWERINGS
from compiler.lower import elementwise as lower_elementwise
from compiler.lower.scope import Index, Scope
from compiler.nest.ir import Body, Dot, Reduce
from verify.faults.base import Install, declare, exchanged, patched

Value = Callable[[Scope, Node, Index], int]
Make = Callable[[Value], Value]


def lowered(op: str, make: Callable[[Any], Any]) -> Install:
    """A fault that wraps the lowering of ``op``."""
    return exchanged(LOWERINGS, op, make)


def direct(op: str, kind: str, scalar: str) -> Install:
    """A fault that picks another scalar op for one kind of element type."""
    return exchanged(lower_elementwise.DIRECT, op, lambda row: {**row, kind: scalar})


def changed(**attrs: Callable[[Node], Any]) -> Make:
    """Lower the node as if some attributes had other values."""

    def make(old: Value) -> Value:
        def run(at: Scope, node: Node, index: Index) -> int:
            new = tuple((k, attrs[k](node) if k in attrs else v) for k, v in node.attrs)
            return old(at, node._replace(attrs=new), index)

        return run

    return make


def _operands(at: Scope, node: Node, index: Index) -> list[int]:
    return [at.operand(node, k, index) for k in range(len(node.operands))]


# Elementwise


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
)
declare(
    "minimum-zero-sign",
    "sign of zero",
    "minimum takes -0 and +0 for equal and returns the first",
    blame=("lower", ("minimum", "reduce")),
    install=lowered("minimum", _minimum),
)
declare(
    "clamp-order",
    "operands swapped",
    "clamp is max(min(x, hi), lo) instead of min(max(x, lo), hi)",
    blame=("lower", "clamp"),
    install=lowered("clamp", _clamp),
)
declare(
    "compare-unsigned-as-signed",
    "wrong signedness",
    "unsigned integers are compared as signed ones",
    blame=("lower", "compare"),
    install=lowered("compare", _signed_compare),
)
declare(
    "shift-amount-masked",
    "dropped guard",
    "shift_left takes the amount modulo the width",
    blame=("lower", "shift_left"),
    install=lowered("shift_left", _masked_shift),
)
declare(
    "shift-arithmetic-is-logical",
    "wrong signedness",
    "shift_right_arithmetic of signed integers shifts in zeros",
    blame=("lower", "shift_right_arithmetic"),
    install=direct("shift_right_arithmetic", "int", "lshr"),
)
declare(
    "remainder-floors",
    "wrong sign",
    "remainder of signed integers follows the divisor's sign",
    blame=("lower", "remainder"),
    install=lowered("remainder", _floor_remainder),
)
declare(
    "boolean-add-is-xor",
    "wrong algebra",
    "add of i1 is exclusive or (as XLA's constant folder has it)",
    blame=("lower", ("add", "reduce")),
    install=direct("add", "bool", "ixor"),
)
declare(
    "round-even-truncates",
    "missing rounding",
    "round_nearest_even truncates",
    blame=("lower", "round_nearest_even"),
    install=direct("round_nearest_even", "float", "trunc"),
)
declare(
    "float-to-int-rounds",
    "missing rounding",
    "convert from float to integer rounds to nearest instead of truncating",
    blame=("lower", "convert"),
    install=lowered("convert", _rounding_convert),
)
declare(
    "unsigned-to-float-is-signed",
    "wrong signedness",
    "convert from unsigned integer to float reads the bits as signed",
    blame=("lower", "convert"),
    install=lowered("convert", _signed_convert),
)
declare(
    "double-rounding",
    "missing rounding",
    "convert from f64 to f16 or bf16 rounds to f32 first",
    blame=("lower", "convert"),
    install=lowered("convert", _double_rounding),
)
declare(
    "fused-bf16-keeps-f32",
    "missing rounding",
    "inside one loop a bf16 or f16 intermediate is not rounded",
    blame=("lower", ("fusion", "fuse/producer", "*")),
    install=patched(Scope, "convert", _no_narrow_rounding),
)


# Layout and constants


def _offset_iota(old: Value) -> Value:
    """Counts from one along dimensions longer than 4."""

    def run(at: Scope, node: Node, index: Index) -> int:
        dim = node.attr("iota_dimension")
        if node.type.shape[dim] <= 4:
            return old(at, node, index)
        return at.convert(at.op("iadd", index.dims[dim], at.const(1, I64)), node.type.dtype)

    return run


def _same_sizes(old: Value) -> Value:
    """Broadcast dimensions of equal size are taken in reverse order."""

    def run(at: Scope, node: Node, index: Index) -> int:
        dims = node.attr("broadcast_dimensions")
        turned = tuple(reversed(dims))
        if [node.type.shape[d] for d in dims] == [node.type.shape[d] for d in turned]:
            node = node._replace(attrs=(("broadcast_dimensions", turned),))
        return old(at, node, index)

    return run


def _concatenated_backwards(old: Value) -> Value:
    """Operands of the same type come in reverse order."""

    def run(at: Scope, node: Node, index: Index) -> int:
        types = {at.graph.types[v] for v in node.operands}
        if len(types) == 1:
            node = node._replace(operands=tuple(reversed(node.operands)))
        return old(at, node, index)

    return run


def _zero_filler(old: Value) -> Value:
    """Pads with zero, whatever the padding value is."""

    def run(at: Scope, node: Node, index: Index) -> int:
        x, _value = node.operands
        shape = at.graph.types[x].shape
        if 0 in shape:
            return old(at, node, index)
        kept, filler = old(at, node, index), at.const(0, node.type.dtype)
        inst = at.s.insts[kept]
        return at.select(inst.args[0], inst.args[1], filler) if inst.op == "select" else kept

    return run


declare(
    "iota-from-one",
    "off by one",
    "iota counts from one along dimensions longer than 4",
    blame=("lower", "iota"),
    install=lowered("iota", _offset_iota),
)
declare(
    "broadcast-wrong-axis",
    "wrong axis",
    "broadcast_in_dim exchanges dimensions of equal size",
    blame=("lower", "broadcast_in_dim"),
    install=lowered("broadcast_in_dim", _same_sizes),
)
declare(
    "slice-ignores-start",
    "off by one",
    "a strided slice starts at index 0",
    blame=("lower", "slice"),
    install=lowered(
        "slice",
        changed(
            start_indices=lambda n: tuple(
                0 if step > 1 else lo
                for lo, step in zip(n.attr("start_indices"), n.attr("strides"), strict=True)
            )
        ),
    ),
)
declare(
    "reverse-first-dimension-only",
    "wrong axis",
    "reverse along several dimensions turns only the first",
    blame=("lower", "reverse"),
    install=lowered("reverse", changed(dimensions=lambda n: n.attr("dimensions")[:1])),
)
declare(
    "pad-low-off-by-one",
    "off by one",
    "pad with interior padding starts one element early",
    blame=("lower", "pad"),
    install=lowered(
        "pad",
        changed(
            edge_padding_low=lambda n: tuple(
                lo - 1 if mid and lo > 0 else lo
                for lo, mid in zip(
                    n.attr("edge_padding_low"), n.attr("interior_padding"), strict=True
                )
            )
        ),
    ),
)
declare(
    "pad-with-zero",
    "wrong value",
    "pad fills with zero instead of the padding value",
    blame=("lower", "pad"),
    install=lowered("pad", _zero_filler),
)
declare(
    "concatenate-backwards",
    "operands swapped",
    "concatenate of operands of one type takes them in reverse order",
    blame=("lower", "concatenate"),
    install=lowered("concatenate", _concatenated_backwards),
)


# Reductions and contractions


def last_nest(kind: type, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Lower as before, then change the nest that was appended."""

    def make(old: Any) -> Any:
        def run(program: Any, node: Node) -> None:
            old(program, node)
            if isinstance(program.nests[-1], kind):
                program.nests[-1] = change(program.nests[-1])

        return run

    return make


def _drop_last(nest: Reduce) -> Reduce:
    if not nest.reduced or nest.reduced[-1] < 4:
        return nest
    return replace(nest, reduced=(*nest.reduced[:-1], nest.reduced[-1] - 1))


def _drop_init(nest: Reduce) -> Reduce:
    """Floats and integers start from zero."""
    insts = tuple(
        i._replace(op="const", args=(), imm=bytes(i.dtype.numpy.itemsize)) for i in nest.inits.insts
    )
    return replace(nest, inits=Body(insts, nest.inits.results))


def _zero_identity(nest: Reduce) -> Reduce:
    return replace(nest, identity=tuple(bytes(len(b)) for b in nest.identity))


def _short_k(nest: Dot) -> Dot:
    k = nest.k
    return replace(nest, k=(*k[:-1], k[-1] - k[-1] % 4)) if k and k[-1] > 4 else nest


def _lost_batch(nest: Dot) -> Dot:
    count = len(nest.batch)
    return replace(nest, rhs_strides=(0,) * count + nest.rhs_strides[count:])


def _swapped_rhs(nest: Dot) -> Dot:
    if len(nest.n) == len(nest.k) == 1 and nest.n == nest.k:
        *batch, n, k = nest.rhs_strides
        return replace(nest, rhs_strides=(*batch, k, n))
    return nest


def _bf16_partial_sums(nest: Reduce) -> Reduce:
    """Partial sums of f32 are rounded to bf16 after each step."""
    body = nest.combine
    if len(body.results) != 1 or body.insts[body.results[0]].dtype is not F32:
        return nest
    narrow = body.insts[0]._replace(
        op="convert", args=(body.results[0],), dtype=BY_NAME["bf16"], imm=None
    )
    wide = narrow._replace(args=(len(body.insts),), dtype=F32)
    insts = (*body.insts, narrow, wide)
    return replace(nest, combine=Body(insts, (len(insts) - 1,)))


declare(
    "reduce-drops-last",
    "off by one",
    "reduce over a dimension of 4 or more leaves out the last element",
    blame=("lower", "reduce"),
    install=lowered("reduce", last_nest(Reduce, _drop_last)),
)
declare(
    "reduce-ignores-init",
    "wrong value",
    "reduce starts from zero instead of the initial value",
    blame=("lower", "reduce"),
    install=lowered("reduce", last_nest(Reduce, _drop_init)),
)
declare(
    "reduce-identity-zero",
    "wrong value",
    "lanes of a reduction start from zero, also those of max, min and multiply",
    blame=("lower", "reduce"),
    install=lowered("reduce", last_nest(Reduce, _zero_identity)),
)
declare(
    "reduce-bf16-accumulator",
    "low-precision accumulation",
    "partial sums of an f32 reduce are rounded to bf16",
    blame=("lower", "reduce"),
    install=lowered("reduce", last_nest(Reduce, _bf16_partial_sums)),
)
declare(
    "dot-drops-k-tail",
    "off by one",
    "dot_general leaves out the contracted elements past a multiple of 4",
    blame=("lower", "dot_general"),
    install=lowered("dot_general", last_nest(Dot, _short_k)),
)
declare(
    "dot-loses-batch-stride",
    "wrong axis",
    "dot_general uses the first batch of rhs for all batches",
    blame=("lower", "dot_general"),
    install=lowered("dot_general", last_nest(Dot, _lost_batch)),
)
declare(
    "dot-transposes-square-rhs",
    "wrong axis",
    "dot_general reads a square rhs transposed",
    blame=("lower", "dot_general"),
    install=lowered("dot_general", last_nest(Dot, _swapped_rhs)),
)
