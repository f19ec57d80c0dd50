"""What Assay prints of real StableHLO is what MLIR reads: all suites through jaxlib and back.

The suites lie beside the checkout (``ASSAY_SUITES``, default ``../shared/suites``). jaxlib may
abort, so it works in a process of its own. Every thirtieth file runs always, all of them with
``make test-slow``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.errors import AssayError
from compiler.ir import Module
from compiler.text import parse, print_module
from verify.conform import forms
from verify.targets.sandbox import Returned, Worker

pytest.importorskip("jaxlib")
SUITES = Path(os.environ.get("ASSAY_SUITES", Path(__file__).parents[2] / "../shared/suites"))
pytestmark = pytest.mark.skipif(not SUITES.is_dir(), reason=f"no suites at {SUITES} (ASSAY_SUITES)")
SAMPLE = 30


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as w:
        yield w


def programs(step: int) -> Iterator[tuple[str, Module]]:
    """The programs of every ``step``-th text that Assay reads, check ops taken out."""
    for path in sorted(SUITES.rglob("*.mlir"))[::step]:
        text = path.read_text()
        for chunk in text.split("// -----") if "refuse" in path.parts else [text]:
            try:
                module = parse(chunk, path.name, checks=True)
                found = [forms.constants(m).module for m in forms.programs(module)]
            except AssayError:
                continue
            printed = print_module(module)
            again = parse(printed, path.name, checks=True)
            assert print_module(again) == printed, path
            yield from ((str(path.relative_to(SUITES)), m) for m in found)


def disagreement(worker: Worker, module: Module) -> str:
    """What MLIR does not read as it is meant; empty if nothing."""
    for form in ("parses", "prints"):
        outcome = worker.call(f"verify.targets.xla_worker:{form}", print_module(module), timeout=60)
        if not isinstance(outcome, Returned):
            return f"{form}: {outcome}"
        try:
            back = parse(str(outcome.value))
        except AssayError as e:
            return f"{form}: Assay does not read MLIR's text: {e}"
        if set(back.functions) != set(module.functions):
            return f"{form}: read as another program"
    return ""


@pytest.mark.parametrize("step", [SAMPLE, pytest.param(1, marks=pytest.mark.slow)])
def test_mlir_reads_what_is_printed(step: int, worker: Worker) -> None:
    seen, wrong = 0, []
    for name, module in programs(step):
        seen += 1
        found = disagreement(worker, module)
        wrong += [f"{name}: {found[:600]}"] if found else []
    assert seen > 1500 / step
    assert not wrong, f"{len(wrong)} of {seen}:\n" + "\n".join(wrong[:20])
