"""Altered rules taken apart: one rule for each value that may stand where the shipped one is
particular.
"""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import Any

from compiler.dtypes import I1
from compiler.rules.term import Const, Rewrite, Rule
from compiler.rules.values import Direction
from verify.faults.shadow import constant_types
from verify.places import places


def cases(altered: Rule, shipped: Rule) -> dict[str, Rule]:
    """The rules that ``altered`` is all of together, or all of but what ``shipped`` says. By what
    stands in the place that was set free:

    * the element type, where it takes more of them than ``shipped``;
    * the direction of a comparison, one of six;
    * a constant that can only be an i1, ``false`` or ``true``: patterns match no constant
      without elements, or with different ones.

    Empty where nothing was set free, or what may stand there has no finite domain.
    """
    more = [d for d in altered.dtypes if d not in shipped.dtypes]
    if more:
        return {d.name: replace(altered, dtypes=(d,)) for d in more}
    freed = [name for name in altered.variables if name not in shipped.variables]
    if len(freed) != 1 or altered.subject != shipped.subject:
        return {}
    (name,) = freed
    kind = altered.variables[name]
    if kind is Direction:
        return {d: _fixed(altered, name, Direction(d)) for d in Direction.choices}
    if kind is Const and _is_i1(altered, name):
        return {str(v).lower(): _fixed(altered, name, Const(v)) for v in (False, True)}
    return {}


def _fixed(rule: Rule, name: str, value: Any) -> Rule:
    """The rule with ``value`` in place of the variable ``name``."""
    fn = rule.fn

    @wraps(fn)
    def written_out(**values: Any) -> Rewrite:
        out: Rewrite = fn(**values, **{name: value})
        return out

    kinds = {n: kind for n, kind in rule.variables.items() if n != name}
    return replace(rule, variables=kinds).altered(written_out)


def _is_i1(rule: Rule, name: str) -> bool:
    """Whether the constant called ``name`` can only be an i1."""
    found = [
        set(constant_types(rule, term, i))
        for _, term in places(rule.pattern)
        for i, arg in enumerate(term.args)
        if isinstance(arg, Const) and arg.name == name
    ]
    return found == [{I1}]
