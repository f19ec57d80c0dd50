"""Micro-kernels and packing of matrix products: functions shared by all programs of a process.

``assay.tile.<acc>.<rows>.<vectors>[.masked]`` adds the product of a block of at most 256 k to a
tile, ``assay.pack.<from>.<to>.<way>`` copies a matrix to contiguous rows. Sizes and strides (in
bytes) are arguments, so that each is compiled once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from compiler.codegen.scalars import convert
from compiler.codegen.text import BYTES, REGISTER, Loop, Text, constant, register, suffix, vector
from compiler.dtypes import DType, by_name

STRIP = 8  # elements that packing moves at a time

TILE_TYPES = ("ptr", "i64", "ptr", "i64", "i64", "ptr", "i64", "i64", "i1", "i64")
_TILE_NAMES = ("c", "c_row", "a", "a_row", "a_k", "b", "b_k", "k", "first", "n")
PACK_TYPES = ("ptr", "i64", "i64", "ptr", "i64", "i64", "i64")
_PACK_NAMES = ("from", "from_row", "from_column", "to", "to_row", "rows", "columns")


def params(types: Sequence[str], names: Sequence[str]) -> str:
    """The parameter list of a function."""
    return ", ".join(f"{kind} %{name}" for kind, name in zip(types, names, strict=True))


def call(t: Text, name: str, types: Sequence[str], args: Sequence[str]) -> None:
    """Call a shared function, or one through a pointer, that returns nothing."""
    if name[0] == "@":
        t.declares.add(f"declare void {name}({', '.join(types)})")
    t.do(f"call void {name}({', '.join(f'{k} {v}' for k, v in zip(types, args, strict=True))})")


@contextmanager
def counted(
    t: Text, count: str, step: str = "1", carry: Sequence[tuple[str, str]] = ()
) -> Iterator[Loop]:
    """A loop over 0, step, ... below ``count``, both values; perhaps no iteration at all."""
    name, before = t.fresh("W"), t.block
    t.do(f"br label %{name}")
    t.label(name)
    hole = len(t.lines)
    t.lines.append("")
    loop = Loop(f"%i{name}", [t.fresh() for _ in carry])
    loop.next = loop.results = loop.carried
    more = t.e(f"icmp ult i64 {loop.i}, {count}")
    t.do(f"br i1 {more}, label %{name}b, label %{name}x")
    t.label(f"{name}b")
    yield loop
    after, end = t.e(f"add i64 {loop.i}, {step}"), t.block
    t.do(f"br label %{name}")
    phis = [f" {loop.i} = phi i64 [0, %{before}], [{after}, %{end}]"]
    phis += [
        f" {phi} = phi {kind} [{start}, %{before}], [{new}, %{end}]"
        for phi, (kind, start), new in zip(loop.carried, carry, loop.next, strict=True)
    ]
    t.lines[hole] = "\n".join(phis)
    t.label(f"{name}x")


@contextmanager
def where(t: Text, condition: str) -> Iterator[None]:
    """Code that runs only where ``condition`` holds."""
    name = t.fresh("B")
    t.do(f"br i1 {condition}, label %{name}, label %{name}x")
    t.label(name)
    yield
    t.do(f"br label %{name}x")
    t.label(f"{name}x")


def place(t: Text, start: str, *terms: tuple[str, str | int]) -> str:
    """The address behind ``start`` by the sum of numbers times strides in bytes."""
    for i, step in terms:
        offset = i if step == 1 else t.e(f"mul i64 {i}, {step}")
        start = t.e(f"getelementptr i8, ptr {start}, i64 {offset}")
    return start


# Micro-kernels


def tile_name(acc: DType, rows: int, vectors: int, masked: bool) -> str:
    """The name of a micro-kernel."""
    return f"assay.tile.{acc}.{rows}.{vectors}{'.masked' if masked else ''}"


def tile(name: str, lanes: int, declares: set[str]) -> str:
    """The micro-kernel ``name`` for vectors of ``lanes``: c = (first ? 0 : c) + a b.

    ``part = 0; for each k: part = fma(a, b, part); c = c + part``, in registers. Masked kernels
    touch the first ``n`` columns only.
    """
    _, _, dtype, count, vectors_, *rest = name.split(".")
    acc, rows, vectors = by_name(dtype), int(count), int(vectors_)
    t = Text(declares)
    scalar = REGISTER[acc]
    whole, zero = vector(scalar, lanes), constant(acc, bytes(BYTES[acc]), lanes)
    masks = [_mask(t, v * lanes, lanes) if rest else "" for v in range(vectors)]
    a_rows = [place(t, "%a", (str(r), "%a_row")) if r else "%a" for r in range(rows)]
    carry = [("ptr", "%b"), ("i64", "0"), *[(whole, zero)] * (rows * vectors)]
    with counted(t, "%k", carry=carry) as loop:
        b, offset, *parts = loop.carried
        columns = [
            _load(t, t.at(b, acc, str(v * lanes)), acc, lanes, masks[v]) for v in range(vectors)
        ]
        new = []
        for r in range(rows):
            factor = t.splat(scalar, t.load(place(t, a_rows[r], (offset, 1)), acc), lanes)
            for v, column in enumerate(columns):
                part = parts[r * vectors + v]
                new.append(t.intrinsic("fma", scalar, lanes, factor, column, part))
        loop.next = [place(t, b, ("%b_k", 1)), t.e(f"add i64 {offset}, %a_k"), *new]
    c_rows = [place(t, "%c", (str(r), "%c_row")) if r else "%c" for r in range(rows)]
    c = [t.at(row, acc, str(v * lanes)) for row in c_rows for v in range(vectors)]
    t.do("br i1 %first, label %begin, label %go_on")
    for label in ("begin", "go_on"):
        t.label(label)
        for q, (at, part) in enumerate(zip(c, loop.results[2:], strict=True)):
            mask = masks[q % vectors]
            before = zero if label == "begin" else _load(t, at, acc, lanes, mask)
            _store(t, t.e(f"fadd {whole} {before}, {part}"), at, acc, lanes, mask)
        t.do("br label %done")
    t.label("done")
    return t.function(f"own.{name}", params(TILE_TYPES, _TILE_NAMES))


def _mask(t: Text, start: int, lanes: int) -> str:
    """Which columns from ``start`` on lie among the first n."""
    ramp = ", ".join(f"i64 {start + k}" for k in range(lanes))
    return t.e(f"icmp ult <{lanes} x i64> <{ramp}>, {t.splat('i64', '%n', lanes)}")


def _load(t: Text, at: str, dtype: DType, lanes: int, mask: str) -> str:
    if not mask:
        return t.load(at, dtype, lanes)
    whole = register(dtype, lanes)
    pairs = [("ptr", at), ("i32", str(BYTES[dtype])), (f"<{lanes} x i1>", mask)]
    name = f"llvm.masked.load.{suffix(REGISTER[dtype], lanes)}.p0"
    return t.call(whole, name, [*pairs, (whole, "zeroinitializer")])


def _store(t: Text, value: str, at: str, dtype: DType, lanes: int, mask: str) -> None:
    if not mask:
        t.store(value, at, dtype, lanes)
        return
    name = f"@llvm.masked.store.{suffix(REGISTER[dtype], lanes)}.p0"
    types = (register(dtype, lanes), "ptr", "i32", f"<{lanes} x i1>")
    call(t, name, types, (value, at, str(BYTES[dtype]), mask))


# Packing


def pack_name(have: DType, want: DType, row: int, column: int) -> str:
    """The name of the function that copies and converts a matrix with two strides (in elements)."""
    way = "rows" if column == 1 else "columns" if row == 1 else "any"
    return f"assay.pack.{have}.{want}.{way}"


def pack(name: str, declares: set[str]) -> str:
    """The function ``name``: ``to[i, j] = from[i, j]`` where the rows of ``to`` are contiguous.

    Way ``rows``: those of the source are too, and are copied in strips; ``columns``: those are, and
    it is transposed in squares. The rest, or ``any`` matrix, is copied element by element.
    """
    _, _, have_, want_, way = name.split(".")
    have, want = by_name(have_), by_name(want_)
    t = Text(declares)

    def move(i: str, j: str) -> None:
        value = t.load(place(t, "%from", (i, "%from_row"), (j, "%from_column")), have)
        put(i, j, convert(t, value, have, want, 1), 1)

    def put(i: str, j: str, value: str, width: int) -> None:
        t.store(value, place(t, "%to", (i, "%to_row"), (j, BYTES[want])), want, width)

    def strip(i: str, j: str) -> str:
        at = place(t, "%from", (i, "%from_row"), (j, "%from_column"))
        return convert(t, t.load(at, have, STRIP), have, want, STRIP)

    down_end = right_end = "0"
    if way == "rows":
        down_end, right_end = "%rows", t.e(f"and i64 %columns, {-STRIP}")
        with counted(t, "%rows") as down, counted(t, right_end, str(STRIP)) as right:
            put(down.i, right.i, strip(down.i, right.i), STRIP)
    elif way == "columns":
        down_end, right_end = (t.e(f"and i64 %{n}, {-STRIP}") for n in ("rows", "columns"))
        with (
            counted(t, right_end, str(STRIP)) as right,
            counted(t, down_end, str(STRIP)) as down,
        ):
            square = [strip(down.i, t.e(f"add i64 {right.i}, {k}")) for k in range(STRIP)]
            for k, row in enumerate(_transposed(t, square, REGISTER[want])):
                put(t.e(f"add i64 {down.i}, {k}"), right.i, row, STRIP)
    if way == "columns":  # the last rows
        with counted(t, right_end) as right, counted(t, t.e(f"sub i64 %rows, {down_end}")) as down:
            move(t.e(f"add i64 {down.i}, {down_end}"), right.i)
    with counted(t, "%rows") as down, counted(t, t.e(f"sub i64 %columns, {right_end}")) as right:
        move(down.i, t.e(f"add i64 {right.i}, {right_end}"))
    return t.function(f"own.{name}", params(PACK_TYPES, _PACK_NAMES))


def _transposed(t: Text, rows: list[str], scalar: str) -> list[str]:
    """The columns of a square of vectors: halves are exchanged, then quarters, and so on."""
    n = len(rows)
    half = n // 2
    while half:
        for k in range(n):
            if k & half:
                continue
            a, b = rows[k], rows[k + half]
            low = [j if not j & half else n + j - half for j in range(n)]
            high = [j + half if not j & half else n + j for j in range(n)]
            rows[k] = t.shuffle(scalar, n, a, b, low)
            rows[k + half] = t.shuffle(scalar, n, a, b, high)
        half //= 2
    return rows
