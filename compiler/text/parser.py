"""Parsing whole texts: modules and functions, pretty and generic."""

from __future__ import annotations

from typing import NoReturn

from compiler.ir import Function, Graph, Module, TensorType
from compiler.ops.table import Types
from compiler.text.body import BodyReader
from compiler.text.lexer import WORD
from compiler.text.scope import Scope
from compiler.text.special import SPECIAL
from compiler.text.types import FunctionType


class Parser(BodyReader):
    """Reads one text."""

    special = SPECIAL

    def __init__(self, text: str, file: str, checks: bool = False, dynamic: bool = False) -> None:
        super().__init__(text, file, checks, dynamic)
        self._late: list[tuple[str, int]] = []

    def complete(self) -> None:
        """Raise what is wrong, or not supported, of a module whose ops are right."""
        for message, at in self._late:
            self.mismatch(message, at)
        self.refuse_foreign()

    def module(self) -> Module:
        """The whole text: one module, or functions without one."""
        functions: list[Function] = []
        name, wrapped = "", False
        while self.token:
            fresh = not functions and not wrapped
            if self.token[0] in "#!" and self.peek() == "=":
                self.alias()
            elif fresh and self.token in ("module", "builtin.module"):
                name, wrapped = self._pretty_module(functions), True
            elif fresh and self.token == '"builtin.module"':
                name, wrapped = self._generic_module(functions), True
            elif wrapped:
                self.fail(f"expected the end of the text, found {self.shown()}")
            else:
                functions.append(self._function())
        if not functions:
            self.fail("expected a module with at least one function", 0)
        return Module(tuple(functions), name)

    def _pretty_module(self, functions: list[Function]) -> str:
        self.at += 1
        name = self.symbol() if self.token.startswith("@") else ""
        if self.accept("attributes"):
            self.attr_dict()
        self.expect("{")
        while not self.accept("}"):
            functions.append(self._function())
        self.skip_loc()
        return name

    def _generic_module(self, functions: list[Function]) -> str:
        self.at += 1
        attrs = self._generic_head()
        while not self.accept("}"):
            functions.append(self._function())
        self._generic_tail()
        name = attrs.get("sym_name", "")
        return name if isinstance(name, str) else ""

    def _generic_head(self) -> dict[str, object]:
        """``() <{...}> ({``."""
        self.expect("(")
        self.expect(")")
        attrs = self.properties()
        self.expect("(")
        self.expect("{")
        return attrs

    def _generic_tail(self) -> dict[str, object]:
        """``) {...} : () -> ()`` after the region."""
        self.expect(")")
        attrs = self.attr_dict() if self.token == "{" else {}
        self.expect(":")
        self.function_type()
        self.skip_loc()
        return attrs

    def _function(self) -> Function:
        token = self.token
        if token == "func.func":
            return self._pretty_function()
        if token == '"func.func"':
            return self._generic_function()
        name = token.strip('"')
        if "." in name and WORD.fullmatch(name):
            self.unsupported(f"op {name} outside of a function")
        self.fail(f"expected func.func or a module, found {self.shown()}")

    def _pretty_function(self) -> Function:
        self.at += 1
        private = self.token == "private"
        if self.token in ("public", "private", "nested"):
            self.at += 1
        at = self.at
        name = self.symbol()
        scope = Scope()
        self.expect("(")
        for _ in self.listed(")"):
            if self.token.startswith("tensor"):
                self._no_body(name, at)
            self.block_argument(scope)
        results = self._results() if self.accept("->") else ()
        if self.accept("attributes"):
            self.attr_dict()
        if self.token in ("}", "", "func.func"):
            self._no_body(name, at)
        self.expect("{")
        graph = self.body(scope, f"function @{name}")
        if graph.result_types != results:
            message = f"@{name} returns ({_list(graph.result_types)}), its type says "
            self._late.append((f"{message}({_list(results)})", self.returned))
        self.skip_loc()
        return Function(name, graph, private)

    def _no_body(self, name: str, at: int) -> NoReturn:
        self.unsupported(f"function @{name} without a body", at)

    def _results(self) -> Types:
        """``type`` or ``(type {attrs}, ...)``."""
        if not self.accept("("):
            return (self.type(),)
        out: list[TensorType] = []
        for _ in self.listed(")"):
            out.append(self.type())
            if self.token == "{":
                self.attr_dict()
        return tuple(out)

    def _generic_function(self) -> Function:
        at = self.at
        self.at += 1
        attrs = self._generic_head()
        scope = Scope()
        if self.token == "}":
            self.unsupported("function without a body", at)
        graph: Graph = self.body(scope, "the function")
        attrs |= self._generic_tail()
        name = attrs.get("sym_name")
        if not isinstance(name, str):
            self.fail("func.func: attribute sym_name is missing", at)
        if attrs.get("function_type") != FunctionType(graph.params, graph.result_types):
            self.mismatch(
                f"the body of @{name} does not have the type of attribute function_type", at
            )
        return Function(name, graph, attrs.get("sym_visibility") == "private")


def _list(types: Types) -> str:
    return ", ".join(map(str, types))
