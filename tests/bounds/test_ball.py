"""Ball arithmetic against evaluations in the element type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.dtypes import F32
from verify.bounds.ball import FUNCTION, Ball, Setting
from verify.bounds.format import FORMATS

EPS = float(np.finfo(np.float64).eps)


def setting(*, loose: bool = False, arcp: bool = False) -> Setting:
    return Setting(FORMATS[F32], EPS, loose, arcp, FUNCTION)


def exact(s: Setting, x: Any) -> Ball:
    x = np.atleast_1d(np.asarray(x, np.float64))
    return Ball(s, x, np.zeros(x.shape))


@pytest.mark.parametrize("arcp", [False, True])
def test_a_quotient_by_way_of_a_subnormal_reciprocal(arcp: bool) -> None:
    """The reciprocal of y lies in the middle between two subnormals."""
    y = np.float32(2.0**128 * (1 - 2.0**-22))
    x = np.random.default_rng(1).uniform(2.0**99, 2.0**100, 500).astype(np.float32)
    s = setting(arcp=arcp)
    made = exact(s, x) / exact(s, y)
    got = x * (np.float32(1) / y)
    inside = np.abs(got.astype(np.float64) - made.z) <= made.e
    assert inside.all() == arcp


@pytest.mark.parametrize("loose", [False, True])
def test_factors_may_meet_in_any_order_and_underflow(loose: bool) -> None:
    """x * tiny / y, or x * (tiny / y)."""
    x, tiny, y = (np.float32(v) for v in (1e20, 1.5e-38, 1e6))
    s = setting(loose=loose)
    made = (exact(s, x) * exact(s, tiny) / exact(s, y)).settled()
    late = x * (tiny / y)
    assert bool(np.abs(float(late) - made.z[0]) <= made.e[0]) == loose


@pytest.mark.parametrize("loose", [False, True])
def test_divisors_may_be_multiplied_and_overflow(loose: bool) -> None:
    """x / y / y, or x / (y * y)."""
    s = setting(loose=loose)
    y = exact(s, 1e25)
    made = (exact(s, 1e20) / y / y).settled()
    assert np.isinf(made.e[0]) == loose
