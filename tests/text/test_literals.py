"""dense<...> literals, bit for bit."""

from __future__ import annotations

import struct
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.dtypes import ALL, BF16, F16, F32, F64, FLOATS, I1, I8, I32, I64, UI8, UI64, DType
from compiler.ir import Literal, TensorType
from compiler.text.literals import LiteralError, read_dense, round_floats, write_dense


def bits(literal: Literal) -> list[int]:
    dtype = literal.type.dtype
    return [int(b) for b in literal.array().ravel().view(f"u{dtype.numpy.itemsize}")]


CASES = [
    ("1.5", (), F32, [0x3FC00000]),
    ("0x7FC00000", (), F32, [0x7FC00000]),
    ("0x7FC0", (2,), BF16, [0x7FC0, 0x7FC0]),
    ("[0x7C00, -0.0]", (2,), F16, [0x7C00, 0x8000]),
    (
        "[[1.0, 2.0], [3.0, 0xFF800000]]",
        (2, 2),
        F32,
        [0x3F800000, 0x40000000, 0x40400000, 0xFF800000],
    ),
    ("1.0e-46", (), F32, [0]),
    ("1.401298e-45", (), F32, [1]),
    ("1.0e400", (), F64, [0x7FF0000000000000]),
    ("[true, false]", (2,), I1, [1, 0]),
    ("[1, 0, -1]", (3,), I1, [1, 0, 1]),
    ("[-128, 127, 255, 0x80]", (4,), I8, [0x80, 0x7F, 0xFF, 0x80]),
    ("[255, 0xFE]", (2,), UI8, [255, 254]),
    ("18446744073709551615", (), UI64, [2**64 - 1]),
    ("[18446744073709551615, -1]", (2,), I64, [2**64 - 1, 2**64 - 1]),
    ('"0x0000803F000000C0"', (2,), F32, [0x3F800000, 0xC0000000]),
    ('"0x0000803F"', (3,), F32, [0x3F800000] * 3),
    ('"0x010001"', (3,), I1, [1, 0, 1]),
    ("", (0, 3), F32, []),
    ("[]", (0,), I32, []),
    ("1.0", (0,), F32, []),
    ("[1, // one ]\n 2]", (2,), I32, [1, 2]),
]


@pytest.mark.parametrize(("body", "shape", "dtype", "want"), CASES)
def test_read(body: str, shape: tuple[int, ...], dtype: DType, want: list[int]) -> None:
    literal = read_dense(body, TensorType(shape, dtype))
    assert bits(literal) == want
    again = read_dense(write_dense(literal)[6:-1], literal.type)
    assert again == literal


BAD = [
    ("[1.0, 2.0]", (3,), F32, "2 elements for tensor<3xf32>, which has 3", 0),
    ("[[1.0], [2.0]]", (2,), F32, "do not have the shape [2]", 0),
    ("[1.0]", (), F32, "do not have the shape []", 0),
    ("1.0, 2.0", (2,), F32, "needs brackets", 0),
    ("[1.0, x]", (2,), F32, "'x' is no element of type f32", 6),
    ("[1.0, nan]", (2,), F32, "'nan' is no element", 6),
    ("[1.0, 1_0.0]", (2,), F32, "'1_0.0' is no element", 6),
    ("[1.0, +2.0]", (2,), F32, "'+2.0' is no element", 6),
    ("[1, 2]", (2,), F32, "write it with a dot", 1),
    ("0x1FFFF", (), F16, "more than the 16 bits", 0),
    ("[1.0, 2]", (2,), I32, "'1.0' is no element of type i32", 1),
    ("[1, 300]", (2,), I8, "300 does not fit i8", 4),
    ("[1, -1]", (2,), UI8, "-1 does not fit ui8", 4),
    ("2", (), I1, "2 does not fit i1", 0),
    ("true", (), I32, "'true' is no element of type i32", 0),
    ("[1, 2 3]", (2,), I32, "two stand without a comma", 0),
    ("[1, , 3]", (3,), I32, "an element is missing", 0),
    ("", (2,), F32, "an empty literal", 0),
    ("[1.0]", (0,), F32, "elements in a literal of tensor<0xf32>", 0),
    ('"0x00"', (2,), F32, "a blob of 1 bytes does not fit", 0),
    ('"0x000"', (1,), I8, "even number", 0),
    ('"hello"', (1,), I8, "must look like", 0),
    ('"0x02"', (1,), I1, "neither 0 nor 1", 0),
    ("9" * 5000, (), I64, "too long", 0),
    ("[" * 100000, (2,), I32, "0 elements", 0),
]


@pytest.mark.parametrize(("body", "shape", "dtype", "message", "offset"), BAD)
def test_refuse(body: str, shape: tuple[int, ...], dtype: DType, message: str, offset: int) -> None:
    with pytest.raises(LiteralError) as e:
        read_dense(body, TensorType(shape, dtype))
    assert message in str(e.value)
    assert e.value.offset == offset


@pytest.mark.parametrize("dtype", FLOATS)
@given(st.data())
def test_every_float_pattern_survives(dtype: DType, data: st.DataObject) -> None:
    pattern = data.draw(st.integers(0, (1 << dtype.bits) - 1))
    raw = pattern.to_bytes(dtype.bits // 8, "little")
    literal = Literal(TensorType((), dtype), raw)
    assert read_dense(write_dense(literal)[6:-1], literal.type).data == raw


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (5, 1), (15, 17)])
def test_arrays_survive(dtype: DType, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    array = rng.integers(0, 256, (*shape, dtype.numpy.itemsize), np.uint8)
    if dtype is I1:
        array &= 1
    literal = Literal.of(array.view(dtype.numpy).reshape(shape))
    text = write_dense(literal)
    assert read_dense(text[6:-1], literal.type) == literal
    assert ('"0x' in text) == (literal.type.size > 100)


def test_a_large_splat_stays_small() -> None:
    literal = read_dense("1.0", TensorType((1 << 40,), F32))
    assert len(literal.data) == 4
    assert write_dense(literal) == "dense<1.000000e+00>"


def near_midpoint(pattern: int, nudge: int) -> float:
    """Halfway between two bf16 neighbours, or a hair beside it: where rounding twice goes wrong."""
    low, high = (struct.unpack("<f", struct.pack("<I", p << 16))[0] for p in (pattern, pattern + 1))
    return (low + high) / 2 * (1 + nudge * 2.0**-45)


@given(
    st.floats(allow_nan=False, allow_infinity=False)
    | st.builds(near_midpoint, st.integers(0, 0x7F7E), st.integers(-1, 1))
)
def test_decimals_round_once_to_bf16(x: float) -> None:
    """Against exact arithmetic: the nearest bf16, ties to even."""
    got = float(round_floats(np.array([x]), BF16)[0])
    largest = float(ml_dtypes.finfo(BF16.numpy).max)
    if abs(Fraction(x)) >= Fraction(largest) * (1 + Fraction(1, 510)):
        assert np.isinf(got)
        return
    start = int(np.float32(np.clip(abs(x), 0, largest)).view(np.uint32)) >> 16
    candidates = []
    for pattern in range(max(start - 1, 0), min(start + 2, 0x7F7F) + 1):
        value = struct.unpack("<f", struct.pack("<I", pattern << 16))[0]
        candidates.append((abs(Fraction(abs(x)) - Fraction(value)), pattern & 1, value))
    assert got == np.copysign(min(candidates)[2], x)
