"""Plain schedule of contractions, for every layout and dtype; vectors along n where rhs allows it.

The register-tiled schedule of :mod:`compiler.codegen.gemm` takes what it can do better.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod

from compiler.codegen.body import Memory, legal
from compiler.codegen.maps import start_of, width_for
from compiler.codegen.scalars import convert
from compiler.codegen.text import REGISTER, Text, constant, register
from compiler.nest.ir import Dot

BLOCK = 256


@dataclass(slots=True)
class Dim:
    """A loop over dimensions that lie like one: size, and element strides in lhs, rhs, out."""

    size: int
    left: int
    right: int
    out: int


def dims(nest: Dot) -> tuple[list[Dim], list[Dim], list[Dim], list[Dim]]:
    """The loops over batch, m, n and k, merged where that is possible; size 1 needs none."""
    b, m, n = len(nest.batch), len(nest.m), len(nest.n)
    shape = (*nest.batch, *nest.m, *nest.n)
    outs = [prod(shape[d + 1 :]) for d in range(len(shape))]
    left, right = nest.lhs_strides, nest.rhs_strides
    batch = [Dim(nest.batch[d], left[d], right[d], outs[d]) for d in range(b)]
    rows = [Dim(nest.m[d], left[b + d], 0, outs[b + d]) for d in range(m)]
    columns = [Dim(nest.n[d], 0, right[b + d], outs[b + m + d]) for d in range(n)]
    inner = [Dim(nest.k[d], left[b + m + d], right[b + n + d], 0) for d in range(len(nest.k))]
    return _merged(batch), _merged(rows), _merged(columns), _merged(inner)


def _merged(loops: list[Dim]) -> list[Dim]:
    out: list[Dim] = []
    for d in loops:
        if d.size == 1:
            continue
        if out and all(
            a == b * d.size
            for a, b in (
                (out[-1].left, d.left),
                (out[-1].right, d.right),
                (out[-1].out, d.out),
            )
        ):
            out[-1] = Dim(out[-1].size * d.size, d.left, d.right, d.out)
        else:
            out.append(d)
    return out


def emit_dot(t: Text, nest: Dot, memory: Memory) -> None:
    """Append the code of one contraction."""
    if prod(nest.batch) * prod(nest.m) * prod(nest.n) == 0:
        return
    batch, rows, columns, inner = dims(nest)
    left, right, out = (memory.pointer(b) for b in (nest.lhs, nest.rhs, nest.out))
    types = [memory.dtype(b) for b in (nest.lhs, nest.rhs, nest.out)]
    width = 1
    if columns and columns[-1].right == 1 and columns[-1].out == 1:
        wide = any(d.bits == 64 and d.is_integer for d in types) and nest.acc.is_float
        range_ = legal(max(d.bits for d in (*types, nest.acc)))
        width = 1 if wide else width_for(columns[-1].size, *range_)
    with ExitStack() as stack:
        loops = [*batch, *rows, *columns]
        for k, d in enumerate(loops):
            last = width > 1 and k == len(loops) - 1
            loop = stack.enter_context(t.loop(d.size, width if last else 1))
            i = start_of(t, loop.i, 0, 1, d.size, width) if last else loop.i
            left = t.at(left, types[0], t.sum((i, d.left)))
            right = t.at(right, types[1], t.sum((i, d.right)))
            out = t.at(out, types[2], t.sum((i, d.out)))
        total = _contract(t, nest, memory, inner, (left, right), width)
        t.store(convert(t, total, nest.acc, types[2], width), out, types[2], width)


def _contract(
    t: Text, nest: Dot, memory: Memory, inner: list[Dim], start: tuple[str, str], width: int
) -> str:
    """The sum over k in blocks of :data:`BLOCK`."""
    acc = register(nest.acc, width)
    zero = constant(nest.acc, bytes(nest.acc.numpy.itemsize), width)
    count = prod(nest.k)
    step = _step(t, nest, memory, inner, start, width)
    if count == 0:
        return zero
    if not nest.acc.is_float:
        with t.loop(count, carry=[(acc, zero)]) as loop:
            loop.next = [step(loop.i, loop.carried[0])]
        return loop.results[0]
    total, blocks = zero, count // BLOCK
    if blocks:
        with t.loop(blocks, carry=[(acc, zero)]) as outer:
            with t.loop(BLOCK, carry=[(acc, zero)]) as loop:
                k = t.sum((outer.i, BLOCK), (loop.i, 1))
                loop.next = [step(k, loop.carried[0])]
            outer.next = [t.e(f"fadd {acc} {outer.carried[0]}, {loop.results[0]}")]
        total = outer.results[0]
    if count % BLOCK:
        with t.loop(count % BLOCK, carry=[(acc, zero)]) as loop:
            loop.next = [step(t.sum((loop.i, 1), blocks * BLOCK), loop.carried[0])]
        total = t.e(f"fadd {acc} {total}, {loop.results[0]}")
    return total


def _step(
    t: Text, nest: Dot, memory: Memory, inner: list[Dim], start: tuple[str, str], width: int
) -> Callable[[str, str], str]:
    """One product added to the sum."""
    left_type, right_type = memory.dtype(nest.lhs), memory.dtype(nest.rhs)
    scalar, whole = REGISTER[nest.acc], register(nest.acc, width)

    def step(k: str, acc: str) -> str:
        offsets = _offsets(t, inner, k)
        a = t.load(t.at(start[0], left_type, offsets[0]), left_type)
        b = t.load(t.at(start[1], right_type, offsets[1]), right_type, width)
        a = t.splat(scalar, convert(t, a, left_type, nest.acc, 1), width)
        b = convert(t, b, right_type, nest.acc, width)
        if nest.acc.is_float:
            return t.intrinsic("fma", scalar, width, a, b, acc)
        both, join = ("and", "or") if nest.acc.kind == "bool" else ("mul", "add")
        return t.e(f"{join} {whole} {acc}, {t.e(f'{both} {whole} {a}, {b}')}")

    return step


def _offsets(t: Text, inner: list[Dim], k: str) -> tuple[str, str]:
    """Offsets in lhs and rhs of the k-th index, row-major over the contracted dimensions."""
    left: list[tuple[str, int]] = []
    right: list[tuple[str, int]] = []
    rest = k
    for n, d in reversed(list(enumerate(inner))):
        i = rest
        if n and rest[0] == "%":
            i = t.e(f"urem i64 {rest}, {d.size}")
            rest = t.e(f"udiv i64 {rest}, {d.size}")
        elif n:
            i, rest = str(int(rest) % d.size), str(int(rest) // d.size)
        left.append((i, d.left))
        right.append((i, d.right))
    return t.sum(*left), t.sum(*right)
