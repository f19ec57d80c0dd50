"""The reference interpreter against plain Python integers, fractions and mpmath, one element at a
time."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F32, FLOATS, I1, I8, INTEGERS, UI8, DType, by_name
from compiler.ir import Array, TensorType, module
from compiler.ops import OPS
from verify.ref import REF, evaluate


def run(op: str, *inputs: Array, result: DType | None = None, **attrs: object) -> Array:
    """One op on arrays."""
    types = [TensorType(x.shape, next(d for d in ALL if d.numpy == x.dtype)) for x in inputs]
    b = Builder(types)
    stated = None if result is None else [TensorType(types[0].shape, result)]
    out = b.emit(op, list(range(len(inputs))), types=stated, **attrs)
    return evaluate(module(b.graph([out])), list(inputs))[0]


def test_every_op_has_a_meaning() -> None:
    assert set(REF) == set(OPS)


def wrap(value: int, d: DType) -> int:
    value &= (1 << d.bits) - 1
    return value - (1 << d.bits) if d.kind == "int" and value >> (d.bits - 1) else value


def int_samples(d: DType) -> list[int]:
    info = np.iinfo(d.numpy)
    near = [-3, -2, -1, 0, 1, 2, 3, 5, 7, 8, 9, 31, 63, 64, 100]
    near += [info.min, info.min + 1, info.max, info.max - 1]
    return [v for v in dict.fromkeys(near) if info.min <= v <= info.max]


def trunc_div(x: int, y: int, d: DType) -> int:
    if y == 0:
        return wrap(-1, d)
    q = abs(x) // abs(y)
    return wrap(-q if (x < 0) != (y < 0) else q, d)


def int_rem(x: int, y: int, d: DType) -> int:
    if y == 0:
        return x
    r = abs(x) % abs(y)
    return -r if x < 0 else r


def int_pow(x: int, y: int, d: DType) -> int:
    if y >= 0:
        return wrap(pow(x, y, 1 << d.bits), d)
    return 1 if x == 1 else (1 if y % 2 == 0 else -1) if x == -1 else 0


def shift(x: int, y: int, d: DType, how: str) -> int:
    y &= (1 << d.bits) - 1
    if how == "left":
        return wrap(x << y, d) if y < d.bits else 0
    if how == "logical":
        return wrap((x & ((1 << d.bits) - 1)) >> y, d) if y < d.bits else 0
    signed = x - (1 << d.bits) if x >> (d.bits - 1) == 1 else x
    return wrap(signed >> min(y, d.bits - 1), d)


INT_BINARY = {
    "add": lambda x, y, d: wrap(x + y, d),
    "subtract": lambda x, y, d: wrap(x - y, d),
    "multiply": lambda x, y, d: wrap(x * y, d),
    "divide": trunc_div,
    "remainder": int_rem,
    "power": int_pow,
    "maximum": lambda x, y, d: max(x, y),
    "minimum": lambda x, y, d: min(x, y),
    "and": lambda x, y, d: x & y,
    "or": lambda x, y, d: x | y,
    "xor": lambda x, y, d: x ^ y,
    "shift_left": lambda x, y, d: shift(x, y, d, "left"),
    "shift_right_logical": lambda x, y, d: shift(x, y, d, "logical"),
    "shift_right_arithmetic": lambda x, y, d: shift(x, y, d, "arithmetic"),
}


@pytest.mark.parametrize("d", INTEGERS, ids=str)
@pytest.mark.parametrize("op", INT_BINARY)
def test_integer_binary(op: str, d: DType) -> None:
    values = int_samples(d)
    pairs = [(x, y) for x in values for y in values]
    got = run(op, *(np.array(side, d.numpy) for side in zip(*pairs, strict=True)))
    assert got.tolist() == [INT_BINARY[op](x, y, d) for x, y in pairs]


INT_UNARY = {
    "negate": lambda x, d: wrap(-x, d),
    "abs": lambda x, d: wrap(abs(x), d),
    "sign": lambda x, d: (x > 0) - (x < 0),
    "not": lambda x, d: wrap(~x, d),
    "popcnt": lambda x, d: bin(x & ((1 << d.bits) - 1)).count("1"),
    "count_leading_zeros": lambda x, d: d.bits - (x & ((1 << d.bits) - 1)).bit_length(),
}


@pytest.mark.parametrize("d", INTEGERS, ids=str)
@pytest.mark.parametrize("op", INT_UNARY)
def test_integer_unary(op: str, d: DType) -> None:
    if d not in OPS[op].dtypes:
        return
    values = int_samples(d)
    assert run(op, np.array(values, d.numpy)).tolist() == [INT_UNARY[op](x, d) for x in values]


@pytest.mark.parametrize(
    ("op", "table"),
    [
        ("add", [0, 1, 1, 1]),
        ("maximum", [0, 1, 1, 1]),
        ("or", [0, 1, 1, 1]),
        ("multiply", [0, 0, 0, 1]),
        ("minimum", [0, 0, 0, 1]),
        ("and", [0, 0, 0, 1]),
        ("xor", [0, 1, 1, 0]),
    ],
)
def test_booleans_are_logical(op: str, table: list[int]) -> None:
    x, y = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    assert run(op, x, y).tolist() == [bool(t) for t in table]


def float_samples(d: DType) -> list[float]:
    info = ml_dtypes.finfo(d.numpy)
    tiny, small, big = float(info.smallest_subnormal), float(info.smallest_normal), float(info.max)
    base = [
        0.0,
        1.0,
        1.5,
        2.5,
        0.5,
        0.49999,
        3.14159,
        7.0,
        100.25,
        1e-3,
        tiny,
        3 * tiny,
        small,
        big,
        big / 2,
        math.inf,
    ]
    rng = np.random.default_rng(7)
    base += [float(v) for v in np.exp(rng.normal(0, 3, 12))]
    base = [float(np.asarray(v).astype(d.numpy)) for v in base]
    return [*base, *(-v for v in base), math.nan]


def nearest(value: Fraction, d: DType) -> float:
    """The float of ``d`` nearest to an exact value, ties to even; overflow gives infinity."""
    if value == 0:
        return 0.0
    info = ml_dtypes.finfo(d.numpy)
    e = math.floor(mpmath.log(mpmath.mpf(abs(value).numerator) / abs(value).denominator, 2))
    while Fraction(2) ** e > abs(value):
        e -= 1
    while Fraction(2) ** (e + 1) <= abs(value):
        e += 1
    e = max(e, int(math.log2(float(info.smallest_normal))))
    unit = Fraction(2) ** (e - d.precision + 1)
    rounded = round(value / unit) * unit
    if abs(rounded) > Fraction(float(info.max)):
        return math.inf if value > 0 else -math.inf
    return float(rounded)


def same(got: float, want: float) -> bool:
    if math.isnan(want):
        return math.isnan(got)
    return got == want and (want != 0 or math.copysign(1, got) == math.copysign(1, want))


FRACTION_BINARY = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
}


@pytest.mark.parametrize("d", FLOATS, ids=str)
@pytest.mark.parametrize("op", FRACTION_BINARY)
def test_float_arithmetic_is_correctly_rounded(op: str, d: DType) -> None:
    values = [v for v in float_samples(d) if math.isfinite(v) and v]
    pairs = [(x, y) for x in values for y in values]
    got = run(op, *(np.array(side).astype(d.numpy) for side in zip(*pairs, strict=True))).astype(
        np.float64
    )
    for (x, y), g in zip(pairs, got.tolist(), strict=True):
        want = nearest(FRACTION_BINARY[op](Fraction(x), Fraction(y)), d)
        assert g == want, (op, x, y)


MP_UNARY = {
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "cosine": mpmath.cos,
    "exponential": mpmath.exp,
    "exponential_minus_one": mpmath.expm1,
    "log": mpmath.log,
    "log_plus_one": mpmath.log1p,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "sine": mpmath.sin,
    "sqrt": mpmath.sqrt,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
}
POSITIVE = {"log", "rsqrt", "sqrt"}


@pytest.mark.parametrize("d", FLOATS, ids=str)
@pytest.mark.parametrize("op", MP_UNARY)
def test_functions_round_the_true_value(op: str, d: DType) -> None:
    values = [v for v in float_samples(d) if math.isfinite(v) and v]
    if op in POSITIVE:
        values = [v for v in values if v > 0]
    if op == "log_plus_one":
        values = [v for v in values if v > -1]
    values = [v for v in values if abs(v) < 1e5]
    got = run(op, np.array(values).astype(d.numpy)).astype(np.float64)
    with mpmath.workprec(200):
        for x, g in zip(values, got.tolist(), strict=True):
            want = MP_UNARY[op](mpmath.mpf(x))
            if want == 0:
                continue
            man, exp = mpmath.frexp(want)
            exact = Fraction(int(mpmath.ldexp(man, 200))) * Fraction(2) ** (int(exp) - 200)
            assert g == nearest(exact, d), x


@pytest.mark.parametrize("d", FLOATS, ids=str)
def test_roundings(d: DType) -> None:
    values = [v for v in float_samples(d) if math.isfinite(v)]
    x = np.array(values).astype(d.numpy)
    for op, fn in {"floor": math.floor, "ceil": math.ceil, "round_nearest_even": round}.items():
        got = run(op, x).astype(np.float64).tolist()
        assert got == [float(fn(Fraction(v))) for v in values], op
        assert np.signbit(run(op, np.array([-0.0, -0.0]).astype(d.numpy))).all()
    afz = [math.copysign(math.floor(abs(Fraction(v)) + Fraction(1, 2)), v) for v in values]
    assert run("round_nearest_afz", x).astype(np.float64).tolist() == afz


@pytest.mark.parametrize("d", FLOATS, ids=str)
def test_maximum_minimum_and_friends(d: DType) -> None:
    def pair(a: float, b: float) -> tuple[Array, Array]:
        return np.array([a, b]).astype(d.numpy), np.array([b, a]).astype(d.numpy)

    assert not np.signbit(run("maximum", *pair(0.0, -0.0))).any()
    assert np.signbit(run("minimum", *pair(0.0, -0.0))).all()
    assert np.isnan(run("maximum", *pair(math.nan, math.inf))).all()
    assert np.isnan(run("minimum", *pair(math.nan, -math.inf))).all()
    special = np.array([math.nan, -0.0, 0.0, -math.inf, 3.0]).astype(d.numpy)
    got = run("sign", special).astype(np.float64)
    assert np.isnan(got[0])
    assert np.signbit(got[1])
    assert not np.signbit(got[2])
    assert got[3] == -1
    assert got[4] == 1
    assert run("is_finite", special).tolist() == [False, True, True, False, True]
    rem = run(
        "remainder",
        np.array([5.5, -5.5, 5.0]).astype(d.numpy),
        np.array([2.0, 2.0, 0.0]).astype(d.numpy),
    )
    assert rem.astype(np.float64).tolist()[:2] == [1.5, -1.5]
    assert np.isnan(rem[2])


@pytest.mark.parametrize("d", FLOATS, ids=str)
def test_compare(d: DType) -> None:
    x = np.array([math.nan, 0.0, -0.0, 1.0, math.inf]).astype(d.numpy)
    y = np.array([math.nan, -0.0, 0.0, 2.0, math.inf]).astype(d.numpy)
    expect = {
        "EQ": [0, 1, 1, 0, 1],
        "NE": [1, 0, 0, 1, 0],
        "LT": [0, 0, 0, 1, 0],
        "GE": [0, 1, 1, 0, 1],
    }
    for direction, want in expect.items():
        got = run("compare", x, y, comparison_direction=direction, compare_type="FLOAT")
        assert got.tolist() == [bool(w) for w in want]
    total = run("compare", x, y, comparison_direction="GT", compare_type="TOTALORDER")
    assert total.tolist() == [False, True, False, False, False]


def test_select_and_clamp_take_scalars() -> None:
    x, y = np.arange(4, dtype=np.float32), -np.arange(4, dtype=np.float32)
    b = Builder([TensorType((), I1), TensorType((4,), F32), TensorType((4,), F32)])
    m = module(b.graph([b.emit("select", [0, 1, 2])]))
    assert evaluate(m, [np.array(False), x, y])[0].tolist() == y.tolist()
    b = Builder([TensorType((), F32), TensorType((4,), F32), TensorType((), F32)])
    m = module(b.graph([b.emit("clamp", [0, 1, 2])]))
    got = evaluate(m, [np.float32(1.0), x, np.float32(2.0)])[0]
    assert got.tolist() == [1, 1, 2, 2]
    assert got.dtype == np.float32


CASES = [
    ("f32", "i8", [1.9, -1.9, 1000, -1000, math.nan, math.inf], [1, -1, 127, -128, 0, 127]),
    ("f64", "i64", [1e30, -1e30, 2.0**62, math.nan, -0.5], [2**63 - 1, -(2**63), 2**62, 0, 0]),
    ("f64", "ui64", [1e30, -1.0, 2.0**63, math.nan], [2**64 - 1, 0, 2**63, 0]),
    ("f32", "ui8", [-3, 256, 3.99], [0, 255, 3]),
    ("f16", "i1", [0.0, -0.0, 0.5, math.nan], [False, False, True, True]),
    ("i32", "i8", [300, -300, 127], [44, -44, 127]),
    ("i8", "ui32", [-1, 5], [2**32 - 1, 5]),
    ("i1", "f32", [True, False], [1.0, 0.0]),
    ("i1", "bf16", [True, False], [1.0, 0.0]),
    ("bf16", "i32", [3.5, -(2.0**40)], [3, -(2**31)]),
]


@pytest.mark.parametrize(
    ("source", "to", "values", "want"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_convert(source: str, to: str, values: list[float], want: list[float]) -> None:
    x = np.array(values).astype(by_name(source).numpy)
    got = run("convert", x, result=by_name(to))
    assert got.dtype == by_name(to).numpy
    assert got.tolist() == want


@pytest.mark.parametrize("to", FLOATS, ids=str)
@pytest.mark.parametrize("source", [*INTEGERS, *FLOATS], ids=str)
def test_convert_to_float_rounds_once(source: DType, to: DType) -> None:
    rng = np.random.default_rng(3)
    if source.is_float:
        # Values just beside the midpoints of the narrower formats, where rounding twice goes wrong.
        mid = 1 + (2 * rng.integers(0, 1 << 7, 60) + 1) * 2.0**-8
        x = np.concatenate([mid, mid + 2.0**-30, mid - 2.0**-30, mid * (1 + 2.0**-45)]).astype(
            source.numpy
        )
    else:
        info = np.iinfo(source.numpy)
        wide = rng.integers(info.min, info.max, 100, dtype=source.numpy, endpoint=True)
        top = max(source.bits - 12, 1)
        ties = [(1 << top) + (1 << max(top - 8, 0)) + k for k in (-1, 0, 1)] + [
            info.max,
            info.max - 1,
            info.min,
        ]
        x = np.concatenate(
            [wide, np.array([t for t in ties if info.min <= t <= info.max], source.numpy)]
        )
    got = run("convert", x, result=to).astype(np.float64)
    for v, g in zip(x, got.tolist(), strict=True):
        exact = Fraction(float(v)) if source.is_float else Fraction(int(v))
        assert g == nearest(exact, to), v


def test_reduce_precision() -> None:
    rng = np.random.default_rng(5)
    x = np.concatenate([np.exp(rng.normal(0, 8, 200)), [1e-40, 3e38, math.inf, 0.0]]).astype(
        np.float32
    )
    got = run("reduce_precision", x, exponent_bits=5, mantissa_bits=10).astype(np.float64)
    with np.errstate(over="ignore"):
        half = x.astype(np.float16).astype(np.float64)
    want = np.where(
        np.abs(half) < 2.0**-14, 0.0, half
    )  # subnormals of the small format become zero
    # Just below the smallest normal number, rounding the mantissa first may carry up to it.
    assert np.array_equal(got, want)
    same_range = run("reduce_precision", x, exponent_bits=8, mantissa_bits=7)
    normal = np.abs(x) > 1e-37
    assert np.array_equal(
        same_range[normal], x.astype(ml_dtypes.bfloat16).astype(np.float32)[normal]
    )
    nan = np.array([math.nan], np.float64)
    assert np.isnan(run("reduce_precision", nan, exponent_bits=5, mantissa_bits=2)).all()
    assert np.isinf(run("reduce_precision", nan, exponent_bits=5, mantissa_bits=0)).all()


def test_bitcast() -> None:
    def cast(x: Array, shape: tuple[int, ...], d: DType) -> Array:
        t = TensorType(x.shape, next(s for s in ALL if s.numpy == x.dtype))
        b = Builder([t])
        out = b.emit("bitcast_convert", [0], types=[TensorType(shape, d)])
        return evaluate(module(b.graph([out])), [x])[0]

    one = np.array(1.0, np.float32)
    assert int(cast(one, (), by_name("i32"))) == 0x3F800000
    assert cast(one, (4,), UI8).tolist() == [0, 0, 0x80, 0x3F]
    assert float(cast(np.array([0, 0, 0x80, 0x3F], np.uint8), (), F32)) == 1.0
    assert cast(np.array([5], np.int8), (1, 8), I1).tolist() == [[True, False, True, *[False] * 5]]
    assert cast(np.array([[True, False, True, *[False] * 5]]), (1,), I8).tolist() == [5]
    assert cast(np.zeros((0,), np.int64), (0, 8), UI8).shape == (0, 8)
    assert cast(np.zeros((3, 2), np.float16), (3,), F32).shape == (3,)


@pytest.mark.parametrize("name", [n for n, o in OPS.items() if o.family == "elementwise"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
def test_rank_zero_and_empty_keep_their_dtype(name: str, shape: tuple[int, ...]) -> None:
    row = OPS[name]
    attrs = {"comparison_direction": "LT", "compare_type": ""} if name == "compare" else {}
    for d in row.dtypes:
        types = [TensorType(shape, d)] * len(row.operands)
        if name == "select":
            types = [TensorType(shape, I1), TensorType(shape, BF16), TensorType(shape, BF16)]
        b = Builder(types)
        m = module(b.graph([b.emit(name, list(range(len(types))), **attrs)]))
        inputs = [np.ones(t.shape, t.dtype.numpy) for t in types]
        (out,) = evaluate(m, inputs)
        want = m.main.graph.result_types[0]
        assert type(out) is np.ndarray
        assert out.shape == want.shape
        assert out.dtype == want.dtype.numpy


def test_no_warning_leaks(recwarn: pytest.WarningsRecorder) -> None:
    x = np.array([math.inf, -1.0, 0.0, math.nan], np.float32)
    for op in ("log", "sqrt", "exponential", "subtract", "divide", "remainder"):
        run(op, *[x] * len(OPS[op].operands))
    run("divide", np.array([5, -128], np.int8), np.array([0, -1], np.int8))
    assert not recwarn.list
