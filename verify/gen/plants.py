"""Left-hand sides of the compiler's own rules, and near-misses of them, spliced into programs.

For each rule a fixed number of templates is made, lazily and once a process: graphs whose
parameters are the rule's tensor variables. Half of them satisfy the rule; the others miss it
narrowly, in one of the ways of :mod:`verify.gen.misses`. Planting a template only connects it to
values of the program.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from zlib import crc32

from compiler.ir import Graph, TensorType
from compiler.rules import RULES
from compiler.rules.term import Rule
from verify.gen.chooser import Chooser, RandomChooser, program_seed
from verify.gen.draft import Draft
from verify.gen.instance import Unfit, build, says_little
from verify.gen.misses import near_miss, ways
from verify.gen.sample import Sampler

# The rules as declared: a program must not depend on a fault that is switched on later.
_RULES = dict(RULES)
NAMES = tuple(sorted(_RULES))
TEMPLATES = 48  # of a rule; every other one is a near-miss
_STRIDE = 5  # from one turn of a rule to the next: all kinds of templates are soon seen
_TRIES = 150
_INDEPENDENT = 20  # tries before vectors are made alike, as some guards want them
_OTHER_WAYS = 8  # to miss a rule that are tried where one gives nothing


def plant(draft: Draft) -> None:
    """Append a template of some rule: its parameters become values of the draft, some of them made
    on the spot. The rules whose turn it is come first.
    """
    below, turns = draft.below, draft.library.turns
    if turns:
        again, at = divmod(turns.pop(), len(NAMES))
        splice(draft, template(NAMES[at], (again * _STRIDE + at) % TEMPLATES))
    else:
        splice(draft, template(NAMES[below(len(NAMES))], below(TEMPLATES)))


def splice(draft: Draft, graph: Graph) -> int:
    """Append ``graph`` (without captures) with operands from the draft; returns its result."""
    number = [_operand(draft, t) for t in graph.params]
    for op, operands, attrs, types, regions, _ in graph.nodes:
        first = draft.add_many(op, tuple([number[v] for v in operands]), attrs, types, regions)
        number.extend(range(first, first + len(types)))
    return number[graph.results[-1]]


def _operand(draft: Draft, t: TensorType) -> int:
    """A value for a template's parameter. Of those that a program holds many are constants or
    broadcasts, which hide where an element goes: so it is often a parameter of the program's own;
    and sometimes a producer's result, so that the pattern does not always stand at the inputs.
    """
    k = draft.below(6)
    if 1 < k < 5 and len(draft.params) < draft.most_params:
        return draft.param(t)
    v = draft.like(t)
    if k < 5:
        return v
    if t.dtype.kind == "bool":
        return draft.add("reverse", (v,), (("dimensions", ()),), t)
    return _produce(draft, v)


def _produce(draft: Draft, v: int) -> int:
    t = draft.types[v]
    op = ("add", "maximum", "multiply", "minimum")[draft.below(4)]
    return draft.add(op, (v, draft.like(t)), (), t)


@lru_cache(maxsize=1 << 15)
def template(name: str, index: int) -> Graph:
    """Template ``index`` of a rule: an instance (even numbers), or a near-miss, whose kinds take
    turns; an instance where the rule cannot be missed.
    """
    rule = _RULES[name]
    chooser = RandomChooser(program_seed(crc32(name.encode()), index))
    kinds = ways(rule) if index % 2 else ()
    for turn in range(min(len(kinds), _OTHER_WAYS)):
        with suppress(Unfit):
            return near_miss(rule, kinds[(index // 2 + turn) % len(kinds)], chooser)
    return _instance(rule, chooser)


def _instance(rule: Rule, chooser: Chooser) -> Graph:
    """A left side to which the rule applies, one with elements to mix up if there is any."""
    fallback = Graph((), (), ())
    for attempt in range(_TRIES):
        dtype = rule.dtypes[chooser.below(len(rule.dtypes))]
        try:
            instance = Sampler(rule, chooser, dtype, alike=attempt >= _INDEPENDENT).run()
            graph = build(instance.lhs, instance.leaves)
        except Unfit:
            continue
        if instance.holds and not (says_little(graph) and chooser.below(8)):
            return graph
        if instance.holds or not fallback.results:
            fallback = graph
    return fallback
