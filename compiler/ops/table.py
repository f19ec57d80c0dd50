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
        captures: number of outer values that the regions use: their last parameters.
    """

    operands: Types
    attrs: dict[str, Any]
    regions: tuple[Graph, ...] = ()
    results: Types | None = None
    callee: Callable[[str], tuple[Types, Types] | None] = field(default=lambda _name: None)
    captures: int = 0

    def arguments(self, region: int = 0) -> Types:
        """The block arguments of a region, captured values left out."""
        params = self.regions[region].params
        return params[: len(params) - self.captures]

    def declared(self) -> TensorType:
        """The declared type of the only result, for ops whose result cannot be inferred."""
        if self.results is None or len(self.results) != 1:
            raise ConstraintError("", "needs exactly one stated result type")
        return self.results[0]


TypeRule: TypeAlias = Callable[[Sig], Types]
Fill: TypeAlias = Callable[[dict[str, Any]], int]

REQUIRED = "<required>"
FILLED = "<filled>"


@dataclass(frozen=True, slots=True)
class Attr:
    """An attribute of an op.

    Attributes: name: the specification's name. kind: ``i64``, ``i64s`` (vector), ``bool``,
        ``bools``, ``f32`` (a Python float), ``f64``, ``pairs`` (tuple of tuples: rows of a
        matrix), ``str``, ``enum``, ``literal``, ``symbol`` or ``dict``. default: value when
        absent; ``REQUIRED`` if it must be given, ``FILLED`` if :attr:`Op.fill` works it out.
        choices: allowed values of an ``enum``. check: raises ``ConstraintError`` for a value that
        is wrong whatever the operands are; the reader blames the attribute's own place.
    """

    name: str
    kind: str
    default: Any = REQUIRED
    choices: tuple[str, ...] = ()
    check: Callable[[Any], None] | None = field(default=None, repr=False)

    @property
    def required(self) -> bool:
        """Whether the attribute has no default."""
        return bool(self.default == REQUIRED)


@dataclass(frozen=True, slots=True)
class Op:
    """One row.

    Attributes: name: StableHLO name without dialect prefix. family: name of the file that holds the
        op in every column. operands: operand names; a last name with ``*`` is variadic. rule: type
        rule; returns the result types, raises ``ConstraintError``. attrs: attribute schema in
        printing order. dtypes: dtypes allowed for the first operand (for ops without operands: for
        the result). regions: number of regions; -1 is any
        number from 1. result: the specification's constraint that fixes
        the result's type. traits: of ``elementwise`` (one scalar function applied per element),
        ``commutative``, ``layout`` (moves elements only), ``transcendental`` (accuracy is
        implementation-defined), ``exact`` (float result is correctly rounded). rank: for
        ops on windows, the number of window dimensions that the given attributes say:
        :meth:`fill` completes the others with it. narrow: types of
        :data:`compiler.dtypes.NARROW` that it takes beside ``dtypes``; an op without ``dtypes``
        takes every type.
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
    rank: Fill | None = None
    narrow: tuple[DType, ...] = ()

    def attr(self, name: str) -> Attr | None:
        """The attribute ``name``, or ``None``."""
        for a in self.attrs:
            if a.name == name:
                return a
        return None

    def fill(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Replace every ``FILLED`` by what it stands for, so that equal ops are equal nodes."""
        if self.rank is None or FILLED not in attrs.values():
            return attrs
        n = self.rank(attrs)
        neutral = {"i64s": 1, "bools": False, "pairs": (0, 0)}
        kinds = {a.name: a.kind for a in self.attrs}
        return {k: (neutral[kinds[k]],) * n if v == FILLED else v for k, v in attrs.items()}

    @property
    def variadic(self) -> bool:
        """Whether the last operand may repeat."""
        return bool(self.operands) and self.operands[-1].endswith("*")

    @property
    def spelling(self) -> str:
        """The name in the text, with its dialect."""
        if "." in self.name:
            return self.name
        return self.name if self.name == "call" else f"stablehlo.{self.name}"

    @property
    def elementwise(self) -> bool:
        """Whether one scalar function is applied to every element."""
        return "elementwise" in self.traits


OPS: dict[str, Op] = {}
CHECKS: dict[str, Op] = {}  # ops of test texts, which only some readers accept
TEXTUAL: dict[str, Op] = {}  # ops that a text may hold and a graph does not


def row(name: str) -> Op | None:
    """The row of an op, of a check or a textual one too; ``None`` if there is none."""
    return OPS.get(name) or CHECKS.get(name) or TEXTUAL.get(name)


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
    rank: Fill | None = None,
    narrow: Sequence[DType] = (),
    table: dict[str, Op] = OPS,
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
        rank,
        tuple(narrow),
    )
    assert name not in table, name
    table[name] = op
    return op


def require(condition: bool, number: str, message: str, *values: object) -> None:
    """Raise ``ConstraintError(number, message)`` unless ``condition`` holds.

    ``values`` fill the braces of ``message``, as in logging: spelled only when it is raised.
    """
    if not condition:
        shown = [list(v) if type(v) is tuple else v for v in values]
        raise ConstraintError(number, message.format(*shown) if values else message)
