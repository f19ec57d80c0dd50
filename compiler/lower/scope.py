"""Values at an index: graph nodes read as functions from an index to a scalar.

A :class:`Scope` turns "element of value ``v`` at index ``i``" into scalar instructions. Elementwise
ops ask their operands at the same index; ops that move elements do index arithmetic. Whatever is
composed this way becomes one loop body. Every index that is asked for lies inside the value's
shape, also under a predicate that turns out false: loads need no guard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from compiler.dtypes import I1, I64, DType
from compiler.errors import InternalError, UnsupportedError
from compiler.ir import Graph, Literal, Node, TensorType
from compiler.lower.table import NESTS, lowering_of
from compiler.nest.ir import Scalars
from compiler.ops import OPS

Source = Callable[["Scope", "Index"], int]


class Index:
    """An index into a shape: an i64 instruction a dimension, or the flat offset, made on demand."""

    __slots__ = ("_at", "_dims", "_flat", "key", "shape")

    def __init__(
        self,
        at: Scope,
        shape: tuple[int, ...],
        dims: tuple[int, ...] | None,
        flat: int | None = None,
    ) -> None:
        self._at, self.shape, self._dims, self._flat = at, shape, dims, flat
        # equal keys: equal indices into a given shape
        self.key: tuple[object, ...] = dims if dims is not None else ("flat", flat)

    @property
    def dims(self) -> tuple[int, ...]:
        """The index of each dimension."""
        if self._dims is None:
            assert self._flat is not None
            self._dims = self._at.split(self._flat, self.shape)
        return self._dims

    @property
    def flat(self) -> int:
        """The row-major offset."""
        if self._flat is None:
            assert self._dims is not None
            self._flat = self._at.join(self._dims, self.shape)
        return self._flat

    def reshaped(self, shape: tuple[int, ...]) -> Index:
        """The index of the same element in another shape of as many elements.

        Dimensions that both shapes share (up to factors that agree) are kept; only a dimension that
        is truly cut costs a division.
        """
        if self._dims is None:
            return Index(self._at, shape, None, self._flat)
        if 0 in shape:
            return Index(self._at, shape, tuple(self._at.i64(0) for _ in shape))
        out: list[int] = []
        i = j = 0
        while i < len(self.shape) or j < len(shape):
            a, b = i, j
            have = want = 1
            while True:
                if have == want and (i > a or j > b):
                    break
                if have <= want and i < len(self.shape):
                    have, i = have * self.shape[i], i + 1
                elif j < len(shape):
                    want, j = want * shape[j], j + 1
                else:
                    have, i = have * self.shape[i], i + 1
            group = self._at.join(self._dims[a:i], self.shape[a:i])
            out += self._at.split(group, shape[b:j])
        return Index(self._at, shape, tuple(out), self._flat)


class Scope:
    """Builds the scalar code of one body.

    Args:
        graph: the graph whose values are asked for.
        sources: values that are not computed here but read: from a buffer, an argument, a constant.
        scalars: where instructions go; a new one by default.
    """

    def __init__(
        self, graph: Graph, sources: dict[int, Source], scalars: Scalars | None = None
    ) -> None:
        self.s = scalars or Scalars()
        self.graph = graph
        self.sources = sources
        self._memo: dict[tuple[int, tuple[object, ...]], int] = {}

    # Values

    def value(self, v: int, index: Index) -> int:
        """The instruction that is the element of value ``v`` at ``index``."""
        found = self._memo.get((v, index.key))
        return found if found is not None else self._compute(v, index)

    def operand(self, node: Node, k: int, index: Index) -> int:
        """Operand ``k`` of an elementwise ``node`` at ``index``; scalars are broadcast."""
        v = node.operands[k]
        if self.graph.types[v].shape != index.shape:
            index = Index(self, (), ())
        return self.value(v, index)

    def scalar(self, v: int) -> int:
        """The element of the rank-0 value ``v``."""
        return self.value(v, Index(self, (), ()))

    def _compute(self, v: int, index: Index) -> int:
        """Evaluate ``v``; chains of elementwise ops without recursion, as they may be long."""
        key = index.key
        stack = [v]
        while stack:
            u = stack[-1]
            if (u, key) in self._memo:
                stack.pop()
                continue
            source, node = self.sources.get(u), self.graph.node_of(u)
            if source is not None:
                self._memo[u, key] = source(self, index)
                continue
            if node is None:
                raise InternalError(f"lowering: value {u} has no source")
            if OPS[node.op].elementwise:
                waiting = [
                    o
                    for o in node.operands
                    if self.graph.types[o].shape == index.shape and (o, key) not in self._memo
                ]
                if waiting:
                    stack += waiting
                    continue
            if node.op in NESTS:
                raise UnsupportedError(f"unsupported: {node.op} inside a reducer body")
            self._memo[u, key] = lowering_of(node.op)(self, node, index)
        return self._memo[v, key]

    # Index arithmetic, folded where operands are known

    def loops(self, shape: Sequence[int], first: int = 0) -> Index:
        """The index made of loop variables from ``first`` on; 0 in dimensions of size 1."""
        dims = (
            self.i64(0) if n == 1 else self.s.emit("index", dtype=I64, imm=first + k)
            for k, n in enumerate(shape)
        )
        return Index(self, tuple(shape), tuple(dims))

    def index(self, shape: Sequence[int], dims: Sequence[int]) -> Index:
        """The index with the given instruction a dimension."""
        return Index(self, tuple(shape), tuple(dims))

    def i64(self, value: int) -> int:
        """A constant index."""
        return self.s.const(value, I64)

    def known(self, at: int) -> int | None:
        """The value of a constant index, else ``None``."""
        inst = self.s.insts[at]
        if inst.op == "const":
            return int.from_bytes(inst.imm, "little", signed=True)
        return None

    def add(self, a: int, b: int) -> int:
        """``a + b``."""
        x, y = self.known(a), self.known(b)
        if x is not None and y is not None:
            return self.i64(x + y)
        if x == 0:
            return b
        return a if y == 0 else self.s.emit("iadd", a, b, dtype=I64)

    def shift(self, a: int, k: int) -> int:
        """``a + k``."""
        return self.add(a, self.i64(k))

    def scale(self, a: int, k: int) -> int:
        """``a * k``."""
        x = self.known(a)
        if x is not None:
            return self.i64(x * k)
        return (
            a
            if k == 1
            else self.i64(0)
            if k == 0
            else self.s.emit("imul", a, self.i64(k), dtype=I64)
        )

    def quotient(self, a: int, k: int) -> int:
        """``a // k`` for ``a >= 0``."""
        x = self.known(a)
        if x is not None:
            return self.i64(x // k)
        return a if k == 1 else self.s.emit("sdiv", a, self.i64(k), dtype=I64)

    def modulo(self, a: int, k: int) -> int:
        """``a % k`` for ``a >= 0``."""
        x = self.known(a)
        if x is not None:
            return self.i64(x % k)
        return self.i64(0) if k == 1 else self.s.emit("srem", a, self.i64(k), dtype=I64)

    def below(self, a: int, k: int) -> int:
        """``a < k`` as i1."""
        return self.s.emit("cmp", a, self.i64(k), dtype=I1, imm="lt")

    def within(self, pred: int, a: int) -> int:
        """``a`` where ``pred`` holds, else 0: an index that is always inside."""
        return self.select(pred, a, self.i64(0))

    def join(self, dims: Sequence[int], shape: Sequence[int]) -> int:
        """The row-major offset of an index."""
        total, stride = self.i64(0), 1
        for at, n in zip(reversed(dims), reversed(shape), strict=True):
            if n != 1:
                total = self.add(self.scale(at, stride), total)
            stride *= n
        return total

    def split(self, flat: int, shape: Sequence[int]) -> tuple[int, ...]:
        """The index of the row-major offset ``flat``."""
        if 0 in shape:
            return tuple(self.i64(0) for _ in shape)
        dims, inner, first = [], prod(shape), True
        for n in shape:
            inner //= n
            if n == 1:
                dims.append(self.i64(0))
                continue
            at = self.quotient(flat, inner)
            dims.append(at if first else self.modulo(at, n))
            first = False
        return tuple(dims)

    # Data

    def op(self, name: str, *args: int, dtype: DType | None = None, imm: object = None) -> int:
        """One scalar instruction, of the dtype of its first argument unless stated."""
        return self.s.emit(name, *args, dtype=dtype or self.s.insts[args[0]].dtype, imm=imm)

    def const(self, value: object, dtype: DType) -> int:
        """A constant of ``dtype``."""
        return self.s.const(value, dtype)

    def compare(self, direction: str, a: int, b: int) -> int:
        """``a direction b``, directions as in the nest IR (``lt``, ``eq``, ...)."""
        return self.s.emit("cmp", a, b, dtype=I1, imm=direction)

    def select(self, pred: int, a: int, b: int) -> int:
        """``a`` where ``pred``, else ``b``."""
        return a if a == b else self.s.emit("select", pred, a, b, dtype=self.s.insts[a].dtype)

    def convert(self, a: int, dtype: DType) -> int:
        """``a`` converted to ``dtype``."""
        return a if self.s.insts[a].dtype is dtype else self.s.emit("convert", a, dtype=dtype)


def from_buffer(buffer: int, t: TensorType) -> Source:
    """Elements read from a buffer of type ``t`` (of any shape of as many elements)."""

    def source(at: Scope, index: Index) -> int:
        return at.s.emit("load", index.flat, dtype=t.dtype, imm=buffer)

    return source


def from_literal(literal: Literal) -> Source:
    """The one value of a splat."""

    def source(at: Scope, index: Index) -> int:
        return at.s.emit("const", dtype=literal.type.dtype, imm=literal.data)

    return source


def from_argument(k: int, dtype: DType) -> Source:
    """Argument ``k`` of a combine body."""

    def source(at: Scope, index: Index) -> int:
        return at.s.emit("arg", dtype=dtype, imm=k)

    return source
