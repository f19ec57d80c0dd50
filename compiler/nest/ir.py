"""The nest IR: what each kernel computes, as scalar code over an index domain.

A :class:`Program` is a list of nests over row-major buffers. A nest says *what* is computed for
every index and in which canonical order partial sums are taken; tiling, vector width, unrolling and
masks are the code generator's business and never change a bit. Index arithmetic and data share one
scalar language (:class:`Body`). Control flow holds lists of nests in turn and computes nothing
itself: values enter and leave it in buffers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from compiler.dtypes import DType
from compiler.ir import TensorType

# Scalar operations. Integers are two's complement and wrap; nothing here is undefined.
#
# Sources
#   const       imm: the bytes of the value
#   arg         imm: number of an argument of the body
#   index       imm: number of a loop variable of the nest; i64
#   load        imm: buffer, args: flat offset, always inside (lowering clamps where it selects)
# Floats (f32, f64): one rounding to nearest even each
#   fadd fsub fmul fdiv fma fsqrt
#   exact: fneg fabs floor ceil trunc, rint (half to even), copysign(x, sign), frem (C fmod)
#   fmax fmin   IEEE 754-2019 maximum, minimum: NaN wins, -0 < +0
# Integers (i8 to ui64)
#   iadd isub imul iand ior ixor ctlz ctpop smax smin umax umin
#   shl lshr ashr        amount read as unsigned; past the width: 0, 0, copies of the sign
#   sdiv udiv srem urem  truncate; x/0 = -1 (all ones), x%0 = x, MIN/-1 = MIN, MIN%-1 = 0
# i1
#   iand ior ixor (not is ixor true)
# Any type
#   cmp         imm: eq ne lt le gt ge; gives i1. Floats: false if unordered, but ne is true;
#               integers: signed or not by dtype
#   select(pred, a, b)
#   convert     integers wrap or extend by the source's sign; to floats to nearest even, once;
#               float to integer truncates, saturates, NaN gives 0; to i1: != 0; from i1: 0 or 1
#   bitcast     same width
#   call        imm: name of a function, see compiler.nest.functions
#
# f16, bf16 and the narrow types have no arithmetic: convert to f32 or to 8 bits, compute, convert
# back. For + - * / and sqrt of floats that is the correctly rounded result, as 2p + 2 <= 24.


class Inst(NamedTuple):
    """One scalar operation in SSA form; its number is its position in the body."""

    op: str
    args: tuple[int, ...]
    dtype: DType
    imm: Any = None


class Body(NamedTuple):
    """Straight-line scalar code; ``results`` are instruction numbers."""

    insts: tuple[Inst, ...]
    results: tuple[int, ...]


class Buffer(NamedTuple):
    """Row-major memory.

    ``role``: ``input``, ``output``, ``temp`` or ``const`` (then ``data`` holds the bytes).
    """

    type: TensorType
    role: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Map:
    """For every index of ``domain``: ``outs[k][flat index] = body.results[k]``."""

    name: str
    domain: tuple[int, ...]
    body: Body
    outs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reduce:
    """For every index of ``domain``: the elements over ``reduced``, folded.

    Loop variables: ``domain`` first, then ``reduced``; the reduced indices run in row-major order,
    numbered k = 0..K-1. ``combine`` takes (acc..., element...) and returns the new acc. ``order``:

    * ``sequential``: acc = init; for k: acc = combine(acc, element k)
    * ``lanes``: 64 partial results, lane j folding k = j, j+64, ... in order, starting from
      ``identity``; then lane halves are combined 32, 16, 8, 4, 2, 1 apart (lane j with lane j+h),
      at last combine(init, lane 0).
    """

    name: str
    domain: tuple[int, ...]
    reduced: tuple[int, ...]
    body: Body
    inits: Body
    combine: Body
    outs: tuple[int, ...]
    order: str
    identity: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    """Contraction ``out[b, m, n] = sum over k of lhs[b, m, k] * rhs[b, k, n]``.

    Each letter stands for several dimensions. ``batch``, ``m``, ``n``, ``k`` hold sizes;
    ``lhs_strides`` maps (batch, m, k) to element strides of lhs, ``rhs_strides`` (batch, n, k) to
    those of rhs, each as one flat tuple; out is row-major over batch, m, n. ``acc`` is the dtype of
    the sum, to which operands are converted before and from which the result is converted after.

    Canonical value of floats: total = 0; for each block of 256 consecutive k (row-major): part = 0;
    part = fma(l, r, part) in order; total = total + part. Integers: exact modulo 2**bits. i1: or of
    ands.
    """

    name: str
    batch: tuple[int, ...]
    m: tuple[int, ...]
    n: tuple[int, ...]
    k: tuple[int, ...]
    lhs: int
    rhs: int
    lhs_strides: tuple[int, ...]
    rhs_strides: tuple[int, ...]
    out: int
    acc: DType


@dataclass(frozen=True, slots=True)
class While:
    """Run ``cond``; while the one i1 element of buffer ``pred`` is true: ``body``, then ``cond``.

    A loop has no other state than buffers: those that carry values from one iteration to the next
    are written before it, and again at the end of the body.
    """

    name: str
    cond: tuple[Nest, ...]
    pred: int
    body: tuple[Nest, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """Run the nests of one of ``branches``, as the one element of buffer ``index`` says.

    An i32 is the number of the branch, the last one where there is none of that number; an i1 is
    true for branch 0. All branches write the buffers that hold the results.
    """

    name: str
    index: int
    branches: tuple[tuple[Nest, ...], ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """For every index of ``domain`` in row-major order: one element of each output is updated.

    ``body`` gives an offset (i64), then one update an output. Where the offset is not negative, it
    lies inside the outputs, and ``outs[k][offset] = combine(old..., update...)[k]``. The outputs
    are written before; neither body reads them.
    """

    name: str
    domain: tuple[int, ...]
    body: Body
    combine: Body
    outs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Every line of ``shape`` along ``dimension``, sorted; one output an element of the line.

    ``body`` gives the elements at the index (loop variable d is dimension d of ``shape``), and
    ``less`` takes (a0, b0, a1, b1, ...): whether element a must stand before element b. The
    algorithm is part of the meaning, as any comparator is allowed: runs of 1, 2, 4, ... elements
    are merged from left to right, and the right one goes first if ``less(right, left)``. So the
    sort is stable. ``scratch`` holds, for each output, two buffers of a line each.
    """

    name: str
    shape: tuple[int, ...]
    dimension: int
    body: Body
    less: Body
    outs: tuple[int, ...]
    scratch: tuple[int, ...]


