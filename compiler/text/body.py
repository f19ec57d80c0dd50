"""Parsing function bodies: blocks, values, ops in pretty and generic form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compiler.ir import Graph, Node, TensorType
from compiler.ops import CHECKS, OPS, TEXTUAL
from compiler.ops.dynamic import OPEN_CALLS
from compiler.ops.table import Attr, Op, Types
from compiler.text.fit import plain
from compiler.text.forms import FORMS, Field, fields
from compiler.text.lexer import FLOAT, WORD
from compiler.text.nodes import Attributes, NodeReader
from compiler.text.scope import Scope
from compiler.text.textual import settled

_RETURNS = ("return", "func.return", "stablehlo.return")
_TERMINATORS = frozenset([*_RETURNS, *(f'"{name}"' for name in _RETURNS)])
_CALLS = ("call", "func.call")
CUSTOM_CALL = "stablehlo.custom_call"
_CONFORM = "`assay conform` runs texts that check themselves"
# Custom calls that mean the same as an op of the check dialect with these attributes.
CHECK_CALLS: dict[str, Attributes] = {
    "check.expect_eq": {},
    "check.expect_almost_eq": {"tolerance": 1e-3},
    "check.expect_close": {"max_ulp_difference": 3},
}


_WITH_HYPHENS = "stablehlo.cross-replica-sum"


class _ForeignArgument(Exception):
    """A region takes what is no value of StableHLO: the fault of the op that has the region."""


class BodyReader(NodeReader):
    """Reads the ops of one text.

    ``special`` holds the readers of pretty forms that are more than a list of fields; ``returned``
    is the token of the last terminator.
    """

    special: Mapping[str, Callable[[BodyReader, Scope, Op, int], Node]] = {}

    def __init__(self, text: str, file: str, checks: bool = False, dynamic: bool = False) -> None:
        super().__init__(text, file, dynamic)
        self.checks = checks
        self._calls = {*(CHECK_CALLS if checks else ()), *(OPEN_CALLS if dynamic else ())}
        self._rows: dict[str, Op] = {}
        self.returned = 0

    # blocks

    def body(self, scope: Scope, what: str) -> Graph:
        """A block after its opening brace: ops, terminator, closing brace."""
        self.enter()
        self.block_header(scope)
        while self.token not in _TERMINATORS:
            self.op = ""
            if self.token in ("}", ""):
                self.fail(f"{what} ends without a return")
            self._statement(scope)
        graph = scope.graph(self._terminator(scope))
        if self.token[:1] == "^":
            self.unsupported("control flow between blocks")
        self.expect("}")
        self.leave()
        return graph

    def block_header(self, scope: Scope) -> None:
        """``^bb0(%a: type, ...):``, if there is one."""
        if self.token[:1] != "^":
            return
        self.at += 1
        if self.accept("("):
            for _ in self.listed(")"):
                self.block_argument(scope)
        self.expect(":")

    def block_argument(self, scope: Scope) -> None:
        """``%name: type``, perhaps with attributes and a location."""
        at = self.at
        name, t = self.typed_name()
        if not scope.param(name, t):
            self.fail(f"{name} is defined twice", at)
        if t in self.foreign and scope.parent is not None:
            raise _ForeignArgument(f"the region takes {name} of type {self.foreign[t][0]}")
        if self.token == "{":
            self.attr_dict()
        self.skip_loc()

    def typed_name(self) -> tuple[str, TensorType]:
        """``%name: type``."""
        name = self.value_name()
        self.expect(":")
        return name, self.type()

    def value_name(self) -> str:
        """``%name``."""
        token = self.token
        if token[:1] != "%" or len(token) < 2 or "#" in token:
            self.fail(f"expected a value name, found {self.shown()}")
        return self.take()

    def _terminator(self, scope: Scope) -> tuple[int, ...]:
        at = self.returned = self.at
        generic = self.take().startswith('"')
        self.op = "return"
        values: list[int] = []
        stated: Types = ()
        if generic:
            values = self.parenthesised(scope)
            self.properties()
            self.expect(":")
            stated = self.function_type().params
        else:
            if self.token == "{":
                self.attr_dict()
            if self.token[:1] == "%":
                values = self.operand_list(scope)
            if self.accept(":"):
                stated = self.type_sequence()
        self.match(scope, values, stated, at)
        self.skip_loc()
        self.op = ""
        return tuple(values)

    # one op

    def _statement(self, scope: Scope) -> None:
        """``%a, %b:2 = op`` with its location."""
        names: list[tuple[str, int, int]] = []  # name, results, token
        if self.tokens[self.at][:1] == "%":
            while not names or self.accept(","):
                at, name = self.at, self.value_name()
                names.append((name, self.integer() if self.accept(":") else 1, at))
            self.expect("=")
        at = self.at
        try:
            node = settled(self, scope, self._op(scope, at), at)
        except _ForeignArgument as e:
            self.mismatch(str(e), at)
        self.skip_loc()
        first = scope.add(node, self.loc(at))
        if names and sum([count for _, count, _ in names]) != len(node.types):
            self.fail(f"has {len(node.types)} results, not as many as are named", at)
        for name, count, place in names:
            if count < 1:
                self.fail(f"{name} names no result", place)
            if not scope.name(name, first, count):
                self.fail(f"{name} is defined twice", place)
            first += count

    def _op(self, scope: Scope, at: int) -> Node:
        token = self.take()
        if token.strip('"') == CUSTOM_CALL:
            return self._custom_call(scope, at)
        if token[:1] == '"':
            return self._generic(scope, token, at)
        return self._pretty(scope, token, at)

    def _custom_call(self, scope: Scope, at: int) -> Node:
        """``@check.expect_eq(%a, %b) {...} : types``, generic too; all others are refused.

        Where dimensions may be unknown, also those of ``OPEN_CALLS``.
        """
        target: Any = ""
        if self.token[:1] == "@":
            target = self.symbol()
        if not self._calls or (target and target not in self._calls):
            hint = _CONFORM if target in CHECK_CALLS else ""
            self.unsupported(f"op {CUSTOM_CALL} @{target}".removesuffix(" @"), at, hint)
        self.op = "custom_call"
        operands = self.parenthesised(scope)
        attrs = self.properties()
        target = target or attrs.get("call_target_name")
        if target not in self._calls:
            self.unsupported(f"op {CUSTOM_CALL} @{target}", at)
        self.expect(":")
        stated = self.function_type()
        self.match(scope, operands, stated.params, at)
        if target in OPEN_CALLS:
            kept = tuple((k, plain(v)) for k, v in attrs.items())
            return Node(str(target), tuple(operands), kept, stated.results)
        given = dict(CHECK_CALLS[target])
        return self.node(CHECKS[target], operands, given, {}, stated.results, at)

    def _row(self, name: str, at: int) -> Op:
        """The row of an op as spelled in the text; refuses what the table does not have."""
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = self._new_row(name, at)
        self.op = row.name
        return row

    def _new_row(self, name: str, at: int) -> Op:
        if name in _CALLS:
            return OPS["call"]
        if name in CHECKS:
            if not self.checks:
                self.unsupported(f"op {name}", at, _CONFORM)
            return CHECKS[name]
        if name == "arith.constant" and self.token.startswith(("dense<", "(")):
            return OPS["constant"]
        short = name.removeprefix("stablehlo.")
        row = OPS.get(short) or TEXTUAL.get(short)
        if row is None or row.spelling != name:
            if "." in name and (WORD.fullmatch(name) or name == _WITH_HYPHENS):
                self.unsupported(f"op {name}", at)
            self.at = at
            self.fail(f"expected an op, found {self.shown()}")
        return row

    def _generic(self, scope: Scope, token: str, at: int) -> Node:
        """``"stablehlo.add"(%a, %b) <{attrs}> ({regions}) {attrs} : (types) -> types``."""
        row = self._row(token.strip('"'), at)
        operands = self.parenthesised(scope)
        attrs = self.properties()
        regions: list[tuple[Graph, Scope]] = []
        if self.accept("("):
            for _ in self.listed(")"):
                self.expect("{")
                regions.append(self.region(Scope(scope), row))
        if self.token == "{":
            attrs |= self.attr_dict()
        self.check_attributes(row, attrs, at)
        if row.name == "chlo.scan":  # in the generic form sizes of segments tell inputs from inits
            attrs |= {"inputs": (attrs.pop("operandSegmentSizes", None) or (0,))[0]}
            attrs.pop("resultSegmentSizes", None)
        self.expect(":")
        stated = self.function_type()
        self.match(scope, operands, stated.params, at)
        return self.node(row, operands, {}, attrs, stated.results, at, regions)

    def region(self, scope: Scope, row: Op) -> tuple[Graph, Scope]:
        """A region after its opening brace."""
        graph = self.body(scope, f"the region of {row.name}")
        self.op = row.name
        return graph, scope

    def _pretty(self, scope: Scope, token: str, at: int) -> Node:
        row = self._row(token, at)
        special = self.special.get(row.name)
        if special is not None:
            return special(self, scope, row, at)
        if row.name not in FORMS:
            return self.finish(scope, row, self.operand_list(scope), {}, at)
        extra = self.attr_dict() if row.name == "constant" and self.token == "{" else {}
        operands, attrs = self._fields(scope, row)
        return self.finish(scope, row, operands, attrs, at, extra)

    def _fields(self, scope: Scope, row: Op) -> tuple[list[int], Attributes]:
        """The comma-separated fields of the op's form."""
        operands: list[int] = []
        attrs: Attributes = {}
        first = True
        for field in fields(row.name):
            many = field.slots[0].endswith("*")
            if many and (self.token if first else self.peek())[:1] != "%":
                if self.token == self.peek() == ",":
                    self.at += 1  # MLIR prints the comma of an empty list
                continue
            if field.optional and not self._has_field(field):
                continue
            if not first:
                self.expect(",")
            first = False
            if field.keyword:
                self.expect(field.keyword)
                self.expect("=")
            for k, slot in enumerate(field.slots):
                if k:
                    self.expect("x")
                attr = row.attr(slot)
                if attr is not None:
                    attrs[slot] = self._slot(attr)
                elif many:
                    operands += self.operand_list(scope)
                else:
                    operands.append(self.operand(scope))
        return operands, attrs

    def _has_field(self, field: Field) -> bool:
        return self.token == "," and (not field.keyword or self.peek() == field.keyword)

    def _slot(self, attr: Attr) -> Any:
        """An attribute as a pretty form spells it."""
        at = self.at
        if attr.kind == "i64s":
            return self.integers() if self.token == "[" else self.fit(attr, self.attribute(), at)
        if attr.kind == "enum":
            if not isinstance(attr.default, tuple):
                return self.fit_words(attr, [self.word(attr.name)], False, at)
            self.expect("[")
            words: list[str] = []
            for _ in self.listed("]"):
                words.append(self.word(attr.name))
            return self.fit_words(attr, words, True, at)
        if attr.kind == "dict":
            return self.fit(attr, self.struct(attr.name), at)
        if attr.kind == "bool":
            return self.fit(attr, self.attribute(), at)
        if attr.kind == "f64":
            return float(self.take()) if FLOAT.fullmatch(self.token) else self.integer()
        return self.dense() if attr.kind == "literal" else self.integer()

    def finish(
        self,
        scope: Scope,
        row: Op,
        operands: list[int],
        attrs: Attributes,
        at: int,
        extra: Attributes | None = None,
    ) -> Node:
        """The rest of a pretty op: attribute dictionary and types."""
        extra = extra or {}
        if self.token == "{":
            place = self.at
            extra |= self.attr_dict()
            self.check_attributes(row, extra, place)
        if "value" in attrs:  # a literal states the type of a constant, and of a check against one
            own: Types = (attrs["value"].type,) if row.name == "constant" else ()
            return self.node(row, operands, attrs, extra, own, at)
        self.expect(":")
        if self.token == "(":
            stated = self.function_type()
            self.match(scope, operands, stated.params, at)
            return self.node(row, operands, attrs, extra, stated.results, at)
        types = self.type_sequence()
        if self.accept("->"):
            self.match(scope, operands, types, at)
            return self.node(row, operands, attrs, extra, self.type_list(), at)
        if row.name == "select" and len(types) == 2:
            types = (*types, types[1])
        elif len(types) == 1:
            types *= max(len(operands), 1)
        self.match(scope, operands, types if operands else (), at)
        results = () if row.family == "check" else types[-1:]
        return self.node(row, operands, attrs, extra, results, at)
