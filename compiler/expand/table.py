"""The registry of expansions; entries are looked up at run time, as those of lowerings are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from compiler.ir import Node

if TYPE_CHECKING:
    from compiler.expand.emit import Emit, Value

Expansion: TypeAlias = "Callable[[Emit, Node, Sequence[Value]], Value | Sequence[Value]]"
F = TypeVar("F", bound="Expansion")

EXPANSIONS: dict[str, Expansion] = {}


def expansion(*names: str) -> Callable[[F], F]:
    """Register a function as the expansion of the ops ``names``.

    It takes (emit, node, operands) and gives the value of the result, or one value a result. The
    node's operands, captures and regions are those of the new graph.
    """

    def register(made: F) -> F:
        for name in names:
            assert name not in EXPANSIONS, name
            EXPANSIONS[name] = made
        return made

    return register
