"""The builder of expansions: values with operators, types inferred.

``x * x + 1.0`` emits a multiply, a constant of x's type and an add::

    @expansion("chlo.square")
    def _(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
        (x,) = operands
        return x * x
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from compiler.build import Builder
from compiler.dtypes import DType
from compiler.errors import InternalError, Loc
from compiler.expand.table import EXPANSIONS
from compiler.ir import Array, Graph, Literal, Node, TensorType
from compiler.known import Known
from compiler.prune import renumber

Operand: TypeAlias = "Value | int | float | np.generic"


class Value:
    """A value of the graph under construction; Python numbers beside it become splats of its type.

    Attributes:
        emit: the builder.
        id: number of the value in the graph.
    """

    __slots__ = ("emit", "id")

    def __init__(self, emit: Emit, number: int) -> None:
        self.emit = emit
        self.id = number

    @property
    def type(self) -> TensorType:
        """The type."""
        return self.emit.builder.types[self.id]

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.type.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self.type.shape

    def convert(self, dtype: DType) -> Value:
        """The value in another element type; itself if it has it."""
        if dtype is self.dtype:
            return self
        return self.emit.op("convert", self, types=[TensorType(self.shape, dtype)])

    def bitcast(self, dtype: DType) -> Value:
        """The bits as another element type of the same width."""
        return self.emit.op("bitcast_convert", self, types=[TensorType(self.shape, dtype)])

    def compare(self, direction: str, other: Operand) -> Value:
        """``self direction other``: EQ, NE, GE, GT, LE or LT."""
        return self.emit.op(
            "compare", self, self._like(other), comparison_direction=direction, compare_type=""
        )

    def eq(self, other: Operand) -> Value:
        """Whether equal (``==`` is Python's)."""
        return self.compare("EQ", other)

    def ne(self, other: Operand) -> Value:
        """Whether not equal; ``x.ne(x)`` says whether x is NaN."""
        return self.compare("NE", other)

    def _like(self, other: Operand) -> Value:
        return other if isinstance(other, Value) else self.emit.splat(self.type, other)

    def _binary(self, op: str, other: Operand) -> Value:
        return self.emit.op(op, self, self._like(other))

    def __add__(self, other: Operand) -> Value:
        return self._binary("add", other)

    def __sub__(self, other: Operand) -> Value:
        return self._binary("subtract", other)

    def __mul__(self, other: Operand) -> Value:
        return self._binary("multiply", other)

    def __truediv__(self, other: Operand) -> Value:
        return self._binary("divide", other)

    def __mod__(self, other: Operand) -> Value:
        return self._binary("remainder", other)

    def __and__(self, other: Operand) -> Value:
        return self._binary("and", other)

    def __or__(self, other: Operand) -> Value:
        return self._binary("or", other)

    def __xor__(self, other: Operand) -> Value:
        return self._binary("xor", other)

    def __lshift__(self, other: Operand) -> Value:
        return self._binary("shift_left", other)

    def __radd__(self, other: Operand) -> Value:
        return self._like(other) + self

    def __rsub__(self, other: Operand) -> Value:
        return self._like(other) - self

    def __rmul__(self, other: Operand) -> Value:
        return self._like(other) * self

    def __rtruediv__(self, other: Operand) -> Value:
        return self._like(other) / self

    def __neg__(self) -> Value:
        return self.emit.op("negate", self)

    def __abs__(self) -> Value:
        return self.emit.op("abs", self)

    def __invert__(self) -> Value:
        return self.emit.op("not", self)

    def __lt__(self, other: Operand) -> Value:
        return self.compare("LT", other)

    def __le__(self, other: Operand) -> Value:
        return self.compare("LE", other)

    def __gt__(self, other: Operand) -> Value:
        return self.compare("GT", other)

    def __ge__(self, other: Operand) -> Value:
        return self.compare("GE", other)


class Emit:
    """Adds ops to a graph under construction; those that have an expansion, by expanding them.

    Args:
        builder: of the graph.
        loc: the place that new ops get.
        known: finds values of the graph that no input decides.
    """

    def __init__(
        self, builder: Builder, loc: Loc | None = None, known: Known | None = None
    ) -> None:
        self.builder = builder
        self.loc = loc
        self._splats: dict[Literal, Value] = {}
        self._known = known

    def value(self, number: int) -> Value:
        """The value with this number."""
        return Value(self, number)

    def known(self, x: Value) -> Array | None:
        """The elements of an integer or boolean value that no input decides; else ``None``."""
        return self._knowledge().value(x.id)

    def maker(self, x: Value) -> Node | None:
        """The op that makes ``x``; ``None`` for a parameter."""
        return self._knowledge().maker(x.id)

    def _knowledge(self) -> Known:
        if self._known is None:
            self._known = Known(self.builder)
        return self._known

    def op(
        self,
        name: str,
        /,
        *operands: Value,
        types: Sequence[TensorType] | None = None,
        regions: Sequence[Graph] = (),
        captures: Sequence[int] = (),
        **attrs: Any,
    ) -> Value:
        """Add an op with one result; see :meth:`Builder.emit` for ``types``."""
        (out,) = self.ops(name, *operands, types=types, regions=regions, captures=captures, **attrs)
        return out

    def ops(
        self,
        name: str,
        /,
        *operands: Value,
        types: Sequence[TensorType] | None = None,
        regions: Sequence[Graph] = (),
        captures: Sequence[int] = (),
        **attrs: Any,
    ) -> list[Value]:
        """Add an op; all its results."""
        first = self.builder.emit(
            name,
            [x.id for x in operands],
            types=types,
            regions=regions,
            captures=captures,
            loc=self.loc,
            **attrs,
        )
        if name in EXPANSIONS:
            return self.expand(self._take_back())
        return [self.value(v) for v in range(first, len(self.builder.types))]

    def expand(self, node: Node) -> list[Value]:
        """The results of ``node``, whose op has an expansion, by other ops."""
        made = EXPANSIONS[node.op](self, node, [self.value(v) for v in node.operands])
        results = [made] if isinstance(made, Value) else list(made)
        if tuple(x.type for x in results) != node.types:
            shown = ", ".join(str(x.type) for x in results)
            raise InternalError(f"expansion of {node.op} makes {shown}")
        return results

    def inline(self, graph: Graph, arguments: Sequence[Value]) -> list[Value]:
        """The ops of ``graph`` on ``arguments``; what it returns."""
        new = [x.id for x in arguments]
        for node in graph.nodes:
            first = self.builder.add(renumber(node, new), self.loc)
            new.extend(range(first, first + len(node.types)))
        return [self.value(new[v]) for v in graph.results]

    def _take_back(self) -> Node:
        """The last op, removed again: its types have been inferred and checked."""
        node = self.builder.nodes.pop()
        self.builder.locs.pop()
        del self.builder.types[-len(node.types) :]
        return node

    def constant(self, array: Array) -> Value:
        """A constant tensor."""
        return self.value(self.builder.constant(array))

    def splat(self, t: TensorType, value: Any) -> Value:
        """A constant whose elements all are ``value``, rounded to the element type."""
        literal = Literal.splat(t, value)
        if literal not in self._splats:
            self._splats[literal] = self.value(self.builder.constant(literal))
        return self._splats[literal]

    def select(self, pred: Value, on_true: Operand, on_false: Operand) -> Value:
        """``on_true`` where ``pred``; one of both may be a number."""
        if not isinstance(on_true, Value):
            assert isinstance(on_false, Value)
            on_true = self.splat(on_false.type, on_true)
        if not isinstance(on_false, Value):
            on_false = self.splat(on_true.type, on_false)
        return self.op("select", pred, on_true, on_false)

    def region(
        self, params: Sequence[TensorType], body: Callable[..., Value | Sequence[Value]]
    ) -> Graph:
        """A region: ``body(emit, *arguments)`` gives what it returns."""
        inner = Emit(Builder(params), self.loc)
        made = body(inner, *(inner.value(k) for k in range(len(params))))
        results = [made] if isinstance(made, Value) else made
        return inner.builder.graph([x.id for x in results])
