"""Attributes and types: reading MLIR's syntax, fitting it to the op table's attribute kinds,
writing it back.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from compiler.errors import ParseError
from compiler.ir import Literal, Raw, TensorType
from compiler.ops.table import Attr
from compiler.text.fit import FITS, Number, Struct, Symbol, words
from compiler.text.lexer import WORD, quote
from compiler.text.literals import LiteralError, read_dense, write_dense
from compiler.text.structs import FIELDS, read_conv
from compiler.text.types import FOREIGN, TypeReader

_NUMBER = re.compile(r"-?[0-9].*", re.DOTALL)
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)
_ALIAS = re.compile(r"#[A-Za-z_][A-Za-z0-9_$]*(?![A-Za-z0-9_$.])", re.ASCII)
_SPACE = re.compile(r"(?://[^\n]*)?\s+")
MAX_RAW = 1 << 24  # characters of an attribute that is carried as text
STRUCTS = frozenset(
    [f"#{name}" for name in FIELDS]
    + ["#chlo", "#chlo.comparison_direction", "#chlo.comparison_type", "#chlo.precision"]
    + ["#stablehlo", "#stablehlo.dot_algorithm"]
    + ["#stablehlo.result_accuracy", "#stablehlo.result_accuracy_mode"]
)


class Alias(NamedTuple):
    """The value of ``#name = value`` and the tokens where it stands."""

    value: Any
    start: int
    end: int


