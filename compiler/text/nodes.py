"""Parsing what all ops have: operands, attributes of a dictionary, the finished node."""

from __future__ import annotations

from typing import Any, NoReturn

from compiler.errors import ConstraintError, UnsupportedError, VerifyError
from compiler.ir import Graph, Node
from compiler.ops.table import Op, Types
from compiler.text.attributes import AttributeReader
from compiler.text.fit import Struct, plain
from compiler.text.scope import Scope, united
from compiler.text.structs import SINGLE, STRUCT_ATTRS
from compiler.text.types import FOREIGN

Attributes = dict[str, Any]
_ANY_TYPE = frozenset(["return", "call"])
_MODES = ("DEFAULT", "HIGHEST", "TOLERANCE")


class NodeReader(AttributeReader):
    """Reads operands and attributes, and makes nodes of them.

    Result types are taken as stated; the checker judges them afterwards.
    """

    def mismatch(self, message: str, at: int) -> NoReturn:
        """Raise VerifyError at token ``at``."""
        raise VerifyError(f"{self.op}: {message}" if self.op else message, where=self.loc(at))

    # operands

    def operand(self, scope: Scope) -> int:
        """``%name`` or ``%name#1``."""
        token = self.tokens[self.at]
        name, _, index = token.partition("#")
        if token[:1] != "%" or len(name) < 2 or len(index) > 9:
            self.fail(f"expected a value such as %0, found {self.shown()}")
        value = scope.find(name, int(index or 0))
        if value is None:
            self.fail(f"{token[:80]} is not defined here")
        self.at += 1
        return value

    def operand_list(self, scope: Scope) -> list[int]:
        """``%a, %b``; a comma that no value follows is left."""
        out = [self.operand(scope)]
        while self.token == "," and self.peek()[:1] == "%":
            self.at += 1
            out.append(self.operand(scope))
        return out

    def parenthesised(self, scope: Scope) -> list[int]:
        """``(%a, %b)`` or ``()``."""
        self.expect("(")
        out = self.operand_list(scope) if self.token[:1] == "%" else []
        self.expect(")")
        return out

    def match(self, scope: Scope, operands: list[int], stated: Types, at: int) -> None:
        """Fail unless the operands have the stated types."""
        if len(operands) != len(stated):
            self.fail(f"{len(operands)} operands, but {len(stated)} types", at)
        for i, v in enumerate(operands):
            have = scope.types[v] if v >= 0 else scope.type_of(v)
            if have is not stated[i] and have != stated[i]:  # types of one text are interned
                self.mismatch(f"operand {i} has type {have}, the op states {stated[i]}", at)
        if self.foreign and self.op not in _ANY_TYPE:
            self.native("operand", stated, at)

    def native(self, what: str, types: Types, at: int) -> None:
        """Fail if one of ``types`` is no type of StableHLO."""
        for i, t in enumerate(types):
            if t in self.foreign:
                self.mismatch(f"{what} {i} has type {self.foreign[t][0]}, {FOREIGN}", at)

    # attributes and nodes

    def properties(self) -> Attributes:
        """``<{...}>`` or ``{...}``, if there is one."""
        if self.accept("<"):
            attrs = self.attr_dict()
            self.expect(">")
            return attrs
        return self.attr_dict() if self.token == "{" else {}

    def node(
        self,
        row: Op,
        operands: list[int],
        attrs: Attributes,
        extra: Attributes,
        results: Types,
        at: int,
        regions: list[tuple[Graph, Scope]] | None = None,
    ) -> Node:
        """The node.

        ``attrs`` are in the table's form already, ``extra`` as an attribute dictionary gave them.
        """
        if self.foreign and self.op not in _ANY_TYPE:
            self.native("result", results, at)
        if row.name in STRUCT_ATTRS:
            self._unfold(row, attrs, extra, at)
        full: list[tuple[str, Any]] = []
        for a in row.attrs:
            if a.name in attrs:
                full.append((a.name, attrs[a.name]))
            elif a.name in extra:
                full.append((a.name, self.fit(a, extra[a.name], at)))
            elif a.required:
                self.fail(f"attribute {a.name} is missing", at)
            else:
                full.append((a.name, a.default))
        if extra:
            self._leftover(row, attrs, extra, at)
        if row.rank is not None:
            full = list(row.fill(dict(full)).items())
        if row.regions == 0 and not regions:
            return Node(row.name, tuple(operands), tuple(full), results)
        regions = regions or []
        if len(regions) != row.regions and (row.regions >= 0 or not regions):
            wanted = "at least one region" if row.regions < 0 else f"{row.regions} regions"
            self.fail(f"takes {wanted}, not {len(regions)}", at)
        graphs, captures = united(regions)
        return Node(row.name, tuple(operands), tuple(full), results, graphs, captures)

    def check_attributes(self, row: Op, extra: Attributes, at: int) -> None:
        """Check attributes of a dictionary by themselves; errors are at ``at`` or at the struct."""
        for a in row.attrs:
            if a.check is None or a.name not in extra:
                continue
            value = extra[a.name]
            place = value.at if isinstance(value, Struct) and value.at >= 0 else at
            try:
                a.check(self.fit(a, value, place))
            except ConstraintError as e:
                self.mismatch(str(e), place)
            except UnsupportedError as e:
                raise UnsupportedError(e.message, where=self.loc(place)) from None

    def _unfold(self, row: Op, attrs: Attributes, extra: Attributes, at: int) -> None:
        """Replace dimension numbers among ``extra`` by their fields."""
        struct = STRUCT_ATTRS[row.name]
        if struct.attr in extra:
            numbers = extra.pop(struct.attr)
            if not isinstance(numbers, Struct) or numbers.name != struct.name:
                self.fail(f"{struct.attr} is no #{struct.name}<...>", at)
            for name in struct.fields:
                value = numbers.fields.get(name)
                extra[name] = (0 if name in SINGLE else ()) if value is None else value
        elif not any(name in attrs for name in struct.fields):
            self.fail(f"attribute {struct.attr} is missing", at)

    def _leftover(self, row: Op, attrs: Attributes, extra: Attributes, at: int) -> None:
        """Skip attributes of other dialects and the default accuracy; refuse the rest by name."""
        names = {a.name for a in row.attrs}
        for name, value in extra.items():
            if name in attrs:
                self.fail(f"attribute {name} is given twice", at)
            if name in names or "." in name:
                continue
            if name != "result_accuracy" or not (
                "transcendental" in row.traits or row.name == "sqrt"
            ):
                self.fail(f"has no attribute {name}", at)
            self._accuracy(row, value, at)

    def _accuracy(self, row: Op, value: Any, at: int) -> None:
        """Only the default accuracy is supported; tolerances belong to mode TOLERANCE."""
        if not isinstance(value, Struct) or value.name != "stablehlo.result_accuracy":
            self.fail("attribute result_accuracy is no #stablehlo.result_accuracy<...>", at)
        place = max(value.at, at)
        mode = value.fields.get("mode")
        word = mode.word if isinstance(mode, Struct) else ""
        if word not in _MODES:
            self.fail(f"mode of result_accuracy is none of {' '.join(_MODES)}", place)
        for name in [n for n in value.fields if n != "mode"]:
            number = plain(value.fields[name])
            if not isinstance(number, int | float) or number < 0:
                self.mismatch(f"{name} of result_accuracy is negative or no number", place)
            if number and word != "TOLERANCE":
                self.mismatch(f"result_accuracy of mode {word} must not state {name}", place)
        if word != "DEFAULT":
            self.unsupported(f"attribute result_accuracy of {row.name} (only the default)", at)
