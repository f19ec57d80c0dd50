"""Reads and writes at computed places: what is exact, and what an undecided index leaves open."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.build import Builder
from compiler.contract import EXACT, allow
from compiler.dtypes import F32, I32, I64
from compiler.ir import Array, TensorType, module
from verify.bounds import Enclosure, enclose
from verify.ref import evaluate

X = np.array([3, 10, 5, -2], np.float32)
ROWS = {
    "offset_dims": (1,),
    "collapsed_slice_dims": (0,),
    "start_index_map": (0,),
    "index_vector_dim": 1,
}


def vague(b: Builder, one: int) -> int:
    """A scalar index that is 0 or 1: the floor of exp(0), which may come out below 1."""
    return b.emit("convert", [b.emit("floor", [b.emit("exponential", [one])])], types=[INDEX])


INDEX = TensorType((), I32)
ZERO = np.float32(0)


def enclosed(b: Builder, out: int, *inputs: Array) -> Enclosure:
    return enclose(module(b.graph([out])), list(inputs))[0]


def floats(e: Enclosure) -> tuple[Array, Array]:
    error = np.zeros(e.value.shape) if e.error is None else e.error
    return e.value - error, e.value + error


def test_an_undecided_start_may_read_any_element() -> None:
    b = Builder([TensorType((4,), F32), TensorType((), F32)])
    out = b.emit("dynamic_slice", [0, vague(b, 1)], slice_sizes=(2,))
    low, high = floats(enclosed(b, out, X, ZERO))
    assert (low <= -2).all()
    assert (high >= 10).all()
    assert (high - low < 12.1).all()


def test_a_start_without_room_decides_nothing() -> None:
    b = Builder([TensorType((4,), F32), TensorType((), F32)])
    e = enclosed(b, b.emit("dynamic_slice", [0, vague(b, 1)], slice_sizes=(4,)), X, ZERO)
    assert e.error is None
    assert e.value.tolist() == X.tolist()


def test_an_undecided_start_may_write_anywhere() -> None:
    b = Builder([TensorType((4,), F32), TensorType((1,), F32), TensorType((), F32)])
    out = b.emit("dynamic_update_slice", [0, 1, vague(b, 2)])
    low, high = floats(enclosed(b, out, X, np.array([7], np.float32), ZERO))
    assert (low <= np.minimum(X, 7)).all()
    assert (high >= np.maximum(X, 7)).all()
    assert (high - low <= np.abs(X - 7) * 1.01).all()


def test_only_what_an_undecided_index_vector_reads_is_open() -> None:
    b = Builder([TensorType((4, 2), F32), TensorType((), F32), TensorType((1, 1), I32)])
    row = b.emit("reshape", [vague(b, 1)], types=[TensorType((1, 1), I32)])
    indices = b.emit("concatenate", [2, row], dimension=0)
    out = b.emit("gather", [0, indices], slice_sizes=(1, 2), **ROWS)
    x = np.arange(8, dtype=np.float32).reshape(4, 2)
    e = enclosed(b, out, x, ZERO, np.array([[2]], np.int32))
    assert e.error is not None
    assert e.value[0].tolist() == [4, 5]
    assert (e.error[0] == 0).all()
    low, high = floats(e)
    assert (low[1] <= 0).all()
    assert (high[1] >= 7).all()


def test_integers_are_undecided_unless_all_are_equal() -> None:
    b = Builder([TensorType((3,), I64), TensorType((), F32)])
    out = b.emit("dynamic_slice", [0, vague(b, 1)], slice_sizes=(1,))
    assert enclosed(b, out, np.array([1, 2, 2]), ZERO).undecided == 1
    assert enclosed(b, out, np.array([2, 2, 2]), ZERO).undecided == 0


@pytest.mark.parametrize(("indices", "open_"), [([[1], [1], [3]], 0), ([[1], [3], [2]], 1)])
def test_indices_that_are_called_sorted(indices: list[list[int]], open_: float) -> None:
    """Where they are not, nothing is said of the result."""
    b = Builder([TensorType((4, 1), F32), TensorType((3, 1), I32)])
    out = b.emit("gather", [0, 1], slice_sizes=(1, 1), indices_are_sorted=True, **ROWS)
    assert enclosed(b, out, X[:, None], np.array(indices, np.int32)).undecided == open_


def test_a_polynomial_moves_on() -> None:
    """A sum that is read at computed places and added to may be taken in any order still."""
    b = Builder([TensorType((4,), F32), TensorType((4,), F32), INDEX])
    total = b.emit("add", [0, 1])
    part = b.emit("dynamic_slice", [total, 2], slice_sizes=(2,))
    minus = b.emit("negate", [b.emit("dynamic_slice", [1, 2], slice_sizes=(2,))])
    program = module(b.graph([b.emit("add", [part, minus])]))
    big = np.full(4, 1e8, np.float32)
    inputs = [X, big, np.int32(1)]
    strict, loose = (enclose(program, inputs, c)[0] for c in (EXACT, allow("reassoc")))
    assert strict.error is None  # what add and subtract give in this order
    low, high = floats(loose)
    for wanted in (evaluate(program, inputs)[0], X[1:3]):  # (x + b) - b as written, and as x
        assert ((low <= wanted) & (wanted <= high)).all()


def test_undecided_numbers_of_a_dynamic_op() -> None:
    """Shapes are the result type's; paddings are not known from it."""
    b = Builder([TensorType((4,), F32), TensorType((), F32)])
    low = b.emit("reshape", [vague(b, 1)], types=[TensorType((1,), I32)])
    one = b.constant(np.array([1], np.int32))
    high = b.emit("subtract", [one, low])
    zero = b.constant(np.array([0], np.int32))
    out = b.emit("dynamic_pad", [0, 1, low, high, zero], types=[TensorType((5,), F32)])
    assert enclosed(b, out, X, ZERO).undecided == 1
    four = b.emit("add", [low, b.constant(np.array([3], np.int32))])
    shaped = b.emit("dynamic_reshape", [0, four], types=[TensorType((4,), F32)])
    e = enclosed(b, shaped, X, ZERO)
    assert e.error is None
    assert e.value.tolist() == X.tolist()
