"""Verdicts on hand-made enclosures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compiler.contract import allow
from compiler.dtypes import F32, FLOATS, I1, I32, UI64, DType, by_name
from compiler.ir import Array, TensorType
from verify.bounds import Enclosure
from verify.oracle import Verdict, judge, judge_output


def enclosure(
    values: list[float], errors: list[float] | None, d: DType, hull: bool = False
) -> Enclosure:
    value = np.array(values).astype(d.numpy) if errors is None else np.array(values, np.float64)
    error = None if errors is None else np.array(errors, np.float64)
    return Enclosure(TensorType((len(values),), d), value, error, hull)


def array(values: list[float], d: DType) -> Array:
    return np.array(values).astype(d.numpy)


@pytest.mark.parametrize("d", FLOATS, ids=str)
def test_bits_decide_where_nothing_is_allowed(d: DType) -> None:
    e = enclosure([1.0, math.nan, 0.0], None, d)
    assert judge_output(array([1.0, math.nan, 0.0], d), e).verdict == "identical"
    assert judge_output(array([1.0, -math.nan, 0.0], d), e).verdict == "identical"
    assert judge_output(array([1.0, math.nan, -0.0], d), e).verdict == "violation"
    assert judge_output(array([1.0, math.nan, -0.0], d), e, True).verdict == "allowed"
    near = array([1.0, math.nan, 0.0], d)
    near[0] = np.nextafter(near[0], d.numpy.type(2))
    found = judge_output(near, e)
    assert (found.verdict, found.worst, found.max_ulp) == ("violation", (0,), 1.0)


def test_ladder_within_one_output() -> None:
    d = by_name("f32")
    e = enclosure([1.0, 2.0, 3.0], [0.0, 1e-3, math.inf], d)
    assert judge_output(array([1, 2, 3], d), e).verdict == "identical"
    found = judge_output(array([1, 2.0005, 3], d), e)
    assert found.verdict == "allowed"
    assert found.bound_share == pytest.approx(0.5, rel=1e-3)
    assert found.worst == (1,)
    assert found.undecided == pytest.approx(1 / 3)
    assert judge_output(array([1, 2, math.nan], d), e).verdict == "unstable"
    assert judge_output(array([1, 2.002, 3], d), e).verdict == "violation"
    assert judge_output(array([1, math.nan, 3], d), e).verdict == "violation"
    assert judge_output(array([1, math.inf, 3], d), e).verdict == "violation"
    assert judge_output(array([1.5, 2, 3], d), e).verdict == "violation"


def test_a_hull_is_unstable() -> None:
    d = by_name("f32")
    e = enclosure([2.5], [0.5], d, hull=True)
    assert judge_output(array([3.0], d), e).verdict == "unstable"
    assert judge_output(array([3.5], d), e).verdict == "violation"


def test_integers_and_booleans() -> None:
    value = np.array([7, 9], np.int32)
    e = Enclosure(TensorType((2,), I32), value, np.array([0.0, math.inf]))
    assert judge_output(value, e).verdict == "identical"
    assert judge_output(np.array([7, 1], np.int32), e).verdict == "unstable"
    found = judge_output(np.array([4, 9], np.int32), e)
    assert (found.verdict, found.max_ulp, found.got, found.value) == ("violation", 3.0, 4, 7)
    flag = Enclosure(TensorType((), I1), np.array(True))
    assert judge_output(np.array(False), flag).verdict == "violation"
    big = Enclosure(TensorType((), UI64), np.array(2**64 - 1, np.uint64))
    assert judge_output(np.array(0, np.uint64), big).max_ulp == pytest.approx(2.0**64)


def test_shape_dtype_and_number() -> None:
    d = by_name("f32")
    e = enclosure([1.0], None, d)
    assert judge_output(np.zeros((1, 1), np.float32), e).verdict == "violation"
    assert judge_output(np.zeros(1, np.float64), e).verdict == "violation"
    assert "instead of" in str(judge_output(np.zeros(2, np.float32), e))
    assert judge([], [e]).kind == "violation"


def test_a_program_has_the_verdict_of_its_worst_output() -> None:
    d = by_name("f32")
    exact, loose = enclosure([1.0], None, d), enclosure([1.0], [0.5], d)
    verdict = judge([array([1.0], d), array([1.25], d)], [exact, loose])
    assert verdict.kind == "allowed"
    assert verdict.bound_share == 0.5
    assert str(verdict).startswith("output 1: allowed: [0] got 1.25, reference 1 +- 0.5")
    assert judge([array([2.0], d), array([1.25], d)], [exact, loose]).kind == "violation"
    assert str(Verdict("crash", ())) == "crash"


def test_signs_of_zero_need_a_contract() -> None:
    d = by_name("f64")
    e = enclosure([0.0], None, d)
    got = [array([-0.0], d)]
    assert judge(got, [e]).kind == "violation"
    assert judge(got, [e], allow("nsz")).kind == "allowed"


@pytest.mark.parametrize("shape", [(0,), (2, 0), ()])
def test_empty_and_rank_zero(shape: tuple[int, ...]) -> None:
    t = TensorType(shape, by_name("f32"))
    e = Enclosure(t, np.zeros(shape), np.full(shape, 0.5))
    assert judge_output(np.zeros(shape, np.float32), e).verdict == "identical"
    if not shape:
        found = judge_output(np.array(0.25, np.float32), e)
        assert (found.verdict, found.worst) == ("allowed", ())
        assert "got 0.25" in str(found)


@pytest.mark.parametrize(
    ("value", "got", "error", "words"),
    [
        (1.0, 2e30, 1e-9, "> 1000 x the bound"),
        (1.0, 8.0, 0.5, "14 x the bound"),
        (1.0, 1.25, 0.5, "50.0% of the bound"),
        (1.0, math.nan, 1e-9, "NaN against a number"),
    ],
)
def test_gross_errors_are_told_in_words_that_mean_something(
    value: float, got: float, error: float, words: str
) -> None:
    found = judge_output(array([got], F32), enclosure([value], [error], F32))
    assert words in str(found)


def test_integers_have_no_ulps() -> None:
    found = judge_output(array([1, 9], I32), enclosure([1, 2], None, I32))
    assert str(found).endswith("got 9, reference 2, 7 apart")
