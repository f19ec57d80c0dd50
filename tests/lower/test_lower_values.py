"""Values worked out by hand for the places where semantics are easy to get wrong."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import BF16, BY_NAME, F16, F32, F64, I1, I8, I32, I64, UI8, UI64
from compiler.executable import Executable
from compiler.ir import TensorType, module

INF, NAN = float("inf"), float("nan")
I8_MIN, I32_MIN = -(1 << 7), -(1 << 31)


def evaluate(op, dtype, columns, result=None, **attrs):
    """Apply an elementwise op to columns of operands; one program a call."""
    arrays = [np.array(c, object).astype(dtype.numpy) for c in columns]
    params = [TensorType(a.shape, dtype) for a in arrays]
    b = Builder(params)
    types = [TensorType(arrays[0].shape, result)] if result else None
    r = b.emit(op, range(len(params)), types=types, **attrs)
    return Executable(module(b.graph([r])))(*arrays)[0]


def check(got, want):
    want = np.array(want, object).astype(got.dtype)
    wide = got.dtype.kind not in "iub"
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        if wide and np.isnan(float(b)):
            assert np.isnan(float(a)), k
        else:
            assert a.tobytes() == b.tobytes(), f"row {k}: {a!r}, expected {b!r}"


# op, dtype, rows of (operands..., result)
TABLE = [
    ("divide", I8, [(7, 2, 3), (-7, 2, -3), (5, 0, -1), (I8_MIN, -1, I8_MIN), (0, 0, -1)]),
    ("divide", UI8, [(7, 2, 3), (5, 0, 255), (255, 255, 1)]),
    ("divide", I64, [(-(1 << 63), -1, -(1 << 63)), (1, 0, -1)]),
    ("remainder", I8, [(7, -2, 1), (-7, 2, -1), (5, 0, 5), (I8_MIN, -1, 0)]),
    ("remainder", UI8, [(7, 0, 7), (200, 7, 4)]),
    (
        "remainder",
        F32,
        [(5.5, -2, 1.5), (-5.5, 2, -1.5), (1, 0, NAN), (-0.0, 3, -0.0), (3, INF, 3)],
    ),
    ("shift_left", I8, [(1, 7, I8_MIN), (1, 8, 0), (1, -1, 0), (3, 1, 6)]),
    ("shift_right_logical", I8, [(-1, 1, 127), (-1, 8, 0), (-128, 7, 1), (-1, -1, 0)]),
    ("shift_right_arithmetic", I8, [(-1, 1, -1), (-128, 8, -1), (127, 9, 0), (-128, -1, -1)]),
    ("shift_right_arithmetic", UI8, [(255, 1, 255), (128, 7, 255), (127, 200, 0)]),
    ("power", I32, [(2, 10, 1024), (3, 21, 10460353203 - (2 << 32)), (2, -1, 0), (1, -5, 1)]),
    ("power", I32, [(-1, -3, -1), (-1, -2, 1), (0, 0, 1), (0, -1, 0), (-2, 31, I32_MIN)]),
    ("power", UI64, [(3, (1 << 64) - 1, pow(3, (1 << 64) - 1, 1 << 64)), (2, 63, 1 << 63)]),
    ("add", I1, [(0, 0, 0), (0, 1, 1), (1, 1, 1)]),
    ("multiply", I1, [(0, 1, 0), (1, 1, 1)]),
    ("maximum", I1, [(0, 1, 1), (0, 0, 0)]),
    ("minimum", I1, [(0, 1, 0), (1, 1, 1)]),
    ("add", I8, [(127, 1, -128), (-128, -1, 127)]),
    ("maximum", F32, [(-0.0, 0.0, 0.0), (0.0, -0.0, 0.0), (NAN, 1, NAN), (1, NAN, NAN)]),
    ("minimum", F32, [(-0.0, 0.0, -0.0), (0.0, -0.0, -0.0), (NAN, -INF, NAN), (2, 1, 1)]),
    ("maximum", BF16, [(-0.0, 0.0, 0.0), (NAN, 1, NAN), (-1, -2, -1)]),
    ("negate", UI8, [(1, 255), (0, 0), (128, 128)]),
    ("negate", F32, [(0.0, -0.0), (-0.0, 0.0), (INF, -INF)]),
    ("abs", I8, [(I8_MIN, I8_MIN), (-5, 5)]),
    ("abs", F16, [(-0.0, 0.0), (-INF, INF)]),
    ("sign", F32, [(-0.0, -0.0), (0.0, 0.0), (-3, -1), (INF, 1), (NAN, NAN), (1e-45, 1)]),
    ("sign", I8, [(I8_MIN, -1), (0, 0), (9, 1)]),
    ("round_nearest_afz", F32, [(0.5, 1), (-0.5, -1), (2.5, 3), (-0.25, -0.0), (0.49999997, 0)]),
    ("round_nearest_afz", F64, [(4503599627370497.0, 4503599627370497.0), (-INF, -INF)]),
    ("round_nearest_even", F32, [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, -0.0), (-1.5, -2)]),
    ("ceil", F16, [(-0.5, -0.0), (0.5, 1)]),
    ("count_leading_zeros", I8, [(0, 8), (1, 7), (-1, 0)]),
    ("popcnt", UI64, [(0, 0), ((1 << 64) - 1, 64)]),
    ("not", I8, [(0, -1), (5, -6)]),
    ("not", I1, [(0, 1), (1, 0)]),
    ("clamp", F32, [(0, NAN, 1, NAN), (2, 5, 1, 1), (0, -0.0, 1, 0.0), (0, 0.5, 1, 0.5)]),
    ("sqrt", F32, [(-0.0, -0.0), (-1, NAN), (4, 2), (1e-45, 3.743392130126385e-23)]),
    ("multiply", F32, [(1e-39, 0.5, 5e-40), (1e-45, 0.5, 0.0), (3e38, 10, INF)]),
    ("add", F16, [(65504, 15, 65504), (65504, 16, INF), (1, 2.0**-11, 1)]),
    ("add", BF16, [(256, 1, 256), (1, 2.0**-7, 1.0078125), (1e-40, 1e-40, 2e-40)]),
    ("divide", F32, [(1, 0, INF), (-1, 0, -INF), (0, 0, NAN), (1, -0.0, -INF)]),
]


@pytest.mark.parametrize(("op", "dtype", "rows"), TABLE, ids=lambda v: str(v)[:24])
def test_table(op, dtype, rows):
    *columns, want = zip(*rows, strict=True)
    check(evaluate(op, dtype, columns), want)


CONVERT = [
    (F32, I8, [(1.9, 1), (-1.9, -1), (200, 127), (-200, -128), (NAN, 0), (INF, 127)]),
    (F32, UI8, [(-1, 0), (255.9, 255), (300, 255), (-0.5, 0), (NAN, 0)]),
    (F32, I32, [(2147483648.0, 2147483647), (-2147483648.0, I32_MIN), (2147483520.0, 2147483520)]),
    (F64, I64, [(9.3e18, (1 << 63) - 1), (-9.3e18, -(1 << 63)), (NAN, 0), (-1.5, -1)]),
    (F64, UI64, [(1.9e19, (1 << 64) - 1), (-5, 0), (9223372036854775808.0, 1 << 63)]),
    (F16, I8, [(INF, 127), (-7.5, -7)]),
    (I32, F32, [(16777217, 16777216.0), (16777219, 16777220.0), (-1, -1.0)]),
    (UI64, F32, [((1 << 64) - 1, 18446744073709551616.0), (1 << 63, 9223372036854775808.0)]),
    (
        I64,
        BF16,
        [((1 << 62) + (1 << 54) + 1, 2.0**62 * (1 + 2**-7)), ((1 << 62) + (1 << 54), 2.0**62)],
    ),
    (I64, F16, [(2049, 2048.0), (2051, 2052.0), (65520, INF), (65519, 65504.0)]),
    (F32, I1, [(0.0, 0), (-0.0, 0), (NAN, 1), (1e-45, 1), (-3, 1)]),
    (BF16, I1, [(-0.0, 0), (NAN, 1), (1e-40, 1)]),
    (I8, I1, [(0, 0), (2, 1), (-128, 1)]),
    (I1, F16, [(0, 0.0), (1, 1.0)]),
    (I1, I8, [(1, 1)]),
    (I8, UI64, [(-1, (1 << 64) - 1)]),
    (UI8, I64, [(255, 255)]),
    (I64, I8, [(300, 44), (-129, 127)]),
    # Rounding twice, by way of f32, would give another result.
    (F64, BF16, [(1 + 2.0**-8 + 2.0**-40, 1 + 2.0**-7), (1 + 2.0**-8, 1.0)]),
    (
        F64,
        F16,
        [(1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-10), (1 + 2.0**-11, 1.0), (65519.999999, 65504.0)],
    ),
    (F64, F16, [(2.0**-25, 0.0), (2.0**-25 * (1 + 2.0**-40), 2.0**-24), (1e-30, 0.0), (NAN, NAN)]),
    (
        F32,
        BF16,
        [(1 + 2.0**-8, 1.0), (1 + 3 * 2.0**-8, 1 + 2.0**-6), (3.4e38, INF), (1e-40, 1e-40)],
    ),
    (F32, F16, [(6e-8, 6e-8), (65520, INF), (-65519.996, -65504)]),
]


@pytest.mark.parametrize(("source", "target", "rows"), CONVERT, ids=lambda v: str(v)[:24])
def test_convert(source, target, rows):
    column, want = zip(*rows, strict=True)
    check(evaluate("convert", source, [column], target), want)


def test_compare_with_nan_and_zeros():
    x, y = (NAN, NAN, -0.0, 1, -INF), (NAN, 1, 0.0, NAN, INF)
    want = {
        "EQ": [0, 0, 1, 0, 0],
        "NE": [1, 1, 0, 1, 1],
        "LT": [0, 0, 0, 0, 1],
        "LE": [0, 0, 1, 0, 1],
        "GT": [0, 0, 0, 0, 0],
        "GE": [0, 0, 1, 0, 0],
    }
    for direction, row in want.items():
        for dtype in (F16, BF16, F32, F64):
            check(evaluate("compare", dtype, [x, y], comparison_direction=direction), row)


def test_total_order():
    order = [-INF, -1, -1e-45, -0.0, 0.0, 1e-45, 1, INF, NAN]
    attrs = {"comparison_direction": "LT", "compare_type": "TOTALORDER"}
    for dtype in (F32, F64):
        check(evaluate("compare", dtype, [order[:-1], order[1:]], **attrs), [1] * 8)
        check(evaluate("compare", dtype, [order, order], **attrs), [0] * 9)


def test_unsigned_compare():
    check(evaluate("compare", UI8, [(200, 1), (100, 255)], comparison_direction="GT"), [1, 0])
    check(evaluate("compare", I1, [(1, 0), (0, 1)], comparison_direction="GT"), [1, 0])


@pytest.mark.parametrize(
    ("bits", "rows"),
    [
        ((5, 10), [(1 + 2.0**-11, 1.0), (65520.0, INF), (-65519.0, -65504.0), (6e-5, 0.0)]),
        (
            (8, 7),
            [
                (1 + 3 * 2.0**-8, 1 + 2.0**-6),
                (3.4e38, INF),
                (1e-40, 71363 // 65536 * 65536 * 2.0**-149),
            ],
        ),
        ((8, 23), [(1e-45, 1e-45), (NAN, NAN), (-INF, -INF), (0.1, np.float32(0.1))]),
        ((2, 0), [(0.6, 0.0), (1.0, 1.0), (1.4, 1.0), (1.5, 2.0), (3.1, INF), (-0.1, -0.0)]),
        ((8, 0), [(NAN, INF), (INF, INF)]),
    ],
)
def test_reduce_precision(bits, rows):
    column, want = zip(*rows, strict=True)
    attrs = {"exponent_bits": bits[0], "mantissa_bits": bits[1]}
    check(evaluate("reduce_precision", F32, [column], **attrs), want)


def test_bitcast_splits_little_endian():
    b = Builder([TensorType((2,), I32), TensorType((2, 4), UI8), TensorType((8,), I1)])
    r = [
        b.emit("bitcast_convert", [0], types=[TensorType((2, 4), UI8)]),
        b.emit("bitcast_convert", [1], types=[TensorType((2,), BY_NAME["ui32"])]),
        b.emit("bitcast_convert", [2], types=[TensorType((), UI8)]),
        b.emit("bitcast_convert", [0], types=[TensorType((2,), F32)]),
    ]
    x = np.array([0x3F800000, 0x04030201], np.int32)
    y = np.array([[1, 2, 3, 4], [255, 0, 0, 128]], np.uint8)
    z = np.array([1, 0, 0, 0, 0, 0, 1, 1], bool)
    parts, whole, byte, floats = Executable(module(b.graph(r)))(x, y, z)
    assert parts.tolist() == [[0, 0, 0x80, 0x3F], [1, 2, 3, 4]]
    assert whole.tolist() == [0x04030201, 0x800000FF]
    assert int(byte) == 0b11000001
    assert floats[0] == 1.0


def test_every_nan_has_the_same_bits():
    b = Builder([TensorType((3,), F32)])
    r = b.emit("bitcast_convert", [b.emit("negate", [0])], types=[TensorType((3,), I32)])
    x = np.array([0x7FC00000, 0xFFC00001, 0x7F800001], np.uint32).view(np.float32)
    assert Executable(module(b.graph([r])))(x)[0].tolist() == [0x7FC00000] * 3
