"""Mutation operators that weaken the precondition of a rule; see :mod:`verify.faults.mutants`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from compiler.contract import EXACT
from compiler.dtypes import ALL
from compiler.rules.term import (
    Const,
    Monoid,
    Rule,
    Tensor,
    Term,
    Type,
    Varying,
)
from compiler.rules.values import Axes, Axis, Dims, Direction, Perm, Vec, le
from verify.conditions import conditions, without
from verify.faults.surgery import Change, calls, helper_changed, left_freed
from verify.gen.misses import RELAXED
from verify.places import places, variable_of, with_attr

_RELAXED: dict[type, type] = {Varying: Tensor, **RELAXED}
# Attribute: kind of the variable that may stand there.
KINDS: dict[str, type] = {
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


def conditions_dropped(rule: Rule) -> Iterator[Change]:
    """Each condition of the guard left out."""
    count = conditions(rule)
    for k in range(count):
        yield f"without-{k + 1}", f"condition {k + 1} of {count} is not asked", without(rule, k)


def bounds_widened(rule: Rule) -> Iterator[Change]:
    """Each bound of the guard 1 too wide."""
    for k in range(calls(rule, "le")):
        weak = helper_changed(rule, "le", k, lambda a, b: le(a, b + 1))
        yield "bound", f"bound {k + 1} of the guard is 1 too wide", weak
    for k in range(calls(rule, "lt")):
        yield "bound", f"strict bound {k + 1} is not strict", helper_changed(rule, "lt", k, le)


def any_dtype(rule: Rule) -> Iterator[Change]:
    """Every element type."""
    if set(rule.dtypes) != set(ALL):
        yield "any-dtype", "taken for every element type", replace(rule, dtypes=ALL)


def any_kind(rule: Rule) -> Iterator[Change]:
    """Operands of a wider kind."""
    for name, kind in rule.variables.items():
        if kind in _RELAXED:
            relaxed = {**rule.variables, name: _RELAXED[kind]}
            words = f"{name} need not be {kind.__name__}"
            yield f"any-{name}", words, replace(rule, variables=relaxed).altered(rule.fn)


def any_literal(rule: Rule) -> Iterator[Change]:
    """A constant or attribute that the left side spells out, or computes, may be any."""
    for path, term in places(rule.pattern):
        if isinstance(term, Const) and not term.name:
            freed = left_freed(rule, path, "any", Const, lambda _, new: new)
            yield "any-constant", f"any constant is taken for {term.value}", freed
        for key, value in term.attrs:
            if key in KINDS and not variable_of(value):
                freed = left_freed(rule, path, "any", KINDS[key], partial(_set, key))
                yield f"any-{key}", f"the {key} of {term.op} are not looked at", freed


def equalities_dropped(rule: Rule) -> Iterator[Change]:
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
        variable = variable_of(value)
        if variable:
            yield variable, partial(_set, key)


def _set(key: str, term: Term, value: Any) -> Term:
    return with_attr(term, key, value)


def contract_weakened(rule: Rule) -> Iterator[Change]:
    """No contract, or one flag less."""
    flags = rule.contract.flags
    if rule.contract:
        yield "no-contract", "applied as if it kept every bit", replace(rule, contract=EXACT)
    for flag in sorted(flags) if len(flags) > 1 else ():
        less = replace(rule.contract, flags=flags - {flag})
        yield f"no-{flag}", f"does not say that it needs {flag}", replace(rule, contract=less)
