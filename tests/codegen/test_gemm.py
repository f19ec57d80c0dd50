"""Register-tiled matrix products: the bits of the interpreter, for every tile, stride and dtype."""

import ctypes
import mmap

import numpy as np
import pytest

from compiler.build import Builder
from compiler.codegen.gemm import shape_for
from compiler.dtypes import BF16, F16, F32, F64
from compiler.executable import Executable
from compiler.ir import TensorType, module

PLAIN = ((), (), (1,), (0,))


def product(left, right, dims=PLAIN, operand=F32, result=F32):
    """A module of one dot_general; ``dims``: batch of lhs and rhs, contracted of lhs and rhs."""
    b = Builder([TensorType(left, operand), TensorType(right, operand)])
    names = ("lhs_batching", "rhs_batching", "lhs_contracting", "rhs_contracting")
    attrs = {f"{n}_dimensions": d for n, d in zip(names, dims, strict=True)}
    lb, rb, lc, rc = dims
    shape = [left[d] for d in lb]
    shape += [n for k, n in enumerate(left) if k not in (*lb, *lc)]
    shape += [n for k, n in enumerate(right) if k not in (*rb, *rc)]
    t = TensorType(tuple(shape), result)
    return module(b.graph([b.emit("dot_general", [0, 1], types=[t], **attrs)]))


def normal(rng, m):
    return [rng.standard_normal(t.shape).astype(t.dtype.numpy) for t in m.main.graph.params]


SIZES = [
    (64, 64, 64),
    (6, 16, 256),  # exactly one tile of AVX2, one block
    (13, 40, 257),  # a short tile of rows, of columns, of k
    (1, 130, 260),  # one row
    (130, 1, 260),  # one column
    (5, 7, 600),
    (250, 33, 20),  # more rows than one packed block
    (100, 200, 3),
    (64, 512, 16),  # rows of rhs far apart
]
# Which operand is transposed in memory.
LAYOUTS = {"plain": (1, 0), "left": (0, 0), "right": (1, 1), "both": (0, 1)}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("m", "n", "k"), SIZES)
def test_sizes_and_layouts(m, n, k, layout, check, seeded):
    lc, rc = LAYOUTS[layout]
    left, right = ((m, k), (k, m))[lc == 0], ((k, n), (n, k))[rc]
    program = product(left, right, ((), (), (lc,), (rc,)))
    assert "@assay.gemm.driver" in Executable(program).llvm
    xs = normal(seeded(m, n, k, layout), program)
    (out,) = check(program, xs)
    a, b = (x.astype(np.float64) for x in xs)
    want = (a if lc else a.T) @ (b.T if rc else b)
    bound = 2 * k * 2.0**-24 * (np.abs(a if lc else a.T) @ np.abs(b.T if rc else b))
    assert (np.abs(out - want) <= bound).all()


@pytest.mark.parametrize("layout", ["plain", "both"])
@pytest.mark.parametrize(
    ("operand", "result"),
    [(F64, F64), (F16, F16), (BF16, BF16), (BF16, F32), (F32, F64), (F64, F32), (F32, F16)],
)
def test_dtypes(operand, result, layout, check, seeded):
    lc, rc = LAYOUTS[layout]
    left, right = ((37, 300), (300, 37))[lc == 0], ((300, 45), (45, 300))[rc]
    program = product(left, right, ((), (), (lc,), (rc,)), operand, result)
    check(program, normal(seeded(operand, result, layout), program))


def test_totals_of_16_bits_in_many_blocks(check, seeded):
    """Wide results are summed up in f32 for a few rows at a time."""
    program = product((40, 300), (300, 9000), operand=BF16, result=BF16)
    check(program, normal(seeded("wide"), program))


@pytest.mark.parametrize("layout", ["plain", "right"])
def test_very_wide_results_of_16_bits(layout, check, seeded):
    """Columns are taken in stretches, so that the stack stays small."""
    _, rc = LAYOUTS[layout]
    right = ((3, 40_000), (40_000, 3))[rc]
    program = product((7, 3), right, ((), (), (1,), (rc,)), F16, F16)
    check(program, normal(seeded("very wide"), program))


