"""A small builder of LLVM text: names, instructions, counted loops with carried values.

What is written is final: no LLVM pass runs before code generation, so loops carry values in phis,
and nothing here promises what was not proved (no fast-math flags, no ``nsw``, no ``noalias``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from compiler.dtypes import ALL, NARROW, DType

_OWN = {"i1": "i1", "f16": "i16", "bf16": "i16", "f32": "float", "f64": "double"}

# How an element is held in a register and in memory. 16-bit floats are bits, the narrow types the
# byte that holds them; i1 is a byte in memory.
REGISTER = {
    **{d: _OWN.get(d.name, f"i{d.bits}") for d in ALL},
    **dict.fromkeys(NARROW, "i8"),
}
MEMORY = {d: "i8" if d.bits == 1 else held for d, held in REGISTER.items()}
BYTES = {d: d.numpy.itemsize for d in REGISTER}
_SUFFIX = {"float": "f32", "double": "f64", "half": "f16"}


def vector(scalar: str, width: int) -> str:
    """The type of ``width`` elements; a width of 1 is the scalar type itself."""
    return scalar if width == 1 else f"<{width} x {scalar}>"


def register(dtype: DType, width: int = 1) -> str:
    """The register type of ``width`` elements."""
    return vector(REGISTER[dtype], width)


def suffix(scalar: str, width: int) -> str:
    """The overload suffix of intrinsics: ``f32``, ``v16i8``."""
    name = _SUFFIX.get(scalar, scalar)
    return name if width == 1 else f"v{width}{name}"


def literal(dtype: DType, data: bytes) -> str:
    """A scalar constant from its bytes."""
    if dtype.kind == "bool":
        return "true" if data[0] else "false"
    if dtype.is_float and dtype.bits > 16:
        value = np.frombuffer(data, dtype.numpy)[0]
        if value != value:
            return "0x7FF8000000000000"
        return f"0x{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016X}"
    return str(int.from_bytes(data, "little"))


def constant(dtype: DType, data: bytes, width: int = 1) -> str:
    """A constant of ``width`` equal elements from one element's bytes."""
    return splat_of(REGISTER[dtype], literal(dtype, data), width)


def splat_of(scalar: str, value: str, width: int) -> str:
    """A literal constant of ``width`` equal elements."""
    return value if width == 1 else f"splat ({scalar} {value})"


@dataclass(slots=True)
class Loop:
    """One counted loop.

    Attributes:
        i: the counter (an i64 name).
        carried: the carried values at the start of an iteration.
        next: their values at its end; set this before the loop closes.
        results: their values after the loop.
    """

    i: str
    carried: list[str]
    next: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


