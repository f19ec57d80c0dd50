"""Failures that do not come back: the page and the exit code say so."""

import numpy as np
import pytest

from compiler.errors import UnsteadyError
from compiler.text import parse
from verify.case import Case
from verify.examine import Examination
from verify.isolation import isolate as isolation
from verify.isolation.bisect import Guilty
from verify.isolation.isolate import isolate, isolate_any
from verify.isolation.repro import explain
from verify.oracle import IDENTICAL, Verdict

TEXT = """
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = stablehlo.tanh %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}
"""


@pytest.fixture
def case():
    return Case(parse(TEXT), (np.ones(3, np.float32),), level=1)


@pytest.fixture
def flaky(monkeypatch):
    """Fails the first ``n`` times, and never again; the code generator is blamed."""

    def fails(n):
        left = iter([Examination(Verdict("violation", ()))] * n)
        sound = Examination(Verdict("identical", (IDENTICAL,)))
        monkeypatch.setattr(isolation, "examine", lambda *_: next(left, sound))
        blamed = Guilty("codegen", "tanh", before="same", after="same")
        monkeypatch.setattr(isolation, "bisect", lambda *_: blamed)

    return fails


def test_a_failure_that_is_gone_is_inconclusive(case, flaky):
    flaky(0)
    assert isolate(case) is None
    with pytest.raises(UnsteadyError) as e:
        isolate_any(case, "")
    assert e.value.exit_code == 3


def test_a_failure_that_goes_while_it_is_reduced_is_nondeterministic(case, flaky):
    flaky(1)
    finding = isolate(case, budget=3)
    assert finding is not None
    assert finding.examination.kind == finding.case.meta["kind"] == "nondeterministic"
    page = explain(finding)["README.md"]
    assert "different bits from run to run" in page.splitlines()[0]
    assert "identical" not in page


def test_no_difference_is_shown_where_the_module_did_not_change(case, flaky):
    flaky(100)
    finding = isolate(case, budget=3)
    assert finding is not None
    assert "before (-) and after" not in explain(finding)["README.md"]
