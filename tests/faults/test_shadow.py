"""Rules that never fire since an earlier one is always applied, and proofs by cases from that."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from compiler.contract import EXACT, allow
from compiler.dtypes import ALL, F32, I1, I32, INTEGERS
from compiler.errors import AssayError
from compiler.ir import module
from compiler.pipeline import PASSES
from compiler.rewrite import Trace
from compiler.rules import RULES
from compiler.rules.greedy import indexed, rewrite_graph
from compiler.rules.ops import (
    add,
    compare,
    const,
    convert,
    multiply,
    negate,
    not_op,
    reduce,
    subtract,
    transpose,
    xor,
)
from compiler.rules.term import (
    Const,
    Monoid,
    PowerOfTwo,
    Scalar,
    Tensor,
    Type,
    Unary,
    Varying,
    make_rule,
)
from compiler.rules.values import Dims, Direction, Perm, same
from verify.faults import derived as derived_faults
from verify.faults import find
from verify.faults.cases import cases
from verify.faults.derived import altered_rule, derived, equivalence
from verify.faults.shadow import shadow, shadows
from verify.gen.chooser import RandomChooser
from verify.gen.instance import Unfit, build
from verify.gen.plants import TEMPLATES, template
from verify.gen.sample import Sampler

SELF = "logic/compare-self-true"
BY_CASES = {  # mutant: what is said of its cases
    "algebra/multiply-minus-one~any-dtype": ["i1: shadowed by algebra/multiply-one"],
    "logic/compare-self-false~any-comparison_direction": [
        f"EQ: shadowed by {SELF}",
        "NE: bit-exact",
        f"GE: shadowed by {SELF}",
        "GT: bit-exact",
        f"LE: shadowed by {SELF}",
        "LT: bit-exact",
    ],
    "logic/i1-equal-false~any-constant": [
        "false: bit-exact",
        "true: shadowed by logic/i1-equal-true",
    ],
    "logic/select-false~any-constant": ["false: bit-exact", "true: shadowed by logic/select-true"],
}
BUGS = {  # wrong where no earlier rule matches
    "convert/i1-to-number-and-back~any-comparison_direction": "convert(x) == 0",
    "logic/greater-than-self~any-comparison_direction": "x == x for floats; x < x is shadowed",
    "logic/i1-equal-false~any-comparison_direction": "x > false; 3 of 6 are shadowed",
    "logic/select-true-false~any-constant": "select(p, false, false) of two constants",
    "logic/select-false-true~any-constant-2": "select(p, false, false) of two constants",
}


def shadowing(name):
    return {case.split()[-1] for case in BY_CASES[name] if "shadowed" in case}


def disorder(name):
    """The names of all rules, those that shadow cases of the mutant last."""
    return sorted(RULES, key=lambda rule: rule in shadowing(name))


@pytest.mark.parametrize("name", BY_CASES)
def test_a_mutant_is_equivalent_where_each_case_is_right_or_shadowed(name):
    proof = equivalence(find(name))
    assert (proof.name, proof.verdict, proof.counterexample) == (name, "bit-exact", None)
    assert list(proof.notes) == [f"case {case}" for case in BY_CASES[name]]


@pytest.mark.parametrize("name", BUGS)
def test_a_case_that_is_wrong_and_not_shadowed_makes_it_a_bug(name):
    proof = equivalence(find(name))
    assert proof.verdict == "refuted"
    assert proof.counterexample is not None


@pytest.mark.parametrize("name", BY_CASES)
def test_a_rule_that_is_declared_later_shadows_nothing(name, monkeypatch):
    table = {rule: RULES[rule] for rule in disorder(name)}
    monkeypatch.setattr(derived_faults, "_RULES", table)
    assert equivalence(find(name)).verdict == "refuted"


def optimised(graph):
    """The graph after all rules, or what is wrong with it."""
    program = module(graph)
    try:
        for name in ("canonicalize", "reorder"):
            program = PASSES[name].run(program, Trace())
    except AssayError as e:
        return str(e)
    return program


@pytest.mark.parametrize("name", BY_CASES)
def test_what_is_proved_changes_no_program_until_the_table_is_in_disorder(name):
    rules = [find(name).rule, *sorted(shadowing(name))]
    graphs = [template(rule, k) for rule in rules for k in range(TEMPLATES)]
    expected = list(map(optimised, graphs))
    with find(name).install():
        assert list(map(optimised, graphs)) == expected
        with order(disorder(name)):
            assert list(map(optimised, graphs)) != expected


@contextmanager
def order(names):
    """The table of rules in another order."""
    before = dict(RULES)
    RULES.clear()
    RULES.update({name: before[name] for name in names})
    try:
        yield
    finally:
        RULES.clear()
        RULES.update(before)


def shadowed():
    """All cases of derived faults that are shadowed, with the rule that does it."""
    table = list(RULES.values())
    for fault in derived().values():
        at = table.index(RULES[fault.rule])
        for case in cases(altered_rule(fault), table[at]).values():
            earlier = shadow(case, table[:at])
            if earlier is not None:
                yield earlier, case


def instances(rule):
    """A few graphs of the rule's left side."""
    for k in range(6):
        with suppress(Unfit):
            instance = Sampler(rule, RandomChooser(k), rule.dtypes[0]).run()
            yield build(instance.lhs, instance.leaves)


