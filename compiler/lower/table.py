"""The registry of lowerings: what each op means as scalar code.

One file a family fills :data:`LOWERINGS`. Entries are looked up at run time, so that a wrapper put
in the table takes effect at once. There are three kinds of entries:

* most ops, ``value(scope, node, index) -> int``: the scalar instruction that is the element of the
  node's result at ``index``, composed from the elements of its operands
  (:class:`compiler.lower.scope.Scope`);
* those of :data:`NESTS`, ``nest(program, node) -> None``: append nests
  (:class:`compiler.lower.program.Lowerer`);
* those of :data:`UPDATES` have, besides, ``nest(program, node) -> bool``: append nests that change
  a copy of an operand in place, if that pays;
* those of :data:`INLINED`, ``inline(into, node, operands) -> results``: put other nodes in place of
  this one, as a call's callee (:class:`compiler.lower.call.Inliner`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from compiler.errors import UnsupportedError

Lowering = Callable[..., Any]
F = TypeVar("F", bound=Lowering)

LOWERINGS: dict[str, Lowering] = {}
UPDATES: dict[str, Lowering] = {}
NESTS = frozenset(
    {
        "reduce",
        "reduce_window",
        "dot_general",
        "convolution",
        "scatter",
        "select_and_scatter",
        "sort",
        "while",
        "if",
        "case",
        "map",
    }
)
INLINED = frozenset({"call", "composite", "optimization_barrier"})


def lowering_of(op: str) -> Lowering:
    """The entry of ``op``; UnsupportedError where there is none."""
    found = LOWERINGS.get(op)
    if found is None:
        raise UnsupportedError(f"unsupported op {op} in the compiler")
    return found


def lowering(*names: str) -> Callable[[F], F]:
    """Register a function as the lowering of the ops ``names``."""

    def register(function: F) -> F:
        for name in names:
            assert name not in LOWERINGS, name
            LOWERINGS[name] = function
        return function

    return register
