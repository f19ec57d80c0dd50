"""Register-tiled schedule of floating-point contractions.

The work is done by functions that are compiled once a process and shared by all programs: a driver
that takes sizes, strides and functions as arguments, and the micro-kernels and packing functions of
:mod:`compiler.codegen.tiles`. A program itself only has the loop over the batch and a call.

The bits are those of :class:`compiler.nest.ir.Dot`: a micro-kernel sums up at most 256 products per
result with fma and adds the part to the total, and successive blocks of k follow in order. Packing
copies and converts operands, nothing else.
"""

from __future__ import annotations

import platform
from contextlib import ExitStack
from functools import cache
from math import prod
from typing import NamedTuple

from compiler.codegen import dots, tiles
from compiler.codegen.body import Memory
from compiler.codegen.dots import BLOCK, Dim
from compiler.codegen.text import BYTES, Text
from compiler.codegen.tiles import call, counted, pack_name, place, tile_name, where
from compiler.dtypes import DType, by_name
from compiler.nest.ir import Dot

LEAST = 1 << 14  # products from which the call pays
PITCH = BLOCK + 16  # row length of packed lhs: no two rows start in the same cache set
PACKED = 1 << 18  # bytes of packed lhs: they stay in the second level of the cache
STRETCH = 1 << 15  # most columns of a result that is rounded at the end
FAR = 1024  # bytes between successive rows of rhs from which packing pays


@cache
def _host() -> tuple[int, int]:
    """Lanes of f32 in a register of this machine, and how many registers there are."""
    import llvmlite.binding as llvm

    if platform.machine() in ("arm64", "aarch64"):
        return 4, 32
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 16, 32
    return (8, 16) if features.get("avx2") else (4, 16)


def lanes(acc: DType) -> int:
    """Elements a register."""
    return _host()[0] * 32 // acc.bits


class Shape(NamedTuple):
    """Rows and vectors of columns of a tile."""

    rows: int
    vectors: int


