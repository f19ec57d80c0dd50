"""Tokens of MLIR text, and a cursor over them with places and errors.

The whole text is cut by one regular expression; a token is its text. Tensor types and
``dense<...>`` literals are single tokens, which makes them cheap to intern and to decode. Every
character belongs to some token, so any string can be lexed.
Source: MLIR Language Reference, *Notation* and *Common syntax*.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NoReturn

from compiler.errors import Loc, ParseError, UnsupportedError

TOKEN = re.compile(
    r"""\s*(?://[^\n]*\s*)*                     # white space and comments, skipped
    ( tensor<[^<>]*>                            # a tensor type without nested angles
    | dense<[^<>]*>                             # a literal, hex blob included
    | "[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"?         # a string, perhaps unterminated
    | %[A-Za-z0-9_$.\-]+(?:\#[0-9]+)?           # a value, perhaps one of several results
    | @[A-Za-z_][A-Za-z0-9_$.]* | @(?=")        # a symbol; @ before a quoted one
    | [#!^]?[A-Za-z_][A-Za-z0-9_$.]*            # words, aliases, attributes, types, blocks
    | -?0x[0-9A-Fa-f]+
    | -?[0-9]+(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?)?
    | -> | \S | \Z )""",
    re.VERBOSE | re.ASCII,
)
STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$.]*", re.ASCII)
INTEGER = re.compile(r"-?(?:0x[0-9A-Fa-f]+|[0-9]+)")
FLOAT = re.compile(r"-?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?")
_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"t": b"\t"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
MAX_DEPTH = 64
MAX_DIGITS = 400  # of an integer: far beyond 64 bits, far below Python's own limit


class Cursor:
    """A position in the tokens of ``text``.

    Attributes:
        tokens: token texts; a last empty token stands for the end of the text.
        at: index of the next token.
        op: what is being read, for error messages (``add``); may be empty.
    """

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.tokens: list[str] = []
        self.starts: list[int] = []
        for m in TOKEN.finditer(text):
            self.tokens.append(m[1])
            self.starts.append(m.start(1))
        end = self.tokens.index("", max(len(self.tokens) - 2, 0))
        self.starts[end] = len(text.rstrip())
        self.at = 0
        self.op = ""
        self.depth = 0

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    def place(self, offset: int) -> Loc:
        """The place of a character offset."""
        line = bisect_right(self._lines, offset)
        return Loc(self.file, line, offset - self._lines[line - 1] + 1)

    def loc(self, index: int | None = None) -> Loc:
        """The place of token ``index`` (default: the next one)."""
        return self.place(self.starts[self.at if index is None else index])

    def fail(self, message: str, index: int | None = None, hint: str = "") -> NoReturn:
        """Raise ParseError at token ``index`` (default: the next one)."""
        prefix = f"{self.op}: " if self.op else ""
        raise ParseError(prefix + message, where=self.loc(index), hint=hint)

    def unsupported(self, what: str, index: int | None = None, hint: str = "") -> NoReturn:
        """Raise UnsupportedError ``unsupported WHAT`` at token ``index`` (default: the next)."""
        raise UnsupportedError(f"unsupported {what}", where=self.loc(index), hint=hint)

    @property
    def token(self) -> str:
        """The next token, not consumed."""
        return self.tokens[self.at]

    def peek(self) -> str:
        """The token after the next one."""
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""

    def take(self) -> str:
        """Consume the next token."""
        token = self.tokens[self.at]
        if token:
            self.at += 1
        return token

    def accept(self, token: str) -> bool:
        """Consume the next token if it is ``token``."""
        if self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def expect(self, token: str) -> None:
        """Consume ``token`` or fail."""
        if self.tokens[self.at] != token:
            self.fail(f"expected {token!r}, found {self.shown()}")
        self.at += 1

    def listed(self, end: str) -> Iterator[None]:
        """One turn for each item of a list with commas up to ``end``, which is consumed too; the
        caller consumes the item.
        """
        more = False
        while not self.accept(end):
            if more:
                self.expect(",")
            more = True
            yield

    def shown(self) -> str:
        """The next token as an error message shows it."""
        token = self.token
        if not token:
            return "the end of the text"
        return ascii(token if len(token) <= 40 else token[:37] + "...")

    def word(self, what: str) -> str:
        """Consume a bare word, dots included."""
        if not WORD.fullmatch(self.token):
            self.fail(f"expected {what}, found {self.shown()}")
        return self.take()

    def integer(self) -> int:
        """Consume an integer."""
        token = self.token
        if not INTEGER.fullmatch(token) or len(token) > MAX_DIGITS:
            self.fail(f"expected an integer, found {self.shown()}")
        self.at += 1
        return int(token, 0) if "x" in token else int(token)

    def integers(self) -> tuple[int, ...]:
        """Consume ``[1, 2, ...]``."""
        self.expect("[")
        out: list[int] = []
        for _ in self.listed("]"):
            out.append(self.integer())
        return tuple(out)

    def string(self) -> str:
        """Consume a string literal and undo its escapes."""
        token = self.token
        if not STRING.fullmatch(token):
            self.fail(
                "unterminated string"
                if token.startswith('"')
                else f"expected a string, found {self.shown()}"
            )
        self.at += 1
        return unescape(token)

    def symbol(self) -> str:
        """Consume ``@name`` or ``@"any name"``; the name without the sign."""
        if self.accept("@"):
            return self.string()
        if not self.token.startswith("@"):
            self.fail(f"expected a symbol such as @main, found {self.shown()}")
        return self.take()[1:]

    def skip_group(self) -> None:
        """Consume a balanced ``(...)``, ``[...]`` or ``{...}`` whatever is in it."""
        start, stack = self.at, [_CLOSING[self.take()]]
        while stack:
            token = self.take()
            if token in _CLOSING:
                stack.append(_CLOSING[token])
            elif token in (")", "]", "}"):
                if token != stack.pop():
                    self.fail(f"unbalanced {token!r}", self.at - 1)
            elif not token:
                self.fail(f"{self.tokens[start]!r} is never closed", start)

    def skip_angles(self) -> None:
        """Consume a balanced ``<...>`` whatever is in it."""
        start, depth = self.at, 0
        while True:
            token = self.take()
            depth += (token == "<") - (token == ">")
            if not token:
                self.fail("'<' is never closed", start)
            if depth == 0:
                return

    def skip_loc(self) -> None:
        """Consume a trailing ``loc(...)``, if there is one."""
        if self.token == "loc" and self.peek() == "(":
            self.at += 1
            self.skip_group()

    def enter(self) -> None:
        """Count one level of nesting; fails beyond the limit. :meth:`leave` counts back."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nesting is deeper than {MAX_DEPTH} levels")

    def leave(self) -> None:
        """Undo one :meth:`enter`."""
        self.depth -= 1


def unescape(token: str) -> str:
    """The text of a quoted string token; MLIR escapes with two hexadecimal digits or one letter."""
    body = token[1:-1]
    if "\\" not in body:
        return body

    def one(m: re.Match[bytes]) -> bytes:
        code = m[1]
        return bytes([int(code, 16)]) if len(code) == 2 else _NAMED.get(code, code)

    data = _ESCAPE.sub(one, body.encode("utf-8", "surrogatepass"))
    return data.decode("utf-8", "surrogateescape")


def quote(text: str) -> str:
    """The string literal that MLIR reads back as ``text``."""
    out = []
    for byte in text.encode("utf-8", "surrogateescape"):
        char = chr(byte)
        plain = 0x20 <= byte < 0x7F and char not in '"\\'
        out.append(char if plain else f"\\{byte:02X}")
    return '"' + "".join(out) + '"'


def symbol_name(name: str) -> str:
    """``@name``, quoted where the name is no plain word."""
    return f"@{name}" if WORD.fullmatch(name) else f"@{quote(name)}"
