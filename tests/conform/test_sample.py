"""A fixed sample of StableHLO's own tests, on the reference and the compiler.

The suites lie beside the checkout (``ASSAY_SUITES``, default ``../shared/suites``); without them
these tests are skipped. ``make conform`` runs all cases.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from verify.conform.report import failures
from verify.conform.run import Run
from verify.conform.suite import CHECKED, NEGATIVE, find

SUITES = Path(os.environ.get("ASSAY_SUITES", Path(__file__).parents[2] / "../shared/suites"))
EACH = 2  # cases an op
# These expect 4 and 7 ULPs from what cosh and sinh are, further than they allow themselves.
KNOWN = {"testdata/cosh_float32_20_20_chlo.mlir", "testdata/sinh_float32_20_20_chlo.mlir"}

pytestmark = pytest.mark.skipif(not SUITES.is_dir(), reason=f"no suites at {SUITES} (ASSAY_SUITES)")


def sample():
    """The first cases of each op, and every tenth of those that are to be rejected or refused."""
    seen: Counter[str] = Counter()
    rest: Counter[str] = Counter()
    for case in find(SUITES / "stablehlo"):
        if case.kind == CHECKED and case.tier != "X":
            if any(seen[op] < EACH for op in case.ops):
                seen.update(case.ops)
                yield case
        else:
            rest[case.tier] += 1
            if rest[case.tier] % 10 == 1:
                yield case


@pytest.mark.parametrize(
    "engines", [{"reference": (None,)}, {"compiler": (0,)}, {"compiler": (1,)}, {"compiler": (2,)}]
)
def test_the_sample_holds(engines):
    run = Run(list(sample()), engines, jobs=1)
    run.run()
    assert len(run.records) == run.count
    assert failures(r for r in run.records if r.case.file not in KNOWN) == []


def test_invalid_cases_are_rejected_where_upstream_says():
    cases = [c for c in find(SUITES / "stablehlo") if c.kind == NEGATIVE]
    records = Run(cases, {"reference": (None,)}, jobs=1).run()
    assert failures(records) == []
    assert [r.outcome.detail for r in records if "[expected at line" in r.outcome.detail] == []