def shape_for(m: int, n: int, acc: DType) -> Shape:
    """The tile for m rows and n columns.

    Sums, one row of rhs and one element of lhs fit the registers: 6 x 2 vectors of 16 registers,
    6 x 4 of 32. Few rows are cut so that no short tile is left, where that is possible.
    """
    registers = _host()[1]
    rows = min(m, 6)
    if 6 < m <= 24:
        rows = next((r for r in (6, 5, 4) if m % r == 0), 6)
    most = (registers - 2) // (rows + 1)
    return Shape(rows, min(most, 8, -(-n // lanes(acc))))


# The program's side


def emit_dot(t: Text, nest: Dot, memory: Memory) -> None:
    """Append the code of one contraction: a call for each batch element, or the plain schedule."""
    batch, rows, columns, inner = dots.dims(nest)
    row, column, k = _one(rows), _one(columns), _one(inner)
    work = prod(nest.m) * prod(nest.n) * prod(nest.k)
    if not nest.acc.is_float or work < LEAST or row is None or column is None or k is None:
        dots.emit_dot(t, nest, memory)
        return
    buffers = [nest.lhs, nest.rhs, nest.out]
    if column.size == 1:  # a column of results is as good as a row
        buffers = [nest.rhs, nest.lhs, nest.out]
        row, column, k = _swapped(column), _swapped(row), _swapped(k)
        batch = [_swapped(d) for d in batch]
    types = [memory.dtype(b) for b in buffers]
    pointers = [memory.pointer(b) for b in buffers]
    with ExitStack() as stack:
        for d in batch:
            i = stack.enter_context(t.loop(d.size)).i
            steps = (d.left, d.right, d.out)
            pointers = [
                t.at(p, dtype, t.sum((i, step)))
                for p, dtype, step in zip(pointers, types, steps, strict=True)
            ]
        # Totals that are not of the result's dtype wait on the stack: bound their number.
        step = column.size if types[2] is nest.acc else STRETCH
        for start in range(0, column.size, step):
            part = Dim(min(step, column.size - start), column.left, column.right, column.out)
            moved = [
                pointers[0],
                t.at(pointers[1], types[1], str(start * column.right)),
                t.at(pointers[2], types[2], str(start * column.out)),
            ]
            _call_driver(t, nest.acc, types, moved, (row, part, k))


def _one(loops: list[Dim]) -> Dim | None:
    """The only loop; one of size 1 if there is none."""
    if len(loops) > 1:
        return None
    return loops[0] if loops else Dim(1, 0, 0, 0)


def _swapped(d: Dim) -> Dim:
    return Dim(d.size, d.right, d.left, d.out)


def _call_driver(
    t: Text, acc: DType, types: list[DType], pointers: list[str], loops: tuple[Dim, Dim, Dim]
) -> None:
    row, column, k = loops
    left, right, out = types
    size = BYTES[acc]
    shape = shape_for(row.size, column.size, acc)
    wide = shape.vectors * lanes(acc)
    limit = PACKED // size // PITCH
    if out is not acc:  # totals of a block are kept in the dtype of the sum
        limit = min(limit, 2 * PACKED // size // column.size)
    block = min(row.size, max(limit // shape.rows, 1) * shape.rows)
    rest, short = row.size % shape.rows, column.size % wide
    kernels = [
        tile_name(acc, rows or 1, shape.vectors, masked) if rows and used else ""
        for rows in (shape.rows, rest)
        for masked, used in ((False, column.size >= wide), (True, short))
    ]
    packing = [
        pack_name(left, acc, row.left, k.left) if _packs_left(acc, left, loops, wide) else "",
        pack_name(right, acc, k.right, column.right)
        if _packs_right(acc, right, loops, shape.rows)
        else "",
        pack_name(acc, out, column.size, 1) if out is not acc else "",
    ]
    strides = [
        row.out * BYTES[out],
        *(row.left * BYTES[left], k.left * BYTES[left]),
        *(k.right * BYTES[right], column.right * BYTES[right]),
    ]
    sizes = [row.size, column.size, k.size, block, shape.rows, wide, size]
    functions = [_function(t, name, tiles.TILE_TYPES) for name in kernels]
    functions += [_function(t, name, tiles.PACK_TYPES) for name in packing]
    numbers = [str(v) for v in (*strides, *sizes)]
    call(t, DRIVER, DRIVER_TYPES, [pointers[2], *pointers[:2], *numbers, *functions])


def _function(t: Text, name: str, types: tuple[str, ...]) -> str:
    """A function as an argument; "" is none."""
    if not name:
        return "null"
    t.declares.add(f"declare void @{name}({', '.join(types)})")
    return f"@{name}"


def _packs_left(acc: DType, left: DType, loops: tuple[Dim, Dim, Dim], wide: int) -> bool:
    """Packing lhs converts it, and spares it strides that are bad for the cache."""
    row, column, k = loops
    if left is not acc:
        return True
    bad = k.left != 1 or row.left * BYTES[left] % 2048 == 0
    return bad and row.size > 1 and column.size >= 8 * wide


def _packs_right(acc: DType, right: DType, loops: tuple[Dim, Dim, Dim], rows: int) -> bool:
    """Packing rhs makes its rows contiguous, so that vectors can be loaded, and near each other."""
    row, column, k = loops
    if right is not acc or column.right != 1:
        return True
    return row.size >= 8 * rows and k.right * BYTES[right] >= FAR


# The library's side

KINDS = ("assay.gemm.", "assay.tile.", "assay.pack.")
DRIVER = "@assay.gemm.driver"
DRIVER_TYPES = (*["ptr"] * 3, *["i64"] * 12, *["ptr"] * 7)
_DRIVER_NAMES = (
    *("c", "a", "b", "c_row", "a_row", "a_k", "b_k", "b_column"),
    *("m", "n", "k", "block", "rows", "wide", "size"),
    *("full", "full_masked", "rest", "rest_masked", "pack_left", "pack_right", "narrow"),
)


def library(name: str, declares: set[str]) -> str:
    """The shared function ``name``: the driver, a micro-kernel or a packing function."""
    if name.startswith("assay.tile."):
        return tiles.tile(name, lanes(by_name(name.split(".")[2])), declares)
    return tiles.pack(name, declares) if name.startswith("assay.pack.") else _driver(declares)


def _driver(declares: set[str]) -> str:
    """Blocks of rows, blocks of k, panels of columns, tiles of rows."""
    t = Text(declares)
    pitch = t.e(f"mul i64 %size, {PITCH}")
    room = _room(t, t.e(f"mul i64 %wide, {BLOCK}"), "%size")
    packed = _room(t, "%block", pitch)
    narrows, packs = (t.e(f"icmp ne ptr %{f}, null") for f in ("narrow", "pack_left"))
    own_row = t.e("mul i64 %n, %size")
    totals = _room(t, "%block", t.e(f"select i1 {narrows}, i64 {own_row}, i64 0"))
    with counted(t, "%m", "%block") as down:
        rows = _least(t, t.e(f"sub i64 %m, {down.i}"), "%block")
        a0, c0 = (place(t, f"%{x}", (down.i, f"%{x}_row")) for x in "ac")
        c = t.e(f"select i1 {narrows}, ptr {totals}, ptr {c0}")
        c_row = t.e(f"select i1 {narrows}, i64 {own_row}, i64 %c_row")
        with counted(t, "%k", str(BLOCK)) as deep:
            k = _least(t, t.e(f"sub i64 %k, {deep.i}"), str(BLOCK))
            a, b = (place(t, x, (deep.i, f"%{y}_k")) for x, y in ((a0, "a"), ("%b", "b")))
            with where(t, packs):
                args = (a, "%a_row", "%a_k", packed, pitch, rows, k)
                call(t, "%pack_left", tiles.PACK_TYPES, args)
            lhs = (
                t.e(f"select i1 {packs}, ptr {packed}, ptr {a}"),
                t.e(f"select i1 {packs}, i64 {pitch}, i64 %a_row"),
                t.e(f"select i1 {packs}, i64 %size, i64 %a_k"),
            )
            _panels(t, lhs, (b, room), (c, c_row), (rows, k, deep.i))
        with where(t, narrows):
            own = (totals, own_row, "%size", c0, "%c_row", rows, "%n")
            call(t, "%narrow", tiles.PACK_TYPES, own)
    return t.function(f"own.{DRIVER[1:]}", tiles.params(DRIVER_TYPES, _DRIVER_NAMES))


def _room(t: Text, count: str, size: str) -> str:
    """Bytes on the stack."""
    return t.e(f"alloca i8, i64 {t.e(f'mul i64 {count}, {size}')}, align 64")


def _least(t: Text, a: str, b: str) -> str:
    return t.intrinsic("umin", "i64", 1, a, b)


def _panels(
    t: Text,
    lhs: tuple[str, str, str],
    rhs: tuple[str, str],
    target: tuple[str, str],
    sizes: tuple[str, str, str],
) -> None:
    """All tiles of one block: panels of columns, packed if that is wanted, then tiles of rows.

    Args:
        t: where to write.
        lhs: pointer, stride of rows, stride of k.
        rhs: pointer, and room for a packed panel.
        target: pointer and stride of rows.
        sizes: rows, k, and the number of the first k.
    """
    (a, a_row, a_k), (b, room), (c, c_row), (rows, k, start) = lhs, rhs, target, sizes
    first = t.e(f"icmp eq i64 {start}, 0")
    packs = t.e("icmp ne ptr %pack_right, null")
    pitch = t.e("mul i64 %wide, %size")
    with counted(t, "%n", "%wide") as across:
        n = _least(t, t.e(f"sub i64 %n, {across.i}"), "%wide")
        source = place(t, b, (across.i, "%b_column"))
        with where(t, packs):
            args = (source, "%b_k", "%b_column", room, pitch, k, n)
            call(t, "%pack_right", tiles.PACK_TYPES, args)
        panel = t.e(f"select i1 {packs}, ptr {room}, ptr {source}")
        b_k = t.e(f"select i1 {packs}, i64 {pitch}, i64 %b_k")
        masked = t.e(f"icmp ult i64 {n}, %wide")
        whole = t.e(f"select i1 {masked}, ptr %full_masked, ptr %full")
        short = t.e(f"select i1 {masked}, ptr %rest_masked, ptr %rest")
        with counted(t, rows, "%rows") as down:
            is_rest = t.e(f"icmp ult i64 {t.e(f'sub i64 {rows}, {down.i}')}, %rows")
            kernel = t.e(f"select i1 {is_rest}, ptr {short}, ptr {whole}")
            to = place(t, c, (down.i, c_row), (across.i, "%size"))
            part = place(t, a, (down.i, a_row))
            tile = (to, c_row, part, a_row, a_k, panel, b_k, k, first, n)
            call(t, kernel, tiles.TILE_TYPES, tile)
