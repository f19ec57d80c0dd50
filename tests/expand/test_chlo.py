"""The ops of chlo: machine code against the reference, and against what is known."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import F32, INTEGERS, DType, from_numpy
from compiler.errors import UnsupportedError
from compiler.executable import compile_module
from compiler.ir import Array, Graph, Module, TensorType, module
from compiler.lower.chlo import FUNCTIONS
from verify.bounds import enclose
from verify.ref import evaluate

SMALL = [np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)]


def program(op: str, arrays: list[Array], **attrs: Any) -> Module:
    types = [TensorType(x.shape, from_numpy(x.dtype)) for x in arrays]
    b = Builder(types)
    first = b.emit(op, list(range(len(types))), **attrs)
    return module(b.graph(list(range(first, len(b.types)))))


def run(op: str, *arrays: Array, **attrs: Any) -> tuple[Array, ...]:
    """What machine code gives; the reference must give the same bits."""
    m = program(op, list(arrays), **attrs)
    got = compile_module(m)(*arrays)
    for x, want in zip(got, evaluate(m, arrays), strict=True):
        if x.dtype in SMALL:
            x, want = x.astype(np.float32), want.astype(np.float32)
        np.testing.assert_array_equal(x, want)
        if x.dtype.kind not in "biu":
            number = ~np.isnan(want)
            np.testing.assert_array_equal(np.signbit(x)[number], np.signbit(want)[number])
    return got


def every(dtype: np.dtype[Any]) -> Array:
    return np.arange(1 << 16, dtype=np.uint16).view(dtype)


def steps(got: Array, want: Array) -> Array:
    """How many numbers of the format lie between two arrays; NaN equals NaN."""
    bits = [x.view(np.int16).astype(np.int64) for x in (got, want)]
    a, b = (np.where(k < 0, -(k & 0x7FFF), k) for k in bits)
    nans = np.isnan(got).astype(int) + np.isnan(want)
    return np.where(nans == 2, 0, np.where(nans == 1, 1 << 20, abs(a - b)))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", SMALL, ids=str)
@pytest.mark.parametrize("op", [f for f in FUNCTIONS if f not in ("chlo.zeta", "chlo.polygamma")])
def test_functions_at_all_narrow_floats(op: str, dtype: np.dtype[Any]) -> None:
    """Computed in f32, where each is right to half an ulp: another neighbour only at near ties.

    Those are frequent where the result is x / 2 and a little less, and subnormal: bessel_i1e.
    """
    x = every(dtype)
    m = program(op, [x])
    distance = steps(compile_module(m)(x)[0], evaluate(m, [x])[0])
    assert distance.max() <= 1, x[np.argmax(distance)]
    assert (distance > 0).mean() < 3e-3


@pytest.mark.parametrize("dtype", SMALL, ids=str)
def test_next_after_steps_through_all_numbers(dtype: np.dtype[Any]) -> None:
    x = every(dtype)
    up, down = np.full_like(x, math.inf), np.full_like(x, -math.inf)
    wide = x.astype(np.float32)
    numbers = np.unique(wide[np.isfinite(wide)])
    got = np.unique(run("chlo.next_after", x, up)[0].astype(np.float32))
    np.testing.assert_array_equal(got[np.isfinite(got)], numbers)
    run("chlo.next_after", x, down)
    run("chlo.next_after", x, np.zeros_like(x))
    run("chlo.next_after", np.zeros_like(x), x)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_mulhi_is_the_upper_half_of_the_exact_product(dtype: DType) -> None:
    info = np.iinfo(dtype.numpy)
    rng = np.random.default_rng(dtype.bits)
    ends = np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max], dtype.numpy)
    wild = rng.integers(info.min, info.max, 200, dtype.numpy, endpoint=True)
    x, y = (a.ravel() for a in np.meshgrid(np.concatenate([ends, wild[:20]]), ends))
    x, y = np.concatenate([x, wild]), np.concatenate([y, rng.permutation(wild)])
    want = [a * b >> dtype.bits for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert run("chlo.mulhi", x, y)[0].tolist() == want


@pytest.mark.parametrize("dtype", [*SMALL, np.dtype(np.float32), np.dtype(np.float64)], ids=str)
def test_predicates(dtype: np.dtype[Any]) -> None:
    x = np.array([1.0, math.inf, -math.inf, math.nan, 0.0], dtype)
    found = {op: run(f"chlo.{op}", x)[0].tolist() for op in ("is_inf", "is_pos_inf", "is_neg_inf")}
    assert found == {
        "is_inf": [False, True, True, False, False],
        "is_pos_inf": [False, True, False, False, False],
        "is_neg_inf": [False, False, True, False, False],
    }


def test_square_and_tan() -> None:
    x = np.array([1.5, -0.0, math.inf, math.nan, 3e30], np.float32)
    assert run("chlo.square", x)[0][:3].tolist() == [2.25, 0.0, math.inf]
    assert run("chlo.tan", x[:2])[0][1] == 0


def test_broadcasting() -> None:
    x, y = np.arange(3, dtype=np.int32), np.arange(2, dtype=np.int32).reshape(2, 1)
    assert run("chlo.broadcast_subtract", x, y)[0].tolist() == (x - y).tolist()
    attrs = {"comparison_direction": "LT", "compare_type": "SIGNED"}
    assert run("chlo.broadcast_compare", x, y, **attrs)[0].tolist() == (x < y).tolist()
    pred = np.array([True, False])
    chosen = run("chlo.broadcast_select", pred, np.array(1.0), np.zeros((3, 2)))[0]
    assert chosen.tolist() == [[1.0, 0.0]] * 3
    toward = run("chlo.broadcast_next_after", np.ones((2, 1)), np.array([0.0, 2.0]))[0]
    assert toward.tolist() == [[1 - 2.0**-53, 1 + 2.0**-52]] * 2


def test_top_k_takes_the_lower_index_of_equal_values_and_nan_first() -> None:
    x = np.array([[2.0, math.nan, 7.0, 2.0, math.inf], [-0.0, 0.0, -1.0, -1.0, 0.0]], np.float32)
    values, indices = run("chlo.top_k", x, k=4)
    assert indices.tolist() == [[1, 4, 2, 0], [1, 4, 0, 2]]
    assert values[1].tolist() == [0.0, 0.0, -0.0, -1.0]
    assert run("chlo.top_k", np.array([True, False, True]), k=2)[1].tolist() == [0, 2]
    assert run("chlo.top_k", np.array([3, 250], np.uint8), k=1)[0].tolist() == [250]


RAGGED = {
    "lhs_contracting_dimensions": (1,),
    "rhs_contracting_dimensions": (1,),
    "lhs_ragged_dimensions": (0,),
    "rhs_group_dimensions": (0,),
}


def test_ragged_dot_keeps_groups_apart() -> None:
    """Rows of one group do not meet infinities of another; rows of none are 0."""
    lhs = np.arange(10, dtype=np.float32).reshape(5, 2)
    rhs = np.stack([np.eye(2), 2 * np.eye(2), np.full((2, 2), math.inf)]).astype(np.float32)
    t = [TensorType((5, 2), F32)]
    (out,) = run("chlo.ragged_dot", lhs, rhs, np.array([2, 2, 0]), types=t, **RAGGED)
    assert out.tolist() == [*lhs[:2].tolist(), *(2 * lhs[2:4]).tolist(), [0.0, 0.0]]


@pytest.mark.parametrize("sizes", [[2, -1], [3, 1], [2**63 - 1, 2**63 - 1]])
def test_what_are_no_sizes_of_groups_is_not_judged(sizes: list[int]) -> None:
    """Negative, more than there are rows, a sum that overflows: nothing says what they mean."""
    arrays = [np.ones((3, 2), np.float32), np.ones((2, 2, 2), np.float32), np.array(sizes)]
    m = program("chlo.ragged_dot", arrays, types=[TensorType((3, 2), F32)], **RAGGED)
    for call in (evaluate, enclose):
        with pytest.raises(UnsupportedError, match="no sizes of groups"):
            call(m, arrays)


def test_ragged_dot_of_other_forms_is_refused() -> None:
    m = program(
        "chlo.ragged_dot",
        [np.ones((3, 4), np.float32), np.ones((4, 2), np.float32), np.array([1, 3])],
        types=[TensorType((2, 3, 2), F32)],
        lhs_contracting_dimensions=(1,),
        rhs_contracting_dimensions=(0,),
        lhs_ragged_dimensions=(1,),
        rhs_group_dimensions=(),
    )
    with pytest.raises(UnsupportedError, match="ragged"):
        compile_module(m)


def running(op: str, t: TensorType) -> Graph:
    b = Builder([t, t])
    made = b.emit(op, [0, 1])
    return b.graph([made, made])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dim", [0, 1])
def test_scan_sums_along_a_dimension(dim: int, reverse: bool) -> None:
    x = np.arange(6, dtype=np.int32).reshape(2, 3)
    init = np.zeros(x.shape[1 - dim], np.int32)
    body = running("add", TensorType(init.shape, from_numpy(x.dtype)))
    attrs = {"dimension": dim, "inputs": 1, "is_reverse": reverse}
    m = [TensorType(x.shape, from_numpy(x.dtype)), TensorType(init.shape, from_numpy(x.dtype))]
    sums, last = run("chlo.scan", x, init, types=m, regions=[body], **attrs)
    want = np.flip(np.cumsum(np.flip(x, dim), dim), dim) if reverse else np.cumsum(x, dim)
    assert sums.tolist() == want.tolist()
    assert last.tolist() == x.sum(dim).tolist()


def test_a_scan_of_nothing_ends_as_it_starts() -> None:
    x, init = np.zeros((2, 0), np.int32), np.array([3, 4], np.int32)
    body = running("add", TensorType((2,), from_numpy(x.dtype)))
    types = [TensorType(a.shape, from_numpy(a.dtype)) for a in (x, init)]
    attrs = {"dimension": 1, "inputs": 1, "is_reverse": False}
    sums, last = run("chlo.scan", x, init, types=types, regions=[body], **attrs)
    assert sums.shape == (2, 0)
    assert last.tolist() == [3, 4]


@pytest.mark.parametrize("x", [2.0, 65504.0, 2.0**40, 1e300])
@pytest.mark.parametrize("q", [5e-324, 1.0, 40.0, 1e10, 1e300])
def test_the_reference_of_zeta_ends_soon_whatever_the_arguments(x: float, q: float) -> None:
    (out,) = evaluate(program("chlo.zeta", [np.array(x), np.array(q)]), [np.array(x), np.array(q)])
    assert out >= 0
