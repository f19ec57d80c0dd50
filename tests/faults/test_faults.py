"""Faults switch on and off again, and what they break is found."""

from __future__ import annotations

import json
import re

import pytest

from compiler.errors import InputError
from compiler.lower import LOWERINGS
from compiler.ops import OPS
from compiler.pipeline import PASSES
from compiler.rules import RULES
from verify.faults import FAULTS, activate
from verify.mutate import Outcome, Score, failing, judge, mutate


def _registries():
    return dict(RULES), dict(LOWERINGS), dict(PASSES)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_gone_after_the_block(name):
    before = _registries()
    with activate(name):
        pass
    after = _registries()
    assert all(a.keys() == b.keys() for a, b in zip(before, after, strict=True))
    assert all(a[k] is b[k] for a, b in zip(before, after, strict=True) for k in a)


def test_there_are_enough_kinds():
    assert len(FAULTS) >= 25
    assert len({f.kind for f in FAULTS.values()}) >= 10


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_the_blame_names_things_that_exist(name):
    fault = FAULTS[name]
    assert fault.pass_name in {*PASSES, "lower", "codegen"}
    if fault.pass_name in ("canonicalize", "reorder"):
        assert set(fault.rewrites) <= set(RULES)
    if fault.pass_name == "lower":
        named = {r for r in fault.rewrites if "/" not in r and r not in ("*", "fusion")}
        assert named <= set(OPS)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_real_bug_is_named(name):
    """A tracker with a number, or a study with its year; and what it was."""
    assert re.match(
        r"([\w.-]+/[\w.-]+#\d+|[A-Z].*, .*\b(19|20)\d\d\b|[A-Z]+-\d+)", FAULTS[name].source
    )


def test_an_unknown_fault_is_refused():
    with pytest.raises(InputError, match="no fault"), activate("no-such-fault"):
        pass


@pytest.mark.parametrize("name", ["reduce-drops-last", "pad-with-zero", "vector-tail-short"])
def test_a_fault_fails_a_program_that_is_sound_without_it(name):
    with activate(name):
        cases = (failing(FAULTS[name], 1, index) for index in range(60))
        case = next(c for c in cases if c is not None)
    assert case.meta["fault"] == name
    assert failing(FAULTS[name], 1, case.meta["program"]) is None


def test_blame_is_judged_by_pass_and_pattern():
    fault = FAULTS["cse-ignores-attributes"]
    assert judge(fault, "cse", "cse/slice") == (True, True)
    assert judge(fault, "cse", "fold/slice") == (True, False)
    assert judge(fault, "lower", "cse/slice") == (False, False)


def test_outcomes_survive_json_and_resume(tmp_path):
    state = tmp_path / "mutation.json"
    outcome = Outcome("reduce-drops-last", "off by one", True, 3, "violation", "lower", "reduce")
    state.write_text(json.dumps(Score((outcome,), 0, 10).to_json()))
    score = mutate(["reduce-drops-last"], count=10, state=state, resume=True)
    assert score.outcomes == (outcome,)
    with pytest.raises(InputError, match="was made with seed 0"):
        mutate(["reduce-drops-last"], count=10, seed=1, state=state, resume=True)
