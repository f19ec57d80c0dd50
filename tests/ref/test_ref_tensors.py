"""The reference on whole tensors: layout, reductions, contractions, calls, against plain loops."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F16, F32, F64, I1, I8, I32, DType, from_numpy
from compiler.errors import InputError
from compiler.ir import Array, Function, Graph, Literal, Module, Node, TensorType, module
from verify.ref import evaluate
from verify.ref.dot import accumulator, product_sums


def types_of(arrays: Sequence[Array]) -> list[TensorType]:
    return [TensorType(x.shape, from_numpy(x.dtype)) for x in arrays]


def run(op: str, *inputs: Array, result: TensorType | None = None, **attrs: object) -> Array:
    b = Builder(types_of(inputs))
    stated = None if result is None else [result]
    regions = attrs.pop("regions", ())
    out = b.emit(op, list(range(len(inputs))), types=stated, regions=regions, **attrs)
    return evaluate(module(b.graph([out])), list(inputs))[0]


def body(op: str, d: DType) -> Graph:
    b = Builder([TensorType((), d)] * 2)
    return b.graph([b.emit(op, [0, 1])])


X = np.arange(24, dtype=np.int32).reshape(2, 3, 4)


@pytest.mark.parametrize("d", ALL, ids=str)
def test_layout_keeps_every_dtype(d: DType) -> None:
    x = (X % 2).astype(d.numpy)
    assert np.array_equal(run("transpose", x, permutation=(2, 0, 1)), x.transpose(2, 0, 1))
    assert np.array_equal(run("reverse", x, dimensions=(0, 2)), x[::-1, :, ::-1])
    got = run("reshape", x, result=TensorType((6, 4), d))
    assert np.array_equal(got, x.reshape(6, 4))
    got = run("slice", x, start_indices=(0, 1, 0), limit_indices=(2, 3, 4), strides=(1, 2, 3))
    assert np.array_equal(got, x[0:2, 1:3:2, 0:4:3])
    assert np.array_equal(run("concatenate", x, x, dimension=1), np.concatenate([x, x], 1))
    got = run(
        "broadcast_in_dim", x[0], result=TensorType((4, 5, 3), d), broadcast_dimensions=(2, 0)
    )
    assert np.array_equal(got, np.broadcast_to(x[0].T[:, None, :], (4, 5, 3)))


PADS = list(itertools.product((-3, -1, 0, 2), (-3, -2, 0, 1), (0, 1, 2), (0, 1, 3, 4)))


def test_pad_against_the_definition() -> None:
    checked = 0
    for low, high, interior, n in PADS:
        size = low + n + max(n - 1, 0) * interior + high
        if size < 0:
            continue
        x = np.arange(1, n + 1, dtype=np.int32)
        want = [-7] * size
        for i in range(n):
            at = low + i * (interior + 1)
            if 0 <= at < size:
                want[at] = int(x[i])
        got = run(
            "pad",
            x,
            np.array(-7, np.int32),
            edge_padding_low=(low,),
            edge_padding_high=(high,),
            interior_padding=(interior,),
        )
        assert got.tolist() == want, (low, high, interior, n)
        checked += 1
    assert checked > 100


def test_iota_and_constants() -> None:
    b = Builder()
    i = b.emit("iota", types=[TensorType((2, 300), BF16)], iota_dimension=1)
    j = b.emit("iota", types=[TensorType((300,), I8)], iota_dimension=0)
    c = b.constant(Literal.splat(TensorType((2, 0), F16), 1.0))
    line, wrapped, empty = evaluate(module(b.graph([i, j, c])), [])
    assert np.array_equal(line[1], np.arange(300).astype(np.float32).astype(BF16.numpy))
    assert wrapped.tolist() == np.arange(300).astype(np.int8).tolist()
    assert empty.shape == (2, 0)


@pytest.mark.parametrize("op", ["add", "multiply", "maximum", "minimum", "and", "or", "xor"])
def test_integer_reductions(op: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, (2, 3, 4)).astype(np.int8)
    init = np.array(5, np.int8)
    got = run("reduce", x, init, regions=[body(op, I8)], dimensions=(0, 2))
    fold = {
        "add": lambda a, b: a + b,
        "multiply": lambda a, b: a * b,
        "maximum": max,
        "minimum": min,
        "and": lambda a, b: a & b,
        "or": lambda a, b: a | b,
        "xor": lambda a, b: a ^ b,
    }[op]
    for j in range(3):
        acc = 5
        for i, k in itertools.product(range(2), range(4)):
            acc = fold(acc, int(x[i, j, k]))
        assert int(got[j]) == (acc + 128) % 256 - 128


@pytest.mark.parametrize("d", [F16, BF16, F32, F64], ids=str)
def test_float_sums_are_rounded_after_each_step(d: DType) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(5, 40)).astype(d.numpy)
    got = run("reduce", x, np.ones((), d.numpy), regions=[body("add", d)], dimensions=(1,))
    for row, g in zip(x, got, strict=True):
        total = d.numpy.type(1)
        for v in row:
            total = d.numpy.type(total + v)
        assert g == total


def test_two_terms_are_rounded_as_the_op_rounds_them() -> None:
    """Through longdouble the sum would be rounded twice."""
    x = np.array([1.0, 2.0**-53 + 2.0**-64 + 2.0**-80], np.float64)
    got = run("reduce", x, np.zeros(()), regions=[body("add", F64)], dimensions=(0,))
    assert float(got) == float(x[0] + x[1])


def test_extremes_of_zeros_and_nan() -> None:
    zeros = np.array([[0.0, -0.0], [-0.0, -0.0], [-0.0, 0.0]], np.float32)
    low, high = np.float32(-math.inf), np.float32(math.inf)
    top = run("reduce", zeros, low, regions=[body("maximum", F32)], dimensions=(1,))
    assert np.signbit(top).tolist() == [False, True, False]
    bottom = run("reduce", zeros, high, regions=[body("minimum", F32)], dimensions=(1,))
    assert np.signbit(bottom).tolist() == [True, True, True]
    x = np.array([1.0, math.nan, 2.0], np.float32)
    assert np.isnan(run("reduce", x, low, regions=[body("maximum", F32)], dimensions=(0,)))


def argmax_body() -> Graph:
    f, i = TensorType((), F32), TensorType((), I32)
    b = Builder([f, i, f, i])
    greater = b.emit("compare", [0, 2], comparison_direction="GE")
    return b.graph([b.emit("select", [greater, 0, 2]), b.emit("select", [greater, 1, 3])])


def argmax(x: Array, captured: bool = False) -> tuple[Array, ...]:
    at = np.broadcast_to(np.arange(x.shape[1], dtype=np.int32), x.shape)
    first, none = np.float32(-math.inf), np.int32(-1)
    b = Builder(types_of([x, at, np.asarray(first), np.asarray(none)]))
    region = argmax_body()
    captures: tuple[int, ...] = ()
    if captured:  # an outer value, unused but carried
        region = Graph((*region.params, TensorType((2,), F32)), _shift(region, 1), (6, 7))
        captures = (b.constant(np.zeros(2, np.float32)),)
    out = b.emit("reduce", [0, 1, 2, 3], regions=[region], captures=captures, dimensions=(1,))
    inputs = [x, np.ascontiguousarray(at), np.asarray(first), np.asarray(none)]
    return evaluate(module(b.graph([out, out + 1])), inputs)


def _shift(region: Graph, by: int) -> tuple[Node, ...]:
    inner = len(region.params)
    return tuple(
        n._replace(operands=tuple(v if v < inner else v + by for v in n.operands))
        for n in region.nodes
    )


@pytest.mark.parametrize("captured", [False, True])
def test_variadic_reduce(captured: bool) -> None:
    """With a captured tensor the body cannot be vectorised: both ways must agree."""
    x = np.array([[1, 5, 5, 2], [-1, -2, -math.inf, -3]], np.float32)
    best, at = argmax(x, captured)
    assert best.tolist() == [5.0, -1.0]
    assert at.tolist() == [1, 0]


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_reduce_of_nothing(shape: tuple[int, int]) -> None:
    x = np.zeros(shape, np.float32)
    init = np.float32(-0.0)
    for op in ("add", "multiply", "maximum"):
        got = run("reduce", x, init, regions=[body(op, F32)], dimensions=(0,))
        assert got.shape == (shape[1],)
        if not shape[0]:
            assert np.signbit(got).all()


def dot_loops(x: Array, y: Array) -> Array:
    """Batch 0, contraction of the last of x with the first after the batch of y."""
    out = np.zeros((x.shape[0], x.shape[1], y.shape[2]))
    for b, i, j in np.ndindex(*out.shape):
        out[b, i, j] = math.fsum(float(x[b, i, k]) * float(y[b, k, j]) for k in range(x.shape[2]))
    return out


@pytest.mark.parametrize("d", [F16, BF16, F32, F64], ids=str)
def test_dot_general_batched(d: DType) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 3, 8)).astype(d.numpy), rng.normal(size=(2, 8, 4)).astype(d.numpy)
    got = run(
        "dot_general",
        np.ascontiguousarray(x.transpose(2, 0, 1)),
        y,
        lhs_batching_dimensions=(1,),
        rhs_batching_dimensions=(0,),
        lhs_contracting_dimensions=(0,),
        rhs_contracting_dimensions=(1,),
    )
    want, magnitude = dot_loops(x, y), dot_loops(np.abs(x), np.abs(y))
    unit = 2.0 ** -(accumulator(d).precision)  # eight products and sums, each rounded
    limit = 16 * unit * magnitude + 2.0**-d.precision * np.abs(want)
    assert (np.abs(got.astype(np.float64) - want) <= limit).all()


def test_dot_general_adds_in_order_and_rounds_each_time() -> None:
    """As StableHLO's interpreter: the value of f64 would be 1 here."""
    x, y = np.float32([[2**24, 1, -(2**24)]]), np.int32([[1], [1], [1]])
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    assert run("dot_general", x, y.astype(np.float32), **dims).item() == 0
    assert run("dot_general", x[:, ::2], y[::2].astype(np.float32), **dims).item() == 0
    assert run("dot_general", x[:, [0, 2, 1]], y.astype(np.float32), **dims).item() == 1


