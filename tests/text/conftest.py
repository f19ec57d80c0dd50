"""Modules that hold every op of the table, with every dtype it allows and random attributes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import ALL, F32, I1, DType
from compiler.ir import Function, Graph, Literal, Module, Raw, TensorType
from compiler.ops import OPS

SHAPES = [(), (1,), (3,), (0,), (2, 3), (4, 0), (1, 5, 2), (13, 11)]
HELPER = TensorType((2, 3), F32)


@dataclass
class Maker:
    """Draws operands and attributes; ``make(op, dtype)`` appends one instance of the op."""

    rng: random.Random
    builder: Builder = field(init=False)

    def __post_init__(self) -> None:
        helper = ((HELPER, HELPER), (HELPER, HELPER))
        self.builder = Builder([HELPER, HELPER], {"helper": helper}.get)

    def shape(self) -> tuple[int, ...]:
        return self.rng.choice(SHAPES)

    def value(self, shape: tuple[int, ...], dtype: DType) -> int:
        """A constant of random bits (NaNs, infinities and subnormals among them), or a splat."""
        t = TensorType(shape, dtype)
        size = 1 if self.rng.random() < 0.3 else t.size
        data = self.rng.randbytes(size * dtype.numpy.itemsize)
        if dtype is I1:
            data = bytes(b & 1 for b in data)
        array = np.frombuffer(data, dtype.numpy)
        full = np.broadcast_to(array, t.size) if t.size else array[:0]
        return self.builder.constant(Literal.of(full.reshape(shape)))

    def make(self, op: str, dtype: DType) -> None:
        special: Callable[[Maker, DType], None] | None = MAKERS.get(op)
        if special is not None:
            special(self, dtype)
            return
        shape = self.shape()
        self.builder.emit(op, [self.value(shape, dtype) for _ in OPS[op].operands])

    def module(self) -> Module:
        """What was made so far, every value returned, with the function that calls need."""
        count = len(self.builder.types)
        results = range(2, count)
        graph = self.builder.graph(results)
        helper = Function("helper", Graph((HELPER, HELPER), (), (1, 0)), private=True)
        return Module((Function("main", graph), helper), "made")


def _select(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    pred = m.value(m.rng.choice([(), shape]), I1)
    m.builder.emit("select", [pred, m.value(shape, dtype), m.value(shape, dtype)])


def _clamp(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    low, high = (m.value(m.rng.choice([(), shape]), dtype) for _ in range(2))
    m.builder.emit("clamp", [low, m.value(shape, dtype), high])


def _compare(m: Maker, dtype: DType) -> None:
    kinds = {"float": ["", "FLOAT", "TOTALORDER"], "int": ["", "SIGNED"]}
    shape = m.shape()
    m.builder.emit(
        "compare",
        [m.value(shape, dtype), m.value(shape, dtype)],
        comparison_direction=m.rng.choice(["EQ", "NE", "GE", "GT", "LE", "LT"]),
        compare_type=m.rng.choice(kinds.get(dtype.kind, ["", "UNSIGNED"])),
    )


def _constant(m: Maker, dtype: DType) -> None:
    m.value(m.shape(), dtype)


def _iota(m: Maker, dtype: DType) -> None:
    shape = m.rng.choice([s for s in SHAPES if s])
    dim = m.rng.randrange(len(shape))
    m.builder.emit("iota", types=[TensorType(shape, dtype)], iota_dimension=dim)


def _convert(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    to = m.rng.choice(ALL)
    m.builder.emit("convert", [m.value(shape, dtype)], types=[TensorType(shape, to)])


def _bitcast_convert(m: Maker, dtype: DType) -> None:
    to = m.rng.choice(ALL)
    shape = m.shape()
    if to.bits < dtype.bits:
        have, want = shape, (*shape, dtype.bits // to.bits)
    elif to.bits > dtype.bits:
        have, want = (*shape, to.bits // dtype.bits), shape
    else:
        have = want = shape
    m.builder.emit("bitcast_convert", [m.value(have, dtype)], types=[TensorType(want, to)])


def _reduce_precision(m: Maker, dtype: DType) -> None:
    bits = {"exponent_bits": m.rng.randint(1, 11), "mantissa_bits": m.rng.randint(0, 52)}
    m.builder.emit("reduce_precision", [m.value(m.shape(), dtype)], **bits)


def _broadcast_in_dim(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    dims = m.rng.sample(range(len(shape) + 2), len(shape))
    target = [m.rng.choice([0, 1, 3]) for _ in range(len(shape) + 2)]
    for n, d in zip(shape, dims, strict=True):
        target[d] = n if n != 1 else target[d]
    m.builder.emit(
        "broadcast_in_dim",
        [m.value(shape, dtype)],
        types=[TensorType(tuple(target), dtype)],
        broadcast_dimensions=tuple(dims),
    )


def _reshape(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    target = m.rng.choice([(*shape, 1), (1, *shape), tuple(reversed(shape))])
    m.builder.emit("reshape", [m.value(shape, dtype)], types=[TensorType(target, dtype)])


def _transpose(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    permutation = tuple(m.rng.sample(range(len(shape)), len(shape)))
    m.builder.emit("transpose", [m.value(shape, dtype)], permutation=permutation)


def _slice(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    starts = tuple(m.rng.randint(0, n) for n in shape)
    limits = tuple(m.rng.randint(lo, n) for lo, n in zip(starts, shape, strict=True))
    strides = tuple(m.rng.randint(1, 3) for _ in shape)
    m.builder.emit(
        "slice",
        [m.value(shape, dtype)],
        start_indices=starts,
        limit_indices=limits,
        strides=strides,
    )


def _pad(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    m.builder.emit(
        "pad",
        [m.value(shape, dtype), m.value((), dtype)],
        edge_padding_low=tuple(m.rng.randint(-n, 2) for n in shape),
        edge_padding_high=tuple(m.rng.randint(0, 2) for _ in shape),
        interior_padding=tuple(m.rng.randint(0, 2) for _ in shape),
    )


def _concatenate(m: Maker, dtype: DType) -> None:
    shape = m.rng.choice([s for s in SHAPES if s])
    dim = m.rng.randrange(len(shape))
    parts = []
    for _ in range(m.rng.randint(1, 3)):
        part = (*shape[:dim], m.rng.randint(0, 3), *shape[dim + 1 :])
        parts.append(m.value(part, dtype))
    m.builder.emit("concatenate", parts, dimension=dim)


def _reverse(m: Maker, dtype: DType) -> None:
    shape = m.shape()
    dims = tuple(m.rng.sample(range(len(shape)), m.rng.randint(0, len(shape))))
    m.builder.emit("reverse", [m.value(shape, dtype)], dimensions=dims)


def _dot_general(m: Maker, dtype: DType) -> None:
    algorithm = None
    precision = m.rng.choice([(), ("DEFAULT", "DEFAULT"), ("HIGH", "HIGHEST")])
    if dtype is F32 and m.rng.random() < 0.5:
        precision = ("DEFAULT", "DEFAULT")
        algorithm = (
            ("lhs_precision_type", "tf32"),
            ("rhs_precision_type", "tf32"),
            ("accumulation_type", "f32"),
            ("lhs_component_count", 1),
            ("rhs_component_count", 1),
            ("num_primitive_operations", 3),
            ("allow_imprecise_accumulation", False),
        )
    batch, free, inner = (
        m.rng.choice([(), (2,), (1, 3)]),
        m.rng.choice([0, 4]),
        m.rng.choice([0, 5]),
    )
    k = len(batch)
    m.builder.emit(
        "dot_general",
        [m.value((*batch, free, inner), dtype), m.value((*batch, inner, 2), dtype)],
        lhs_batching_dimensions=tuple(range(k)),
        rhs_batching_dimensions=tuple(range(k)),
        lhs_contracting_dimensions=(k + 1,),
        rhs_contracting_dimensions=(k,),
        precision_config=precision,
        algorithm=algorithm,
    )


def _reduce(m: Maker, dtype: DType) -> None:
    """One op in the body, or several inputs with a body that captures an outer value and nests."""
    shape = m.shape()
    scalar = TensorType((), dtype)
    dims = tuple(m.rng.sample(range(len(shape)), m.rng.randint(0, len(shape))))
    if m.rng.random() < 0.5:
        body = Builder([scalar, scalar])
        first = body.emit(m.rng.choice(["add", "multiply", "maximum"]), [0, 1])
        region, captures, count = body.graph([first]), [], 1
    else:
        count = m.rng.randint(1, 2)
        captures = [m.value((), dtype)]
        region = _nested_body(scalar, count)
    operands = [m.value(shape, dtype) for _ in range(count)]
    operands += [m.value((), dtype) for _ in range(count)]
    m.builder.emit("reduce", operands, dimensions=dims, regions=[region], captures=captures)


def _nested_body(scalar: TensorType, count: int) -> Graph:
    """A body of ``2 * count`` arguments and one capture, with a reduce in it that captures too."""
    inner = Builder([scalar, scalar, scalar])
    total = inner.emit("maximum", [inner.emit("add", [0, 2]), 1])
    nested = inner.graph([total])
    body = Builder([scalar] * (2 * count + 1))
    capture = 2 * count
    results = []
    for i in range(count):
        x = body.emit("minimum", [count + i, capture])
        args = [x, i]
        x = body.emit("reduce", args, dimensions=(), regions=[nested], captures=[capture])
        results.append(x)
    return body.graph(results)


def _call(m: Maker, _dtype: DType) -> None:
    m.builder.emit("call", [0, 1], callee="helper")


def _composite(m: Maker, _dtype: DType) -> None:
    attrs = m.rng.choice(
        [(), (("k", 3), ("r", Raw("[1.500000e+00, @x]")), ("s", 'a "b"\n')), (("odd name", -1),)]
    )
    m.builder.emit(
        "composite",
        [0, 1],
        name="assay.test",
        composite_attributes=attrs,
        decomposition="helper",
        version=m.rng.choice([0, 2]),
    )


MAKERS: dict[str, Callable[[Maker, DType], None]] = {
    "bitcast_convert": _bitcast_convert,
    "broadcast_in_dim": _broadcast_in_dim,
    "call": _call,
    "clamp": _clamp,
    "compare": _compare,
    "composite": _composite,
    "concatenate": _concatenate,
    "constant": _constant,
    "convert": _convert,
    "dot_general": _dot_general,
    "iota": _iota,
    "pad": _pad,
    "reduce": _reduce,
    "reduce_precision": _reduce_precision,
    "reshape": _reshape,
    "reverse": _reverse,
    "select": _select,
    "slice": _slice,
    "transpose": _transpose,
}


# Families whose ops stand in ops.mlir, as they are printed.
WRITTEN = frozenset(["chlo", "control", "convolution", "dynamic", "gather", "linalg", "norm"])
WRITTEN |= {"random", "scatter", "sort", "window"}


def _every_op(seed: int) -> Module:
    maker = Maker(random.Random(seed))
    for name, row in OPS.items():
        if row.family in WRITTEN:
            continue
        for dtype in ALL if name == "select" else row.dtypes or (F32,):
            maker.make(name, dtype)
    return maker.module()


@pytest.fixture
def written() -> str:
    """The text ``ops.mlir``: every op of the other families in the form that is printed."""
    return Path(__file__).with_name("ops.mlir").read_text()


@pytest.fixture
def every_op() -> Callable[[int], Module]:
    """A function from a seed to a module with each op in each dtype (not those of ``written``)."""
    return _every_op
