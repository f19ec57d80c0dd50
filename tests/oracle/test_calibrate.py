"""Calibration: its arithmetic, and a small run."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from verify.calibrate import HEADINGS, Calibration, calibrate
from verify.tally import Shares, Tally


def test_quantiles_of_shares() -> None:
    shares = Shares.of(np.array([0.0, 0.1, 0.5, 1.0]), np.full(4, 2.0))
    assert shares.exact == 1
    assert shares.elements == 4
    assert shares.quantile(0.25) == 0
    assert shares.quantile(0.5) == pytest.approx(0.05, rel=0.1)
    assert shares.quantile(1) == pytest.approx(0.5, rel=0.1)
    assert shares.quantile(0.5, exact=False) == pytest.approx(0.25, rel=0.1)
    assert math.isnan(Shares().quantile(0.5))


def test_tallies_add_up() -> None:
    bounds = np.ones(3)
    a = Tally(judged=2, elements={"normal": 8}, undecided={"normal": 2}, shares=Shares(1, {-8: 1}))
    b = Tally(judged=1, elements={"normal": 2}, shares=Shares.of(bounds / 2, bounds))
    both = a + b
    assert both.judged == 3
    assert both.undecided_share("normal") == both.undecided_share() == 0.2
    assert both.shares == Shares(1, {-8: 4})
    assert both.looseness == pytest.approx(2, rel=0.1)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return calibrate(count=12, jobs=1, depths=(3, 6))


def test_an_unbroken_compiler_gives_no_alarm(calibration: Calibration) -> None:
    total = calibration.total
    assert total.programs == 24
    assert total.judged
    assert not total.failed
    assert not calibration.failing
    assert 0 < total.shares.quantile(1) <= 1
    assert 0 < total.cost < math.inf


def test_the_same_seed_gives_the_same_figures(calibration: Calibration) -> None:
    def verdicts(c: Calibration) -> list[tuple[str, ...]]:
        return [row[:-1] for row in c.rows()]  # without the cost, which is measured

    assert verdicts(calibrate(count=12, jobs=2, depths=(3, 6))) == verdicts(calibration)


def test_json_and_rows(calibration: Calibration) -> None:
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json())))
    assert again == calibration
    assert [row[0] for row in again.rows()] == ["3", "6", "all"]
    assert all(len(row) == len(HEADINGS) for row in again.rows())