def test_dot_of_integers_booleans_and_mixed_types() -> None:
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    x, y = np.full((1, 4), 100, np.int8), np.full((4, 1), 100, np.int8)
    assert run("dot_general", x, y, **dims).tolist() == [[64]]  # 40000 modulo 256
    wide = run("dot_general", x, y, result=TensorType((1, 1), I32), **dims)
    assert wide.tolist() == [[40000]]
    p, q = np.array([[True, False]]), np.array([[False], [True]])
    assert run("dot_general", p, q, **dims).tolist() == [[False]]
    assert run("dot_general", p, p.T, result=TensorType((1, 1), I1), **dims).tolist() == [[True]]
    half = np.full((1, 3), 2.0**-12, np.float16)
    got = run("dot_general", half, half.T, result=TensorType((1, 1), F32), **dims)
    assert float(got[0, 0]) == 3 * 2.0**-24


def test_dot_meets_infinities() -> None:
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    x = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)
    y = np.array([[math.inf, 0.0], [1.0, 2.0]], np.float32)
    got = run("dot_general", x, y, **dims)
    assert np.isnan(got[0, 0])
    assert got[1].tolist() == [math.inf, 0.0]
    empty = run("dot_general", np.zeros((2, 0), np.float32), np.zeros((0, 3), np.float32), **dims)
    assert empty.tolist() == [[0.0] * 3] * 2


