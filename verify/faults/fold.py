"""Bugs in the lowering of reductions and contractions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from compiler.dtypes import BY_NAME, F32
from compiler.ir import Node
from compiler.nest.ir import Body, Dot, Reduce
from verify.faults.base import declare, lowered


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
    source="tensorflow/tensorflow#118647: XLA's argmax wrong unless size is 2^k",
)
declare(
    "reduce-ignores-init",
    "wrong value",
    "reduce starts from zero instead of the initial value",
    blame=("lower", "reduce"),
    install=lowered("reduce", last_nest(Reduce, _drop_init)),
    source="kasper0406/stablehlo-coreml#73: reduce_window dropped its init",
)
declare(
    "reduce-identity-zero",
    "wrong value",
    "lanes of a reduction start from zero, also those of max, min and multiply",
    blame=("lower", "reduce"),
    install=lowered("reduce", last_nest(Reduce, _zero_identity)),
    source="llvm/llvm-project#212993: wrong start value of a vector reduction",
)
declare(
    "reduce-bf16-accumulator",
    "low-precision accumulation",
    "partial sums of an f32 reduce are rounded to bf16",
    blame=("lower", "reduce"),
    install=lowered("reduce", last_nest(Reduce, _bf16_partial_sums)),
    source="apache/tvm#12380: f16 intermediates rounded otherwise when fused",
)
declare(
    "dot-drops-k-tail",
    "off by one",
    "dot_general leaves out the contracted elements past a multiple of 4",
    blame=("lower", "dot_general"),
    install=lowered("dot_general", last_nest(Dot, _short_k)),
    source="llvm/llvm-project#55167: wrong tail of a vectorised loop",
)
declare(
    "dot-loses-batch-stride",
    "wrong axis",
    "dot_general uses the first batch of rhs for all batches",
    blame=("lower", "dot_general"),
    install=lowered("dot_general", last_nest(Dot, _lost_batch)),
    source="apache/tvm#20421: a fused take reads row 0 for every index",
)
declare(
    "dot-transposes-square-rhs",
    "wrong axis",
    "dot_general reads a square rhs transposed",
    blame=("lower", "dot_general"),
    install=lowered("dot_general", last_nest(Dot, _swapped_rhs)),
    source="llvm/llvm-project#135397: two transposes folded that do not cancel",
)
