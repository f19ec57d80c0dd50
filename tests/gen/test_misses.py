"""Near-misses of rules: one thing is off, and it is the thing that was asked for."""

from __future__ import annotations

import pytest

from compiler.check import verify_module
from compiler.errors import AssayError, ConstraintError
from compiler.ir import module
from compiler.rewrite import Trace
from compiler.rules import RULES
from compiler.rules.greedy import indexed, rewrite_graph
from verify.conditions import conditions, without
from verify.gen.chooser import RandomChooser
from verify.gen.instance import Unfit
from verify.gen.misses import Way, near_miss, ways


def fires(rule, graph):
    trace = Trace(limit=1)
    try:
        rewrite_graph(graph, indexed([rule]), "test", trace, lambda _: None)
    except (AssayError, ConstraintError, ValueError, IndexError):
        return True  # it makes what is ill-typed
    return bool(trace.applications)


def made(rule, way, count=4):
    graphs = []
    for seed in range(count):
        try:
            graphs.append(near_miss(rule, way, RandomChooser(seed)))
        except Unfit:
            continue
    return graphs


GUARDED = [
    (name, k)
    for name, rule in RULES.items()
    if not rule.single_use
    for k in range(conditions(rule))
]


def test_ways_are_read_off_the_rule():
    kinds = {(w.kind, w.what) for w in ways(RULES["layout/pad-pad"])}
    assert kinds == {
        *(("condition", k) for k in range(4)),
        ("twin", ""),
        ("attribute", "interior_padding"),
    }


@pytest.mark.parametrize("name", ["layout/pad-pad", "layout/slice-slice", "reduce/over-ones"])
def test_near_misses_are_well_formed(name):
    for way in ways(RULES[name]):
        for graph in made(RULES[name], way):
            verify_module(module(graph))


def test_just_one_condition_is_broken():
    """The rule does not fire; without the condition it would. Some conditions follow from types or
    from the other conditions: these cannot be broken alone.
    """
    broken = 0
    for name, k in GUARDED:
        graphs = made(RULES[name], Way("condition", k), 2)
        assert not any(fires(RULES[name], g) for g in graphs), name
        broken += any(fires(without(RULES[name], k), g) for g in graphs)
    assert broken > 0.8 * len(GUARDED)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("layout/concatenate-transposes", Way("attribute", "permutation", (1,))),
        ("logic/select-of-unary", Way("function", "", (2,))),
        ("reduce/float-reduce-reduce", Way("attribute", "body", ())),
        ("reduce/idempotent-reduce-reduce", Way("twin", "", (1,))),
        ("layout/concatenate-adjacent-slices", Way("twin", "", (1, 0))),
        ("reassoc/add-zero", Way("constant", "", (1,))),
    ],
)
def test_changes_of_a_left_side_miss_the_rule(name, way):
    assert way in ways(RULES[name])
    graphs = made(RULES[name], way, 8)
    assert len(graphs) >= 4
    assert not any(fires(RULES[name], g) for g in graphs)


def test_no_near_miss_is_a_hit():
    for name, rule in RULES.items():
        if not rule.single_use:
            hits = [way for way in ways(rule) if any(fires(rule, g) for g in made(rule, way, 1))]
            assert not hits, name