def test_sums_of_products_with_one_infinity_in_memory() -> None:
    """inf * -1 + inf * 2 is NaN, though inf * (2 - 1) is not."""
    infinities = np.broadcast_to(np.array(math.inf), (1, 1, 2))
    weights = np.array([[[-1.0], [2.0]]])
    assert np.isnan(product_sums(infinities, weights))[0, 0, 0]
    assert np.isnan(product_sums(weights.swapaxes(1, 2), infinities.swapaxes(1, 2)))[0, 0, 0]


def test_calls_and_composites() -> None:
    t = TensorType((3,), F32)
    table = {"twice": ((t,), (t, t))}
    inner = Builder([t])
    twice = inner.graph([inner.emit("add", [0, 0]), 0])
    b = Builder([t], table.get)
    c = b.emit("call", [0], callee="twice")
    k = b.emit("composite", [c], name="a.b", decomposition="twice")
    program = Module((Function("main", b.graph([k, c + 1])), Function("twice", twice, True)))
    x = np.array([1, 2, 3], np.float32)
    four, same = evaluate(program, [x])
    assert four.tolist() == [4, 8, 12]
    assert same.tolist() == [1, 2, 3]


def test_inputs_are_checked() -> None:
    m = module(Builder([TensorType((2,), F32)]).graph([0]))
    for inputs in ([], [np.zeros(3, np.float32)], [np.zeros(2)], [np.zeros(2, np.float32)] * 2):
        with pytest.raises(InputError):
            evaluate(m, inputs)
