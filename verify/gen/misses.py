"""Near-misses of a rule: all the ways to leave what it asks for by one step.

A compiler that has forgotten to ask for one thing is wrong on just those programs in which that one
thing does not hold. So the ways are listed from the rule itself: each condition of its guard, its
element types, the kinds of its variables, each constant and attribute that the left side spells out
or computes, each variable that stands twice, each op that has a sibling or operands in an order.
:mod:`verify.gen.plants` takes them in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from compiler.dtypes import ALL, DType
from compiler.ir import Graph
from compiler.ops import OPS
from compiler.rewrite import Trace
from compiler.rules.greedy import indexed, rewrite_graph
from compiler.rules.match import Pattern
from compiler.rules.term import (
    Const,
    Idempotent,
    Invertible,
    Monoid,
    PowerOfTwo,
    Rule,
    Scalar,
    Tensor,
    Term,
)
from compiler.rules.values import Axes, Axis, Direction, Perm, Vec
from verify.conditions import conditions, without
from verify.gen.chooser import Chooser
from verify.gen.instance import Instance, Unfit, build, says_little
from verify.gen.sample import BINARY, UNARY, Sampler
from verify.places import Path, exchanged, places, variable_of, with_attr

_TRIES = 60
_INDEPENDENT = 15  # tries before vectors are made alike, as some guards want them
_NUDGES = 6
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
RELAXED: dict[type, type] = {Idempotent: Monoid, Invertible: Const}
_MIXED = ("compare", "convert", "is_finite", "select")  # the result says little of the operands
_NUDGED = (Vec, Axes, Axis, Perm, DType, Tensor)
Leaves = dict[str, Any]


class Way(NamedTuple):
    """One way to miss a rule.

    Attributes:
        kind: ``condition``, ``dtype`` and ``kind`` choose other values for the variables; the rest
            are names of :data:`_CHANGES` and change the left side that an instance has.
        what: number of the condition, name of the variable or attribute.
        path: to the term of the left side that is changed.
    """

    kind: str
    what: Any = ""
    path: Path = ()


@cache
def ways(rule: Rule) -> tuple[Way, ...]:
    """All ways to miss ``rule``, those first that say most of it."""
    found = [Way("condition", k) for k in range(conditions(rule))]
    found += [Way("kind", n) for n, kind in rule.variables.items() if kind in RELAXED]
    if _others(rule):
        found.append(Way("dtype"))
    seen: set[str] = set()
    later = []
    for path, term in places(rule.pattern):
        if isinstance(term, Tensor | Const):
            if not term.name:
                found.append(Way("constant", "", path))
            elif term.name in seen:
                found.append(Way("twin", "", path))
            elif isinstance(term, PowerOfTwo):
                later.append(Way("constant", "", path))
            seen.add(term.name)
            continue
        if term.op.startswith("?"):
            if term.op[1:] in seen:
                found.append(Way("function", "", path))
            seen.add(term.op[1:])
        for name, value in term.attrs:
            variable = variable_of(value)
            if not variable or variable in seen:
                found.append(Way("attribute", name, path))
            seen.add(variable)
        if len(term.args) == 2 and _ordered(term.op):
            later.append(Way("swapped", "", path))
        if term.op in SIBLINGS:
            later.append(Way("sibling", "", path))
    return (*found, *later)


def near_miss(rule: Rule, way: Way, chooser: Chooser) -> Graph:
    """A left side of ``rule`` that misses it by ``way``; Unfit if none was found."""
    fallback = None
    for attempt in range(_TRIES):
        try:
            made = _attempt(rule, way, chooser, alike=attempt >= _INDEPENDENT)
            graph = build(*made)
        except Unfit:
            continue
        if _matches(rule, graph):  # what was changed may be any, or something else fits
            continue
        if not says_little(graph):
            return graph
        fallback = graph
    if fallback is None:
        raise Unfit(f"no near-miss of {rule.name} by {way}")
    return fallback


def _matches(rule: Rule, graph: Graph) -> bool:
    """Whether the rule is applied in the graph after all."""
    trace = Trace(limit=1)
    rewrite_graph(graph, _index(rule), "", trace, lambda _: None)
    return bool(trace.applications)


@cache
def _index(rule: Rule) -> dict[str, list[Pattern]]:
    return indexed([rule])


def _attempt(shipped: Rule, way: Way, chooser: Chooser, alike: bool) -> tuple[Term, Leaves]:
    rule = shipped
    dtype = _pick(chooser, _others(rule) if way.kind == "dtype" else rule.dtypes)
    if way.kind == "kind":
        rule = _with_kinds(rule, {way.what: RELAXED[rule.variables[way.what]]})
    elif way.kind == "condition" and chooser.below(2):  # that a value is a scalar is one, too
        rule = _with_kinds(rule, {n: Tensor for n, k in rule.variables.items() if k is Scalar})
    sampler = Sampler(rule, chooser, dtype, alike=alike)
    instance = sampler.run()
    if way.kind == "kind" and _fits(shipped.variables[way.what], sampler.bound[way.what]):
        raise Unfit(f"{way.what} is of the kind that the rule asks for")
    if way.kind == "condition":
        instance = _without_condition(sampler, instance, way.what)
    elif not instance.holds:
        raise Unfit("the guard does not hold")
    leaves = dict(instance.leaves)
    change = _CHANGES.get(way.kind)
    if change is None:
        return instance.lhs, leaves

    def changed(term: Term) -> Term:
        new = change(term, way.what, leaves, chooser)
        if repr(new) == repr(term):
            raise Unfit("nothing changed")
        return new

    return exchanged(instance.lhs, way.path, changed), leaves


def _with_kinds(rule: Rule, kinds: dict[str, type]) -> Rule:
    """The rule with variables of other kinds."""
    return replace(rule, variables={**rule.variables, **kinds}).altered(rule.fn)


def _fits(kind: type, value: Any) -> bool:
    """Whether a value of a relaxed kind is one of the stricter kind after all."""
    if issubclass(kind, Monoid):
        return value.op in kind.choices
    return Invertible.admits(value.value, value.dtype)


def _others(rule: Rule) -> tuple[DType, ...]:
    """Element types that the rule does not hold for and its outermost op may take."""
    op = OPS.get(rule.pattern.op)
    legal = op.dtypes if op is not None and op.elementwise and op.name not in _MIXED else ALL
    return tuple(d for d in ALL if d in legal and d not in rule.dtypes)


def _without_condition(sampler: Sampler, instance: Instance, which: int) -> Instance:
    """The instance, or one next to it, for which just this condition does not hold."""
    weak = without(sampler.rule, which)
    names = tuple(n for n, v in sampler.bound.items() if isinstance(v, _NUDGED))
    changes: dict[str, Any] = {}
    for _ in range(_NUDGES):
        if not instance.holds and weak.instantiate({**sampler.bound, **changes})[2] is True:
            return instance
        if not names:
            break
        name = _pick(sampler.chooser, names)
        changes = {name: nudged(sampler.bound[name], sampler.chooser)}
        instance = sampler.instance(changes)
    raise Unfit(f"condition {which + 1} was not broken alone")


# ---- changes of a left side -------------------------------------------------------------------


def _constant(term: Term, what: str, leaves: Leaves, chooser: Chooser) -> Term:
    """Another constant."""
    assert isinstance(term, Const)
    return Const(_pick(chooser, _CONSTANTS), term.name, term.shape, term.dtype)


def _twin(term: Term, what: str, leaves: Leaves, chooser: Chooser) -> Term:
    """Another value of the same type where a variable stands again."""
    if isinstance(term, Const):
        return _constant(term, what, leaves, chooser)
    assert isinstance(term, Tensor)
    name = f"{term.name}'"
    leaves[name] = leaves[term.name]
    return type(term)(name, term.shape, term.dtype)


def _function(term: Term, what: str, leaves: Leaves, chooser: Chooser) -> Term:
    """Another elementwise op where one stands again."""
    op = _pick(chooser, UNARY if len(term.args) == 1 else BINARY)
    return Term(op, term.args, term.attrs if op == term.op else ())


def _attribute(term: Term, what: str, leaves: Leaves, chooser: Chooser) -> Term:
    """Another value of an attribute."""
    return with_attr(term, what, nudged(term.attr(what), chooser))


def _swapped(term: Term, what: str, leaves: Leaves, chooser: Chooser) -> Term:
    """The operands in the other order."""
    return Term(term.op, term.args[::-1], term.attrs)


def _sibling(term: Term, what: str, leaves: Leaves, chooser: Chooser) -> Term:
    """The op that is easily taken for this one."""
    return Term(SIBLINGS[term.op], term.args, term.attrs)


_CHANGES: dict[str, Callable[[Term, str, Leaves, Chooser], Term]] = {
    "constant": _constant,
    "twin": _twin,
    "function": _function,
    "attribute": _attribute,
    "swapped": _swapped,
    "sibling": _sibling,
}


def _ordered(op: str) -> bool:
    """Whether the order of two operands of one type matters."""
    return op in OPS and "commutative" not in OPS[op].traits and op not in ("pad", "reduce")


def nudged(value: Any, chooser: Chooser) -> Any:
    """A value next to ``value``: two entries swapped, one changed by 1, another axis, direction or
    element type; ``value`` itself where there is none.
    """
    below = chooser.below
    if isinstance(value, Tensor):
        return type(value)(value.name, value.shape, _pick(chooser, ALL))
    if isinstance(value, Perm | Axes) and len(value) > 1 and (type(value) is Perm or below(2)):
        entries, i = list(value), below(len(value))
        j = (i + 1 + below(len(value) - 1)) % len(value)
        entries[i], entries[j] = entries[j], entries[i]
        return type(value)(entries)
    if isinstance(value, Axes):
        rest = [d for d in range(4) if d not in value]
        entries = list(value)
        if entries and rest and below(2):
            entries[below(len(entries))] = _pick(chooser, rest)
        elif entries and below(2):
            entries.pop(below(len(entries)))
        elif rest:
            entries.append(rest[0])
        return type(value)(sorted(entries))
    if isinstance(value, Vec) and value:
        at = below(len(value))
        return value.put(at, value[at] + (1, -1)[below(2)])
    if value in Direction.choices:
        return Direction(_pick(chooser, Direction.choices))
    if isinstance(value, Axis):
        return Axis(max(value + (1, -1)[below(2)], 0))
    if isinstance(value, Monoid):
        return Monoid(_pick(chooser, Monoid.choices))
    if value in ALL:
        return _pick(chooser, ALL)
    return value


def _pick(chooser: Chooser, choices: Any) -> Any:
    return choices[chooser.below(len(choices))]
