"""Which rules never fire, since the rewriter always applies an earlier one in their place.

:class:`~compiler.rules.greedy.Greedy` tries the patterns of a root op in the order in which their
rules are declared, one rule in all orders of operands before the next rule, and applies the first
that matches. So a rule is *shadowed* by one that is declared before it, is in every pass that it is
in, and matches every node that it matches. Nor does it fire where the earlier one matched and was
refused: only the trace refuses, once its limit is reached, and from then on whatever is asked.

That the earlier rule matches wherever the later one does is decided by one-way matching of terms:
each pattern of the later rule (one for each order of operands) must be an instance of a pattern of
the earlier one, in the sense of :mod:`compiler.rules.match`:

* A tensor variable of the earlier rule fits any term; a varying one a varying one, or an op. Where
  it stands twice it asks for one value: the same variable must stand in both places, since equal
  ops, and equal constants, may be two values.
* A constant variable fits any constant; one of a bounded kind only a variable of that kind. A
  constant that is written out fits one that is written out, with the same bits in every element
  type in which it may stand.
* An attribute variable fits any attribute; one that stands twice asks for the same variable or for
  the same value. Attributes that are computed and variables for functions count as fitting nothing.
* The guard of the earlier rule, if it has one, must be true by the directions alone that the later
  one writes out.
* The subject of the earlier rule must be that of the later one, and its element types among them.
* Where the earlier rule wants its inner ops to have a single use, so must the later one. (They are
  among the later one's inner ops.)

What cannot be decided so counts as not shadowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from compiler.dtypes import I1, DType
from compiler.passes.canonicalize import is_canonical
from compiler.passes.reorder import is_reordering
from compiler.rules.match import compile_rule
from compiler.rules.plant import UNIFORM
from compiler.rules.term import Const, Rule, Tensor, Term, Unary, Varying, blank, scalar_bytes
from compiler.rules.values import Blank, Direction

# The passes that apply rules, as they run, and whether one applies a rule.
APPLYING = {"canonicalize": is_canonical, "reorder": is_reordering}
_TRUE = Const(True)


def shadow(rule: Rule, earlier: Iterable[Rule]) -> Rule | None:
    """The first of the rules ``earlier``, all declared before ``rule``, that shadows it."""
    return next((e for e in earlier if shadows(e, rule)), None)


def shadows(earlier: Rule, later: Rule) -> bool:
    """Whether ``earlier``, which is declared before ``later``, matches wherever that does."""
    if earlier.single_use and not later.single_use:
        return False
    if any(applies(later) and not applies(earlier) for applies in APPLYING.values()):
        return False
    return all(
        any(_fits(earlier, general.term, later, special.term) for general in compile_rule(earlier))
        for special in compile_rule(later)
    )


def constant_types(rule: Rule, term: Term, i: int) -> tuple[DType, ...]:
    """Element types that a constant at operand ``i`` of ``term`` can have, where ``rule`` matches
    a pattern that holds ``term``; empty if that is not known.
    """
    if term.op == "select":
        beside = [term.args[3 - i]] if i else [_TRUE]  # both branches; the predicate
    elif term.op in UNIFORM or term.op == "compare":
        beside = [arg for k, arg in enumerate(term.args) if k != i]
    else:
        beside = []
    if any(isinstance(b, Const) and isinstance(b.value, bool) for b in beside):
        return (I1,)  # the matcher takes true and false for nothing else
    return rule.dtypes if any(_is_called(b, rule.subject) for b in beside) else ()


def _fits(earlier: Rule, general: Term, later: Rule, special: Term) -> bool:
    """Whether all that ``earlier`` asks of a node with the pattern ``general`` holds where
    ``special``, a pattern of ``later``, matched.
    """
    bound: dict[str, Any] = {}
    return (
        _covers(general, special, later, bound)
        and _is_called(bound[earlier.subject], later.subject)
        and set(later.dtypes) <= set(earlier.dtypes)
        and _guard_holds(earlier, bound)
    )


def _guard_holds(rule: Rule, bound: dict[str, Any]) -> bool:
    """Whether the guard is true whatever is bound to variables that are no known directions."""
    known = {n: Direction(v) for n, v in bound.items() if isinstance(v, str)}
    values = {n: known.get(n, blank(n, kind)) for n, kind in rule.variables.items()}
    return rule.instantiate(values)[2] is True


def _covers(general: Term, special: Term, later: Rule, bound: dict[str, Any]) -> bool:
    """Whether ``special`` is an instance of ``general``; binds the variables of that to what
    stands in their place.
    """
    if isinstance(general, Tensor):
        if isinstance(general, Varying) and not (isinstance(special, Varying) or special.args):
            return False
        again = general.name in bound
        return _bind(general.name, special, bound) and not (again and isinstance(special, Const))
    if isinstance(general, Const) or general.op != special.op or general.op.startswith("?"):
        return False
    have = dict(special.attrs)
    return (
        len(general.args) == len(special.args)
        and all(k in have and _covers_attribute(v, have[k], bound) for k, v in general.attrs)
        and all(
            _covers_constant(g, s, constant_types(later, special, i), bound)
            if isinstance(g, Const) and isinstance(s, Const)
            else _covers(g, s, later, bound)
            for i, (g, s) in enumerate(zip(general.args, special.args, strict=True))
        )
    )


def _covers_constant(
    general: Const, special: Const, types: Sequence[DType], bound: dict[str, Any]
) -> bool:
    if general.name:
        return type(general) in (Const, type(special)) and _bind(general.name, special, bound)
    if special.name:
        return False
    if isinstance(special.value, bool):
        types = (I1,)
    if not types or (isinstance(general.value, bool) and set(types) != {I1}):
        return repr(general.value) == repr(special.value)  # tells -0.0, 0.0, 0 and False apart
    return all(scalar_bytes(general.value, t) == scalar_bytes(special.value, t) for t in types)


def _covers_attribute(want: Any, have: Any, bound: dict[str, Any]) -> bool:
    if type(want) is Blank:
        return bool(want.variable) and _bind(want.variable, have, bound)
    if isinstance(want, Unary):
        return want == have and not want.op.startswith("?")
    return type(have) is not Blank and bool(want == have)


def _bind(name: str, what: Any, bound: dict[str, Any]) -> bool:
    """Bind a variable; if it is bound, whether ``what`` is sure to be the same."""
    if name not in bound:
        bound[name] = what
        return True
    known = bound[name]
    if isinstance(what, Tensor | Const):
        return bool(what.name) and _is_called(known, what.name)
    if type(what) is Blank:
        return bool(what.variable) and getattr(known, "variable", "") == what.variable
    return isinstance(what, str) and isinstance(known, str) and known == what


def _is_called(term: Any, name: str) -> bool:
    return isinstance(term, Tensor | Const) and term.name == name
