from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from verify.conform.checks import FAR, compare, ulps

INF, NAN = np.inf, np.nan


def f32(*values):
    return np.array(values, np.float32)


def bits32(*values):
    return np.array(values, np.uint32).view(np.float32)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (1.0, 1.0, 0),
        (1.0, np.nextafter(np.float32(1), np.float32(2)), 1),
        (0.0, -0.0, 0),
        (-1e-45, 6e-45, 5),  # -1 and 4 units: the two zeros are one number
        (INF, INF, 0),
        (NAN, NAN, 0),
        (NAN, -NAN, 0),
        (INF, -INF, FAR),
        (INF, NAN, FAR),
        (INF, np.finfo(np.float32).max, FAR),
        (0.0, NAN, FAR),
    ],
)
def test_distance_in_units_of_the_last_place(a, b, distance):
    assert int(ulps(np.float32(a), np.float32(b))) == distance
    assert int(ulps(np.float32(b), np.float32(a))) == distance


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_the_unit_is_that_of_the_type(dtype):
    one = np.array(1, dtype)
    unit = np.array(np.finfo(dtype).eps if dtype is not ml_dtypes.bfloat16 else 2**-7, dtype)
    assert int(ulps(one, one + unit)) == 1
    assert int(ulps(-one, one + unit)) == 2 * int(ulps(np.array(0, dtype), one)) + 1


def test_the_largest_distance_of_f64_does_not_wrap():
    big = np.finfo(np.float64).max
    assert int(ulps(np.float64(-big), np.float64(big))) == 2 * 0x7FEFFFFFFFFFFFFF


@pytest.mark.parametrize(
    ("op", "attrs", "got", "want", "holds"),
    [
        ("eq", {}, 0.0, -0.0, True),
        ("eq", {}, NAN, NAN, True),
        ("eq", {}, 1.0, NAN, False),
        ("eq", {}, 1.0, 1.0000001, False),
        ("almost_eq", {}, 1.0, 1.00009, True),
        ("almost_eq", {}, 1.0, 1.0002, False),
        ("almost_eq", {}, 0.0, -5e-5, True),
        ("almost_eq", {"tolerance": 1e-3}, 1.0, 1.0002, True),
        ("almost_eq", {"tolerance": 0.0}, 1.0, 1.0000001, False),
        ("almost_eq", {}, INF, INF, True),
        ("almost_eq", {}, INF, 3e38, False),
        ("almost_eq", {}, NAN, NAN, True),
        ("almost_eq", {}, NAN, 0.0, False),
        ("close", {}, 1.0, 1.0000001, True),
        ("close", {}, 1.0, 1.0000002, False),
        ("close", {"max_ulp_difference": 3}, 1.0, 1.0000004, True),
        ("close", {"max_ulp_difference": 3}, 1.0, 1.0000005, False),
        ("close", {"max_ulp_difference": 5, "min_ulp_difference": 2}, 1.0, 1.0000001, False),
        ("close", {"max_ulp_difference": FAR, "min_ulp_difference": FAR}, INF, 0.0, True),
        ("close", {"max_ulp_difference": -1, "min_ulp_difference": -1}, INF, NAN, True),
        ("close", {"max_ulp_difference": 3}, INF, NAN, False),
    ],
)
def test_what_a_check_means(op, attrs, got, want, holds):
    wrong = compare(f"check.expect_{op}", attrs, f32(got), f32(want))
    assert (wrong == "") is holds, wrong


def test_integers_and_booleans_must_be_equal():
    for op in ("eq", "almost_eq", "close"):
        a, b = np.array([1, 2], np.int8), np.array([1, 3], np.int8)
        assert compare(f"check.expect_{op}", {}, a, a) == ""
        assert "[1] got 2, expected 3" in compare(f"check.expect_{op}", {}, a, b)
        assert compare(f"check.expect_{op}_const", {}, a > 0, b > 2) != ""


def test_the_first_wrong_element_is_named():
    got = f32(1, 2, 3, 4).reshape(2, 2)
    want = f32(1, 2, 3.0000005, 5).reshape(2, 2)
    text = compare("check.expect_close", {"max_ulp_difference": 1}, got, want)
    assert text == (
        "check.expect_close: [1, 0] got 3.0, expected 3.0000005, 2 ULPs (2 of 4 elements)"
    )


def test_another_type_or_shape_fails():
    assert "int32[2]" in compare("check.expect_eq", {}, np.zeros(2, np.int32), f32(0, 0))
    assert "float32[3]" in compare("check.expect_eq", {}, f32(0, 0), f32(0, 0, 0))


def test_no_elements_are_always_right():
    assert compare("check.expect_close", {}, f32(), f32()) == ""