def fired(graph, *rules):
    """Names of the rules that fire if these are the table; a wrong rule may make no graph."""
    trace = Trace()
    with suppress(AssayError):
        rewrite_graph(graph, indexed(rules), "", trace, lambda _: None)
    return {a.rule for a in trace.applications}


def test_a_shadowed_rule_fires_alone_and_never_behind_the_other():
    pairs = list(shadowed())
    assert len(pairs) > 30
    for earlier, case in pairs:
        later = replace(case, name="later")
        graphs = list(instances(later))
        assert graphs
        for graph in graphs:
            assert "later" in fired(graph, later)
            assert fired(graph, earlier, later) == {earlier.name}


def test_no_shipped_rule_is_dead():
    rules = list(RULES.values())
    assert not [(e.name, r.name) for k, r in enumerate(rules) for e in rules[:k] if shadows(e, r)]


def stated(make, guard=None, dtypes=ALL, contract=EXACT, single_use=False, **kinds):
    """A rule with this left side; variables are x, y: Tensor and those of other ``kinds``."""
    code = make.__code__
    names = code.co_varnames[: code.co_argcount]

    def both_sides(**values):
        term = make(**values)
        return (term, term) if guard is None else (term, term, guard(**values))

    both_sides.__annotations__ = {name: kinds.get(name, Tensor) for name in names}
    both_sides.__doc__ = "A left side."
    options = {"dtypes": dtypes, "contract": contract, "single_use": single_use}
    return make_rule("algebra/stated", both_sides, **options)


