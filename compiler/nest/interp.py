"""The nest interpreter: the meaning of the nest IR, in NumPy, bit for bit that of the machine code.

Bodies are evaluated for all indices of a domain at once; only the steps of a canonical order run
one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod

import numpy as np

from compiler.dtypes import DType, from_numpy
from compiler.ir import Array
from compiler.nest.evaluate import Ready
from compiler.nest.fma import fused
from compiler.nest.ir import (
    Branch,
    Buffer,
    Dot,
    Map,
    Nest,
    Program,
    Reduce,
    Scatter,
    While,
)
from compiler.nest.ordered import run_scatter, run_sort
from compiler.nest.scalars import Value, convert

LANES = 64
BLOCK = 256
CHUNK = 1 << 15  # indices evaluated at a time, so that temporaries stay in the cache


class TripsError(Exception):
    """Loops took more trips than they were given."""


class Trips:
    """How many trips all loops together may still take; ``None`` for any number."""

    __slots__ = ("left",)

    def __init__(self, left: int | None) -> None:
        self.left = left

    def take(self) -> None:
        """Take one; TripsError if there is none left."""
        if self.left is not None:
            if self.left <= 0:
                raise TripsError
            self.left -= 1


def run(
    program: Program, inputs: Sequence[Array], *, trips: int | None = None
) -> tuple[Array, ...]:
    """The outputs of ``program`` on ``inputs``, which must have the types of its input buffers.

    Raises TripsError if its loops take more than ``trips`` trips in all.
    """
    return Interpreter(program)(inputs, trips=trips)


class Interpreter:
    """A program to be run on several sets of inputs: what they do not decide is computed once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._buffers = [_allocate(b) for b in program.buffers]
        self._ready: dict[int, list[_Part]] = {}  # by the nest's identity

    def __call__(self, inputs: Sequence[Array], *, trips: int | None = None) -> tuple[Array, ...]:
        """As :func:`run`."""
        program = self._program
        memory = [
            np.zeros_like(flat) if b.role in ("output", "temp") else flat
            for b, flat in zip(program.buffers, self._buffers, strict=True)
        ]
        for n, x in zip(program.inputs, inputs, strict=True):
            memory[n] = np.ascontiguousarray(x).reshape(-1)
        with np.errstate(all="ignore"):
            self._run_nests(program.nests, memory, Trips(trips))
        return tuple(memory[n].reshape(program.buffers[n].type.shape) for n in program.outputs)

    def _run_nests(self, nests: Sequence[Nest], memory: list[Array], trips: Trips) -> None:
        for nest in nests:
            if isinstance(nest, Map | Reduce):
                for part in self._parts(nest):
                    part(memory)
            elif isinstance(nest, While):
                self._run_nests(nest.cond, memory, trips)
                while memory[nest.pred][0]:
                    trips.take()
                    self._run_nests(nest.body, memory, trips)
                    self._run_nests(nest.cond, memory, trips)
            elif isinstance(nest, Branch):
                taken = nest.branches[_branch(nest, memory[nest.index][0])]
                self._run_nests(taken, memory, trips)
            elif isinstance(nest, Dot):
                _run_dot(nest, memory)
            elif isinstance(nest, Scatter):
                run_scatter(nest, memory)
            else:
                run_sort(nest, memory)

    def _parts(self, nest: Map | Reduce) -> Iterable[_Part]:
        """The parts of a nest; what is ready is kept where there is one part only."""
        found = self._ready.get(id(nest))
        if found is not None:
            return found
        chunks = _chunks(nest.domain) if prod(nest.domain) else []
        parts = (_ready(nest, *chunk) for chunk in chunks)
        if len(chunks) > 1:
            return parts
        kept = self._ready[id(nest)] = list(parts)
        return kept


_Part = Callable[[list[Array]], None]  # runs a part of a nest on memory


def _ready(nest: Map | Reduce, start: int, stop: int, dim: int) -> _Part:
    if isinstance(nest, Map):
        return _ready_map(nest, start, stop, dim)
    return _ready_reduce(nest, start, stop, dim)


def _allocate(buffer: Buffer) -> Array:
    if buffer.role == "const":
        flat = np.frombuffer(buffer.data, buffer.type.dtype.numpy)
        return np.broadcast_to(flat, buffer.type.size) if flat.size == 1 else flat
    return np.empty(0 if buffer.role == "input" else buffer.type.size, buffer.type.dtype.numpy)


def _branch(nest: Branch, value: Value) -> int:
    """Which branch to take."""
    last = len(nest.branches) - 1
    if value.dtype == np.bool_:
        return 0 if value else last
    return int(value) if 0 <= value <= last else last


