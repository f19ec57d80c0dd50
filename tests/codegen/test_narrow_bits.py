"""Narrow element types: machine code, nest interpreter and reference agree in every bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import (
    ALL,
    F32,
    I1,
    NARROW,
    NARROW_FLOATS,
    NARROW_INTEGERS,
    DType,
)
from compiler.executable import Executable
from compiler.ir import Array, Module, TensorType, module
from compiler.nest.interp import run
from verify.arrays import same_bits
from verify.ref import evaluate


def every(dtype: DType) -> Array:
    """All values of a narrow type."""
    return np.arange(1 << dtype.bits, dtype=np.uint8).view(dtype.numpy)


def neighbourhoods() -> Iterator[Array]:
    """Every 8-bit float, every point halfway between two, and what lies just beside them."""
    for dtype in NARROW_FLOATS:
        numbers = every(dtype).astype(np.float64)
        numbers = np.unique(numbers[np.isfinite(numbers)])
        ties = (numbers[1:] + numbers[:-1]) / 2
        yield np.concatenate([numbers, numbers[-1:] * 1.1, numbers[-1:] * 1e6, ties])
        for far in (9, 20, 45):
            yield ties * (1 + 2.0**-far)
            yield ties * (1 - 2.0**-far)


def samples(dtype: DType) -> Array:
    """Values of any type at which a conversion may go wrong."""
    if dtype.narrow:
        return every(dtype)
    if dtype is I1:
        return np.array([False, True])
    raw = np.random.RandomState(dtype.bits).bytes(1024 * dtype.numpy.itemsize)
    found = [np.frombuffer(raw, dtype.numpy)]
    with np.errstate(all="ignore"):
        if dtype.is_float:
            found += [x.astype(dtype.numpy) for x in neighbourhoods()]
            found.append(np.array([np.nan, np.inf, -np.inf, -0.0]).astype(dtype.numpy))
        else:
            found += [np.arange(-600, 600).astype(dtype.numpy)]
            found += [(np.uint64(1) << np.arange(64, dtype=np.uint64)).astype(dtype.numpy)]
    return np.concatenate(found)


def one_op(op: str, *types: TensorType, result: TensorType | None = None) -> Module:
    b = Builder(types)
    value = b.emit(op, range(len(types)), types=[result] if result else None)
    return module(b.graph([value]))


def assert_agree(program: Module, *inputs: Array) -> Array:
    compiled = Executable(program)
    (got,), (nests,) = compiled(*inputs), run(compiled.program, inputs)
    assert same_bits(got, nests)
    (want,) = evaluate(program, inputs)
    assert same_bits(got, want)
    return got


@pytest.mark.parametrize("source", ALL + NARROW, ids=str)
def test_convert(source: DType) -> None:
    x = samples(source)
    for target in ALL + NARROW if source.narrow else NARROW:
        types = [TensorType(x.shape, d) for d in (source, target)]
        assert_agree(one_op("convert", types[0], result=types[1]), x)


def pairs(dtype: DType) -> tuple[Array, Array]:
    """All pairs of values."""
    x = every(dtype)
    left, right = np.broadcast_arrays(x[:, None], x[None, :])
    return left.copy(), right.copy()


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_arithmetic_on_all_pairs(dtype: DType) -> None:
    a, b = pairs(dtype)
    t = TensorType(a.shape, dtype)
    bitwise = () if dtype.is_float else ("and", "or", "xor", "not")
    for op in ("add", "subtract", "multiply", "maximum", "minimum", "negate", *bitwise):
        inputs = (a,) if op in ("negate", "not") else (a, b)
        assert_agree(one_op(op, *[t] * len(inputs)), *inputs)


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("direction", ["EQ", "NE", "LT", "GE"])
def test_compare_on_all_pairs(dtype: DType, direction: str) -> None:
    a, b = pairs(dtype)
    builder = Builder([TensorType(a.shape, dtype)] * 2)
    value = builder.emit("compare", [0, 1], comparison_direction=direction)
    assert_agree(module(builder.graph([value])), a, b)


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_what_moves_elements(dtype: DType) -> None:
    x = every(dtype).reshape(2, -1)
    t = TensorType(x.shape, dtype)
    b = Builder([t, TensorType(x.shape, I1)])
    turned = b.emit("transpose", [b.emit("reverse", [0], dimensions=(1,))], permutation=(1, 0))
    back = b.emit("reshape", [turned], types=[t])
    chosen = b.emit("select", [1, back, b.constant(x)])
    clamped = b.emit("clamp", [b.splat(TensorType((), dtype), 1), chosen, 0])
    both = b.emit("concatenate", [chosen, clamped], dimension=0)
    counted = b.emit("iota", types=[TensorType((4, x.shape[1]), dtype)], iota_dimension=1)
    b.emit("maximum", [both, counted])
    assert_agree(module(b.graph([len(b.types) - 1])), x, np.indices(x.shape).sum(0) % 2 == 0)


@pytest.mark.parametrize(
    ("dtype", "value", "bits"),
    [
        ("f8E4M3FN", 448.0, 0x7E),
        ("f8E4M3FN", 464.0, 0x7E),  # a tie: 448 is even
        ("f8E4M3FN", np.nextafter(np.float32(464), np.float32(500)), 0x7F),  # NaN
        ("f8E4M3FN", -np.inf, 0xFF),
        ("f8E4M3FN", 2.0**-10, 0x00),  # a tie between 0 and the least
        ("f8E4M3FN", np.nextafter(np.float32(2**-10), np.float32(1)), 0x01),
        ("f8E4M3FN", -0.0, 0x80),
        ("f8E5M2", 57344.0, 0x7B),
        ("f8E5M2", 61440.0, 0x7C),  # a tie: infinity is even
        ("f8E5M2", -61439.0, 0xFB),
        ("f8E5M2FNUZ", -0.0, 0x00),
        ("f8E5M2FNUZ", 1e9, 0x80),
        ("f8E4M3B11FNUZ", 30.0, 0x7F),
        ("f8E4M3FNUZ", 240.0, 0x7F),
    ],
)
def test_rounding_by_the_formats_definition(dtype: str, value: float, bits: int) -> None:
    target = next(d for d in NARROW_FLOATS if d.name == dtype)
    x = np.array([value], np.float32)
    program = one_op("convert", TensorType((1,), F32), result=TensorType((1,), target))
    got = assert_agree(program, x)
    assert same_bits(got, np.array([bits], np.uint8).view(target.numpy))  # any NaN is one


@pytest.mark.parametrize("dtype", NARROW_INTEGERS, ids=str)
def test_integers_wrap(dtype: DType) -> None:
    t = TensorType((), dtype)
    top = (1 << dtype.bits) - 1 if dtype.kind == "uint" else (1 << (dtype.bits - 1)) - 1
    (got,) = Executable(one_op("add", t, t))(np.array(top, dtype.numpy), np.array(1, dtype.numpy))
    assert int(got) == top + 1 - (1 << dtype.bits)


@pytest.mark.parametrize("dtype", NARROW_FLOATS, ids=str)
@pytest.mark.parametrize("wide", [False, True])
def test_contraction(dtype: DType, wide: bool) -> None:
    """Small integers, so that every order of sums gives the same."""
    rng = np.random.RandomState(3)
    x, y = (rng.randint(-2, 3, shape).astype(dtype.numpy) for shape in ((5, 17), (17, 9)))
    b = Builder([TensorType(a.shape, dtype) for a in (x, y)])
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    t = TensorType((5, 9), F32 if wide else dtype)
    got = assert_agree(module(b.graph([b.emit("dot_general", [0, 1], types=[t], **dims)])), x, y)
    want = x.astype(np.float32) @ y.astype(np.float32)
    assert same_bits(got, want.astype(got.dtype) + got.dtype.type(0))
