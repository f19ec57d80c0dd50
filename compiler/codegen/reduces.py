"""Schedules of reduce nests. All give the bits of the canonical order.

* ``sequential``: the innermost kept dimension in vectors (each lane a result of its own) or
  scalars, accumulators carried through the loops over the reduced dimensions;
* ``lanes`` along memory: 64 lanes as vectors, tail and tree by shuffles;
* ``lanes`` otherwise: scalar code with the 64 partial results on the stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from math import prod

from compiler.codegen.body import Code, Memory, inlines, widths
from compiler.codegen.flow import Axis, Flow, analyse, axes
from compiler.codegen.maps import start_of, width_for
from compiler.codegen.text import REGISTER, Text, constant, register
from compiler.dtypes import DType
from compiler.nest.ir import Reduce

LANES = 64
COLUMN_COPIES = 8  # vectors of results side by side
PARTS = 8  # copies of the body that a row of lanes has about
LARGE = 1 << 14  # elements from which speed counts for more than short code


class Fold:
    """What all schedules of one reduce share."""

    def __init__(self, t: Text, nest: Reduce, memory: Memory) -> None:
        self.t, self.nest, self.memory = t, nest, memory
        self.dtypes: list[DType] = [memory.dtype(b) for b in nest.outs]
        self.flow: Flow = analyse(nest.body)
        self._combine = analyse(nest.combine)
        self.inits = Code(t, analyse(nest.inits), memory).results(1)
        self.domain = axes(nest.domain, 0, self.flow)
        self.reduced = axes(nest.reduced, len(nest.domain), self.flow)
        self.count = prod(nest.reduced)
        inline = inlines([nest.body] * PARTS, prod(nest.domain) * self.count)
        self.code = Code(t, self.flow, memory, inline=inline)

    def combine(self, acc: Sequence[str], element: Sequence[str], width: int) -> list[str]:
        """One step on vectors of ``width``."""
        args = [(v, width) for v in (*acc, *element)]
        return Code(self.t, self._combine, self.memory, args=args).results(width)

    def width(self, size: int, lane: int) -> int:
        """The vector width for a loop of ``size`` over ``lane``."""
        return width_for(size, *widths(self.flow, lane, self.nest.combine))

    def store(self, values: Sequence[str], outs: Sequence[str], offset: str, width: int) -> None:
        """Write results at ``offset`` behind the pointers ``outs``."""
        for value, pointer, dtype in zip(values, outs, self.dtypes, strict=True):
            self.t.store(value, self.t.at(pointer, dtype, offset), dtype, width)

    def outer(self, stack: ExitStack, loops: Sequence[Axis]) -> list[str]:
        """Open the loops over kept dimensions; returns the pointers to the results."""
        outs = [self.memory.pointer(b) for b in self.nest.outs]
        inner = prod(self.nest.domain)
        for axis in loops:
            loop = stack.enter_context(self.t.loop(axis.size))
            inner //= axis.size
            self.code.bind(axis, loop.i)
            offset = self.t.sum((loop.i, inner))
            outs = [self.t.at(p, d, offset) for p, d in zip(outs, self.dtypes, strict=True)]
        return outs


def emit_reduce(t: Text, nest: Reduce, memory: Memory) -> None:
    """Append the code of one reduce."""
    if prod(nest.domain) == 0:
        return
    fold = Fold(t, nest, memory)
    if nest.order == "sequential" or fold.count <= 1:
        _sequential(fold)
        return
    lane = fold.reduced[0].variables[-1]
    width = fold.width(fold.count, lane) if len(fold.reduced) == 1 else 1
    small = prod(nest.domain) * fold.count < LARGE and fold.count > LANES // 2
    if width > 1 and not (small and _long(nest)):
        _lanes(fold, width)
    else:
        _scratch(fold)


def _long(nest: Reduce) -> bool:
    """Whether copies of the code for one vector, one for each vector of lanes, would be long."""
    narrow = any(i.op == "convert" for i in nest.combine.insts)
    return narrow or len(nest.body.insts) > 16


# One accumulator a result


def _sequential(fold: Fold) -> None:
    """Results side by side in vectors, several vectors at a time."""
    t, loops = fold.t, fold.domain
    with ExitStack() as stack:
        outs = fold.outer(stack, loops[:-1])
        if not loops:
            fold.store(_folded(fold, [fold.code], 1)[0], outs, "0", 1)
            return
        axis = loops[-1]
        width = fold.width(axis.size, axis.variables[-1])
        large = width > 1 and fold.count * axis.size >= LARGE
        copies = COLUMN_COPIES if large and not _long(fold.nest) else 1
        copies = copies if axis.size >= copies * width else 1
        with t.loop(axis.size, width * copies) as loop:
            starts = [start_of(t, loop.i, k, copies, axis.size, width) for k in range(copies)]
            codes = [fold.code.fork() for _ in starts]
            for code, start in zip(codes, starts, strict=True):
                code.bind(axis, start, width)
            for values, start in zip(_folded(fold, codes, width), starts, strict=True):
                fold.store(values, outs, start, width)


def _folded(fold: Fold, codes: list[Code], width: int) -> list[list[str]]:
    """The results of each of ``codes``, side by side in the loops over the reduced dimensions."""
    t = fold.t
    start = [t.splat(REGISTER[d], v, width) for d, v in zip(fold.dtypes, fold.inits, strict=True)]
    if fold.count == 0:
        return [start for _ in codes]

    def nested(loops: Sequence[Axis], accs: list[list[str]]) -> list[list[str]]:
        if not loops:
            return [
                fold.combine(acc, code.results(width), width)
                for acc, code in zip(accs, current, strict=True)
            ]
        types = [register(d, width) for d in fold.dtypes] * len(codes)
        flat = [v for acc in accs for v in acc]
        with t.loop(loops[0].size, carry=list(zip(types, flat, strict=True))) as loop:
            for code in current:
                code.bind(loops[0], loop.i)
            loop.next = [v for acc in nested(loops[1:], _grouped(fold, loop.carried)) for v in acc]
        return _grouped(fold, loop.results)

    current = codes
    return nested(fold.reduced, [start for _ in codes])


def _grouped(fold: Fold, flat: list[str]) -> list[list[str]]:
    n = len(fold.dtypes)
    return [flat[k : k + n] for k in range(0, len(flat), n)]


# 64 lanes


def _lanes(fold: Fold, width: int) -> None:
    """Rows along memory: 64 lanes in vectors of ``width``."""
    with ExitStack() as stack:
        outs = fold.outer(stack, fold.domain)
        parts = _row(fold, width)
        lane = _tree(fold, parts, width)
        fold.store(fold.combine(fold.inits, [lane], 1), outs, "0", 1)


def _row(fold: Fold, width: int) -> list[str | None]:
    """The vectors of partial results of one row; ``None`` where all lanes are the identity."""
    t, dtype, axis, count = fold.t, fold.dtypes[0], fold.reduced[0], fold.count
    identity = constant(dtype, fold.nest.identity[0], width)
    parts: list[str | None] = [None] * (LANES // width)
    whole = count - count % LANES

    def element(start: str) -> str:
        code = fold.code.fork()
        code.bind(axis, start, width)
        return code.results(width)[0]

    if whole:
        carry = [(register(dtype, width), identity)] * len(parts)
        with t.loop(whole, LANES, carry=carry) as loop:
            loop.next = [
                fold.combine([acc], [element(t.sum((loop.i, 1), k * width))], width)[0]
                for k, acc in enumerate(loop.carried)
            ]
        parts = list(loop.results)
    for k in range(len(parts)):
        start = whole + k * width
        have = min(count - start, width)
        if have <= 0:
            break
        value = element(str(min(start, count - width)))
        if have < width:  # the last ones of the row, moved to the front
            moved = [width - have + j if j < have else width for j in range(width)]
            value = t.shuffle(REGISTER[dtype], width, value, identity, moved)
        before = parts[k]
        parts[k] = value if before is None else fold.combine([before], [value], width)[0]
    return parts


def _tree(fold: Fold, parts: list[str | None], width: int) -> str:
    """Lane j with lane j + h for h = 32, 16, ... 1; the identity is left out."""
    t, scalar = fold.t, REGISTER[fold.dtypes[0]]
    while len(parts) > 1:
        half = len(parts) // 2
        parts = [
            a if b is None or a is None else fold.combine([a], [b], width)[0]
            for a, b in zip(parts[:half], parts[half:], strict=True)
        ]
    value = parts[0]
    assert value is not None
    while width > 1:
        half = width // 2
        low = t.shuffle(scalar, width, value, "poison", range(half))
        high = t.shuffle(scalar, width, value, "poison", range(half, width))
        if half == 1:
            whole = register(fold.dtypes[0], 1)
            low = t.e(f"extractelement <1 x {whole}> {low}, i64 0")
            high = t.e(f"extractelement <1 x {whole}> {high}, i64 0")
        value, width = fold.combine([low], [high], half)[0], half
    return value


def _scratch(fold: Fold) -> None:
    """Scalar code with the partial results in memory; only lanes with elements take part."""
    t, dtype = fold.t, fold.dtypes[0]
    lanes = min(LANES, 1 << (fold.count - 1).bit_length())
    room = t.alloca(dtype, lanes)
    identity = constant(dtype, fold.nest.identity[0])
    with ExitStack() as stack:
        outs = fold.outer(stack, fold.domain)
        with t.loop(lanes) as loop:
            t.store(identity, t.at(room, dtype, loop.i), dtype)
        _accumulate(fold, fold.reduced, room, "0")
        half = lanes // 2
        while half:
            with t.loop(half) as loop:
                low = t.at(room, dtype, loop.i)
                high = t.load(t.at(low, dtype, str(half)), dtype)
                t.store(fold.combine([t.load(low, dtype)], [high], 1)[0], low, dtype)
            half //= 2
        fold.store(fold.combine(fold.inits, [t.load(room, dtype)], 1), outs, "0", 1)


def _accumulate(fold: Fold, loops: Sequence[Axis], room: str, k: str) -> None:
    """Fold every element into its lane; ``k`` is the number of the first one."""
    t, dtype = fold.t, fold.dtypes[0]
    if not loops:
        lane = t.e(f"and i64 {k}, {LANES - 1}")
        place = t.at(room, dtype, lane)
        value = fold.combine([t.load(place, dtype)], fold.code.results(1), 1)[0]
        t.store(value, place, dtype)
        return
    inner = prod(axis.size for axis in loops[1:])
    with t.loop(loops[0].size) as loop:
        fold.code.bind(loops[0], loop.i)
        _accumulate(fold, loops[1:], room, t.sum((k, 1), (loop.i, inner)))
