"""Mutation operators that perturb the replacement of a rule; see :mod:`verify.faults.mutants`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from compiler.ops import OPS
from compiler.rules.term import (
    HIGHEST,
    LOWEST,
    Const,
    Extreme,
    Monoid,
    Pred,
    Rule,
    Scalar,
    Tensor,
    Term,
)
from compiler.rules.values import Axes, Axis, Direction, Perm, Vec, absorbing
from verify.faults.surgery import Change, Values, right_changed, right_side
from verify.faults.weaken import KINDS
from verify.gen.misses import SIBLINGS
from verify.places import Path, places, with_attr


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
    name: (("reversed", "are reversed", _reversed),) for name, kind in KINDS.items() if kind is Axes
}
_ATTRS |= {
    name: (("plus-one", "are one more", _one_more),) for name, kind in KINDS.items() if kind is Vec
}


def attributes_changed(rule: Rule) -> Iterator[Change]:
    """An attribute off by one, inverted, reversed or negated."""
    for path, term in places(right_side(rule)):
        for key, _ in term.attrs:
            for label, words, change in _ATTRS.get(key, ()):
                changed = right_changed(rule, path, partial(_adjusted, key, change))
                yield f"{key}-{label}", f"{key} {words}", changed


def _adjusted(key: str, change: Callable[[Any], Any], term: Term, _: Values) -> Term:
    return with_attr(term, key, change(term.attr(key)))


def operands_swapped(rule: Rule) -> Iterator[Change]:
    """Operands of an op that does not commute, branches, bounds."""
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


_OTHER_FOLD = {op: SIBLINGS[op] for op in Monoid.choices if SIBLINGS[op] in Monoid.choices} | {
    "add": "multiply",
    "multiply": "add",
}


def ops_replaced(rule: Rule) -> Iterator[Change]:
    """Another op of the same types."""
    for path, term in places(right_side(rule)):
        body = dict(term.attrs).get("body")
        if term.op in SIBLINGS:
            other = SIBLINGS[term.op]
            changed = right_changed(rule, path, partial(_renamed, other))
            yield f"{term.op}-sibling", f"{other} in place of {term.op}", changed
        elif body is not None and body.op in _OTHER_FOLD:
            other = _OTHER_FOLD[body.op]
            changed = right_changed(rule, path, partial(_refolded, other))
            yield f"{body.op}-sibling", f"folds with {other}, not {body.op}", changed


def _renamed(op: str, term: Term, _: Values) -> Term:
    return Term(op, term.args, term.attrs)


def _refolded(op: str, term: Term, _: Values) -> Term:
    return with_attr(term, "body", Monoid(op))


def constants_changed(rule: Rule) -> Iterator[Change]:
    """A constant off by one, of the other sign, or the opposite."""
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


def ops_dropped(rule: Rule) -> Iterator[Change]:
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


def variables_replaced(rule: Rule) -> Iterator[Change]:
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
