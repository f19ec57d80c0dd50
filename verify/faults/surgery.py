"""Cuts into rules: a term of either side exchanged, a part of the left side set free.

A rule is a function that returns terms, the same ones for every binding but for their attributes.
So a place in them is a path, found once in the pattern, and an altered rule is a function that
calls the original one and exchanges what stands at the path. No source is edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from itertools import count
from typing import Any, TypeAlias

from compiler.rules.term import Rewrite, Rule, Term, blank
from verify.conditions import rebound
from verify.places import Path, exchanged

Values: TypeAlias = Mapping[str, Any]  # of a rule's variables
Change: TypeAlias = tuple[str, str, Rule]  # last part of the name, what is wrong, the altered rule


def right_side(rule: Rule) -> Term:
    """The right side with blanks for attributes, as ``rule.pattern`` is the left one."""
    return rule.fn(**{name: blank(name, kind) for name, kind in rule.variables.items()})[1]


def right_changed(rule: Rule, path: Path, change: Callable[[Term, Values], Term]) -> Rule:
    """The rule with ``change(term, values of the variables)`` at a place of its right side."""
    fn = rule.fn

    @wraps(fn)
    def altered(**values: Any) -> Rewrite:
        lhs, rhs, *guard = fn(**values)
        new: Any = (lhs, exchanged(rhs, path, lambda t: change(t, values)), *guard)
        return new  # type: ignore[no-any-return]

    return rule.altered(altered)


def left_freed(
    rule: Rule, path: Path, name: str, kind: type, put: Callable[[Term, Any], Term]
) -> Rule:
    """The rule with a new variable on its left side: ``put(term, variable)`` stands at ``path``."""
    fn = rule.fn

    @wraps(fn)
    def altered(**values: Any) -> Rewrite:
        new = values.pop(name)
        lhs, *rest = fn(**values)
        out: Any = (exchanged(lhs, path, lambda t: put(t, new)), *rest)
        return out  # type: ignore[no-any-return]

    return replace(rule, variables={**rule.variables, name: kind}).altered(altered)


def helper_changed(rule: Rule, helper: str, which: int, other: Callable[..., Any]) -> Rule:
    """The rule with ``other`` in place of its call number ``which`` of a global helper."""
    fn = rule.fn
    original = fn.__globals__[helper]

    @wraps(fn)
    def altered(**values: Any) -> Rewrite:
        numbers = count()

        def called(*args: Any) -> Any:
            return (other if next(numbers) == which else original)(*args)

        out: Rewrite = rebound(fn, **{helper: called})(**values)
        return out

    return rule.altered(altered)


def calls(rule: Rule, helper: str) -> int:
    """How often the rule's function calls a global helper."""
    if helper not in rule.fn.__code__.co_names:
        return 0
    numbers = count()
    original = rule.fn.__globals__[helper]

    def called(*args: Any) -> Any:
        next(numbers)
        return original(*args)

    fn = rebound(rule.fn, **{helper: called})
    fn(**{name: blank(name, kind) for name, kind in rule.variables.items()})
    return next(numbers)
