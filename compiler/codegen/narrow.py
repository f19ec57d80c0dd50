"""Conversions of the narrow types as LLVM instructions, in integer code that rounds once.

A narrow value is held as the byte that it is in memory. Integers are extended to 8 bits and cut
back; 8-bit floats are exact in f32, and f32 is rounded to them to nearest even. Source of the
formats: StableHLO specification, section *Types*; OCP 8-bit Floating Point Specification 1.0; for
FNUZ Noune et al., "8-bit Numerical Formats for Deep Neural Networks", 2022.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from compiler.codegen.text import REGISTER, Text, splat_of, vector
from compiler.dtypes import (
    F8E3M4,
    F8E4M3,
    F8E4M3B11FNUZ,
    F8E4M3FN,
    F8E4M3FNUZ,
    F8E5M2,
    F8E5M2FNUZ,
    DType,
)


class Format(NamedTuple):
    """An 8-bit float format: a sign bit, an exponent, a significand.

    Attributes:
        mantissa: stored bits of the significand.
        bias: of the exponent.
        top: bits of the largest finite number.
        over: bits of what a larger number is rounded to: infinity, or NaN where there is none.
        nan: bits of the canonical NaN.
    """

    mantissa: int
    bias: int
    top: int
    over: int
    nan: int

    @property
    def one_zero(self) -> bool:
        """Whether the bits of -0 are those of the only NaN."""
        return self.nan == 0x80


FORMATS = {
    F8E3M4: Format(4, 3, 0x6F, 0x70, 0x78),
    F8E4M3: Format(3, 7, 0x77, 0x78, 0x7C),
    F8E4M3B11FNUZ: Format(3, 11, 0x7F, 0x80, 0x80),
    F8E4M3FN: Format(3, 7, 0x7E, 0x7F, 0x7F),
    F8E4M3FNUZ: Format(3, 8, 0x7F, 0x80, 0x80),
    F8E5M2: Format(2, 15, 0x7B, 0x7C, 0x7E),
    F8E5M2FNUZ: Format(2, 16, 0x7F, 0x80, 0x80),
}


class _Lanes:
    """Instructions on ``width`` lanes, constants given as numbers."""

    def __init__(self, t: Text, width: int) -> None:
        self.t, self.width = t, width
        self.i1, self.i8, self.i32, self.f32 = (
            vector(s, width) for s in ("i1", "i8", "i32", "float")
        )

    def whole(self, op: str, a: str, b: str | int, scalar: str = "i32") -> str:
        """An integer instruction, or a comparison as ``icmp ult``."""
        other = splat_of(scalar, str(b), self.width) if isinstance(b, int) else b
        return self.t.e(f"{op} {vector(scalar, self.width)} {a}, {other}")

    def real(self, op: str, a: str, b: float) -> str:
        """A float instruction; ``b`` must be an f32."""
        bits = struct.unpack("<Q", struct.pack("<d", b))[0]
        return self.t.e(f"{op} {self.f32} {a}, {splat_of('float', f'0x{bits:016X}', self.width)}")

    def choose(self, mask: str, a: str | int, b: str | int) -> str:
        """``a`` where the mask holds, else ``b``, in i32."""
        a, b = (splat_of("i32", str(v), self.width) if isinstance(v, int) else v for v in (a, b))
        return self.t.e(f"select {self.i1} {mask}, {self.i32} {a}, {self.i32} {b}")

    def cast(self, op: str, x: str, have: str, want: str) -> str:
        """``bitcast``, ``zext`` or ``trunc``."""
        return self.t.e(f"{op} {have} {x} to {want}")


def widen(t: Text, x: str, source: DType, width: int) -> str:
    """A narrow value in its working type, exact."""
    lanes = _Lanes(t, width)
    if source.is_float:
        return _from_float(lanes, x, FORMATS[source])
    if source.kind == "uint":
        return lanes.whole("and", x, (1 << source.bits) - 1, "i8")
    high = lanes.whole("shl", x, 8 - source.bits, "i8")
    return lanes.whole("ashr", high, 8 - source.bits, "i8")


def cut(t: Text, x: str, target: DType, width: int) -> str:
    """The low bits of an 8-bit integer."""
    return _Lanes(t, width).whole("and", x, (1 << target.bits) - 1, REGISTER[target])


def _from_float(lanes: _Lanes, x: str, f: Format) -> str:
    """8 bits to f32: the bits as those of a float with the bias of f32, times a power of two.

    So subnormal numbers become normal ones by themselves.
    """
    bits = lanes.cast("zext", x, lanes.i8, lanes.i32)
    size = lanes.whole("and", bits, 0x7F)
    raw = lanes.cast("bitcast", lanes.whole("shl", size, 23 - f.mantissa), lanes.i32, lanes.f32)
    scaled = lanes.real("fmul", raw, 2.0 ** (127 - f.bias))
    value = lanes.cast("bitcast", scaled, lanes.f32, lanes.i32)
    if f.one_zero:
        nan = lanes.whole("icmp eq", bits, f.nan)
    elif f.over == 0x7F:
        nan = lanes.whole("icmp eq", size, f.over)
    else:
        value = lanes.choose(lanes.whole("icmp eq", size, f.over), 0x7F800000, value)
        nan = lanes.whole("icmp ugt", size, f.over)
    sign = lanes.whole("shl", lanes.whole("and", bits, 0x80), 24)
    signed = lanes.whole("or", lanes.choose(nan, 0x7FC00000, value), sign)
    return lanes.cast("bitcast", signed, lanes.i32, lanes.f32)


def round_f32(t: Text, x: str, target: DType, width: int) -> str:
    """f32 to 8 bits, rounded once to nearest even."""
    f, lanes = FORMATS[target], _Lanes(t, width)
    bits = lanes.cast("bitcast", x, lanes.f32, lanes.i32)
    size = lanes.whole("and", bits, 0x7FFFFFFF)
    cut_off = 23 - f.mantissa
    # Normal numbers: half a unit in the last place, less one where that place is even, carries
    # into it; what it carries out of the significand goes into the exponent, as it should.
    odd = lanes.whole("and", lanes.whole("lshr", size, cut_off), 1)
    up = lanes.whole("add", lanes.whole("add", size, odd), (1 << (cut_off - 1)) - 1)
    near = lanes.whole("sub", lanes.whole("lshr", up, cut_off), (127 - f.bias) << f.mantissa)
    # Below: the sum with a power of two whose last place is the smallest subnormal rounds there.
    least = 1 - f.bias  # exponent of the smallest normal number
    magnitude = lanes.cast("bitcast", size, lanes.i32, lanes.f32)
    anchor = 2.0 ** (least - f.mantissa + 23)
    sum_ = lanes.cast("bitcast", lanes.real("fadd", magnitude, anchor), lanes.f32, lanes.i32)
    tiny = lanes.whole("sub", sum_, _f32_bits(anchor))
    small = lanes.whole("icmp ult", size, (127 + least) << 23)
    rounded = lanes.choose(small, tiny, near)
    over = lanes.whole("icmp ugt", rounded, f.top)
    rounded = lanes.choose(over, f.over, rounded)
    nan = lanes.whole("icmp ugt", size, 0x7F800000)
    rounded = lanes.choose(nan, f.nan, rounded)
    sign = lanes.whole("and", lanes.whole("lshr", bits, 24), 0x80)
    signed = lanes.whole("or", rounded, sign)
    if f.one_zero:
        signed = lanes.choose(lanes.whole("icmp eq", rounded, 0), rounded, signed)
    return lanes.cast("trunc", signed, lanes.i32, lanes.i8)


def _f32_bits(value: float) -> int:
    return int(struct.unpack("<I", struct.pack("<f", value))[0])
