"""Faults switch on and off again, and what they break is found."""

from __future__ import annotations

import re

import pytest

from compiler.errors import InputError
from compiler.lower import LOWERINGS
from compiler.ops import OPS
from compiler.pipeline import PASSES
from compiler.rules import RULES
from verify.faults import FAULTS, activate


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
    assert len(FAULTS) >= 130
    assert len({f.kind for f in FAULTS.values()}) >= 12


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