def _chunks(domain: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Parts of about :data:`CHUNK` indices: (start, stop, dimension), the first that is not 1."""
    dim = next((d for d, n in enumerate(domain) if n != 1), 0)
    if prod(domain) <= CHUNK:
        return [(0, domain[dim] if domain else 1, dim)]
    step = max(1, CHUNK * domain[dim] // prod(domain))
    return [(a, min(a + step, domain[dim]), dim) for a in range(0, domain[dim], step)]


def _indices(sizes: Sequence[int], start: int, stop: int, dim: int) -> list[Array]:
    """One open grid a loop variable; variable ``dim`` runs over a part only."""
    rank = len(sizes)
    out = []
    for d, n in enumerate(sizes):
        r = np.arange(start, stop) if d == dim else np.arange(n)
        out.append(r.reshape((1,) * d + (-1,) + (1,) * (rank - d - 1)))
    return out


def _part(
    domain: tuple[int, ...], start: int, stop: int, dim: int
) -> tuple[tuple[int, ...], slice]:
    """The shape of a part of the domain, and where it lies in the row-major output."""
    if not domain:
        return (), slice(0, 1)
    inner = prod(domain[dim + 1 :])
    return (*domain[:dim], stop - start, *domain[dim + 1 :]), slice(start * inner, stop * inner)


def _ready_map(nest: Map, start: int, stop: int, dim: int) -> _Part:
    shape, where = _part(nest.domain, start, stop, dim)
    body = Ready(nest.body, _indices(nest.domain, start, stop, dim))

    def part(memory: list[Array]) -> None:
        for out, value in zip(nest.outs, body(memory), strict=True):
            memory[out][where] = _whole(value, shape).reshape(-1)

    return part


def _whole(value: Value, shape: tuple[int, ...]) -> Value:
    """``value`` as an array of ``shape``."""
    return value if np.shape(value) == shape else np.broadcast_to(value, shape)


# Reductions


def _ready_reduce(nest: Reduce, start: int, stop: int, dim: int) -> _Part:
    shape, where = _part(nest.domain, start, stop, dim)
    sizes, full = (*nest.domain, *nest.reduced), (*shape, *nest.reduced)
    count, rows = prod(nest.reduced), prod(shape)
    initial, combining = Ready(nest.inits), Ready(nest.combine)
    body = Ready(nest.body, _indices(sizes, start, stop, dim if nest.domain else -1))
    fold = _lanes if nest.order == "lanes" else _sequential

    def part(memory: list[Array]) -> None:
        def combine(acc: list[Value], element: list[Value]) -> list[Value]:
            values = combining(memory, (*acc, *element))
            return [_whole(v, a.shape) for v, a in zip(values, acc, strict=True)]

        inits = [np.full(rows, v) for v in initial(memory)]
        if count == 0:
            elements = [np.empty((rows, 0), v.dtype) for v in inits]
        else:
            elements = [_whole(v, full).reshape(rows, count) for v in body(memory)]
        for out, value in zip(nest.outs, fold(nest, inits, elements, combine), strict=True):
            memory[out][where] = value

    return part


Combine = Callable[[list[Value], list[Value]], list[Value]]


def _sequential(
    _nest: Reduce, inits: list[Value], elements: list[Value], combine: Combine
) -> list[Value]:
    acc = inits
    for k in range(elements[0].shape[1]):
        acc = combine(acc, [e[:, k] for e in elements])
    return acc


def _lanes(
    nest: Reduce, inits: list[Value], elements: list[Value], combine: Combine
) -> list[Value]:
    element = elements[0]
    rows, count = element.shape
    identity = np.frombuffer(nest.identity[0], element.dtype)[0]
    acc = np.full((rows, LANES), identity)
    for k in range(0, count, LANES):
        width = min(LANES, count - k)
        (acc[:, :width],) = combine([acc[:, :width]], [element[:, k : k + width]])
    half = LANES // 2
    while half:
        (acc,) = combine([acc[:, :half]], [acc[:, half : 2 * half]])
        half //= 2
    return combine(inits, [acc[:, 0]])


# Contractions


def _run_dot(nest: Dot, memory: list[Array]) -> None:
    batch, m, n, k = prod(nest.batch), prod(nest.m), prod(nest.n), prod(nest.k)
    if batch * m * n == 0:
        return
    left = _operand(memory[nest.lhs], (*nest.batch, *nest.m, *nest.k), nest.lhs_strides, nest.acc)
    right = _operand(memory[nest.rhs], (*nest.batch, *nest.n, *nest.k), nest.rhs_strides, nest.acc)
    left, right = left.reshape(batch, m, 1, k), right.reshape(batch, 1, n, k)
    total = _dot_float(left, right) if nest.acc.is_float else _dot_integer(left, right)
    out = memory[nest.out]
    out[:] = convert(total, nest.acc, from_numpy(out.dtype)).reshape(-1)


def _operand(flat: Array, shape: tuple[int, ...], strides: tuple[int, ...], acc: DType) -> Array:
    """The operand as an array of ``shape``, converted to the dtype of the sum."""
    if 0 in shape:
        return np.empty(shape, acc.numpy)
    flat = np.ascontiguousarray(convert(flat, from_numpy(flat.dtype), acc))
    item = flat.dtype.itemsize
    return np.lib.stride_tricks.as_strided(flat, shape, tuple(s * item for s in strides))


def _dot_float(left: Array, right: Array) -> Array:
    """Sum of partial sums of :data:`BLOCK` products each, every product added by fma."""
    shape = np.broadcast_shapes(left.shape, right.shape)
    total = np.zeros(shape[:-1], left.dtype)
    for start in range(0, shape[-1], BLOCK):
        part = np.zeros_like(total)
        for k in range(start, min(start + BLOCK, shape[-1])):
            part = fused(left[..., k], right[..., k], part)
        total = total + part
    return total


def _dot_integer(left: Array, right: Array) -> Array:
    """Exact modulo the width; i1: or of ands."""
    shape = np.broadcast_shapes(left.shape, right.shape)
    total = np.zeros(shape[:-1], left.dtype)
    for k in range(shape[-1]):
        if left.dtype == np.bool_:
            total = total | (left[..., k] & right[..., k])
        else:
            total = total + left[..., k] * right[..., k]
    return total
