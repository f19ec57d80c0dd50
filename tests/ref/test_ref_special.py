"""Functions of chlo at arguments where a series is long, or seems endless."""

from __future__ import annotations

import pytest

from verify.ref import special


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
