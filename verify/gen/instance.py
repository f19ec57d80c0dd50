"""Instances of a rule's left side, and the graphs they are."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.build import Builder
from compiler.errors import AssayError, ConstraintError
from compiler.ir import Graph, TensorType
from compiler.rules.plant import plant
from compiler.rules.term import Term
from verify.gen.draft import tensor

MAX_RANK, MAX_SIZE = 4, 200
# What rules and constructors raise on values that do not fit each other.
WRONG = (ValueError, IndexError, KeyError, TypeError, AssertionError, ArithmeticError)


class Unfit(Exception):
    """The choices made so far do not lead to a well-typed instance."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A bound left side: the term, the types of its tensor variables, and whether the rule's guard
    holds.
    """

    lhs: Term
    leaves: dict[str, TensorType]
    holds: bool


def build(lhs: Term, leaves: dict[str, TensorType]) -> Graph:
    """The graph of a bound left side, its variables as parameters; Unfit if it is ill-typed."""
    builder = Builder(tuple(leaves.values()))
    try:
        root = plant(lhs, builder, {name: i for i, name in enumerate(leaves)})
    except (AssayError, ConstraintError, *WRONG) as e:
        raise Unfit(str(e)) from None
    if any(t.rank > MAX_RANK or t.size > MAX_SIZE for t in builder.types):
        raise Unfit("too large")
    nodes = [n._replace(types=tuple(tensor(*t) for t in n.types)) for n in builder.nodes]
    return Graph(builder.params, tuple(nodes), (root,))


def says_little(graph: Graph) -> bool:
    """Whether a value is empty, or none has more than one element: the wrong element can hardly
    be taken from it.
    """
    sizes = [t.size for t in graph.types]
    return 0 in sizes or max(sizes) < 2
