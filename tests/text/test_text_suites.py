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

from compiler.dtypes import BY_NAME
from compiler.errors import AssayError, UnsupportedError
from compiler.ops import OPS
from compiler.text import parse, print_module

SUITES = Path(os.environ.get("ASSAY_SUITES", Path(__file__).parents[2] / "../shared/suites"))
CHECKS = re.compile(  # a check may run over several lines: up to where the next statement starts
    r"^\s*(?:check\.|(?:%\S+ = )?stablehlo\.custom_call @check)"
    r".*?\n(?=\s*(?:%\S+ =|func\.return|return|\}|check\.|stablehlo\.|//))",
    re.MULTILINE | re.DOTALL,
)
OP = re.compile(r'(?:= |^\s*|applies )"?([a-z_]+\.[a-z_0-9]+)"?[ (<{]', re.MULTILINE)
ELEMENT = re.compile(r"tensor<(?:[0-9?]+x)*([^<>]*[<>]?)")
INSIDE = {f"stablehlo.{op}" for op in OPS} | {"func.func", "func.call", "func.return"}
INSIDE.add("stablehlo.return")

pytestmark = pytest.mark.skipif(not SUITES.is_dir(), reason=f"no suites at {SUITES} (ASSAY_SUITES)")


def files(*patterns: str) -> list[Path]:
    return sorted(p for pattern in patterns for p in SUITES.glob(pattern))


def outside(text: str) -> set[str]:
    """Ops and element types of ``text`` that the table does not have."""
    found = set(OP.findall(text)) - INSIDE
    found |= {e.rstrip(">") for e in ELEMENT.findall(text)} - set(BY_NAME)
    return found | {"result_accuracy"} if "result_accuracy_mode<" in text else found


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        ("jax_programs/*.mlir", 5),
        ("jax_library/*.mlir", 35),
        ("stablehlo/testdata/*.mlir", 500),
        ("stablehlo/interpret/*.mlir", 150),
        ("stablehlo/math/*.mlir", 5),
    ],
)
def test_all_within_the_table_parses_and_prints_back(pattern: str, least: int) -> None:
    parsed, wrong = 0, []
    for path in files(pattern):
        text = CHECKS.sub("", path.read_text())
        foreign = outside(text)
        try:
            module = parse(text, path.name)
        except UnsupportedError as e:
            if not foreign:
                wrong.append(str(e))
            continue
        except AssayError as e:
            wrong.append(f"{type(e).__name__} {e}")
            continue
        if foreign:
            wrong.append(f"{path.name}: parsed in spite of {foreign}")
        printed = print_module(module)
        again = parse(printed, path.name)
        if set(again.functions) != set(module.functions) or print_module(again) != printed:
            wrong.append(f"{path.name}: does not print back")
        parsed += 1
    assert not wrong, "\n".join(wrong[:20])
    assert parsed >= min(least, len(files(pattern))), f"only {parsed} files parsed"


def test_bad_programs_are_refused_at_the_right_line() -> None:
    """Upstream's negative tests, each rejected by jaxlib too: none is accepted; the line agrees."""
    lines: Counter[bool] = Counter()
    accepted = []
    with (SUITES / "stablehlo/INDEX.tsv").open() as table:
        rows = [r for r in csv.DictReader(table, delimiter="\t") if r["tier"] == "N"]
    for row in rows:
        path = SUITES / "stablehlo" / row["file"]
        if not path.exists():
            continue
        try:
            parse(path.read_text(), path.name)
            accepted.append(path.name)
        except UnsupportedError:
            continue
        except AssayError as e:
            wanted = {int(n) for n in re.findall(r"[0-9]+", row["error_lines"])}
            lines[e.where is not None and e.where.line in wanted] += 1
    assert not accepted
    assert lines[True] > 3 * lines[False]


def test_what_is_outside_is_refused_by_name() -> None:
    for path in files("stablehlo/refuse/*.mlir"):
        with pytest.raises(AssayError) as e:
            parse(path.read_text(), path.name)
        assert re.search(r"unsupported (op|type|attribute|function|control)|: ", str(e.value))
