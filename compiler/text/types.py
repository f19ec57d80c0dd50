"""Types: tensor types and function types; all others are refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compiler.dtypes import BY_NAME
from compiler.ir import UNKNOWN, TensorType
from compiler.ops.table import Types
from compiler.text.lexer import Cursor

_TENSOR = re.compile(r"tensor<\s*((?:(?:[0-9]+|\?)x)*)([a-z]+[0-9]+[A-Z0-9]*)\s*>")
_SHAPED = re.compile(r"tensor<\s*(?:[0-9]+\s*x\s*)*([A-Za-z][A-Za-z0-9]*)\s*>")
_REASONS = (("?", "dynamic shape"), ("*", "unranked"), (",", "encoding"))
_OTHER_TYPE = re.compile(
    r"index|none|[su]?i[0-9]+|b?f[0-9]+\w*|tf32|tuple|complex|vector|memref|![A-Za-z_].*"
)
MAX_DIM = 1 << 63


@dataclass(frozen=True, slots=True)
class FunctionType:
    """``(types) -> types``."""

    params: Types
    results: Types


class TypeReader(Cursor):
    """A cursor that reads types. Types of one text are interned; aliases of types are kept among
    them. Where ``dynamic``, an unknown dimension is read as ``UNKNOWN``.
    """

    def __init__(self, text: str, file: str, dynamic: bool = False) -> None:
        super().__init__(text, file)
        self.dynamic = dynamic
        self._types: dict[str, TensorType] = {}

    def type(self) -> TensorType:
        """Consume a tensor type; UnsupportedError for all others, by name."""
        token = self.token
        known = self._types.get(token)
        if known is None:
            known = self._new_type(token)
            self._types[token] = known
        self.at += 1
        return known

    def _new_type(self, token: str) -> TensorType:
        m = _TENSOR.fullmatch(token)
        if m and m[2] in BY_NAME and (self.dynamic or "?" not in m[1]):
            dims = m[1].replace("?", str(UNKNOWN)).split("x")[:-1]
            if all(len(d) < 20 and int(d) < MAX_DIM for d in dims):
                return TensorType(tuple(map(int, dims)), BY_NAME[m[2]])
            self.fail(f"a dimension of {self.shown()} does not fit 64 bits")
        self._refuse_type(token)
        self.fail(f"expected a type, found {self.shown()}")

    def _refuse_type(self, token: str) -> None:
        """Raise UnsupportedError if this is some type that Assay does not have."""
        if token == "tensor" and self.peek() == "<":
            end, depth = self.at + 2, 1
            while depth and self.tokens[end] and end < self.at + 40:
                depth += (self.tokens[end] == "<") - (self.tokens[end] == ">")
                end += 1
            self.unsupported(f"type {''.join(self.tokens[self.at : end])[:60]}")
        if token.startswith("tensor<"):
            shown = f"type {' '.join(token.split())[:60]}"
            for mark, reason in _REASONS:
                if mark in token:
                    self.unsupported(f"{shown}: {reason}")
            m = _SHAPED.fullmatch(token)
            if m is not None:
                self.unsupported(f"{shown}: element type {m[1]}")
        elif _OTHER_TYPE.fullmatch(token):
            self.unsupported(f"type {token[:60]}")

    def function_type(self) -> FunctionType:
        """Consume ``(types) -> types``."""
        if self.token != "(":
            self.fail(f"expected a function type, found {self.shown()}")
        params = self.type_list()
        self.expect("->")
        return FunctionType(params, self.type_list())

    def type_sequence(self) -> Types:
        """Consume ``type, type, ...``."""
        out = [self.type()]
        while self.accept(","):
            out.append(self.type())
        return tuple(out)

    def type_list(self) -> Types:
        """Consume ``(type, ...)`` or a single type."""
        if not self.accept("("):
            return (self.type(),)
        out: list[TensorType] = []
        for _ in self.listed(")"):
            out.append(self.type())
        return tuple(out)
