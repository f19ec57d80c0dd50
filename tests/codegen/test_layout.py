"""Ops that move elements: machine code, nest interpreter and NumPy agree."""

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F32, F64, I1, I8, I64
from compiler.ir import TensorType, module

SHAPES = [(), (1,), (17,), (3, 5), (2, 1, 70), (0, 4), (16, 33), (2, 3, 4, 5)]


@pytest.fixture
def moved(check, draw, seeded):
    """Apply one op to an input of the given type and compare with ``expected(x)``."""

    def run(t, op, expected, types=None, **attrs):
        b = Builder([t])
        result = b.emit(op, [0], types=types, **attrs)
        x = draw(seeded(op, t, attrs), t)
        (out,) = check(module(b.graph([result])), [x])
        want = np.asarray(expected(x))
        assert out.shape == want.shape
        assert out.tobytes() == want.tobytes()

    return run


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_transpose_of_every_dtype(dtype, moved):
    moved(TensorType((5, 19), dtype), "transpose", lambda x: x.T, permutation=(1, 0))


@pytest.mark.parametrize("shape", [s for s in SHAPES if s], ids=str)
def test_transpose_and_reverse(shape, moved, seeded):
    t = TensorType(shape, F32)
    rng = seeded(shape)
    for _ in range(3):
        perm = tuple(int(p) for p in rng.permutation(len(shape)))
        moved(t, "transpose", lambda x, perm=perm: x.transpose(perm), permutation=perm)
        dims = tuple(d for d in range(len(shape)) if rng.integers(2))
        moved(t, "reverse", lambda x, dims=dims: np.flip(x, dims), dimensions=dims)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_slice(shape, moved, seeded):
    rng = seeded("slice", shape)
    for _ in range(3):
        lo = tuple(int(rng.integers(0, n + 1)) for n in shape)
        hi = tuple(int(rng.integers(a, n + 1)) for a, n in zip(lo, shape, strict=True))
        step = tuple(int(rng.integers(1, 4)) for _ in shape)
        cut = tuple(slice(*s) for s in zip(lo, hi, step, strict=True))
        attrs = {"start_indices": lo, "limit_indices": hi, "strides": step}
        moved(TensorType(shape, I64), "slice", lambda x, cut=cut: x[cut], **attrs)


@pytest.mark.parametrize("dtype", [I1, I8, BF16, F64], ids=str)
@pytest.mark.parametrize(
    ("shape", "result", "dims"),
    [
        ((), (3, 17), ()),
        ((17,), (3, 17), (1,)),
        ((3,), (3, 17), (0,)),
        ((1, 5), (4, 5), (0, 1)),
        ((5, 3), (3, 2, 5), (2, 0)),
        ((0,), (4, 0), (1,)),
    ],
)
def test_broadcast_in_dim(shape, result, dims, dtype, moved):
    def expected(x):
        order = sorted(range(len(dims)), key=lambda k: dims[k])
        full = [1] * len(result)
        for k in order:
            full[dims[k]] = shape[k]
        return np.broadcast_to(x.transpose(order).reshape(full), result)

    types = [TensorType(result, dtype)]
    moved(TensorType(shape, dtype), "broadcast_in_dim", expected, types, broadcast_dimensions=dims)


@pytest.mark.parametrize(
    ("shape", "result"), [((6,), (2, 3)), ((4, 6), (3, 8)), ((1, 5), (5, 1, 1)), ((0, 3), (7, 0))]
)
def test_reshape(shape, result, moved):
    types = [TensorType(result, F32)]
    moved(TensorType(shape, F32), "reshape", lambda x: x.reshape(result), types)


def _padded(x, value, low, high, interior):
    """The specification's pad, element by element."""
    shape = tuple(
        lo + n + max(n - 1, 0) * mid + hi
        for n, lo, hi, mid in zip(x.shape, low, high, interior, strict=True)
    )
    out = np.full(shape, value, x.dtype)
    for i in np.ndindex(*x.shape):
        at = tuple(lo + k * (mid + 1) for k, lo, mid in zip(i, low, interior, strict=True))
        if all(0 <= k < n for k, n in zip(at, shape, strict=True)):
            out[at] = x[i]
    return out


@pytest.mark.parametrize("shape", [(), (1,), (5,), (17,), (0,), (3, 4), (0, 2), (2, 3, 5)], ids=str)
def test_pad(shape, check, draw, seeded):
    rng = seeded("pad", shape)
    tried = 0
    while tried < 8:
        low, high = (tuple(int(v) for v in rng.integers(-3, 4, len(shape))) for _ in range(2))
        interior = tuple(int(v) for v in rng.integers(0, 3, len(shape)))
        sizes = [
            lo + n + max(n - 1, 0) * mid + hi
            for n, lo, hi, mid in zip(shape, low, high, interior, strict=True)
        ]
        if any(n < 0 for n in sizes):
            continue
        tried += 1
        t = TensorType(shape, F32)
        b = Builder([t, TensorType((), F32)])
        r = b.emit(
            "pad", [0, 1], edge_padding_low=low, edge_padding_high=high, interior_padding=interior
        )
        x, value = draw(rng, t), np.float32(7.5)
        (out,) = check(module(b.graph([r])), [x, np.asarray(value)])
        assert out.tobytes() == _padded(x, value, low, high, interior).tobytes()


@pytest.mark.parametrize("dtype", [I1, I8, BF16, F32, F64], ids=str)
@pytest.mark.parametrize(
    ("shapes", "dim"),
    [
        ([(3,), (4,), (1,)], 0),
        ([(0,), (3,), (0,)], 0),
        ([(0,), (0,)], 0),
        ([(2, 17), (3, 17)], 0),
        ([(3, 2), (3, 20), (3, 1)], 1),
        ([(2, 0), (3, 0)], 0),
        ([(5, 1)], 1),
    ],
    ids=str,
)
def test_concatenate(shapes, dim, dtype, check, draw, seeded):
    b = Builder([TensorType(s, dtype) for s in shapes])
    r = b.emit("concatenate", range(len(shapes)), dimension=dim)
    rng = seeded(shapes, dim)
    xs = [draw(rng, t) for t in b.params]
    (out,) = check(module(b.graph([r])), xs)
    assert out.tobytes() == np.concatenate(xs, dim).tobytes()


def test_constants_and_results_that_are_no_temporaries(check):
    b = Builder([TensorType((4,), F32)])
    table = np.arange(12, dtype=np.float32).reshape(3, 4)
    c = b.constant(table)
    s = b.splat(TensorType((2, 2), F32), 3.0)
    again = b.constant(table)
    r = b.emit("reshape", [c], types=[TensorType((12,), F32)])
    n = b.emit("negate", [0])
    x = np.array([1, 2, 3, 4], np.float32)
    out = check(module(b.graph([c, s, 0, again, r, n, n, 0])), [x])
    assert [o.tolist() for o in out[:3]] == [table.tolist(), [[3, 3], [3, 3]], x.tolist()]
    assert out[4].tolist() == table.ravel().tolist()
    assert out[6].tolist() == [-1, -2, -3, -4]
