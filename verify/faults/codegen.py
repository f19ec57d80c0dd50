"""Bugs in machine code: vector tails, buffer reuse, flushed subnormals, unordered comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from compiler.codegen import jit, live, maps, reduces, scalars
from compiler.codegen.text import REGISTER, register, splat_of, vector
from compiler.dtypes import BF16, DType
from compiler.nest.ir import Dot, Nest
from verify.faults.base import Install, declare, exchanged, patched


def _short_tail(old: Callable[..., str]) -> Callable[..., str]:
    """The last vector of a loop starts one element early, so the last element is never written."""

    def start_of(t: Any, counter: str, copy: int, copies: int, size: int, width: int) -> str:
        if size % (width * copies) == 0 or (copy == 0 and size % width == 0):
            return old(t, counter, copy, copies, size, width)
        start = t.sum((counter, 1), copy * width)
        return str(t.intrinsic("umin", "i64", 1, start, str(size - width - 1)))

    return start_of


def _second_copy_stuck(old: Callable[..., str]) -> Callable[..., str]:
    """Of the vectors computed side by side, each starts where the first one does."""

    def start_of(t: Any, counter: str, copy: int, copies: int, size: int, width: int) -> str:
        return old(t, counter, 0, copies, size, width)

    return start_of


def _rhs_not_read(old: Callable[[Nest], set[int]]) -> Callable[[Nest], set[int]]:
    """The right operand of a contraction is forgotten when the arena is laid out."""

    def reads(nest: Nest) -> set[int]:
        found = old(nest)
        return found - {nest.rhs} if isinstance(nest, Dot) and nest.rhs != nest.lhs else found

    return reads


def _no_tail_identity(old: Callable[..., Any]) -> Callable[..., Any]:
    """Lanes past the end of a row hold the last elements again instead of the identity."""

    def row(fold: Any, width: int) -> Any:
        shuffle = fold.t.shuffle

        def unmasked(scalar: str, n: int, a: str, b: str, lanes: Any) -> str:
            return str(shuffle(scalar, n, a, b, [k if k < n else n - 1 for k in lanes]))

        fold.t.shuffle = unmasked
        try:
            return old(fold, width)
        finally:
            del fold.t.shuffle

    return row


def _truncating_bf16(old: Callable[..., str]) -> Callable[..., str]:
    """f32 to bf16 drops the low bits."""

    def narrow(t: Any, x: str, target: DType, width: int) -> str:
        if target is not BF16:
            return old(t, x, target, width)
        f32, i32, i16 = (vector(s, width) for s in ("float", "i32", "i16"))
        bits = t.e(f"bitcast {f32} {x} to {i32}")
        high = t.e(f"lshr {i32} {bits}, {splat_of('i32', '16', width)}")
        return str(t.e(f"trunc {i32} {high} to {i16}"))

    return narrow


def _unguarded_shift(_old: Any) -> Any:
    """The amount is limited to the width minus one for logical shifts too."""

    def shift(t: Any, inst: Any, args: Any, _dtypes: Any, width: int) -> str:
        scalar, bits = REGISTER[inst.dtype], inst.dtype.bits
        last = splat_of(scalar, str(bits - 1), width)
        near = t.intrinsic("umin", scalar, width, args[1], last)
        return str(t.e(f"{inst.op} {register(inst.dtype, width)} {args[0]}, {near}"))

    return shift


@contextmanager
def _flush_subnormals() -> Iterator[None]:
    """Machine code runs with flush-to-zero and denormals-are-zero."""
    old = jit._GUARD_X86
    jit._GUARD_X86 = old.replace("store i32 8064", f"store i32 {8064 | 0x8040}")
    jit.guard.cache_clear()
    jit._guard_machine.cache_clear()
    try:
        yield
    finally:
        jit._GUARD_X86 = old
        jit.guard.cache_clear()
        jit._guard_machine.cache_clear()


def both(first: Install, second: Install) -> Install:
    """Two exchanges that make one fault."""

    @contextmanager
    def install() -> Iterator[None]:
        with first(), second():
            yield

    return install


@contextmanager
def own_library() -> Iterator[None]:
    """Functions shared by all programs are compiled anew under the fault, and forgotten with it."""
    known = dict(jit._library)
    jit._library.clear()
    try:
        yield
    finally:
        jit._library.clear()
        jit._library.update(known)


def declare_codegen(name: str, kind: str, summary: str, install: Install, *, source: str) -> None:
    """Enter a bug of machine code; to blame is the op whose code is wrong, any that it may hit."""
    install = both(own_library, install)
    declare(name, kind, summary, blame=("codegen", "*"), install=install, source=source)


declare_codegen(
    "vector-tail-short",
    "mask of the vector tail",
    "the last vector of a loop starts one element early: the last element is not written",
    both(patched(maps, "start_of", _short_tail), patched(reduces, "start_of", _short_tail)),
    source="llvm/llvm-project#55167: wrong tail of a vectorised loop",
)
declare_codegen(
    "unrolled-copy-stuck",
    "off by one",
    "vectors computed side by side all start where the first one does",
    patched(maps, "start_of", _second_copy_stuck),
    source="llvm/llvm-project#176954: wrong partial results of an interleaved loop",
)
declare_codegen(
    "arena-forgets-rhs",
    "buffer reuse",
    "the right operand of a contraction may share memory with its result",
    patched(live, "reads", _rhs_not_read),
    source="openxla/xla#49176: input and output share memory, input read late",
)
declare_codegen(
    "reduce-tail-unmasked",
    "mask of the vector tail",
    "lanes past the end of a reduced row are not masked",
    patched(reduces, "_row", _no_tail_identity),
    source="llvm/llvm-project#182492: wrong mask of a folded tail",
)
declare_codegen(
    "bf16-truncates",
    "missing rounding",
    "machine code drops the low bits of f32 to make bf16",
    patched(scalars, "_narrow", _truncating_bf16),
    source="tenstorrent/tt-metal#19882: f32 to bf16 truncated",
)
declare_codegen(
    "shift-limits-amount",
    "dropped guard",
    "logical shifts by the width or more shift by the width minus one",
    both(
        exchanged(scalars._SPECIAL, "shl", _unguarded_shift),
        exchanged(scalars._SPECIAL, "lshr", _unguarded_shift),
    ),
    source="halide/Halide#4868: shifts by more than the width made by the compiler",
)
declare_codegen(
    "compare-unordered",
    "lost NaN",
    "a float comparison for less-than holds for NaN",
    exchanged(scalars._FLOAT_COMPARE, "lt", lambda _old: "ult"),
    source="llvm/llvm-project#63316: an unordered comparison folded to false",
)
declare_codegen(
    "flush-subnormals",
    "environment",
    "machine code runs with flush-to-zero",
    _flush_subnormals,
    source="openxla/xla#22858: XLA:CPU flushes subnormals, with no way out",
)
