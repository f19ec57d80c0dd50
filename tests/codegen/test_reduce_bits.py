"""Reduce: machine code and interpreter agree bit for bit, in the stated order of accumulation."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F16, F32, F64, I1, I32, INTEGERS, UI8
from compiler.ir import TensorType, module
from compiler.lower import lower

SHAPES = [
    ((), ()),
    ((5,), (0,)),
    ((64,), (0,)),
    ((70,), (0,)),
    ((0,), (0,)),
    ((1,), (0,)),
    ((3, 0), (1,)),
    ((0, 3), (1,)),
    ((3, 17), (1,)),
    ((17, 3), (0,)),
    ((2, 200), (1,)),
    ((200, 33), (0,)),
    ((4, 70), (0, 1)),
    ((3, 4, 5), (0, 2)),
    ((3, 4, 5), (1,)),
    ((3, 4, 5), ()),
    ((2, 3, 130), (1, 2)),
    ((5, 1), (0,)),
    ((130, 1), (0, 1)),
]


def reducer(op, dtype):
    s = TensorType((), dtype)
    b = Builder([s, s])
    return b.graph([b.emit(op, [0, 1])])


def reduce_module(shape, dims, dtype, op):
    b = Builder([TensorType(shape, dtype), TensorType((), dtype)])
    return module(
        b.graph([b.emit("reduce", [0, 1], dimensions=dims, regions=[reducer(op, dtype)])])
    )


def moderate(rng, t):
    """Values whose sums and products stay finite."""
    if not t.dtype.is_float:
        high = 2 if t.dtype is I1 else 100
        return np.asarray(rng.integers(0, high, t.shape)).astype(t.dtype.numpy)
    return np.asarray(rng.uniform(0.5, 1.6, t.shape) * rng.choice([-1, 1], t.shape)).astype(
        t.dtype.numpy
    )


OPS = ["add", "multiply", "maximum", "minimum"]


@pytest.mark.parametrize(("shape", "dims"), SHAPES, ids=str)
@pytest.mark.parametrize("op", OPS)
def test_shapes(shape, dims, op, check, seeded):
    m = reduce_module(shape, dims, F32, op)
    rng = seeded(shape, dims, op)
    check(m, [moderate(rng, t) for t in m.main.graph.params])


@pytest.mark.parametrize("dtype", ALL, ids=str)
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(("shape", "dims"), [((3, 150), (1,)), ((20, 9), (0,))], ids=str)
def test_dtypes(dtype, op, shape, dims, check, seeded):
    m = reduce_module(shape, dims, dtype, op)
    rng = seeded(shape, dtype, op)
    check(m, [moderate(rng, t) for t in m.main.graph.params])


@pytest.mark.parametrize("dtype", [I1, *INTEGERS], ids=str)
@pytest.mark.parametrize("op", ["and", "or", "xor"])
def test_bits(dtype, op, check, draw, seeded):
    m = reduce_module((3, 70), (1,), dtype, op)
    rng = seeded(dtype, op)
    x, init = (draw(rng, t) for t in m.main.graph.params)
    (out,) = check(m, [x, init])
    ufunc = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}[op]
    assert out.tolist() == ufunc(ufunc.reduce(x, axis=1), init).tolist()


@pytest.mark.parametrize("dtype", [BF16, F32, F64, I32], ids=str)
@pytest.mark.parametrize(
    ("shape", "dims"),
    [((40, 1000), (1,)), ((300, 70), (0,)), ((20_003,), (0,)), ((40, 30, 20), (0, 1))],
    ids=str,
)
def test_large(shape, dims, dtype, check, seeded):
    """Schedules for many elements."""
    m = reduce_module(shape, dims, dtype, "add")
    rng = seeded(shape, dtype)
    check(m, [moderate(rng, t) for t in m.main.graph.params])


@pytest.mark.parametrize("op", OPS)
def test_special_values(op, check, draw, seeded):
    for dims in ((0,), (1,)):
        m = reduce_module((40, 70), dims, F32, op)
        check(m, [draw(seeded(op, dims), t) for t in m.main.graph.params])


def test_negative_zero_is_kept(check):
    m = reduce_module((70,), (0,), F32, "add")
    x = np.full(70, -0.0, np.float32)
    (out,) = check(m, [x, np.asarray(-0.0, np.float32)])
    assert np.signbit(out)
    (out,) = check(m, [x, np.asarray(0.0, np.float32)])
    assert not np.signbit(out)


def lanes_sum(x, init):
    """The canonical order, written out."""
    lanes = [np.float32(-0.0)] * 64
    for k, v in enumerate(x):
        lanes[k % 64] = lanes[k % 64] + v
    half = 32
    while half:
        lanes = [lanes[j] + lanes[j + half] for j in range(half)]
        half //= 2
    return init + lanes[0]


@pytest.mark.parametrize("count", [1, 2, 3, 15, 16, 17, 31, 63, 64, 65, 100, 127, 128, 193, 1000])
def test_lanes_order_by_hand(count, check, seeded):
    x = seeded(count).standard_normal(count).astype(np.float32)
    init = np.asarray(0.25, np.float32)
    (out,) = check(reduce_module((count,), (0,), F32, "add"), [x, init])
    assert out.tobytes() == np.float32(lanes_sum(x, np.float32(0.25))).tobytes()


def test_sequential_order_by_hand(check, seeded):
    x = seeded("seq").standard_normal((100, 7)).astype(np.float32)
    acc = np.full(7, 0.25, np.float32)
    for row in x:
        acc = acc + row
    (out,) = check(reduce_module((100, 7), (0,), F32, "add"), [x, np.asarray(0.25, np.float32)])
    assert out.tobytes() == acc.tobytes()


def test_order_ignores_dimensions_of_size_one():
    orders = {
        shape: lower(reduce_module(shape, dims, F32, "add")).nests[0].order
        for shape, dims in [((5,), (0,)), ((5, 1), (0,)), ((1, 5, 1), (1,)), ((5, 2), (0,))]
    }
    assert list(orders.values()) == ["lanes", "lanes", "lanes", "sequential"]


@pytest.mark.parametrize("dtype", [F16, BF16], ids=str)
def test_narrow_sums_round_at_every_step(dtype, check):
    x = np.full((300, 2), 1, dtype.numpy)
    (out,) = check(reduce_module((300, 2), (0,), dtype, "add"), [x, np.zeros((), dtype.numpy)])
    assert out[0] == (300 if dtype is F16 else 256)


def argmax_region():
    s, i = TensorType((), F32), TensorType((), I32)
    b = Builder([s, i, s, i])
    greater = b.emit("compare", [0, 2], comparison_direction="GE")
    return b.graph([b.emit("select", [greater, 0, 2]), b.emit("select", [greater, 1, 3])])


@pytest.mark.parametrize(("shape", "dims"), [((7, 40), (1,)), ((7, 40), (0,)), ((3, 5), (0, 1))])
def test_two_operands(shape, dims, check, seeded):
    b = Builder([TensorType(shape, F32), TensorType((), F32), TensorType((), I32)])
    iota = b.emit("iota", types=[TensorType(shape, I32)], iota_dimension=dims[0])
    r = b.emit("reduce", [0, iota, 1, 2], dimensions=dims, regions=[argmax_region()])
    m = module(b.graph([r, r + 1]))
    x = seeded(shape).standard_normal(shape).astype(np.float32)
    best, _ = check(m, [x, np.asarray(-np.inf, np.float32), np.asarray(-1, np.int32)])
    assert best.tolist() == x.max(dims).tolist()


@pytest.mark.parametrize("dtype", [F64, UI8], ids=str)
def test_body_that_is_no_single_op(dtype, check, draw, seeded):
    """acc * 3 - element: not commutative, so strictly in order; with a captured value in the
    region.
    """
    s = TensorType((), dtype)
    b = Builder([s, s, s])
    region = b.graph([b.emit("subtract", [b.emit("multiply", [0, 2]), 1])])
    for shape, dims in [((9, 5), (0,)), ((9, 5), (1,)), ((4, 3, 2), (0, 2))]:
        b = Builder([TensorType(shape, dtype), s, s])
        r = b.emit("reduce", [0, 1], dimensions=dims, regions=[region], captures=[2])
        m = module(b.graph([r]))
        check(m, [draw(seeded(shape), t) for t in m.main.graph.params])
