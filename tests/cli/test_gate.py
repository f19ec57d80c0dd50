"""The gate's verdicts and reports, on steps made by hand and on a small corpus."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from compiler.text import parse
from verify.case import Case, save
from verify.gate import (
    Check,
    Gate,
    Settings,
    Step,
    corpus_step,
    junit,
    markdown,
    prove_step,
    worst,
)

ROOT = Path(__file__).parents[2]
ADD = """
func.func @main(%x: tensor<3xi8>) -> tensor<3xi8> {
  %0 = stablehlo.add %x, %x : tensor<3xi8>
  return %0 : tensor<3xi8>
}
"""


@pytest.fixture
def result():
    checks = (
        Check("good", "passed", 0.5),
        Check("bad <&>", "failed", 0.25, "line one\nline | two"),
        Check("slow", "inconclusive", 1.0, "time-out"),
    )
    steps = Step("prove", checks, 2.0, "3 rules"), Step("fuzz", checks[:1], 1.0, "a | b")
    return Gate(steps)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), "passed"),
        (("passed", "passed"), "passed"),
        (("passed", "inconclusive"), "inconclusive"),
        (("inconclusive", "failed", "passed"), "failed"),
    ],
)
def test_the_worst_verdict_counts(verdicts, expected):
    assert worst(verdicts) == expected


def test_a_step_that_checked_nothing_does_not_pass(tmp_path):
    assert corpus_step(Settings(corpus=tmp_path)).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("bit-exact", "passed"),
        ("equal-over-reals", "passed"),
        ("refuted", "failed"),
        ("unknown", "inconclusive"),
        ("some later word", "inconclusive"),
    ],
)
def test_only_a_proof_passes(monkeypatch, found, expected):
    proof = SimpleNamespace(name="a/rule", verdict=found, needs="", counterexample=None, ms=1.0)
    monkeypatch.setattr("verify.prove.prove_all", lambda jobs: [proof])
    assert prove_step(Settings()).verdict == expected


def test_junit_counts_and_escapes(result):
    root = ElementTree.fromstring(junit(result))
    assert root.tag == "testsuites"
    prove, fuzz = root
    assert (prove.get("tests"), prove.get("failures"), prove.get("skipped")) == ("3", "1", "1")
    good, bad, slow = prove
    assert len(good) == 0
    assert bad.get("name") == "bad <&>"
    assert bad[0].tag == "failure"
    assert bad[0].text == "line one\nline | two"
    assert slow[0].tag == "skipped"
    assert fuzz.get("failures") == "0"


def test_markdown_names_what_did_not_pass(result):
    text = markdown(result)
    assert text.startswith("## Gate: failed")
    assert "| fuzz | passed | 1.0 | a \\| b |" in text
    assert "**failed** `bad <&>`" in text
    assert "good" not in text


def test_corpus_replays_cases_and_reports_broken_ones(tmp_path):
    inputs = (np.array([1, 100, -128], np.int8),)
    case = Case(parse(ADD), inputs, level=1, meta={"fault": "no-such-fault"})
    save(case, tmp_path / "add")
    save(replace(case, level=0), tmp_path / "deeper" / "wrong-shape")
    np.savez(tmp_path / "deeper" / "wrong-shape" / "inputs.npz", in0=np.zeros(2, np.int8))
    step = corpus_step(Settings(corpus=tmp_path))
    assert [(c.name, c.verdict) for c in step.checks] == [
        ("add", "passed"),
        ("wrong-shape", "failed"),
    ]
    assert "shape [2]" in step.checks[1].text
    assert step.verdict == "failed"


def test_our_corpus_passes():
    step = corpus_step(Settings(corpus=ROOT / "corpus"))
    assert len(step.checks) >= 15
    assert [c for c in step.checks if c.verdict != "passed"] == []