class Text:
    """Writes the body of one function, block by block."""

    def __init__(self, declares: set[str] | None = None) -> None:
        self.lines: list[str] = []
        self._head: list[str] = []
        self.declares: set[str] = set() if declares is None else declares
        self.block = "entry"
        self._count = 0

    def fresh(self, prefix: str = "%t") -> str:
        """A new name."""
        self._count += 1
        return f"{prefix}{self._count}"

    def e(self, instruction: str) -> str:
        """Append an instruction with a result; returns the result's name."""
        self._count += 1
        name = f"%t{self._count}"
        self.lines.append(f" {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(" " + instruction)

    def label(self, name: str) -> None:
        """Start a block."""
        self.lines.append(f"{name}:")
        self.block = name

    def call(self, result: str, name: str, args: Sequence[tuple[str, str]]) -> str:
        """Call ``name`` on (type, value) pairs and declare it; ``result`` must not be ``void``."""
        self.declares.add(f"declare {result} @{name}({', '.join(t for t, _ in args)})")
        return self.e(f"call {result} @{name}({', '.join(f'{t} {v}' for t, v in args)})")

    def intrinsic(self, name: str, scalar: str, width: int, *args: str) -> str:
        """Call an LLVM intrinsic whose arguments and result all are of one type."""
        t = vector(scalar, width)
        return self.call(t, f"llvm.{name}.{suffix(scalar, width)}", [(t, a) for a in args])

    def splat(self, scalar: str, value: str, width: int) -> str:
        """A vector of ``width`` times ``value``; a width of 1 is the value itself."""
        if width == 1:
            return value
        if value[0] != "%":
            return splat_of(scalar, value, width)
        t = vector(scalar, width)
        one = self.e(f"insertelement {t} poison, {scalar} {value}, i64 0")
        zeros = f"<{width} x i32> zeroinitializer"
        return self.e(f"shufflevector {t} {one}, {t} poison, {zeros}")

    def shuffle(self, scalar: str, width: int, a: str, b: str, lanes: Sequence[int]) -> str:
        """Pick ``lanes`` from two vectors of ``width``."""
        t, n = vector(scalar, width), len(lanes)
        mask = ", ".join(f"i32 {k}" for k in lanes)
        return self.e(f"shufflevector {t} {a}, {t} {b}, <{n} x i32> <{mask}>")

    def sum(self, *terms: tuple[str, int] | int) -> str:
        """The i64 sum of constants and (value, factor) terms."""
        known, total = 0, ""
        for term in terms:
            if isinstance(term, int):
                known += term
                continue
            value, factor = term
            if value[0] != "%":
                known += int(value) * factor
                continue
            if factor == 0:
                continue
            product = value if factor == 1 else self.e(f"mul i64 {value}, {factor}")
            total = product if not total else self.e(f"add i64 {total}, {product}")
        if not total:
            return str(known)
        return self.e(f"add i64 {total}, {known}") if known else total

    def at(self, pointer: str, dtype: DType, offset: str) -> str:
        """The address of element ``offset``."""
        if offset == "0":
            return pointer
        return self.e(f"getelementptr {MEMORY[dtype]}, ptr {pointer}, i64 {offset}")

    def load(self, pointer: str, dtype: DType, width: int = 1) -> str:
        """Load ``width`` consecutive elements, without any alignment beyond the element's."""
        t = vector(MEMORY[dtype], width)
        raw = self.e(f"load {t}, ptr {pointer}, align {BYTES[dtype]}")
        if dtype.kind != "bool":
            return raw
        return self.e(f"icmp ne {t} {raw}, {'0' if width == 1 else 'zeroinitializer'}")

    def store(self, value: str, pointer: str, dtype: DType, width: int = 1) -> None:
        """Store ``width`` consecutive elements."""
        t = vector(MEMORY[dtype], width)
        if dtype.kind == "bool":
            value = self.e(f"zext {register(dtype, width)} {value} to {t}")
        self.do(f"store {t} {value}, ptr {pointer}, align {BYTES[dtype]}")

    @contextmanager
    def loop(
        self, count: int, step: int = 1, carry: Sequence[tuple[str, str]] = ()
    ) -> Iterator[Loop]:
        """A loop over 0, step, 2 step, ... below ``count`` (at least one iteration).

        ``carry`` has (type, initial value) of the carried values. A single iteration needs no loop.
        """
        if count <= step:
            loop = Loop("0", [value for _, value in carry])
            loop.next = loop.carried
            yield loop
            loop.results = list(loop.next)
            return
        name, before = self.fresh("L"), self.block
        self.do(f"br label %{name}")
        self.label(name)
        hole = len(self.lines)
        self.lines.append("")
        loop = Loop(f"%i{name}", [self.fresh() for _ in carry])
        loop.next = loop.carried
        yield loop
        after = self.e(f"add i64 {loop.i}, {step}")
        more = self.e(f"icmp ult i64 {after}, {count}")
        end = self.block
        self.do(f"br i1 {more}, label %{name}, label %{name}x")
        phis = [f" {loop.i} = phi i64 [0, %{before}], [{after}, %{end}]"]
        phis += [
            f" {phi} = phi {t} [{start}, %{before}], [{new}, %{end}]"
            for phi, (t, start), new in zip(loop.carried, carry, loop.next, strict=True)
        ]
        self.lines[hole] = "\n".join(phis)
        self.label(f"{name}x")
        loop.results = list(loop.next)

    @contextmanager
    def interleaved(self, copies: int) -> Iterator[Callable[[], None]]:
        """Interleave straight-line code: call what is yielded at the start of each of ``copies``.

        Independent copies side by side keep more operations in flight; LLVM does not interleave by
        itself.
        """
        kept, parts = self.lines, list[list[str]]()
        if copies == 1:
            yield lambda: None
            return

        def copy() -> None:
            self.lines = []
            parts.append(self.lines)

        yield copy
        self.lines = kept
        for group in zip_longest(*parts):
            kept += [line for line in group if line is not None]

    def alloca(self, dtype: DType, count: int) -> str:
        """Room for ``count`` elements on the stack, made once in the entry block."""
        name = self.fresh("%a")
        self._head.append(f" {name} = alloca [{count} x {MEMORY[dtype]}], align 64")
        return name

    def function(self, name: str, params: str, result: str = "void", value: str = "") -> str:
        """The finished function, internal unless it is called ``main``."""
        head = f"define {result} @{name}({params}) {{\nentry:\n"
        end = f" ret {result} {value}\n}}\n" if value else " ret void\n}\n"
        return head + "\n".join(self._head + self.lines) + "\n" + end
