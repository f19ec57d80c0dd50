"""A program is counted once, its runs by the set of inputs."""

from __future__ import annotations

import pytest

from verify.examine import Examination
from verify.fuzz.stats import Stats, total, verdict
from verify.oracle import Verdict


def run(name, kind):
    return name, Examination(Verdict(kind, ()))


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        (("identical", "unstable", "allowed"), "unstable"),
        (("unsupported", "identical"), "identical"),
        (("unsupported", "unsupported"), "unsupported"),
        (("explained", "crash", "violation"), "crash"),
    ],
)
def test_a_program_has_the_worst_verdict_of_its_runs(kinds, wanted):
    assert verdict(kinds) == wanted


def test_runs_are_counted_by_set_and_add_up_over_the_store():
    chunk = Stats()
    chunk.examined([run("exact", "identical"), run("wide", "violation")])
    chunk.examined([run("exact", "identical"), run("special", "allowed")])
    chunk.examined([run("", "unsupported")])
    found = total([chunk.to_json(), chunk.to_json()])
    assert found.programs == 6
    assert found.verdicts == {"violation": 2, "allowed": 2, "unsupported": 2}
    assert found.sets == {
        "exact": {"identical": 4},
        "wide": {"violation": 2},
        "special": {"allowed": 2},
    }
