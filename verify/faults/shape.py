"""Bugs in the lowering of constants and of ops that move elements."""

from __future__ import annotations

from compiler.dtypes import I64
from compiler.ir import Node
from compiler.lower.scope import Index, Scope
from verify.faults.base import Value, changed, declare, lowered


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
    source="llvm/llvm-project#51677: the index after a vector loop is too far",
)
declare(
    "broadcast-wrong-axis",
    "wrong axis",
    "broadcast_in_dim exchanges dimensions of equal size",
    blame=("lower", "broadcast_in_dim"),
    install=lowered("broadcast_in_dim", _same_sizes),
    source="openxla/stablehlo#1339: a permutation and its inverse confused",
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
    source="tensorflow/tensorflow#19260: wrong indices of a strided slice",
)
declare(
    "reverse-first-dimension-only",
    "wrong axis",
    "reverse along several dimensions turns only the first",
    blame=("lower", "reverse"),
    install=lowered("reverse", changed(dimensions=lambda n: n.attr("dimensions")[:1])),
    source="apache/tvm#6829: wrong range of a slice that runs backwards",
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
    source="openxla/xla#48713: negative low padding mishandled",
)
declare(
    "pad-with-zero",
    "wrong value",
    "pad fills with zero instead of the padding value",
    blame=("lower", "pad"),
    install=lowered("pad", _zero_filler),
    source="jax-ml/jax#11874: padding counted as if it were not there",
)
declare(
    "concatenate-backwards",
    "operands swapped",
    "concatenate of operands of one type takes them in reverse order",
    blame=("lower", "concatenate"),
    install=lowered("concatenate", _concatenated_backwards),
    source="llvm/llvm-project#119419: a fold wrong where operands are swapped",
)
