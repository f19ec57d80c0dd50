"""Left-hand sides of the compiler's own rules, and near-misses of them, spliced into programs.

For each rule a fixed number of templates is made, lazily and once a process: graphs whose
parameters are the rule's tensor variables. Half of them satisfy the rule; the others miss it
narrowly: the guard does not quite hold, an operand is swapped, a constant, axis, direction or dtype
is another. Planting a template only connects it to values of the program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from zlib import crc32

from compiler.dtypes import ALL
from compiler.ir import Graph, TensorType
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
_STRIDE = 5  # from one turn of a rule to the next: all kinds of templates are soon seen
_TRIES = 150
_INDEPENDENT = 20  # tries before vectors are made alike, as some guards want them
_MISSES = 30  # tries for a near-miss: many rules have no guard that could fail
_NUDGES = 8
# For each op another one of the same types that is easily taken for it.
SIBLINGS = {
    "add": "subtract",
    "subtract": "add",
    "multiply": "divide",
    "divide": "multiply",
    "maximum": "minimum",
    "minimum": "maximum",
    "and": "or",
    "or": "and",
    "xor": "or",
    "exponential": "exponential_minus_one",
    "exponential_minus_one": "exponential",
    "log": "log_plus_one",
    "log_plus_one": "log",
    "sqrt": "rsqrt",
    "rsqrt": "sqrt",
    "logistic": "tanh",
    "negate": "abs",
    "shift_left": "shift_right_logical",
    "shift_right_logical": "shift_right_arithmetic",
    "shift_right_arithmetic": "shift_right_logical",
    "remainder": "divide",
}
_CONSTANTS = (0, 1, -1, 2, 3, 0.5, -0.0, 7)


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
    """Template ``index`` of a rule: an instance (even numbers) or a near-miss (odd ones). Of these
    every other one is an instance with one thing on the left side changed (3, 7, ...); in the rest
    the rule's guard (often just not) or dtypes do not hold, if there is any that could.
    """
    chooser = RandomChooser(program_seed(crc32(name.encode()), index))
    fallback: Graph | None = None
    outside = index % 4 == 1
    for attempt, (instance, holds) in enumerate(_instances(name, chooser, outside)):
        if fallback and index % 2 and attempt >= _MISSES:
            break
        wanted = holds is not outside
        if fallback and not wanted:
            continue
        altered = index % 4 == 3 or (outside and holds)
        try:
            if altered:
                graph = build(*_missed(instance, chooser))
            else:
                graph = build(instance.lhs, instance.leaves)
        except Unfit:
            continue
        if wanted and not (_says_little(graph) and chooser.below(8)):
            return graph
        fallback = fallback or graph
    return fallback or Graph((), (), ())


def _says_little(graph: Graph) -> bool:
    """Whether a value is empty, or none has more than one element: the wrong element can hardly
    be taken from it.
    """
    sizes = [t.size for t in graph.types]
    return 0 in sizes or max(sizes) < 2


def _instances(name: str, chooser: Chooser, outside: bool) -> Iterator[tuple[Instance, bool]]:
    """Instances of a rule, and whether it holds for them, until somebody is content; ``outside``:
    also neighbours that its guard just excludes, and dtypes for which it does not hold.
    """
    rule = _RULES[name]
    others = [d for d in ALL if d not in rule.dtypes]
    for attempt in range(_TRIES):
        dtypes = others if outside and others and chooser.below(2) else rule.dtypes
        dtype = dtypes[chooser.below(len(dtypes))]
        sampler = Sampler(rule, chooser, dtype, alike=attempt >= _INDEPENDENT)
        try:
            instance = sampler.run()
        except Unfit:
            continue
        if outside and chooser.below(2):
            if not instance.holds:
                continue
            instance = _just_outside(sampler, chooser) or instance
        yield instance, instance.holds and dtypes is rule.dtypes


def _just_outside(sampler: Sampler, chooser: Chooser) -> Instance | None:
    """An instance next to a sampled one that the rule's guard excludes: one variable is nudged."""
    bound = {n: v for n, v in sampler.bound.items() if isinstance(v, Vec | Axes | Axis | Perm)}
    names = tuple(bound)
    if not names or len(sampler.rule.fn(**sampler.bound)) == 2:  # no guard to break
        return None
    for _ in range(_NUDGES):
        name = names[chooser.below(len(names))]
        try:
            instance = sampler.instance({name: _nudged(bound[name], chooser)})
        except Unfit:
            continue
        if not instance.holds:
            return instance
    return None


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
    if k == 1 and term.op in SIBLINGS:
        return Term(SIBLINGS[term.op], term.args, term.attrs)
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
    if isinstance(value, Perm | Axes) and len(value) > 1 and (type(value) is Perm or below(2)):
        entries, i = list(value), below(len(value))
        j = (i + 1 + below(len(value) - 1)) % len(value)
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