class AttributeReader(TypeReader):
    """A cursor that knows types and attributes."""

    def __init__(self, text: str, file: str, dynamic: bool = False) -> None:
        super().__init__(text, file, dynamic)
        self.aliases: dict[str, Alias] = {}
        self._literals: dict[tuple[str, TensorType], Literal] = {}

    # attributes

    def alias(self) -> None:
        """Consume ``#name = attribute`` or ``!name = type`` and remember it."""
        name = self.take()
        self.expect("=")
        start = self.at
        if name[0] == "!":
            self._types[name] = self.type()
        else:
            value = self.attribute()
            self.aliases[name] = Alias(value, start, self.at)

    def attr_dict(self) -> dict[str, Any]:
        """Consume ``{name = value, flag, ...}``."""
        self.expect("{")
        out: dict[str, Any] = {}
        for _ in self.listed("}"):
            name = self.string() if self.token.startswith('"') else self.word("an attribute name")
            if name in out:
                self.fail(f"attribute {name} is given twice", self.at - 1)
            if not self.accept("="):
                out[name] = True
            elif name == "composite_attributes" and self.token == "{":
                out[name] = self.raw_dict()
            else:
                out[name] = self.attribute()
        return out

    def attribute(self) -> Any:
        """Consume any attribute: int, bool, str, Number, Symbol, Struct, Literal, tuple, dict, or
        Raw where it has no use.
        """
        self.enter()
        value = self._attribute()
        self.leave()
        return value

    def _attribute(self) -> Any:
        token = self.token
        first = token[:1]
        if first == '"':
            return self.string()
        if _NUMBER.fullmatch(token):
            return self._number()
        if first == "[":
            return self._array()
        if first == "{":
            return self.attr_dict()
        if first == "(":
            return self.function_type()
        if first == "@":
            return self._symbol_path()
        if first == "#":
            return self._dialect_attribute()
        if token.startswith("dense<"):
            return self.dense()
        if token == "array" and self.peek() == "<":
            return self._dense_array()
        if token in ("true", "false"):
            self.at += 1
            return token == "true"
        return self._other()

    def _number(self) -> Number:
        token = self.token
        value: int | float = (
            self.integer() if re.fullmatch(r"-?(?:0x\w+|[0-9]+)", token) else float(self.take())
        )
        return Number(value, self.word("a type") if self.accept(":") else "")

    def _array(self) -> tuple[Any, ...]:
        self.expect("[")
        out: list[Any] = []
        for _ in self.listed("]"):
            out.append(self.attribute())
        return tuple(out)

    def _symbol_path(self) -> Symbol | Raw:
        start = self.at
        name = self.symbol()
        if self.token != ":" or self.peek() != ":":
            return Symbol(name)
        while self.token == ":" and self.peek() == ":":
            self.at += 2
            self.symbol()
        return Raw("".join(self.tokens[start : self.at]))

    def _dialect_attribute(self) -> Any:
        start, name = self.at, self.take()
        if name in self.aliases:
            return self.aliases[name].value
        if self.token != "<":
            self.fail(f"unknown alias {name}", start)
        if name not in STRUCTS:
            self.skip_angles()
            return Raw(self._slice(start, self.at))
        return self.struct(name.removeprefix("#"))

    def struct(self, name: str) -> Struct:
        """Consume ``<a = 1, b = [2]>`` or ``<WORD>`` or ``<kind WORD>``."""
        start = self.at
        self.expect("<")
        bare: list[str] = []
        found: dict[str, Any] = {}
        if name == "stablehlo.conv" and not self.accept("raw"):
            found = read_conv(self)
            self.expect(">")
            return Struct(name, found, at=start)
        known = FIELDS.get(name)
        while not self.accept(">"):
            if found:
                self.expect(",")
                if self.accept(">"):  # MLIR allows a comma behind the last field
                    break
            word = self.word("a field name")
            if word in found:
                self.fail(f"{word} is given twice", self.at - 1)
            if known is not None and word not in known:
                self.fail(f"#{name} has no field {word}", self.at - 1)
            if self.accept("="):
                found[word] = self._field_value()
            elif found or len(bare) > 1:
                self.fail(f"expected '=', found {self.shown()}")
            else:
                bare.append(word)
        return Struct(name, found, bare[-1] if bare else "", start)

    def _field_value(self) -> Any:
        """A value inside of ``#stablehlo.x<...>``: element types stand there as bare words."""
        if self.token not in ("true", "false") and re.fullmatch(r"[a-z]+[0-9]\w*", self.token):
            return self.take()
        return self.attribute()

    def _dense_array(self) -> tuple[Any, ...]:
        self.at += 2
        self.word("an element type")
        out: list[Any] = []
        if self.accept(":"):
            while not out or self.accept(","):
                token = self.tokens[self.at]
                if token.isascii() and token.isdecimal() and len(token) < 20:  # nearly all
                    self.at += 1
                    out.append(int(token))
                else:
                    out.append(self.attribute())
        self.expect(">")
        return tuple(v.value if isinstance(v, Number) else v for v in out)

    def _other(self) -> Raw:
        """Types, affine maps, locations, ``unit``: carried as text."""
        start = self.at
        if self.token == "dense":
            self.fail("malformed dense literal")
        if self.token == "dense_resource":
            self.unsupported("attribute dense_resource")
        if self.token.startswith(("!", "tensor<")):
            self.take()
        else:
            self.word("an attribute")
        if self.token == "<":
            self.skip_angles()
        elif self.token == "(":
            self.skip_group()
        return Raw(self._slice(start, self.at))

    def dense(self) -> Literal:
        """Consume ``dense<...> : type``."""
        start = self.at
        token = self.take()
        if not token.startswith("dense<"):
            self.fail("expected a dense<...> literal", start)
        self.expect(":")
        t = self.type()
        if t in self.foreign:
            self.fail(f"a literal of type {self.foreign[t][0]}, {FOREIGN}", start)
        known = self._literals.get((token, t))
        if known is not None:
            return known
        try:
            literal = self._literals[token, t] = read_dense(token[6:-1], t)
            return literal
        except LiteralError as e:
            op = f"{self.op}: " if self.op else ""
            raise ParseError(
                f"{op}{e}", where=self.place(self.starts[start] + len("dense<") + e.offset)
            ) from None

    def _slice(self, start: int, end: int) -> str:
        """The text of tokens ``start`` to ``end``, on one line, aliases replaced by what they stand
        for.
        """
        last = end - 1
        text = self.text[self.starts[start] : self.starts[last] + len(self.tokens[last])]
        parts = _QUOTED.split(text)
        for i in range(0, len(parts), 2):
            parts[i] = _ALIAS.sub(self._expand, _SPACE.sub(" ", parts[i]))
        out = "".join(parts)
        if len(out) > MAX_RAW:
            self.fail("the attribute is too long", start)
        return out

    def _expand(self, m: re.Match[str]) -> str:
        alias = self.aliases.get(m[0])
        return self._slice(alias.start, alias.end) if alias else m[0]

    def raw_dict(self) -> tuple[tuple[str, Any], ...]:
        """Consume a dictionary that is carried along: integers of type i64 and strings as they are,
        the rest as Raw.
        """
        self.expect("{")
        out: dict[str, Any] = {}
        for _ in self.listed("}"):
            name = self.string() if self.token.startswith('"') else self.word("an attribute name")
            if not self.accept("="):
                out[name] = Raw("unit")
                continue
            start = self.at
            value = self.attribute()
            if (
                isinstance(value, Number)
                and isinstance(value.value, int)
                and value.type in ("", "i64")
            ):
                out[name] = value.value
            else:
                out[name] = value if isinstance(value, str) else Raw(self._slice(start, self.at))
        return tuple(sorted(out.items(), key=lambda item: item[0]))

    # from what was read to what the op table wants

    def fit(self, attr: Attr, value: Any, at: int) -> Any:
        """``value`` as the table's kind of ``attr``; ParseError at token ``at`` if it is something
        else.
        """
        if attr.kind == "enum":
            found = words(value)
            if found is not None:
                listed = isinstance(value, tuple)
                for v in value if listed else (value,):
                    if isinstance(v, Struct) and v.at >= 0 and v.word not in attr.choices:
                        at = v.at
                return self.fit_words(attr, found, listed, at)
            self.fail(f"attribute {attr.name} is no enum value", at)
        kind, fits = FITS[attr.kind]
        fitted = fits(value)
        if fitted is None:
            self.fail(f"attribute {attr.name} is no {kind}", at)
        return fitted

    def fit_words(self, attr: Attr, words: list[str], several: bool, at: int) -> Any:
        """Enum words out of the table's choices: one, or a tuple where the default is one."""
        for w in words:
            if w not in attr.choices or not w:
                self.fail(
                    f"{attr.name} {w} is none of {' '.join(c for c in attr.choices if c)}", at
                )
        if several != isinstance(attr.default, tuple):
            self.fail(f"attribute {attr.name} is {'not ' if several else ''}a list", at)
        return tuple(words) if several else words[0]


def write_value(value: Any) -> str:
    """An attribute value of a carried dictionary as MLIR text."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value} : i64"
    if isinstance(value, float):
        return f"{value:.17e} : f64"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Literal):
        return f"{write_dense(value)} : {value.type}"
    return "[" + ", ".join(map(write_value, value)) + "]"


def write_dict(items: tuple[tuple[str, Any], ...]) -> str:
    """``{a = 1 : i64, b = "x"}``."""
    return (
        "{"
        + ", ".join(f"{k if WORD.fullmatch(k) else quote(k)} = {write_value(v)}" for k, v in items)
        + "}"
    )