SUM = stated(lambda x, y: add(x, y))
SHADOWS = {
    "itself": (SUM, SUM),
    "a variable, an op": (
        stated(lambda x, y: subtract(x, y)),
        stated(lambda x, y: subtract(x, negate(y))),
    ),
    "any constant, one": (
        stated(lambda x, c: subtract(x, c), c=Const),
        stated(lambda x: subtract(x, const(1))),
    ),
    "the other order of operands": (
        stated(lambda x: add(const(0), x)),
        stated(lambda x: add(x, const(0))),
    ),
    "the same variable twice": (
        stated(lambda x: xor(x, x)),
        stated(lambda x: xor(x, x), dtypes=INTEGERS),
    ),
    "any direction, one": (
        stated(lambda x, y, d: compare(d, x, y), d=Direction),
        stated(lambda x: compare("LT", x, const(0))),
    ),
    "a guard that the direction decides": (
        stated(lambda x, d: compare(d, x, x), lambda x, d: d.reflexive, d=Direction),
        stated(lambda x: compare("LE", x, x)),
    ),
    "all bits set, in i1": (
        stated(lambda x: xor(x, const(-1))),
        stated(lambda x: xor(x, const(True)), dtypes=(I1,)),
    ),
    "zero, false": (
        stated(lambda x, d: reduce("or", x, d, const(0)), d=Dims),
        stated(lambda x, d: reduce("or", x, d, const(False)), d=Dims),
    ),
    "1 for -1, in i1": (
        stated(lambda x: multiply(x, const(1))),
        stated(lambda x: multiply(x, const(-1)), dtypes=(I1,)),
    ),
    "a single use in both": (
        stated(lambda x: not_op(negate(x)), single_use=True),
        stated(lambda x: not_op(negate(x)), single_use=True),
    ),
    "an op varies": (
        stated(lambda x, y: subtract(x, y), y=Varying),
        stated(lambda x, y: subtract(x, negate(y))),
    ),
}
SHADOWS_NOT = {
    "a guard": (
        stated(lambda x, y: add(x, y), lambda x, y: same(x.shape, y.shape)),
        stated(lambda x, y: add(x, y)),
    ),
    "a guard for some directions": (
        stated(lambda x, d: compare(d, x, x), lambda x, d: d.reflexive, d=Direction),
        stated(lambda x, d: compare(d, x, x), d=Direction),
    ),
    "a guard that is false": (
        stated(lambda x, d: compare(d, x, x), lambda x, d: d.reflexive, d=Direction),
        stated(lambda x: compare("LT", x, x)),
    ),
    "fewer element types": (stated(lambda x, y: add(x, y), dtypes=INTEGERS), SUM),
    "element types of another subject": (
        stated(lambda x, t: negate(convert(x, t)), dtypes=INTEGERS, t=Type),
        stated(lambda y, t, x: negate(convert(add(x, y), t)), dtypes=INTEGERS, t=Type),
    ),
    "a single use": (
        stated(lambda x: not_op(negate(x)), single_use=True),
        stated(lambda x: not_op(negate(x))),
    ),
    "another pass": (stated(lambda x, y: add(x, y), contract=allow("reassoc")), SUM),
    "a narrower pattern": (stated(lambda x, y: add(x, negate(y))), SUM),
    "one value, equal ops": (
        stated(lambda x, y: subtract(x, xor(y, y))),
        stated(lambda x, y: subtract(x, xor(negate(y), negate(y)))),
    ),
    "one value, equal constants": (
        stated(lambda x, y: subtract(x, xor(y, y))),
        stated(lambda x: subtract(x, xor(const(1), const(1)))),
    ),
    "one value, a constant variable twice": (
        stated(lambda x, y: subtract(x, xor(y, y))),
        stated(lambda x, c: subtract(x, xor(c, c)), c=Const),
    ),
    "one value, two": (
        stated(lambda x, y: subtract(x, xor(y, y))),
        stated(lambda x, y, z: subtract(x, xor(y, z))),
    ),
    "a value that varies": (
        stated(lambda x, y: subtract(x, y), y=Varying),
        stated(lambda x, y: subtract(x, y)),
    ),
    "a constant where one varies": (
        stated(lambda x, y: subtract(x, y), y=Varying),
        stated(lambda x: subtract(x, const(1))),
    ),
    "another constant": (
        stated(lambda x: multiply(x, const(1))),
        stated(lambda x: multiply(x, const(-1)), dtypes=(I1, I32)),
    ),
    "another zero of the same type": (
        stated(lambda x: add(x, const(0.0))),
        stated(lambda x: add(x, const(-0.0)), dtypes=(F32,)),
    ),
    "one constant, any": (
        stated(lambda x: subtract(x, const(1))),
        stated(lambda x, c: subtract(x, c), c=Const),
    ),
    "a power of two, any constant": (
        stated(lambda x, c: multiply(x, c), c=PowerOfTwo),
        stated(lambda x, c: multiply(x, c), c=Const),
    ),
    "one direction, any": (
        stated(lambda x, y: compare("LT", x, y)),
        stated(lambda x, y, d: compare(d, x, y), d=Direction),
    ),
    "operands that do not commute": (
        stated(lambda x, y: subtract(x, negate(y))),
        stated(lambda x, y: subtract(negate(y), x)),
    ),
    "equal attributes": (
        stated(lambda x, p: transpose(transpose(x, p), p), p=Perm),
        stated(lambda x, p, q: transpose(transpose(x, p), q), p=Perm, q=Perm),
    ),
    "a computed attribute": (
        stated(lambda x, p: transpose(transpose(x, p), p.inverse()), p=Perm),
        stated(lambda x, p: transpose(transpose(x, p), p.inverse()), p=Perm),
    ),
    "a function": (
        stated(lambda x, f: negate(f(x)), f=Unary),
        stated(lambda x, f: negate(f(x)), f=Unary),
    ),
    "any fold, one": (
        stated(lambda x, y, d, f: reduce(f, x, d, y), y=Scalar, d=Dims, f=Monoid),
        stated(lambda x, y, d: reduce("add", x, d, y), y=Scalar, d=Dims),
    ),
    "another zero, of a type that is not known": (
        stated(lambda x, d: reduce("add", x, d, const(0.0)), d=Dims),
        stated(lambda x, d: reduce("add", x, d, const(-0.0)), d=Dims),
    ),
    "false, zero": (
        stated(lambda x: subtract(x, const(False))),
        stated(lambda x: subtract(x, const(0))),
    ),
}


@pytest.mark.parametrize("name", SHADOWS)
def test_a_rule_that_matches_wherever_another_does_shadows_it(name):
    assert shadows(*SHADOWS[name])


@pytest.mark.parametrize("name", SHADOWS_NOT)
def test_a_rule_that_may_not_match_does_not_shadow(name):
    assert not shadows(*SHADOWS_NOT[name])
