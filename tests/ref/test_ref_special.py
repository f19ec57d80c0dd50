"""Functions at arguments where a series is long or seems endless, or a library is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from verify.ref import special
from verify.ref.elementwise import float_power


@pytest.mark.parametrize(
    ("x", "q", "largest"),
    [
        (1001.0, -3.25, -0.25),
        (1002.0, -3.25, -0.25),
        (4503599627370497.0, -1.0145075518104931, -0.0145075518104931),
        (1e6, 3e5, 3e5),
    ],
)
def test_zeta_is_its_largest_terms(x: float, q: float, largest: float) -> None:
    """A huge power leaves one term of the sum; odd powers of negative numbers are negative."""
    from mpmath import mp

    got = special.value("chlo.zeta", x, q)
    wanted = -x * mp.log(abs(mp.mpf(largest)))
    assert abs(mp.log(abs(got)) - wanted) < 1e-3 * abs(wanted) + 1
    assert (got < 0) == (largest < 0 and x % 2 == 1)


def test_odd_powers_of_either_sign_cancel() -> None:
    from mpmath import mp

    assert float(special.value("chlo.zeta", 3.0, -2.5)) == pytest.approx(float(mp.zeta(3, 3.5)))


@pytest.mark.parametrize("carrier", [np.float32, np.float64, np.longdouble])
def test_powers_of_infinity(carrier: type) -> None:
    """As C17, F.10.4.4 has them, also where the platform's pow differs."""
    x = np.array([-np.inf] * 8 + [np.inf] * 3).astype(carrier)
    y = np.array([-(2.0**63), 2.0**63, -3, -2, 3, 0.5, -np.inf, 0, -1, 1, 0.5]).astype(carrier)
    with np.errstate(all="ignore"):
        got = float_power(x, y)
    wanted = np.array([0, np.inf, -0.0, 0, -np.inf, np.inf, 0, 1, 0, np.inf, np.inf])
    assert got.dtype == carrier
    assert (got == wanted).all()
    assert (np.signbit(got) == np.signbit(wanted)).all()
