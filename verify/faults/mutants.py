"""Mutation operators for rules: what is weakened or perturbed, and where the operator is from.

Each operator takes a rule and yields altered ones, as terms: no source is edited. Half of them
leave out a part of the precondition, which is the guard, the element types, the kinds of operands,
what the left side spells out, what it demands to be equal, and the contract. The others perturb the
replacement. The result shape of reshape and broadcast_in_dim is left alone: the rewriter's own type
check stops each such slip at once. So are ``single_use``, which is a matter of cost, and the
domain of :class:`~compiler.rules.term.PowerOfTwo`: without it there is no exponent.

Sources: [OLRUZ96] Offutt, Lee, Rothermel, Untch, Zapf, *An experimental determination of
sufficient mutant operators*, TOSEM 5(2), 1996 (AOR, LCR, ROR, UOI and their kin); [KO91] King,
Offutt, *A Fortran language system for mutation-based software testing*, SPE 21(7), 1991 (CRP, SVR);
[DOA14] Delamaro, Offutt, Ammann, *Designing deletion mutation operators*, ICST 2014 (ODL, VDL, CDL:
an operator, variable or constant left out); [LMNR15] Lopes, Menendez, Nagarakatte, Regehr,
*Provably correct peephole optimizations with Alive*, PLDI 2015 (of eight wrong rewrites of LLVM,
most had a precondition or attribute that was too weak).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from compiler.contract import EXACT
from compiler.dtypes import ALL
from compiler.ops import OPS
from compiler.rules.term import (
    HIGHEST,
    LOWEST,
    Const,
    Extreme,
    Idempotent,
    Invertible,
    Monoid,
    Pred,
    Rule,
    Scalar,
    Tensor,
    Term,
    Type,
    Unary,
    Varying,
)
from compiler.rules.values import (
    Axes,
    Axis,
    Blank,
    Dims,
    Direction,
    Perm,
    Vec,
    absorbing,
    le,
)
from verify.conditions import conditions, without
from verify.faults.surgery import (
    Path,
    calls,
    helper_changed,
    left_freed,
    places,
    right_changed,
    right_side,
    with_attr,
)
from verify.gen.plants import SIBLINGS

Values: TypeAlias = Mapping[str, Any]  # of a rule's variables
Change: TypeAlias = tuple[str, str, Rule]  # last part of the name, what is wrong, the altered rule


@dataclass(frozen=True, slots=True)
class Operator:
    """A way to alter a rule.

    Attributes:
        name: of the operator.
        kind: class of bug, as of :class:`verify.faults.Fault`.
        source: where it is from; see the module's docstring.
        make: yields the altered rules.
    """

    name: str
    kind: str
    source: str
    make: Callable[[Rule], Iterator[Change]]

    @property
    def on_right(self) -> bool:
        """Whether it perturbs the replacement, and not the precondition."""
        return self.make in _ON_RIGHT


# Preconditions ----------------------------------------------------------------------------------

_RELAXED: dict[type, type] = {Varying: Tensor, Invertible: Const, Idempotent: Monoid}
_KINDS: dict[str, type] = {
    "comparison_direction": Direction,
    "permutation": Perm,
    "dimensions": Dims,
    "dimension": Axis,
    "broadcast_dimensions": Axes,
    "lhs_batching_dimensions": Axes,
    "rhs_batching_dimensions": Axes,
    "lhs_contracting_dimensions": Axes,
    "rhs_contracting_dimensions": Axes,
    "start_indices": Vec,
    "limit_indices": Vec,
    "strides": Vec,
    "edge_padding_low": Vec,
    "edge_padding_high": Vec,
    "interior_padding": Vec,
    "body": Monoid,
    "dtype": Type,
}


def _conditions(rule: Rule) -> Iterator[Change]:
    count = conditions(rule)
    for k in range(count):
        yield f"without-{k + 1}", f"condition {k + 1} of {count} is not asked", without(rule, k)


def _bounds(rule: Rule) -> Iterator[Change]:
    for k in range(calls(rule, "le")):
        weak = helper_changed(rule, "le", k, lambda a, b: le(a, b + 1))
        yield "bound", f"bound {k + 1} of the guard is 1 too wide", weak
    for k in range(calls(rule, "lt")):
        yield "bound", f"strict bound {k + 1} is not strict", helper_changed(rule, "lt", k, le)


def _dtypes(rule: Rule) -> Iterator[Change]:
    if set(rule.dtypes) != set(ALL):
        yield "any-dtype", "taken for every element type", replace(rule, dtypes=ALL)


def _kinds(rule: Rule) -> Iterator[Change]:
    for name, kind in rule.variables.items():
        if kind in _RELAXED:
            relaxed = {**rule.variables, name: _RELAXED[kind]}
            words = f"{name} need not be {kind.__name__}"
            yield f"any-{name}", words, replace(rule, variables=relaxed).altered(rule.fn)


def _literals(rule: Rule) -> Iterator[Change]:
    for path, term in places(rule.pattern):
        if isinstance(term, Const) and not term.name:
            freed = left_freed(rule, path, "any", Const, lambda _, new: new)
            yield "any-constant", f"any constant is taken for {term.value}", freed
        for key, value in term.attrs:
            variable = value.variable if type(value) is Blank else ""
            named = variable or (isinstance(value, Unary) and value.op.startswith("?"))
            if key in _KINDS and not named:
                freed = left_freed(rule, path, "any", _KINDS[key], partial(_set, key))
                yield f"any-{key}", f"the {key} of {term.op} are not looked at", freed


def _repeated(rule: Rule) -> Iterator[Change]:
    """A variable that stands twice says that two things are equal."""
    seen: set[str] = set()
    for path, term in places(rule.pattern):
        for name, put in _variables(term):
            if name in seen:
                kind = rule.variables[name]
                freed = left_freed(rule, path, f"{name}_", kind, put)
                yield f"other-{name}", f"the second {name} of the left side may be another", freed
            seen.add(name)


def _variables(term: Term) -> Iterator[tuple[str, Callable[[Term, Any], Term]]]:
    """Variables that stand at a term of a pattern itself, and how to put another there."""
    if isinstance(term, Tensor | Const):
        if term.name:
            yield term.name, lambda _, new: new
        return
    if term.op.startswith("?"):
        yield term.op[1:], lambda t, new: new(*t.args)
    for key, value in term.attrs:
        variable = value.variable if type(value) is Blank else ""
        if isinstance(value, Unary) and value.op.startswith("?"):
            variable = value.op[1:]
        if variable:
            yield variable, partial(_set, key)


def _set(key: str, term: Term, value: Any) -> Term:
    return with_attr(term, key, value)


def _contracts(rule: Rule) -> Iterator[Change]:
    flags = rule.contract.flags
    if rule.contract:
        yield "no-contract", "applied as if it kept every bit", replace(rule, contract=EXACT)
    for flag in sorted(flags) if len(flags) > 1 else ():
        less = replace(rule.contract, flags=flags - {flag})
        yield f"no-{flag}", f"does not say that it needs {flag}", replace(rule, contract=less)


# Replacements -----------------------------------------------------------------------------------


@absorbing
def _inverted(p: Perm) -> Perm:
    return p.inverse()


@absorbing
def _reversed(axes: Axes) -> Axes:
    return type(axes)(axes[::-1])


@absorbing
def _lower(axes: Axes) -> Axes:
    """Each axis one lower where that is free."""
    return type(axes)(a - 1 if a > 0 and a - 1 not in axes else a for a in axes)


@absorbing
def _axis_lower(axis: int) -> Axis:
    return Axis(max(axis - 1, 0))


@absorbing
def _one_more(v: Vec) -> Vec:
    return v + 1


@absorbing
def _negated(d: str) -> Direction:
    return Direction(d).negated


@absorbing
def _swapped(d: str) -> Direction:
    return Direction(d).swapped


# Attribute: (how the name ends, what is wrong, the change).
_ATTRS: dict[str, tuple[tuple[str, str, Callable[[Any], Any]], ...]] = {
    "permutation": (("inverted", "is inverted", _inverted),),
    "dimensions": (("lower", "are one lower", _lower),),
    "dimension": (("lower", "is one lower", _axis_lower),),
    "comparison_direction": (
        ("negated", "is negated", _negated),
        ("swapped", "is swapped", _swapped),
    ),
}
_ATTRS |= {
    name: (("reversed", "are reversed", _reversed),)
    for name, kind in _KINDS.items()
    if kind is Axes
}
_ATTRS |= {
    name: (("plus-one", "are one more", _one_more),) for name, kind in _KINDS.items() if kind is Vec
}


def _attributes(rule: Rule) -> Iterator[Change]:
    for path, term in places(right_side(rule)):
        for key, _ in term.attrs:
            for label, words, change in _ATTRS.get(key, ()):
                changed = right_changed(rule, path, partial(_adjusted, key, change))
                yield f"{key}-{label}", f"{key} {words}", changed


def _adjusted(key: str, change: Callable[[Any], Any], term: Term, _: Values) -> Term:
    return with_attr(term, key, change(term.attr(key)))


def _swaps(rule: Rule) -> Iterator[Change]:
    for path, term in places(right_side(rule)):
        op, count = term.op, len(term.args)
        if count == 2 and op not in ("pad", "reduce") and not _commutes(term):
            yield "operands-swapped", "operands are swapped", _permuted(rule, path, (1, 0))
        elif op == "select":
            yield "branches-swapped", "branches are swapped", _permuted(rule, path, (0, 2, 1))
        elif op == "clamp":
            yield (
                "bounds-swapped",
                "the bounds of clamp are swapped",
                _permuted(rule, path, (2, 1, 0)),
            )


def _commutes(term: Term) -> bool:
    return term.op in OPS and "commutative" in OPS[term.op].traits


def _permuted(rule: Rule, path: Path, order: tuple[int, ...]) -> Rule:
    return right_changed(rule, path, lambda t, _: Term(t.op, [t.args[i] for i in order], t.attrs))


def _siblings(rule: Rule) -> Iterator[Change]:
    for path, term in places(right_side(rule)):
        body = dict(term.attrs).get("body")
        if term.op in SIBLINGS:
            other = SIBLINGS[term.op]
            changed = right_changed(rule, path, partial(_renamed, other))
            yield f"{term.op}-sibling", f"{other} in place of {term.op}", changed
        elif body is not None and body.op in SIBLINGS:
            other = SIBLINGS[body.op]
            changed = right_changed(rule, path, partial(_refolded, other))
            yield f"{body.op}-sibling", f"folds with {other}, not {body.op}", changed


def _renamed(op: str, term: Term, _: Values) -> Term:
    return Term(op, term.args, term.attrs)


def _refolded(op: str, term: Term, _: Values) -> Term:
    return with_attr(term, "body", Monoid(op))


def _constants(rule: Rule) -> Iterator[Change]:
    for path, term in places(right_side(rule)):
        if not isinstance(term, Const) or term.name:
            continue
        if isinstance(term.value, bool | Extreme):
            yield "constant-opposite", "the opposite constant", _revalued(rule, path, _opposite)
        else:
            yield "constant-plus-one", "a constant is off by one", _revalued(rule, path, _plus_one)
            yield "constant-negated", "a constant has the other sign", _revalued(rule, path, _minus)


def _revalued(rule: Rule, path: Path, change: Callable[[Any], Any]) -> Rule:
    def put(term: Term, _: Values) -> Term:
        assert isinstance(term, Const)
        return Const(change(term.value))

    return right_changed(rule, path, put)


def _opposite(value: bool | Extreme) -> bool | Extreme:
    if isinstance(value, Extreme):
        return LOWEST if value is HIGHEST else HIGHEST
    return not value


def _plus_one(value: Any) -> Any:
    return value + 1


def _minus(value: Any) -> Any:
    """The negative; of 0 that is -0.0."""
    return -float(value) if isinstance(value, int | float) and value == 0 else -value


def _dropped(rule: Rule) -> Iterator[Change]:
    """An op replaced by one of its operands."""
    for path, term in places(right_side(rule)):
        elementwise = term.op.startswith("?") or (
            term.op in OPS and OPS[term.op].elementwise and term.op not in ("compare", "is_finite")
        )
        if len(term.args) == 1 and (elementwise or term.op in ("transpose", "reverse")):
            yield f"no-{_plain(term)}", f"{_plain(term)} is left out", _operand(rule, path, 0)
        elif len(term.args) == 2 and elementwise:
            for k in range(2):
                words = f"only operand {k + 1} of {_plain(term)} is kept"
                yield f"{_plain(term)}-only-{k + 1}", words, _operand(rule, path, k)


def _plain(term: Term) -> str:
    return term.op.removeprefix("?")


def _operand(rule: Rule, path: Path, which: int) -> Rule:
    return right_changed(rule, path, lambda t, _: t.args[which])


def _replaced(rule: Rule) -> Iterator[Change]:
    """A variable replaced by the next one that may stand in its place."""
    for path, term in places(right_side(rule)):
        if not (isinstance(term, Tensor | Const) and term.name):
            continue
        names = [n for n, k in rule.variables.items() if _alike(k, rule.variables[term.name])]
        other = names[(names.index(term.name) + 1) % len(names)]
        if other != term.name:
            changed = right_changed(rule, path, partial(_variable, other))
            yield f"{other}-for-{term.name}", f"{other} in place of {term.name}", changed


def _variable(name: str, _: Term, values: Values) -> Term:
    found: Term = values[name]
    return found


def _alike(a: type, b: type) -> bool:
    return all(issubclass(a, kind) == issubclass(b, kind) for kind in (Scalar, Pred)) and all(
        issubclass(k, Tensor | Const) for k in (a, b)
    )


_ON_RIGHT = (_attributes, _swaps, _siblings, _constants, _dropped, _replaced)

OPERATORS: tuple[Operator, ...] = (
    Operator("condition dropped", "dropped guard", "[LMNR15], [DOA14] ODL", _conditions),
    Operator("bound widened", "off by one", "[OLRUZ96] ROR", _bounds),
    Operator("any element type", "wrong dtype", "[LMNR15]", _dtypes),
    Operator("any kind of operand", "dropped guard", "[LMNR15]", _kinds),
    Operator("any constant or attribute", "dropped guard", "[DOA14] CDL", _literals),
    Operator("equality dropped", "dropped guard", "[DOA14] VDL", _repeated),
    Operator("contract weakened", "missing contract", "[LMNR15]", _contracts),
    Operator("operands swapped", "operands swapped", "[OLRUZ96] AOR", _swaps),
    Operator("sibling op", "wrong op", "[OLRUZ96] AOR, LCR", _siblings),
    Operator("constant changed", "wrong value", "[KO91] CRP", _constants),
    Operator("attribute changed", "wrong attribute", "[KO91] CRP, [OLRUZ96] ROR", _attributes),
    Operator("op dropped", "lost op", "[DOA14] ODL", _dropped),
    Operator("variable replaced", "wrong operand", "[KO91] SVR", _replaced),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one thing wrong.

    Attributes:
        name: ``rule~what``.
        words: what is wrong.
        operator: that made it.
        rule: the altered rule.
    """

    name: str
    words: str
    operator: Operator
    rule: Rule


def mutants(rule: Rule) -> list[Mutant]:
    """All mutants of one rule, in an order that depends on the rule alone."""
    found: dict[str, Mutant] = {}
    for operator in OPERATORS:
        for label, words, altered in operator.make(rule):
            name, number = f"{rule.name}~{label}", 1
            while name in found:
                number += 1
                name = f"{rule.name}~{label}-{number}"
            found[name] = Mutant(name, words, operator, altered)
    return list(found.values())