@pytest.mark.parametrize(
    ("left", "right", "dims"),
    [
        ((3, 20, 40), (3, 40, 24), ((0,), (0,), (2,), (1,))),
        ((2, 3, 20, 40), (2, 3, 24, 40), ((0, 1), (0, 1), (3,), (3,))),
        ((20, 3, 40), (40, 3, 24), ((1,), (1,), (2,), (0,))),
        ((30, 4, 16), (4, 16, 20), ((), (), (1, 2), (0, 1))),  # two dimensions contracted as one
        ((30, 4, 16), (16, 4, 20), ((), (), (1, 2), (1, 0))),  # not as one: the plain schedule
    ],
)
def test_batches_and_dimensions(left, right, dims, check, seeded):
    program = product(left, right, dims)
    check(program, normal(seeded(left, right), program))


def test_special_values(check, draw, seeded):
    """Infinities and NaN stay in their rows and columns, also at masked edges."""
    program = product((20, 70), (70, 21))
    check(program, [draw(seeded("special"), t) for t in program.main.graph.params])
    a, b = np.ones((20, 70), np.float32), np.ones((70, 21), np.float32)
    a[3, 5], b[7, 20] = np.nan, np.inf
    (out,) = check(program, [a, b])
    assert np.isnan(out[3]).all()
    assert np.isinf(out[[0, 19], 20]).all()
    assert (np.delete(np.delete(out, 3, 0), 20, 1) == 70).all()


def test_negative_zero_totals_become_zero(check):
    """``total = 0 + part``: a part that underflows to -0 gives +0, in every schedule."""
    program = product((8, 32), (32, 64))
    a = np.full((8, 32), -1e-30, np.float32)
    (out,) = check(program, [a, np.full((32, 64), 1e-30, np.float32)])
    assert not np.signbit(out).any()


def _at_the_end_of_a_page(x):
    """A copy of ``x`` behind whose last byte no memory may be touched."""
    page = mmap.PAGESIZE
    size = -(-x.nbytes // page) * page
    room = mmap.mmap(-1, size + page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(room))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(start + size), ctypes.c_size_t(page), 0) != 0:
        pytest.skip("no page protection here")
    whole = np.frombuffer(room, np.uint8, size)
    out = whole[size - x.nbytes :].view(x.dtype).reshape(x.shape)
    out[...] = x
    return out


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mprotect"), reason="needs mprotect")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("m", "n", "k"), [(13, 21, 70), (50, 9, 261), (1, 61, 300), (7, 260, 13)])
def test_nothing_behind_the_operands_is_read(m, n, k, layout, seeded):
    lc, rc = LAYOUTS[layout]
    left, right = ((m, k), (k, m))[lc == 0], ((k, n), (n, k))[rc]
    program = product(left, right, ((), (), (lc,), (rc,)))
    xs = normal(seeded(m, n, k), program)
    run = Executable(program)
    assert (run(*map(_at_the_end_of_a_page, xs))[0] == run(*xs)[0]).all()


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_tiny_products_have_tiny_code(size):
    """What fuzzing generates all day must compile in no time."""
    run = Executable(product((size, size), (size, size)))
    assert "assay.gemm" not in run.llvm
    assert len(run.llvm) <= 1600


def test_large_products_have_tiny_code():
    assert len(Executable(product((512, 512), (512, 512))).llvm) <= 1600


def test_tiles_fit_registers_and_sizes():
    """No tile is wider than it must be, nor taller than its rows; at least one vector each."""
    for m in (1, 2, 5, 6, 7, 8, 20, 24, 64, 1000):
        for n in (1, 8, 17, 1000):
            shape = shape_for(m, n, F32)
            assert 1 <= shape.rows <= min(m, 6)
            assert 1 <= shape.vectors <= 8
            assert shape.rows * shape.vectors + shape.vectors <= 30
    assert shape_for(8, 100, F32).rows == 4
    assert shape_for(20, 100, F32).rows == 5
