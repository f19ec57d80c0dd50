"""Types: tensor types and function types; all others are refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from compiler.dtypes import BY_NAME, DType
from compiler.errors import UnsupportedError
from compiler.ir import UNKNOWN, TensorType
from compiler.ops.table import Types
from compiler.text.lexer import Cursor

_TENSOR = re.compile(r"tensor<\s*((?:(?:[0-9]+|\?)x)*)([a-z]+[0-9]+[A-Z0-9]*)\s*>")
_SHAPED = re.compile(r"tensor<\s*(?:[0-9]+\s*x\s*)*([A-Za-z][A-Za-z0-9]*)\s*>")
_REASONS = (("?", "dynamic shape"), ("*", "unranked"), (",", "encoding"))
_OTHER_TYPE = re.compile(r"none|tuple|complex|vector|memref|![A-Za-z_].*")
_SCALAR = re.compile(r"index|[su]?i[1-9][0-9]*|b?f[0-9]+\w*|tf32")
_LATER = re.compile(r"index|f[468]E[0-9]M[0-9]\w*")  # of StableHLO, but not of Assay
FOREIGN = "which no value of StableHLO has"
_OF_STABLEHLO = frozenset(["!stablehlo.token", "!stablehlo.future"])
MAX_DIM = 1 << 63


@dataclass(frozen=True, slots=True)
class FunctionType:
    """``(types) -> types``."""

    params: Types
    results: Types


class TypeReader(Cursor):
    """A cursor that reads types. Types of one text are interned; aliases of types are kept among
    them. Where ``dynamic``, an unknown dimension is read as ``UNKNOWN``.

    Attributes:
        foreign: types of MLIR that no value of StableHLO has, such as ``f32`` or ``tensor<2xi10>``,
            as they are spelled and where. What an op does with such a value is wrong; a text that
            does nothing with them is refused by :meth:`refuse_foreign`.
    """

    def __init__(self, text: str, file: str, dynamic: bool = False) -> None:
        super().__init__(text, file)
        self.dynamic = dynamic
        self._types: dict[str, TensorType] = {}
        self.foreign: dict[TensorType, tuple[str, int]] = {}

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
        element = _SHAPED.fullmatch(token)
        if _SCALAR.fullmatch(element[1] if element else token):
            return self._foreign(token)
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
            if m is not None and _LATER.fullmatch(m[1]):
                self.unsupported(f"{shown}: element type {m[1]}")
        elif token.startswith("!stablehlo.") and token not in _OF_STABLEHLO:
            self.fail(f"StableHLO has no type {token[:60]}")
        elif _OTHER_TYPE.fullmatch(token):
            self.unsupported(f"type {token[:60]}")

    def _foreign(self, token: str) -> TensorType:
        """A type that equals no other one."""
        t = TensorType((), DType(token, "foreign", 0, np.dtype(np.void)))
        self.foreign[t] = (" ".join(token.split())[:60], self.at)
        return t

    def refuse_foreign(self) -> None:
        """UnsupportedError for the first foreign type, if there is one."""
        for spelling, at in self.foreign.values():
            raise UnsupportedError(f"unsupported type {spelling}", where=self.loc(at))

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
