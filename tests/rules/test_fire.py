"""Every rule fires on its left side and on nothing that only looks like it, and keeps what it
promises.
"""

from __future__ import annotations

import numpy as np
import pytest

from compiler.check import verify_module
from compiler.rules import RULES, Rule
from tests.rules.instances import (
    apply_rule,
    evaluate,
    inputs,
    instances,
    near_misses,
    program,
)
from verify.arrays import same_bits


def over(found: list[Rule]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rule", found, ids=[r.name for r in found])


rules = over(list(RULES.values()))
exact_rules = over([r for r in RULES.values() if not r.contract])
inexact_rules = over([r for r in RULES.values() if r.contract])


@rules
def test_fires_and_stays_valid(rule: Rule) -> None:
    found = instances(rule, 4, holds=True)
    assert found, "no instance of the left side"
    for made in found:
        before = program(made.lhs, made.params)
        after, trace = apply_rule(rule, before)
        assert trace.fired == {f"test:{rule.name}": sum(trace.fired.values())}
        assert trace.applications, f"did not fire on {made.lhs}"
        verify_module(after)
        assert after.main.graph.result_types == before.main.graph.result_types


@exact_rules
def test_exact_rules_keep_bits(rule: Rule) -> None:
    for k, made in enumerate(instances(rule, 12, holds=True)):
        before = program(made.lhs, made.params)
        after, _ = apply_rule(rule, before)
        xs = inputs(before.main.graph.params, k)
        (want,), (got,) = evaluate(before, xs), evaluate(after, xs)
        assert same_bits(want, got), f"{made.lhs}: {want} became {got} for {xs}"


@rules
def test_near_misses_do_not_fire(rule: Rule) -> None:
    kinds = set()
    for what, term, params in near_misses(rule):
        kinds.add(what)
        _, trace = apply_rule(rule, program(term, params))
        assert not trace.applications, f"{what}: fired on {term} with {params}"
    assert kinds, "nothing comes near the left side"


@inexact_rules
def test_contracts_are_needed(rule: Rule) -> None:
    """A rule that changed no bit on any input would not need its contract."""
    for k, made in enumerate(instances(rule, 200, holds=True)):
        before = program(made.lhs, made.params)
        after, _ = apply_rule(rule, before)
        rng = np.random.default_rng(k)
        xs = [
            x if k % 2 else rng.standard_normal(x.shape).astype(x.dtype)
            for x in inputs(before.main.graph.params, k)
        ]
        (want,), (got,) = evaluate(before, xs), evaluate(after, xs)
        if not same_bits(want, got):
            return
    pytest.fail("no input shows a difference")
