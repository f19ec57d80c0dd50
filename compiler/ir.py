"""The graph IR: immutable, hashable StableHLO.

A :class:`Graph` is the body of a function or of a region. Its values are numbered densely: first
the parameters, then the results of each node in order; nodes stand in topological order. There are
no back pointers, so that comparing, hashing, shrinking and printing are trivial. Source locations
lie beside the nodes and never take part in equality.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from compiler.dtypes import DType, from_numpy
from compiler.errors import Loc

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Attrs: TypeAlias = tuple[tuple[str, Any], ...]


UNKNOWN = -1  # a dimension of a module that still has to be specialised


class TensorType(NamedTuple):
    """A static tensor type: ``shape`` (each dimension >= 0) and element ``dtype``."""

    shape: tuple[int, ...]
    dtype: DType

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the dense row-major form (one byte for an i1)."""
        return prod(self.shape) * self.dtype.numpy.itemsize

    def __str__(self) -> str:
        dims = "".join("?x" if d == UNKNOWN else f"{d}x" for d in self.shape)
        return f"tensor<{dims}{self.dtype.name}>"


class Literal(NamedTuple):
    """A constant tensor. ``data`` is row-major little-endian; one element's bytes stand for a splat
    of any size.
    """

    type: TensorType
    data: bytes

    @staticmethod
    def of(array: Array) -> Literal:
        """The literal equal to ``array`` bit for bit; splats are stored once. KeyError for a
        foreign dtype.
        """
        array = np.asarray(array)
        t = TensorType(array.shape, from_numpy(array.dtype))
        data = np.ascontiguousarray(array).tobytes()
        item = array.dtype.itemsize
        if t.size > 1 and data == data[:item] * t.size:
            data = data[:item]
        return Literal(t, data)

    @staticmethod
    def splat(t: TensorType, value: Any) -> Literal:
        """The literal of type ``t`` whose elements all are ``value`` (rounded to the dtype)."""
        data = np.asarray(value).astype(t.dtype.numpy).tobytes()
        return Literal(t, data if t.size else b"")

    @property
    def is_splat(self) -> bool:
        """Whether all elements (at least one) have the same bits."""
        return len(self.data) == self.type.dtype.numpy.itemsize

    def item(self) -> Any:
        """The one value of a splat as a NumPy scalar of the dtype."""
        return np.frombuffer(self.data, self.type.dtype.numpy, 1)[0]

    def array(self) -> Array:
        """The elements as a read-only array of ``type.shape``."""
        t = self.type
        if self.is_splat:  # np.broadcast_to takes eight times as long
            return np.ndarray(t.shape, t.dtype.numpy, self.data, strides=(0,) * t.rank)
        return np.frombuffer(self.data, t.dtype.numpy).reshape(t.shape)


@dataclass(frozen=True, slots=True)
class Raw:
    """The MLIR text of an attribute that Assay carries along but does not interpret."""

    text: str


class Node(NamedTuple):
    """One op. ``captures`` are outer values that the regions use: they follow the block arguments
    in ``region.params``.
    """

    op: str
    operands: tuple[int, ...]
    attrs: Attrs
    types: tuple[TensorType, ...]
    regions: tuple[Graph, ...] = ()
    captures: tuple[int, ...] = ()

    def attr(self, name: str, default: Any = None) -> Any:
        """The attribute ``name``, or ``default``."""
        for key, value in self.attrs:
            if key == name:
                return value
        return default

    @property
    def type(self) -> TensorType:
        """The type of the only (or first) result."""
        return self.types[0]

    @property
    def uses(self) -> tuple[int, ...]:
        """All values that the node needs: operands, then captures."""
        return self.operands + self.captures if self.captures else self.operands


@dataclass(frozen=True)
class Graph:
    """Parameters, nodes in topological order, and the values returned. ``locs`` has one place a
    node, or is empty.
    """

    params: tuple[TensorType, ...]
    nodes: tuple[Node, ...]
    results: tuple[int, ...]
    locs: tuple[Loc | None, ...] = field(default=(), compare=False, repr=False)

    @cached_property
    def types(self) -> tuple[TensorType, ...]:
        """The type of every value, by number."""
        return self.params + tuple(t for n in self.nodes for t in n.types)

    @cached_property
    def first(self) -> tuple[int, ...]:
        """For each node the number of its first result."""
        out, at = [], len(self.params)
        for n in self.nodes:
            out.append(at)
            at += len(n.types)
        return tuple(out)

    @cached_property
    def defs(self) -> tuple[tuple[int, int], ...]:
        """For each value (node index, result index); parameters are (-1, parameter index)."""
        own = [(-1, i) for i in range(len(self.params))]
        for i, n in enumerate(self.nodes):
            own += [(i, k) for k in range(len(n.types))]
        return tuple(own)

    @cached_property
    def use_counts(self) -> tuple[int, ...]:
        """For each value how often nodes and results use it."""
        counts = [0] * len(self.types)
        for n in self.nodes:
            for v in n.uses:
                counts[v] += 1
        for v in self.results:
            counts[v] += 1
        return tuple(counts)

    @property
    def result_types(self) -> tuple[TensorType, ...]:
        """The types of the returned values."""
        return tuple(self.types[v] for v in self.results)

    def node_of(self, value: int) -> Node | None:
        """The node that makes ``value``; ``None`` for a parameter."""
        i = self.defs[value][0]
        return self.nodes[i] if i >= 0 else None

    def loc(self, index: int) -> Loc | None:
        """The place of node ``index`` in the source, if known."""
        return self.locs[index] if self.locs else None


@dataclass(frozen=True)
class Function:
    """A named graph. Private functions serve calls and composites of the same module."""

    name: str
    graph: Graph
    private: bool = False


@dataclass(frozen=True)
class Module:
    """Functions; the entry is ``main``, else the first public one."""

    functions: tuple[Function, ...]
    name: str = ""

    @cached_property
    def by_name(self) -> dict[str, Function]:
        """Functions by symbol name."""
        return {f.name: f for f in self.functions}

    @property
    def main(self) -> Function:
        """The entry function."""
        if "main" in self.by_name:
            return self.by_name["main"]
        return next((f for f in self.functions if not f.private), self.functions[0])

    def with_graph(self, name: str, graph: Graph) -> Module:
        """The same module with the body of function ``name`` exchanged."""
        return replace(
            self,
            functions=tuple(
                replace(f, graph=graph) if f.name == name else f for f in self.functions
            ),
        )

    def map(self, change: Callable[[Graph], Graph]) -> Module:
        """The same module with every body changed; the same object if ``change`` gives every graph
        back as it is.
        """
        functions = tuple(
            f if (graph := change(f.graph)) is f.graph else replace(f, graph=graph)
            for f in self.functions
        )
        same = all(a is b for a, b in zip(functions, self.functions, strict=True))
        return self if same else replace(self, functions=functions)


def module(graph: Graph, name: str = "") -> Module:
    """A module with the one function ``main``."""
    return Module((Function("main", graph),), name)
