"""Places in the terms of rules: the paths to them, and what stands there exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from compiler.rules.term import Term, Unary
from compiler.rules.values import Blank

Path: TypeAlias = tuple[int, ...]


def places(term: Term, path: Path = ()) -> Iterator[tuple[Path, Term]]:
    """All terms with the paths that lead to them, outer ones first."""
    yield path, term
    for i, arg in enumerate(term.args):
        yield from places(arg, (*path, i))


def exchanged(term: Term, path: Path, change: Callable[[Term], Term]) -> Term:
    """``term`` with ``change(what stands at path)`` in that place."""
    if not path:
        return change(term)
    args = list(term.args)
    args[path[0]] = exchanged(args[path[0]], path[1:], change)
    return Term(term.op, args, term.attrs)


def with_attr(term: Term, name: str, value: Any) -> Term:
    """``term`` with one attribute exchanged."""
    return Term(term.op, term.args, tuple((k, value if k == name else v) for k, v in term.attrs))


def variable_of(value: Any) -> str:
    """The variable that an attribute of a pattern is; empty if it is written down or computed."""
    if isinstance(value, Unary):
        return value.op[1:] if value.op.startswith("?") else ""
    return value.variable if type(value) is Blank else ""
