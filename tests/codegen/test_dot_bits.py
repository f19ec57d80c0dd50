"""dot_general: machine code, interpreter and a sum written out agree."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F16, F32, F64, I1, I8, I32
from compiler.ir import TensorType, module

# lhs shape, rhs shape, (lhs batch, rhs batch, lhs contract, rhs contract)
CASES = [
    ((3, 5), (5, 17), ((), (), (1,), (0,))),
    ((3, 5), (17, 5), ((), (), (1,), (1,))),
    ((5, 3), (5, 4), ((), (), (0,), (0,))),
    ((70,), (70,), ((), (), (0,), (0,))),
    ((2, 3), (4, 5), ((), (), (), ())),
    ((3, 0), (0, 2), ((), (), (1,), (0,))),
    ((0, 3), (3, 2), ((), (), (1,), (0,))),
    ((2, 3, 4), (2, 4, 9), ((0,), (0,), (2,), (1,))),
    ((3, 2, 4), (4, 9, 2), ((1,), (2,), (2,), (0,))),
    ((2, 3, 4), (4, 3, 5), ((), (), (1, 2), (1, 0))),
    ((1, 600), (600, 3), ((), (), (1,), (0,))),
    ((2, 256), (256, 1), ((), (), (1,), (0,))),
    ((3, 5, 2, 1), (2, 5, 3), ((0, 2), (2, 0), (1,), (1,))),
]


def dot(left, right, dims, operand, result):
    b = Builder([TensorType(left, operand), TensorType(right, operand)])
    names = ("lhs_batching", "rhs_batching", "lhs_contracting", "rhs_contracting")
    attrs = {f"{n}_dimensions": d for n, d in zip(names, dims, strict=True)}
    lb, rb, lc, rc = dims
    free = [n for k, n in enumerate(left) if k not in (*lb, *lc)]
    free += [n for k, n in enumerate(right) if k not in (*rb, *rc)]
    t = TensorType((*(left[d] for d in lb), *free), result)
    return module(b.graph([b.emit("dot_general", [0, 1], types=[t], **attrs)]))


def expected(x, y, dims):
    """By einsum, in the dtype of the operands."""
    lb, rb, lc, rc = dims
    letters = iter("abcdefghijkl")
    left, right = [""] * x.ndim, [""] * y.ndim
    for i, j in (*zip(lb, rb, strict=True), *zip(lc, rc, strict=True)):
        left[i] = right[j] = next(letters)
    left = [s or next(letters) for s in left]
    right = [s or next(letters) for s in right]
    out = [left[d] for d in lb]
    out += [s for k, s in enumerate(left) if k not in (*lb, *lc)]
    out += [s for k, s in enumerate(right) if k not in (*rb, *rc)]
    return np.einsum(f"{''.join(left)},{''.join(right)}->{''.join(out)}", x, y)


@pytest.mark.parametrize(("left", "right", "dims"), CASES, ids=str)
def test_layouts(left, right, dims, check, seeded):
    rng = seeded(left, right, dims)
    for dtype in (F32, I32):
        m = dot(left, right, dims, dtype, dtype)
        xs = [rng.integers(-9, 10, t.shape).astype(dtype.numpy) for t in m.main.graph.params]
        (out,) = check(m, xs)
        assert out.tolist() == expected(*xs, dims).tolist()


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_dtypes(dtype, check, draw, seeded):
    m = dot((5, 33), (33, 19), CASES[0][2], dtype, dtype)
    rng = seeded(dtype)
    check(m, [draw(rng, t) for t in m.main.graph.params])


@pytest.mark.parametrize(
    ("operand", "result"), [(BF16, F32), (F16, F32), (I8, I32), (F32, F64), (F64, F32), (F32, BF16)]
)
def test_mixed_dtypes(operand, result, check, seeded):
    m = dot((5, 300), (300, 19), CASES[0][2], operand, result)
    rng = seeded(operand, result)
    xs = [(rng.standard_normal(t.shape) * 10).astype(t.dtype.numpy) for t in m.main.graph.params]
    check(m, xs)


def test_integers_wrap_and_i1_is_or_of_ands(check, seeded):
    rng = seeded("wrap")
    m = dot((4, 70), (70, 5), CASES[0][2], I8, I8)
    x, y = rng.integers(-128, 128, (4, 70)), rng.integers(-128, 128, (70, 5))
    (out,) = check(m, [x.astype(np.int8), y.astype(np.int8)])
    assert out.tolist() == (x @ y).astype(np.int8).tolist()
    m = dot((4, 7), (7, 5), CASES[0][2], I1, I1)
    x, y = rng.integers(0, 2, (4, 7)), rng.integers(0, 2, (7, 5))
    (out,) = check(m, [x.astype(bool), y.astype(bool)])
    assert out.tolist() == ((x @ y) > 0).tolist()


def test_a_splat_operand_needs_no_buffer_of_its_size(check, seeded):
    t = TensorType((40, 30), F32)
    b = Builder([t])
    flat = b.splat(TensorType((600,), F32), 2.0)
    ones = b.emit("reshape", [flat], types=[TensorType((30, 20), F32)])
    r = b.emit(
        "dot_general", [0, ones], lhs_contracting_dimensions=(1,), rhs_contracting_dimensions=(0,)
    )
    x = seeded("splat").integers(0, 9, (40, 30)).astype(np.float32)
    (out,) = check(module(b.graph([r])), [x])
    assert out.tolist() == np.repeat(2 * x.sum(1, keepdims=True), 20, 1).tolist()
