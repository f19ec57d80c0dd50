"""Symbolic tensors, and the state of one proof attempt.

A tensor is a symbolic shape and a function from an index to a scalar term; an op composes such
functions. Whatever makes no sense symbolically raises :class:`Unknown`, so it can never end as
"proved".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import z3

from compiler.dtypes import DType
from compiler.ir import Graph, Module
from verify.smt.integers import Bool, Int, all_equal, linear, same, unlinear

Term: TypeAlias = Any  # z3.ExprRef of the dtype's sort
Index: TypeAlias = tuple[Int, ...]
Element: TypeAlias = Callable[[Index], Term]


class Unknown(Exception):
    """The symbolic semantics cannot express this; the verdict is ``unknown`` with this reason."""


class SymTensor:
    """A symbolic tensor.

    Args:
        shape: dimensions, Python ints or Z3 integers.
        dtype: element type.
        element: the element at an in-range index.
        flat: the element at an in-range row-major position, where that is simpler (after
            ``reshape``).
        splat: the value of all elements, if they are known to be one term.
    """

    def __init__(
        self,
        shape: Sequence[Int],
        dtype: DType,
        element: Element,
        *,
        flat: Callable[[Int], Term] | None = None,
        splat: Term | None = None,
    ) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self.flat = flat
        self.splat = splat
        self._element = element
        self._known: dict[tuple[Any, ...], Term] = {}

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def at(self, index: Sequence[Int]) -> Term:
        """The element at ``index`` (memoised: values of a graph are shared)."""
        key = tuple(i if isinstance(i, int) else ("z3", i.get_id()) for i in index)
        found = self._known.get(key)
        if found is None:
            # The term is kept with the indices it came from: z3 reuses the ids of terms that nobody
            # holds.
            found = self._known[key] = (tuple(index), self._element(tuple(index)))
        return found[1]

    def scalar_or(self, index: Sequence[Int]) -> Term:
        """The element at ``index``, or the only one of a rank-0 tensor."""
        return self.at(index if self.rank else ())


@dataclass(frozen=True, slots=True)
class Call:
    """One application of an op.

    Attributes:
        op: name.
        attrs: attributes by the specification's names; entries of vectors may be Z3 integers, axes
            are concrete.
        shapes: stated result shapes, where the operands do not give them (``reshape``, ``iota``,
            ...); else empty.
        dtypes: result dtypes.
        regions: bodies of ``reduce``; ``captures`` are the outer values they use.
        module: where the callee of ``call`` and ``composite`` is found.
    """

    op: str
    attrs: Mapping[str, Any]
    dtypes: tuple[DType, ...]
    shapes: tuple[tuple[Int, ...], ...] = ()
    regions: tuple[Graph, ...] = ()
    captures: tuple[SymTensor, ...] = ()
    module: Module | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """``consts[k]`` = the fold of ``elements(j)`` for ``j`` over the box of ``sizes``, in row-major
    order.

    Attributes:
        key: what is folded how; folds of different keys are never compared.
        exact: whether any order gives the same value in the reading at hand.
        identity: the neutral element of the combining function, if it has one.
        ring: whether the fold is a sum in a commutative ring, so that factors may move in and out.
        idempotent: whether folding an element twice changes nothing.
    """

    key: tuple[Any, ...]
    consts: tuple[Term, ...]
    inits: tuple[Term, ...]
    sizes: tuple[Int, ...]
    elements: Callable[[Index], tuple[Term, ...]]
    exact: bool = False
    identity: Term | None = None
    ring: bool = False
    idempotent: bool = False


@dataclass(slots=True)
class Env:
    """What one proof attempt collects while both sides are evaluated.

    Attributes:
        reading: ``bits``, ``reals`` or ``abstract``; see :mod:`verify.smt.scalar`.
        valid: (op, constraint number, condition) that the specification asks for.
        facts: axioms about terms that were made.
        folds: reductions by the id of the constant that stands for them.
        reorder: whether sums of floats may be taken in any order.
        zero_signs: whether the sign of a zero matters.
        positions: indices by the row-major positions that were made of them.
        values: results of ops on tensors, see :mod:`verify.smt.graphs`.
        monoids: for each kind of exact fold one example, for the normal form of its op.
    """

    reading: str = "bits"
    reorder: bool = False
    zero_signs: bool = True
    valid: list[tuple[str, str, Bool]] = field(default_factory=list)
    facts: list[Any] = field(default_factory=list)
    folds: dict[int, Fold] = field(default_factory=dict)
    monoids: dict[tuple[Any, ...], Fold] = field(default_factory=dict)
    opaque: set[str] = field(default_factory=set)
    values: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    positions: dict[int, list[tuple[Any, Index, Index]]] = field(default_factory=dict)
    _count: int = 0

    def require(self, op: str, number: str, condition: Bool) -> None:
        """State a constraint of the specification. Abstract elements are of any dtype, so I1 is not
        asked of them.
        """
        if condition is not True and not (self.reading == "abstract" and number == "I1"):
            self.valid.append(
                (op, number, z3.BoolVal(condition) if condition is False else condition)
            )

    def fact(self, condition: Bool, claim: Any) -> None:
        """Learn that ``condition`` implies ``claim``."""
        if condition is not False:
            self.facts.append(claim if condition is True else z3.Implies(condition, claim))

    def position(self, index: Sequence[Int], shape: Sequence[Int]) -> Int:
        """The row-major position of an in-range ``index``, remembered for :meth:`index_at`."""
        at = linear(index, shape)
        if not isinstance(at, int):
            self.positions.setdefault(at.get_id(), []).append((at, tuple(index), tuple(shape)))
        return at

    def index_at(self, position: Int, shape: Sequence[Int]) -> Index:
        """The index at a row-major position: the one it was made of if that was in the same shape,
        else by division.
        """
        if not isinstance(position, int):
            for _, index, have in self.positions.get(position.get_id(), ()):
                if len(have) == len(shape) and all(
                    same(m, n) for m, n in zip(have, shape, strict=True)
                ):
                    return index
        return unlinear(position, shape)

    def fresh(self, name: str, sort: Any) -> Term:
        """A new constant."""
        self._count += 1
        return z3.Const(f"{name}!{self._count}", sort)

    def fresh_index(self, rank: int) -> Index:
        """``rank`` new integers."""
        return tuple(self.fresh("j", z3.IntSort()) for _ in range(rank))

    def uninterpreted(self, name: str, args: Sequence[Term], sort: Any) -> Term:
        """An uninterpreted function: equal arguments give equal results, nothing else is known."""
        self.opaque.add(name)
        if not args:
            return z3.Const(name, sort)
        return z3.Function(name, *(a.sort() for a in args), sort)(*args)


Meaning: TypeAlias = Callable[[Env, Sequence[SymTensor], Call], tuple[SymTensor, ...]]


def unmodelled(_env: Env, _xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    """The meaning of an op that no rule speaks of: Unknown."""
    raise Unknown(f"{call.op}: the prover has no meaning for it")


def constant_tensor(shape: Sequence[Int], dtype: DType, value: Term) -> SymTensor:
    """A splat."""
    return SymTensor(shape, dtype, lambda _: value, splat=value)


def shapes_agree(a: Sequence[Int], b: Sequence[Int]) -> Bool:
    """Equal ranks and dimensions."""
    return all_equal(a, b)


def bits_of(value: Any, dtype: DType) -> int:
    """The bit pattern of one NumPy scalar as a Python int."""
    raw = np.asarray(value).astype(dtype.numpy).tobytes()
    return int.from_bytes(raw, "little")


def is_one(n: Int) -> bool:
    """Whether a dimension is the literal 1."""
    return same(n, 1)