Nest: TypeAlias = "Map | Reduce | Dot | Scatter | Sort | While | Branch"


@dataclass(frozen=True, slots=True)
class Program:
    """Nests in order over numbered buffers.

    ``inputs`` and ``outputs`` are buffer numbers in the entry's order.
    """

    buffers: tuple[Buffer, ...]
    nests: tuple[Nest, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Scalars:
    """Builds a :class:`Body`, one instruction a distinct (op, args, dtype, imm)."""

    def __init__(self) -> None:
        self.insts: list[Inst] = []
        self._known: dict[Inst, int] = {}

    def emit(self, op: str, *args: int, dtype: DType, imm: Any = None) -> int:
        """Number of the instruction; reuses an equal one."""
        inst = Inst(op, args, dtype, imm)
        at = self._known.get(inst)
        if at is None:
            at = self._known[inst] = len(self.insts)
            self.insts.append(inst)
        return at

    def const(self, value: Any, dtype: DType) -> int:
        """A constant, given as a Python or NumPy scalar; kept as its bits, so that -0.0 and NaN
        stay apart.
        """
        return self.emit("const", dtype=dtype, imm=np.asarray(value).astype(dtype.numpy).tobytes())

    def dtype(self, at: int) -> DType:
        """The dtype of instruction ``at``."""
        return self.insts[at].dtype

    def body(self, *results: int) -> Body:
        """The finished body."""
        return Body(tuple(self.insts), results)
