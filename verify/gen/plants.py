"""Left-hand sides of the compiler's own rules, and near-misses of them, spliced into programs.

For each rule a fixed number of templates is made, lazily and once a process: graphs whose
parameters are the rule's tensor variables. Half of them satisfy the rule; the others miss it
narrowly: the guard does not hold, an operand is swapped, a constant, axis, direction or dtype is
    another. Planting a template only connects it to values of the program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from zlib import crc32

from compiler.dtypes import ALL
from compiler.ir import Graph
from compiler.ops import OPS
from compiler.rules import RULES
from compiler.rules.term import Const, Invertible, Monoid, PowerOfTwo, Tensor, Term
from compiler.rules.values import Axes, Axis, Direction, Perm, Vec
from verify.gen.chooser import Chooser, RandomChooser, program_seed
from verify.gen.draft import Draft
from verify.gen.sample import Instance, Sampler, Unfit, build

# The rules as declared: a program must not depend on a fault that is switched on later.
_RULES = dict(RULES)
NAMES = tuple(sorted(_RULES))
TEMPLATES = 48  # of a rule; every other one is a near-miss
_TRIES = 150
_VIOLATION_TRIES = 30
_SIBLINGS = {
    "add": "subtract",
    "subtract": "add",
    "multiply": "divide",
    "divide": "multiply",
    "maximum": "minimum",
    "minimum": "maximum",
    "and": "or",
    "or": "and",
    "exponential": "exponential_minus_one",
    "log": "log_plus_one",
    "sqrt": "rsqrt",
    "negate": "abs",
    "shift_left": "shift_right_logical",
    "shift_right_logical": "shift_right_arithmetic",
    "remainder": "divide",
}
_CONSTANTS = (0, 1, -1, 2, 3, 0.5, -0.0, 7)


def plant(draft: Draft) -> None:
    """Append a template of some rule: its parameters become values of the draft, some of them made
    on the spot.
    """
    below = draft.below
    splice(draft, template(NAMES[below(len(NAMES))], below(TEMPLATES)))


def splice(draft: Draft, graph: Graph) -> int:
    """Append ``graph`` (without captures) with operands from the draft; returns its result."""
    below = draft.below
    number = []
    for t in graph.params:
        v = draft.like(t)
        if (
            below(4) == 3
        ):  # a producer in front, so that the pattern does not always stand at the inputs
            v = (
                draft.add("reverse", (v,), (("dimensions", ()),), t)
                if t.dtype.kind == "bool"
                else _produce(draft, v)
            )
        number.append(v)
    for op, operands, attrs, types, regions, _ in graph.nodes:
        first = draft.add_many(op, tuple([number[v] for v in operands]), attrs, types, regions)
        number.extend(range(first, first + len(types)))
    return number[graph.results[-1]]


def _produce(draft: Draft, v: int) -> int:
    t = draft.types[v]
    op = ("add", "maximum", "multiply", "minimum")[draft.below(4)]
    return draft.add(op, (v, draft.like(t)), (), t)


@lru_cache(maxsize=1 << 15)
def template(name: str, index: int) -> Graph:
    """Template ``index`` of a rule: an instance (even numbers) or a near-miss (odd ones), every
    other of these one for which the rule's guard or dtypes do not hold, if there is any.
    """
    chooser = RandomChooser(program_seed(crc32(name.encode()), index))
    fallback: Graph | None = None
    instances = _instances(name, chooser, odd=bool(index % 2))
    for attempt, (instance, holds) in enumerate(instances):
        try:
            if index % 2 == 0:
                graph = build(instance.lhs, instance.leaves)
                if holds:
                    return graph
            elif index % 4 == 1:
                if not holds:
                    return build(instance.lhs, instance.leaves)
                graph = fallback or build(*_missed(instance, chooser))
            else:
                return build(*_missed(instance, chooser))
        except Unfit:
            continue
        fallback = fallback or graph
        if index % 2 and attempt >= _VIOLATION_TRIES:
            break
    return fallback or Graph((), (), ())


def _instances(name: str, chooser: Chooser, odd: bool) -> Iterator[tuple[Instance, bool]]:
    """Instances of a rule, and whether it holds for them, until somebody is content; for
    near-misses also of dtypes for which it does not hold.
    """
    rule = _RULES[name]
    others = [d for d in ALL if d not in rule.dtypes]
    for _ in range(_TRIES):
        dtypes = others if odd and others and chooser.below(2) else rule.dtypes
        try:
            instance = Sampler(rule, chooser, dtypes[chooser.below(len(dtypes))]).run()
        except Unfit:
            continue
        yield instance, instance.holds and dtypes is rule.dtypes


def _missed(instance: Instance, chooser: Chooser) -> tuple[Term, dict[str, Any]]:
    """The instance with one thing changed; one whose guard does not hold mostly stays as it is."""
    if not instance.holds and chooser.below(4):
        return instance.lhs, instance.leaves
    every = list(instance.lhs.walk())
    counts = Counter(map(id, every))
    # A variable that stands once, and a constant that may be any, match whatever is put there.
    terms = [t for t in every if not _free(t) or counts[id(t)] > 1]
    leaves = dict(instance.leaves)
    for start in range(3 * len(terms)):
        victim = terms[(start + chooser.below(len(terms))) % len(terms)]
        changed = _changed(victim, leaves, chooser)
        if changed is not victim:
            return _replaced(instance.lhs, victim, changed), leaves
    return instance.lhs, leaves


def _free(term: Term) -> bool:
    if isinstance(term, Const):
        return bool(term.name) and not isinstance(term, PowerOfTwo | Invertible)
    return isinstance(term, Tensor)


def _replaced(term: Term, victim: Term, changed: Term) -> Term:
    """``term`` with the first occurrence of the object ``victim`` exchanged, if there is any."""
    if term is victim:
        return changed
    for i, arg in enumerate(term.args):
        new = _replaced(arg, victim, changed)
        if new is not arg:
            return Term(term.op, (*term.args[:i], new, *term.args[i + 1 :]), term.attrs)
    return term


def _changed(term: Term, leaves: dict[str, Any], chooser: Chooser) -> Term:
    """A near relative of one term; the term itself where there is none."""
    below = chooser.below
    if isinstance(term, Const):
        value = _CONSTANTS[below(len(_CONSTANTS))]
        return Const(value, term.name, term.shape, term.dtype)
    if isinstance(term, Tensor):
        twin = f"{term.name}'"
        leaves[twin] = leaves[term.name]
        return type(term)(twin, term.shape, term.dtype)
    k = below(3)
    if k == 0 and len(term.args) == 2 and "commutative" not in OPS[term.op].traits:
        return Term(term.op, term.args[::-1], term.attrs)
    if k == 1 and term.op in _SIBLINGS:
        return Term(_SIBLINGS[term.op], term.args, term.attrs)
    if term.attrs:
        at = below(len(term.attrs))
        attrs = list(term.attrs)
        attrs[at] = (attrs[at][0], _nudged(attrs[at][1], chooser))
        return Term(term.op, term.args, tuple(attrs))
    return term


def _nudged(value: Any, chooser: Chooser) -> Any:
    """An attribute value next to ``value``: two entries swapped, one changed by 1, another axis or
    direction.
    """
    below = chooser.below
    if isinstance(value, Perm | Axes) and len(value) > 1 and below(2):
        i, j = below(len(value)), below(len(value))
        entries = list(value)
        entries[i], entries[j] = entries[j], entries[i]
        return type(value)(entries)
    if isinstance(value, Axes):
        rest = [d for d in range(4) if d not in value]
        entries = list(value)
        if entries and rest and below(2):
            entries[below(len(entries))] = rest[below(len(rest))]
        elif entries and below(2):
            entries.pop(below(len(entries)))
        elif rest:
            entries.append(rest[0])
        return type(value)(sorted(entries))
    if isinstance(value, Vec) and value:
        return value.put(below(len(value)), value[below(len(value))] + (1, -1)[below(2)])
    if isinstance(value, Direction):
        return Direction(Direction.choices[below(6)])
    if isinstance(value, Axis):
        return Axis(max(value + (1, -1)[below(2)], 0))
    if isinstance(value, Monoid):
        return Monoid(Monoid.choices[below(len(Monoid.choices))])
    if value in ALL:
        return ALL[below(len(ALL))]
    return value
