"""Special values by the specification: NaN, zeros, infinities, subnormals, overflow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compiler.contract import EXACT, Contract, allow
from compiler.dtypes import BF16, F16, F32, F64, DType
from compiler.ir import Array
from compiler.text import parse
from verify.bounds import enclose
from verify.oracle import OutputVerdict, judge_output

INF, NAN = math.inf, math.nan
DTYPES = (F16, BF16, F32, F64)
LIMITS = {F16: 65504.0, BF16: 3.3895313892515355e38, F32: 3.4028234663852886e38}
LIMITS[F64] = 1.7976931348623157e308


def judged(
    text: str, inputs: list[float], got: float, dtype: DType, contract: Contract = EXACT
) -> OutputVerdict:
    """The verdict on the scalar ``got`` as the one output of ``text``, whose DT is ``dtype``."""
    arrays = [np.asarray(x).astype(dtype.numpy) for x in inputs]
    (e,) = enclose(parse(text.replace("DT", dtype.name)), arrays, contract)
    loose = "nsz" in contract.flags
    return judge_output(np.asarray(got).astype(e.type.dtype.numpy), e, loose)


def binary(op: str, *lines: str) -> str:
    """``%0 = x op y``, then ``lines``; the last is the result."""
    body = [f"stablehlo.{op} %x, %y", *lines]
    numbered = [f"%{k} = {line} : tensor<DT>" for k, line in enumerate(body)]
    return (
        "func.func @main(%x: tensor<DT>, %y: tensor<DT>) -> tensor<DT> {\n"
        + "\n".join(numbered)
        + f"\nreturn %{len(body) - 1} : tensor<DT>}}"
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_nan_equals_any_nan_and_nothing_else(dtype: DType) -> None:
    def verdict(got: float) -> str:
        return judged(binary("divide"), [0, 0], got, dtype).verdict

    assert verdict(NAN) == verdict(-NAN) == "identical"
    assert verdict(0) == verdict(INF) == "violation"
    size = dtype.numpy.itemsize
    other = np.frombuffer(b"\x5a" + b"\xff" * (size - 1), dtype.numpy)[0]  # sign and payload
    t = parse(binary("divide").replace("DT", dtype.name))
    (e,) = enclose(t, [np.zeros((), dtype.numpy)] * 2)
    assert np.isnan(other) == (judge_output(np.asarray(other), e).verdict == "identical")


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_signs_of_zero_matter_unless_nsz(dtype: DType) -> None:
    text = binary("add")
    for x, y, zero in ((0.0, -0.0, 0.0), (-0.0, -0.0, -0.0), (1.0, -1.0, 0.0)):
        assert judged(text, [x, y], zero, dtype).verdict == "identical"
        assert judged(text, [x, y], -zero, dtype).verdict == "violation"
        assert judged(text, [x, y], -zero, dtype, allow("nsz")).verdict == "allowed"
        tiny = float(np.finfo(np.float32).tiny) if dtype is not F16 else 6e-5
        assert judged(text, [x, y], tiny, dtype, allow("nsz")).verdict == "violation"


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("x", "y", "value"), [(1, 0.0, INF), (1, -0.0, -INF), (-INF, 2, -INF)])
def test_infinities_are_exact(dtype: DType, x: float, y: float, value: float) -> None:
    assert judged(binary("divide"), [x, y], value, dtype).verdict == "identical"
    for got in (-value, math.copysign(LIMITS[dtype], value), NAN):
        assert judged(binary("divide"), [x, y], got, dtype).verdict == "violation"


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_subnormals_are_flushed_by_contract_only(dtype: DType) -> None:
    smallest = {F16: 2.0**-14, BF16: 2.0**-126, F32: 2.0**-126, F64: 2.0**-1022}[dtype]
    inputs, value = [smallest, 0.5], smallest / 2
    flushed = allow(flush=True)
    assert judged(binary("multiply"), inputs, value, dtype).verdict == "identical"
    assert judged(binary("multiply"), inputs, 0.0, dtype).verdict == "violation"
    assert judged(binary("multiply"), inputs, 0.0, dtype, flushed).verdict == "allowed"
    for got in (NAN, 4 * smallest):
        assert judged(binary("multiply"), inputs, got, dtype, flushed).verdict == "violation"


def near_top(dtype: DType) -> tuple[str, list[float]]:
    """exp(x) * y with inputs such that its bound holds the largest finite number and the threshold
    of overflow.
    """
    text = """func.func @main(%x: tensor<DT>, %y: tensor<DT>) -> tensor<DT> {
      %0 = stablehlo.exponential %x : tensor<DT>
      %1 = stablehlo.multiply %0, %y : tensor<DT>
      return %1 : tensor<DT>
    }"""
    top = np.longdouble(LIMITS[dtype])
    y = np.asarray(float(top / np.exp(np.longdouble(1)))).astype(dtype.numpy)
    return text, [1.0, float(y)]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "flags", [(), ("contract",), ("afn",), ("reassoc", "contract", "arcp", "afn", "nsz")], ids=str
)
def test_overflow_is_allowed_where_the_bound_reaches_it(
    dtype: DType, sign: int, flags: tuple[str, ...]
) -> None:
    text, (x, y) = near_top(dtype)
    inputs, contract = [x, sign * y], allow(*flags)

    def verdict(got: float) -> str:
        return judged(text, inputs, sign * got, dtype, contract).verdict

    assert verdict(INF) in ("allowed", "identical")
    assert verdict(LIMITS[dtype]) in ("allowed", "identical")
    for got in (-INF, NAN, 0.5 * LIMITS[dtype], -LIMITS[dtype]):
        assert verdict(got) == "violation"
    found = judged(text, inputs, sign * 0.5 * LIMITS[dtype], dtype, contract)
    assert found.span is not None
    assert (INF if sign > 0 else -INF) in found.span
    assert found.undecided == 0
    assert f"to {'inf' if sign > 0 else '-'}" in str(found)


def spans(
    text: str, inputs: list[Array], contract: Contract = EXACT
) -> tuple[list[float], list[float]]:
    """Least and greatest legal results of the first output."""
    e = enclose(parse(text), inputs, contract)[0]
    if e.span is None:
        return [], []
    low, high = (np.ravel(np.asarray(end, np.float64)).tolist() for end in e.span)
    return low, high


TOP = np.array([near_top(F32)[1][1]], np.float32)
MOVES = [
    ("tensor<f32>", "stablehlo.reshape %1 : (tensor<1xf32>) -> tensor<f32>"),
    (
        "tensor<2x1xf32>",
        "stablehlo.broadcast_in_dim %1, dims = [1] : (tensor<1xf32>) -> tensor<2x1xf32>",
    ),
    ("tensor<2xf32>", "stablehlo.concatenate %x, %1, dim = 0 : "
     "(tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>"),
    ("tensor<1xf32>", "stablehlo.reverse %1, dims = [0] : tensor<1xf32>"),
    ("tensor<1xf32>", "stablehlo.slice %1 [0:1] : (tensor<1xf32>) -> tensor<1xf32>"),
    ("tensor<1xf32>", "stablehlo.select %p, %1, %x : tensor<1xi1>, tensor<1xf32>"),
    ("tensor<1xf64>", "stablehlo.convert %1 : (tensor<1xf32>) -> tensor<1xf64>"),
    ("tensor<1xf32>", "stablehlo.dynamic_slice %1, %i, sizes = [1] : "
     "(tensor<1xf32>, tensor<i32>) -> tensor<1xf32>"),
]  # fmt: skip


@pytest.mark.parametrize(("result", "line"), MOVES)
@pytest.mark.parametrize("flags", [(), ("reassoc",)])
def test_what_moves_elements_keeps_what_is_known_of_them(
    result: str, line: str, flags: tuple[str, ...]
) -> None:
    text = f"""func.func @main(%x: tensor<1xf32>, %y: tensor<1xf32>, %p: tensor<1xi1>,
        %i: tensor<i32>) -> {result} {{
      %0 = stablehlo.exponential %x : tensor<1xf32>
      %1 = stablehlo.multiply %0, %y : tensor<1xf32>
      %2 = {line}
      return %2 : {result}
    }}"""
    inputs = [np.ones(1, np.float32), TOP, np.array([True]), np.array(0, np.int32)]
    low, high = spans(text, inputs, allow(*flags))
    assert INF in high
    assert all(v > 3.4e38 for v in low if not math.isnan(v))


def test_a_negated_overflow_is_negative() -> None:
    text, _ = near_top(F32)
    text = text.replace("return %1", "%2 = stablehlo.negate %1 : tensor<DT>\n return %2").replace(
        "DT", "f32"
    )
    low, high = spans(text, [np.array(1, np.float32), TOP[0]])
    assert low == [-INF]
    assert high[0] < -3.4e38


@pytest.mark.parametrize("op", ["subtract", "multiply", "divide", "maximum"])
def test_to_other_ops_it_is_undecided(op: str) -> None:
    text, inputs = near_top(F32)
    line = f"%2 = stablehlo.{op} %1, %x : tensor<DT>\n return %2"
    for got in (INF, -INF, NAN, 1.0):
        assert judged(text.replace("return %1", line), inputs, got, F32).verdict == "unstable"


@pytest.mark.parametrize("flags", [(), ("reassoc",)])
def test_a_sum_overflows_to_the_side_of_its_terms_only(flags: tuple[str, ...]) -> None:
    """Terms of one sign: one infinity. Large terms of both signs: NaN in some order."""
    text = """func.func @main(%x: tensor<4xf32>, %i: tensor<f32>) -> tensor<f32> {
      %0 = stablehlo.reduce(%x init: %i) applies stablehlo.add across dimensions = [0]
        : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
      return %0 : tensor<f32>
    }"""
    third = np.float32(LIMITS[F32] / 3)
    zero, contract = np.float32(0), allow(*flags)
    terms = np.array([third, third, third, 1e30], np.float32)
    for sign in (np.float32(1), np.float32(-1)):
        low, high = spans(text, [sign * terms, np.asarray(zero)], contract)
        assert (high if sign > 0 else low) == [sign * INF]
        assert abs((low if sign > 0 else high)[0]) > 3.4e38
    both = np.array([3e38, 3e38, -3e38, -3e38], np.float32)
    low, high = spans(text, [both, np.asarray(zero)], contract)
    assert all(map(math.isnan, low))


def test_a_contraction_overflows_to_the_side_of_its_terms_only() -> None:
    text = """func.func @main(%x: tensor<1x3xf32>, %y: tensor<3x1xf32>) -> tensor<1x1xf32> {
      %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0]
        : (tensor<1x3xf32>, tensor<3x1xf32>) -> tensor<1x1xf32>
      return %0 : tensor<1x1xf32>
    }"""
    x = np.full((1, 3), LIMITS[F32] / 3 / 1.1, np.float32)
    y = np.full((3, 1), 1.1, np.float32)
    low, high = spans(text, [x, y])
    assert high == [INF]
    assert low[0] > 3.4e38
    low, high = spans(text, [x, -y])
    assert low == [-INF]
    low, high = spans(
        text, [np.full((1, 3), 3e38, np.float32), np.array([[1], [1], [-1]], np.float32)]
    )
    assert all(map(math.isnan, low))


def test_past_the_threshold_only_the_infinity_is_left() -> None:
    text, (x, y) = near_top(F32)
    for got, verdict in ((INF, "identical"), (LIMITS[F32], "violation"), (NAN, "violation")):
        assert judged(text, [x, 2 * y], got, F32).verdict == verdict
    for contract in (EXACT, allow("afn")):  # the function itself, with and without approximation
        text = binary("add", "stablehlo.exponential %0")
        for x in (100.0, 1000.0):
            for got, verdict in (
                (INF, "identical"),
                (LIMITS[F32], "violation"),
                (NAN, "violation"),
            ):
                assert judged(text, [x, 0], got, F32, contract).verdict == verdict
