"""The precondition of a rule, condition by condition.

A guard is built once by ``all_(...)``: each of its arguments is a condition; a guard that is no
conjunction is one condition. The rule's function is never touched: a copy of it that sees another
``all_`` leaves a condition out, for concrete values as for symbols.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

from compiler.rules.term import Rewrite, Rule, blank
from compiler.rules.values import Guard, all_


def conditions(rule: Rule) -> int:
    """How many conditions the guard has; 0 where there is no guard."""
    blanks = {name: blank(name, kind) for name, kind in rule.variables.items()}
    counts: list[int] = []

    def counting(*guards: Guard) -> Guard:
        counts.append(len(guards))
        return all_(*guards)

    if len(rebound(rule.fn, all_=counting)(**blanks)) == 2:
        return 0
    return counts[0] if counts else 1


def without(rule: Rule, which: int | None = None) -> Rule:
    """The rule with one condition left out, or without its guard.

    Args:
        which: number of the condition, from 0; ``None`` for all of them.
    """
    fn = rule.fn
    if which is None or "all_" not in fn.__code__.co_names:

        @wraps(fn)
        def unguarded(**values: Any) -> Rewrite:
            return fn(**values)[:2]

        return rule.altered(unguarded)
    at = which

    def others(*guards: Guard) -> Guard:
        return all_(*guards[:at], *guards[at + 1 :])

    return rule.altered(rebound(fn, all_=others))


def rebound(fn: Callable[..., Any], **helpers: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of a plain function that finds ``helpers`` under those global names."""
    copy = FunctionType(
        fn.__code__, {**fn.__globals__, **helpers}, fn.__name__, fn.__defaults__, fn.__closure__
    )
    return wraps(fn)(copy)
