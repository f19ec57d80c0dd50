"""Real StableHLO that nobody here wrote: all of it that keeps to the op table parses and prints
back.

The suites lie beside the checkout (``ASSAY_SUITES``, default ``../shared/suites``); without them
these tests are skipped.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from compiler.errors import AssayError, UnsupportedError, VerifyError
from compiler.text import parse, print_module

SUITES = Path(os.environ.get("ASSAY_SUITES", Path(__file__).parents[2] / "../shared/suites"))
pytestmark = pytest.mark.skipif(not SUITES.is_dir(), reason=f"no suites at {SUITES} (ASSAY_SUITES)")


def files(*patterns: str) -> list[Path]:
    return sorted(p for pattern in patterns for p in SUITES.glob(pattern))


def cases(tiers: str) -> list[Path]:
    """The texts of some tiers of the StableHLO suite that are there."""
    with (SUITES / "stablehlo/INDEX.tsv").open() as table:
        rows = [r for r in csv.DictReader(table, delimiter="\t") if r["tier"] in tiers]
    return [p for r in rows if (p := SUITES / "stablehlo" / r["file"]).exists()]


@pytest.mark.parametrize("tier", ["A", "C", "D", "jax_programs", "jax_library"])
def test_parses_and_prints_back(tier: str) -> None:
    wrong = []
    for path in cases(tier) if len(tier) == 1 else files(f"{tier}/*.mlir"):
        try:
            module = parse(path.read_text(), path.name, checks=True)
        except AssayError as e:
            wrong.append(f"{type(e).__name__} {e}")
            continue
        printed = print_module(module)
        again = parse(printed, path.name, checks=True)
        if set(again.functions) != set(module.functions) or print_module(again) != printed:
            wrong.append(f"{path.name}: does not print back")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("tier", "BO")
def test_parses_and_prints_back_or_is_refused_by_name(tier: str) -> None:
    for path in cases(tier):
        try:
            module = parse(path.read_text(), path.name, checks=True)
        except UnsupportedError as e:
            assert re.match(r"unsupported (op|type|element type) ", e.message)  # noqa: PT017
            continue
        except VerifyError as e:  # upstream's verifier does not look at compare_type
            assert e.message.startswith("compare: (C3)")  # noqa: PT017
            continue
        printed = print_module(module)
        assert print_module(parse(printed, path.name, checks=True)) == printed


def test_bad_programs_are_refused_at_the_right_line() -> None:
    """Upstream's negative tests, each rejected by jaxlib too: none is accepted; the line agrees."""
    lines: Counter[bool] = Counter()
    accepted, elsewhere = [], []
    with (SUITES / "stablehlo/INDEX.tsv").open() as table:
        rows = [r for r in csv.DictReader(table, delimiter="\t") if r["tier"] == "N"]
    for row in rows:
        path = SUITES / "stablehlo" / row["file"]
        if not path.exists():
            continue
        try:
            parse(path.read_text(), path.name)
            accepted.append(path.name)
        except AssayError as e:
            wanted = {int(n) for n in re.findall(r"[0-9]+", row["error_lines"])}
            there = e.where is not None and e.where.line in wanted
            lines[there] += 1
            if not there:
                elsewhere.append(str(e))
    assert not accepted
    assert lines[True] >= 0.95 * lines.total(), "\n".join(elsewhere)


def test_what_is_outside_is_refused_by_name() -> None:
    for path in files("stablehlo/refuse/*.mlir"):
        for chunk in path.read_text().split("// -----"):
            try:
                parse(chunk, path.name, checks=True)
            except UnsupportedError as e:
                known = r"unsupported (op|type|element type|attribute|function|control)"
                assert re.match(known, e.message)  # noqa: PT017
                assert e.where is not None  # noqa: PT017
