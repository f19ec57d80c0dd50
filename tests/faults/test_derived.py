"""Derived faults: each rule is altered in one place, and what is no bug is shown to be none."""

from __future__ import annotations

import pytest

from compiler.dtypes import F32, I32
from compiler.errors import InputError
from compiler.rules import RULES
from compiler.rules.term import Tensor
from compiler.rules.values import Shape, Vec
from verify.conditions import conditions, without
from verify.faults import activate, find
from verify.faults.derived import EQUIVALENT, altered_rule, derived, equivalence, left_out
from verify.faults.mutants import OPERATORS, mutants

X = Tensor("x", Shape((5, 3)), F32)
SLICE = {"x": X, "lo": Vec((0, 0)), "hi": Vec((5, 3)), "step": Vec((1, 1))}
TWICE = (
    {"x": X}
    | {name: Vec(v) for name, v in zip("absc", [(1, 0), (5, 3), (2, 1), (0, 1)], strict=True)}
    | {"d": Vec((2, 2)), "t": Vec((1, 1))}
)


def test_names_are_found_and_others_refused():
    for name, fault in derived().items():
        assert find(name) is fault
        assert (fault.name, fault.rule) == (name, name.partition("~")[0])
        assert fault.source
    with pytest.raises(InputError, match="no fault"):
        find("layout/slice-slice~no-such-change")


def test_names_and_order_do_not_change_with_a_fault_switched_on():
    before = [m.name for r in RULES.values() for m in mutants(r)]
    with activate("layout/slice-slice~start_indices-plus-one"):
        assert list(derived()) == [n for n in before if n not in left_out()]


def test_every_operator_has_faults_and_almost_every_rule():
    made = [m for r in RULES.values() for m in mutants(r) if m.name in derived()]
    rules = {m.rule.name for m in made}
    assert len(rules) > 0.95 * len(RULES)
    assert "logic/not-not" not in rules  # x -> x, for each element type that has the op
    assert {m.operator.name for m in made} == {o.name for o in OPERATORS}


def test_a_derived_fault_alters_its_rule_and_is_gone_after_the_block():
    before = dict(RULES)
    for name, fault in derived().items():
        with activate(name):
            assert [r for r in RULES if RULES[r] is not before[r]] == [fault.rule]
        assert before == RULES


@pytest.mark.parametrize(
    ("name", "count"),
    [("slice-identity", 3), ("reverse-nothing", 1), ("slice-slice", 0), ("pad-pad", 4)],
)
def test_conditions_are_counted(name, count):
    rule = RULES[f"layout/{name}"]
    assert conditions(rule) == count
    labels = [n for n in derived() if n.startswith(f"{rule.name}~without-")]
    assert len(labels) == count


def test_one_condition_is_left_out_and_no_other():
    rule = RULES["layout/slice-identity"]  # start 0, limit the size, stride 1
    wrong = {"lo": Vec((1, 0)), "hi": Vec((4, 3)), "step": Vec((2, 1))}
    for k, name in enumerate(wrong):
        values = SLICE | {name: wrong[name]}
        assert rule.instantiate(values)[2] is False
        holds = [without(rule, j).instantiate(values)[2] for j in range(3)]
        assert holds == [j == k for j in range(3)]
        assert without(rule).instantiate(values)[2] is True


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("start_indices-plus-one", "slice(x, start_indices=(2, 2), limit_indices=(5, 2), "),
        ("limit_indices-plus-one", "slice(x, start_indices=(1, 1), limit_indices=(6, 3), "),
    ],
)
def test_an_attribute_is_off_by_one(name, right):
    rule = altered_rule(find(f"layout/slice-slice~{name}"))
    assert repr(rule.instantiate(TWICE)[1]).startswith(right)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("algebra/negate-subtract~operands-swapped", "subtract(x, y)"),
        ("algebra/negate-subtract~subtract-sibling", "add(y, x)"),
        ("algebra/negate-subtract~subtract-only-2", "x"),
        ("algebra/negate-subtract~y-for-x", "subtract(y, y)"),
        ("logic/not-of-negate~constant-negated", "subtract(x, const(-1))"),
        ("logic/not-of-negate~constant-plus-one", "subtract(x, const(2))"),
        ("logic/and-not-not~no-not", "or(x, y)"),
    ],
)
def test_a_right_side_is_perturbed(name, right):
    values = {n: Tensor(n, Shape((2,)), I32) for n in "xy"}
    rule = altered_rule(find(name))
    assert repr(rule.instantiate({n: values[n] for n in rule.variables})[1]) == right


def test_a_left_side_is_set_free():
    pattern = altered_rule(find("algebra/subtract-self~other-x")).pattern
    assert repr(pattern) == "subtract(x, x_)"
    pattern = altered_rule(find("algebra/multiply-one~any-constant")).pattern
    assert repr(pattern) == "multiply(x, any)"


def test_what_is_left_out_has_a_reason():
    reasons = left_out()
    assert reasons["algebra/power-two~multiply-only-2"].startswith("the same as algebra/power-two~")
    assert reasons["logic/not-equal-float~comparison_direction-swapped"] == (
        "the same as the rule itself"
    )
    assert reasons["algebra/shift-left-zero~any-dtype"] == "no other element type matches"
    assert not reasons.keys() & derived().keys()


VERDICTS = {
    "layout/pad-pad~without-3": "bit-exact",  # an outer pad may crop after all
    "reduce/float-sum-of-negate~any-dtype": "bit-exact",
    "reassoc/add-constants~add-sibling-2": "refuted",
    "layout/slice-slice~start_indices-plus-one": "refuted",
    "layout/slice-identity~without-2": "refuted",
    "algebra/subtract-self~any-dtype": "refuted",
    "algebra/unsigned-remainder-power-of-two~any-dtype": "refuted",  # signed ones round to 0
    "reassoc/factor-difference~any-dtype": "bit-exact",  # integers; for floats it is the rule
    "reduce/integer-reduce-reduce~add-sibling": "refuted",
    "reassoc/divide-by-constant~any-c": "unknown",  # the inverse of a subnormal is infinite
    "algebra/subtract-self~other-x": "refuted",
    "reassoc/add-zero~no-contract": "refuted",
    "reassoc/add-multiple~no-nsz": "refuted",
    "reassoc/exponential-minus-one~no-nsz": "refuted",
    "reduce/float-sum-of-negate~no-nsz": "refuted",
    "reassoc/divide-divide~no-arcp": "unknown",  # the reals do not know one flag from another
    "reassoc/add-of-subtract~no-ninf": "unknown",
    "dot/transposed-lhs~lhs_batching_dimensions-reversed": "refuted",
}


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_equivalence_is_a_matter_of_proof(name):
    proof = equivalence(find(name))
    assert (proof.name, proof.verdict) == (name, VERDICTS[name])


def test_a_right_rule_that_runs_in_circles_is_a_bug():
    proof = equivalence(find("logic/compare-constant-left~any-x"))
    assert (proof.verdict, proof.notes[-1]) == (
        "unknown",
        "right as a rule, but rewriting goes in circles",
    )


@pytest.mark.parametrize(
    "name",
    [
        "reduce/idempotent-reduce-reduce~other-f",  # two ops to fold with, which may differ
        "dot/integer-scaled-lhs~without-1",  # products that wrap before they are widened
        "dot/integer-scaled-rhs~without-1",
        "dot/negate-both~without-1",
    ],
)
def test_a_proof_for_one_of_a_kind_says_nothing_of_two(name):
    assert equivalence(find(name)).verdict not in EQUIVALENT
