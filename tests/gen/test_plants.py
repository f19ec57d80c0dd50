from __future__ import annotations

from collections import Counter

import pytest

from compiler.check import verify_module
from compiler.ir import Graph, module
from compiler.rewrite import Trace
from compiler.rules import RULES
from compiler.rules.greedy import RuleSet, rewrite_graph
from verify.gen import Config, RandomChooser, generate, program_seed
from verify.gen.plants import NAMES, TEMPLATES, template


def fires(name: str, graph: Graph) -> bool:
    rules = RuleSet(lambda rule: rule.name == name)
    trace = Trace()
    rewrite_graph(graph, rules.index(), "test", trace, lambda _: None)
    return bool(trace.applications)


def test_every_rule_is_planted():
    assert set(NAMES) == set(RULES)


@pytest.mark.parametrize("name", NAMES)
def test_templates_are_valid_and_fire_the_rule(name):
    graphs = [template(name, i) for i in range(TEMPLATES)]
    for graph in graphs:
        verify_module(module(graph))
        assert graph.nodes
        assert all(t.rank <= 4 for t in graph.types)
    exact = sum(fires(name, g) for g in graphs[::2])
    assert exact >= TEMPLATES // 8, "left-hand sides match the rule"
    assert len(set(graphs)) > TEMPLATES // 4, "templates differ"


def test_near_misses_mostly_miss():
    hits = [fires(n, template(n, i)) for n in NAMES for i in (1, 3, 5)]
    assert sum(hits) < len(hits) / 2


def test_guards_are_missed_on_purpose():
    """Near-misses of a guarded rule leave it by one step; here, a crop that is padded back."""

    def crops_then_pads(graph):
        inner, outer = (n for n in graph.nodes if n.op == "pad")
        edges = ("edge_padding_low", "edge_padding_high")
        return any(
            a < 0 < b for e in edges for a, b in zip(inner.attr(e), outer.attr(e), strict=True)
        )

    misses = [template("layout/pad-pad", i) for i in range(1, TEMPLATES, 2)]
    assert not any(fires("layout/pad-pad", g) for g in misses)
    assert sum(crops_then_pads(g) for g in misses) >= 3


def test_few_templates_are_empty():
    graphs = [template(n, i) for n in NAMES[::5] for i in range(TEMPLATES)]
    assert sum(any(t.size == 0 for t in g.types) for g in graphs) < len(graphs) / 10


def test_rules_take_turns(monkeypatch):
    from verify.gen import plants

    planted = Counter()

    def counted(name, index):
        planted[name] += 1
        return template(name, index)

    monkeypatch.setattr(plants, "template", counted)
    turns = 4 * len(NAMES) // 2
    for i in range(turns):
        generate(RandomChooser(program_seed(5, i)), Config(ops=30), turn=i)
    assert min(planted[n] for n in NAMES) >= 4


def test_templates_repeat():
    some = NAMES[:: len(NAMES) // 10]
    before = [template(n, 4) for n in some]
    template.cache_clear()
    assert [template(n, 4) for n in some] == before


def test_programs_do_not_depend_on_a_fault(monkeypatch):
    before = [generate(RandomChooser(i)) for i in range(50)]
    template.cache_clear()
    for name in NAMES:
        rule = RULES[name]
        monkeypatch.setitem(RULES, name, RULES[NAMES[0]] if rule.name != NAMES[0] else rule)
    assert [generate(RandomChooser(i)) for i in range(50)] == before


def test_programs_hold_plants_unless_told_otherwise():
    def fired(config):
        from compiler.passes.canonicalize import CANONICAL

        names = set()
        for i in range(150):
            for f in generate(RandomChooser(program_seed(3, i)), config).functions:
                trace = Trace()
                rewrite_graph(f.graph, CANONICAL.index(), "test", trace, lambda _: None)
                names |= {a.rule for a in trace.applications}
        return names

    assert len(fired(Config())) > 1.25 * len(fired(Config(plants=False)))
