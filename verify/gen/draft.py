"""A graph under construction, and the ways to obtain a value of a wanted type.

Nothing here is rejected or filtered: where no value fits, a fresh parameter or constant is made.
Types are computed by the proposal functions themselves, so that no type rule runs while a program
is generated; the tests hold every result against the checker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from compiler.dtypes import ALL, BF16, F32, I1, I32, DType
from compiler.ir import Attrs, Function, Graph, Literal, Node, TensorType
from verify.gen.chooser import Chooser
from verify.gen.pool import SIZE, array_bytes, splats

Step: TypeAlias = Callable[["Draft"], None]
Dtypes: TypeAlias = tuple[DType, ...]

MAX_PARAMS = 10
# The first entry is the simplest; the rest are weights by repetition: odd lengths make vector
# tails.
DIMS = (
    1,
    2,
    3,
    4,
    5,
    2,
    3,
    7,
    8,
    3,
    5,
    2,
    6,
    4,
    1,
    9,
    2,
    3,
    17,
    5,
    16,
    7,
    2,
    3,
    4,
    1,
    0,
    5,
    33,
    3,
    2,
    70,
)
BIG_DIMS = (2, 3, 64, 129, 257, 300, 65, 100, 256, 31, 7, 1, 128, 17, 260, 5)
RANKS = (0, 1, 2, 2, 3, 1, 2, 3, 2, 4, 1, 2)
_DTYPES = (F32, F32, *ALL, I32, BF16, F32)

_types: dict[tuple[tuple[int, ...], DType], TensorType] = {}


def tensor(shape: tuple[int, ...], dtype: DType) -> TensorType:
    """The one object for this type: shared, so that comparisons and look-ups are quick."""
    key = (shape, dtype)
    found = _types.get(key)
    if found is None:
        if len(_types) > 200_000:
            _types.clear()
        # A shape of the rule language is a tuple that adds elementwise.
        found = _types[key] = TensorType(tuple(shape), dtype)
    return found


@dataclass(slots=True)
class Library:
    """What the functions of one module share.

    Attributes:
        functions: private functions made so far.
        names: a counter for their names.
        turns: numbers of the plants to come, last first (:func:`verify.gen.plants.plant`).
    """

    functions: list[Function] = field(default_factory=list)
    names: int = 0
    turns: list[int] = field(default_factory=list)


class Draft:
    """One function body under construction. Values are numbered in order of creation, parameters
    among them.

    Args:
        chooser: the source of all choices.
        dtypes: dtypes that may occur (``i1`` always may).
        limit: how many elements a tensor may have.
        library: private functions of the module.
        depth: how many calls deep this function stands.
        menu: the steps that calls may use to fill further functions.
    """

    __slots__ = (
        "below",
        "by_type",
        "chooser",
        "depth",
        "dims",
        "dtypes",
        "home",
        "library",
        "limit",
        "menu",
        "most_params",
        "nodes",
        "params",
        "types",
    )

    def __init__(
        self,
        chooser: Chooser,
        dtypes: Dtypes,
        limit: int,
        library: Library,
        menu: Sequence[Step],
        depth: int = 0,
        dims: tuple[int, ...] = DIMS,
    ) -> None:
        self.chooser = chooser
        self.below = below = chooser.below
        self.dtypes = dtypes
        self.limit = limit
        self.library = library
        self.menu = menu
        self.depth = depth
        self.most_params = MAX_PARAMS
        self.types: list[TensorType] = []
        self.params: list[int] = []
        self.nodes: list[
            tuple[
                str,
                tuple[int, ...],
                Attrs,
                tuple[TensorType, ...],
                tuple[Graph, ...],
                tuple[int, ...],
            ]
        ]
        self.nodes = []
        self.by_type: dict[TensorType, list[int]] = {}
        count = len(dims)
        self.dims = (dims[below(count)], dims[below(count)], dims[below(count)])
        if dtypes is ALL:
            self.home = (_DTYPES[below(len(_DTYPES))], _DTYPES[below(len(_DTYPES))])
        else:
            self.home = (dtypes[below(len(dtypes))], dtypes[below(len(dtypes))])

    def nested(self, types: Sequence[TensorType]) -> Draft:
        """A function or region inside of this one with parameters of ``types``, and no others."""
        inner = Draft(
            self.chooser, self.dtypes, self.limit, self.library, self.menu, self.depth + 1
        )
        inner.dims, inner.home = self.dims, self.home
        for t in types:
            inner.param(t)
        # Fresh values inside must not become parameters: what goes in is fixed already.
        inner.most_params = 0
        return inner

    # ---- adding ---------------------------------------------------------------------------------

    def param(self, t: TensorType) -> int:
        """A new parameter."""
        v = len(self.types)
        self.types.append(t)
        self.params.append(v)
        found = self.by_type.get(t)
        if found is None:
            self.by_type[t] = [v]
        else:
            found.append(v)
        return v

    def add(self, op: str, operands: tuple[int, ...], attrs: Attrs, t: TensorType) -> int:
        """Append an op with one result; returns the result."""
        v = len(self.types)
        self.nodes.append((op, operands, attrs, (t,), (), ()))
        self.types.append(t)
        found = self.by_type.get(t)
        if found is None:
            self.by_type[t] = [v]
        else:
            found.append(v)
        return v

    def add_many(
        self,
        op: str,
        operands: tuple[int, ...],
        attrs: Attrs,
        types: tuple[TensorType, ...],
        regions: tuple[Graph, ...] = (),
        captures: tuple[int, ...] = (),
    ) -> int:
        """Append an op with several results, regions or captures; returns the first result."""
        first = len(self.types)
        self.nodes.append((op, operands, attrs, types, regions, captures))
        for v, t in enumerate(types, first):
            self.types.append(t)
            self.by_type.setdefault(t, []).append(v)
        return first

    def constant(self, t: TensorType, data: bytes) -> int:
        """Append a constant; one element's bytes stand for a splat."""
        return self.add("constant", (), (("value", Literal(t, data)),), t)

    def splat(self, t: TensorType) -> int:
        """A constant with one value everywhere: often an identity such as 0 or 1, sometimes a
        special value.
        """
        if 0 in t.shape:
            return self.constant(t, b"")
        pool = splats(t.dtype)
        return self.constant(t, pool[self.below(len(pool))])

    def dense(self, t: TensorType) -> int:
        """A constant with many values."""
        data = array_bytes(t, self.below(SIZE))
        first = data[: t.dtype.numpy.itemsize]
        if data == first * t.size:  # splats have one spelling
            data = first
        return self.constant(t, data)

    # ---- choosing -------------------------------------------------------------------------------

    def dtype(self, allowed: Dtypes) -> DType:
        """A dtype of ``allowed``, with luck one of the two that this program prefers."""
        below = self.below
        k = below(4)
        home = self.home[k & 1]
        if k < 3 and home in allowed:
            return home
        if self.dtypes is not ALL:
            allowed = tuple(d for d in allowed if d in self.dtypes) or allowed
        return allowed[below(len(allowed))]

    def shape(self) -> tuple[int, ...]:
        """A shape of rank 0 to 4 from the program's few dimensions, within the limit."""
        below, dims, limit = self.below, self.dims, self.limit
        out, size = [], 1
        for _ in range(RANKS[below(12)]):
            d = dims[below(3)]
            if size * d > limit:
                d = 1
            size *= d
            out.append(d)
        return tuple(out)

    def new_type(self, allowed: Dtypes) -> TensorType:
        """A type with a dtype of ``allowed``; every other time the shape of some value."""
        types = self.types
        shape = types[self.below(len(types))].shape if types and self.below(2) else self.shape()
        return tensor(shape, self.dtype(allowed))

    def fresh(self, t: TensorType) -> int:
        """A new value of type ``t``: a parameter, a constant, or a broadcast scalar."""
        k = self.below(8)
        if k < 5 and len(self.params) < self.most_params:
            return self.param(t)
        if k == 7 and t.shape:
            scalar = self.like(tensor((), t.dtype))
            return self.add("broadcast_in_dim", (scalar,), (("broadcast_dimensions", ()),), t)
        if k == 6:
            return self.dense(t)
        return self.splat(t)

    def subject(self, allowed: Dtypes) -> int:
        """An operand with a dtype of ``allowed``: any existing value, the newest twice as likely,
        else a fresh one.
        """
        types = self.types
        n = len(types)
        k = self.below(n + 3)
        if k < n + 2:
            start = k if k < n else n - 1
            for i in range(start, -1, -1):
                if types[i].dtype in allowed:
                    return i
            for i in range(n - 1, start, -1):
                if types[i].dtype in allowed:
                    return i
        return self.fresh(self.new_type(allowed))

    def ranked(self, allowed: Dtypes = ALL) -> int:
        """As :meth:`subject`, but not a scalar."""
        types = self.types
        n = len(types)
        start = min(self.below(n + 2), n - 1)
        for i in range(start, -1, -1):
            if types[i].shape and types[i].dtype in allowed:
                return i
        for i in range(n - 1, start, -1):
            if types[i].shape and types[i].dtype in allowed:
                return i
        dims = self.dims
        d = min(dims[self.below(3)], self.limit)
        return self.fresh(tensor((d,), self.dtype(allowed)))

    def like(self, t: TensorType) -> int:
        """A value of type ``t``: an existing one three times out of four, if there is any."""
        found = self.by_type.get(t)
        if found is not None:
            n = len(found)
            k = self.below(n + 1 + (n >> 2))
            if k < n:
                return found[k]
        return self.fresh(t)

    # ---- finishing ------------------------------------------------------------------------------

    def unused(self) -> list[int]:
        """Results of ops that nothing uses, in order."""
        free = bytearray(b"\1") * len(self.types)
        for v in self.params:
            free[v] = 0
        for _, operands, _, _, _, captures in self.nodes:
            for v in operands:
                free[v] = 0
            for v in captures:
                free[v] = 0
        return [v for v, f in enumerate(free) if f]

    def results(self, most: int = 8) -> list[int]:
        """What the function returns: the unused values, few of them left dead, sometimes an inner
        value as well.
        """
        below = self.below
        out = self.unused()
        if len(out) > 1:
            out = [v for v in out[:-1] if below(8) < 7] + out[-1:]
        extra = below(4)
        if self.types and (not out or extra == 3):
            out.append(below(len(self.types)))
        return out[-most:]

    def graph(self, results: Sequence[int]) -> Graph:
        """The finished graph: parameters first, as the IR numbers them."""
        params, types = self.params, self.types
        count = len(params)
        number = [0] * len(types)
        before = 0
        for v in range(len(types)):
            if before < count and params[before] == v:
                number[v] = before
                before += 1
            else:
                number[v] = v + count - before
        new = tuple.__new__  # Node(...) checks its arguments' names and takes three times as long
        nodes = []
        for op, args, attrs, made, regions, captures in self.nodes:
            uses = tuple([number[v] for v in args])
            outer = tuple([number[v] for v in captures]) if captures else ()
            nodes.append(new(Node, (op, uses, attrs, made, regions, outer)))
        return Graph(
            tuple([types[v] for v in params]), tuple(nodes), tuple([number[v] for v in results])
        )


def with_bool(dtypes: Dtypes) -> Dtypes:
    """``dtypes`` and ``i1``, in the table's order; ``ALL`` itself if nothing is missing."""
    full = tuple(d for d in ALL if d in dtypes or d is I1)
    return ALL if full == ALL else full
