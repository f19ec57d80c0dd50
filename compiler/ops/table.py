"""The op table: one row an op. Structure is declared here once; meaning stands in the columns of
other packages.

Parser, printer, checker, builder, hash and test parametrisation are derived from the rows. A row
never says what an op
computes: ``compiler/lower``, ``verify/ref``, ``verify/bounds``, ``verify/smt`` and ``verify/gen``
    say it independently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from compiler.dtypes import DType
from compiler.errors import ConstraintError
from compiler.ir import Graph, TensorType

Types: TypeAlias = tuple[TensorType, ...]


@dataclass(frozen=True, slots=True)
class Sig:
    """What a type rule sees of one op.

    Attributes:
        operands: operand types.
        attrs: attributes by name.
        regions: nested graphs.
        results: the declared result types, or ``None`` when they are to be inferred.
        callee: types of a function of the module, or ``None`` if there is no such function.
    """

    operands: Types
    attrs: dict[str, Any]
    regions: tuple[Graph, ...] = ()
    results: Types | None = None
    callee: Callable[[str], tuple[Types, Types] | None] = field(default=lambda _name: None)

    def declared(self) -> TensorType:
        """The declared type of the only result, for ops whose result cannot be inferred."""
        if self.results is None or len(self.results) != 1:
            raise ConstraintError("", "needs exactly one stated result type")
        return self.results[0]


TypeRule: TypeAlias = Callable[[Sig], Types]


@dataclass(frozen=True, slots=True)
class Attr:
    """An attribute of an op.

    Attributes: name: the specification's name. kind: ``i64``, ``i64s`` (vector), ``str``, ``enum``,
        ``literal``, ``symbol``, ``bool`` or ``dict``. default: value when absent; ``REQUIRED`` if
        it must be given. choices: allowed values of an ``enum``.
    """

    name: str
    kind: str
    default: Any = "<required>"
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether the attribute has no default."""
        return bool(self.default == "<required>")


@dataclass(frozen=True, slots=True)
class Op:
    """One row.

    Attributes: name: StableHLO name without dialect prefix. family: name of the file that holds the
        op in every column. operands: operand names; a last name with ``*`` is variadic. rule: type
        rule; returns the result types, raises ``ConstraintError``. attrs: attribute schema in
        printing order. dtypes: dtypes allowed for the first operand (for ops without operands: for
        the result). regions: number of regions. result: the specification's constraint that fixes
        the result's type. traits: of ``elementwise`` (one scalar function applied per element),
        ``commutative``, ``layout`` (moves elements only), ``transcendental`` (accuracy is
        implementation-defined), ``exact`` (float result is correctly rounded).
    """

    name: str
    family: str
    operands: tuple[str, ...]
    rule: TypeRule = field(repr=False)
    attrs: tuple[Attr, ...] = ()
    dtypes: tuple[DType, ...] = ()
    regions: int = 0
    traits: frozenset[str] = frozenset()
    result: str = "C1"

    def attr(self, name: str) -> Attr | None:
        """The attribute ``name``, or ``None``."""
        for a in self.attrs:
            if a.name == name:
                return a
        return None

    @property
    def variadic(self) -> bool:
        """Whether the last operand may repeat."""
        return bool(self.operands) and self.operands[-1].endswith("*")

    @property
    def elementwise(self) -> bool:
        """Whether one scalar function is applied to every element."""
        return "elementwise" in self.traits


OPS: dict[str, Op] = {}


def define(
    name: str,
    family: str,
    operands: Sequence[str],
    rule: TypeRule,
    *,
    attrs: Sequence[Attr] = (),
    dtypes: Sequence[DType] = (),
    regions: int = 0,
    traits: str = "",
    result: str = "C1",
) -> Op:
    """Add a row to the table and return it."""
    op = Op(
        name,
        family,
        tuple(operands),
        rule,
        tuple(attrs),
        tuple(dtypes),
        regions,
        frozenset(traits.split()),
        result,
    )
    assert name not in OPS, name
    OPS[name] = op
    return op


def require(condition: bool, number: str, message: str, *values: object) -> None:
    """Raise ``ConstraintError(number, message)`` unless ``condition`` holds.

    ``values`` fill the braces of ``message``, as in logging: spelled only when it is raised.
    """
    if not condition:
        shown = [list(v) if type(v) is tuple else v for v in values]
        raise ConstraintError(number, message.format(*shown) if values else message)
