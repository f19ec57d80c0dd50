"""The symbolic meaning of scalar ops against the reference interpreter, on numerals."""

from __future__ import annotations

import itertools
import zlib
from typing import Any

import numpy as np
import pytest
import z3

from compiler.build import Builder
from compiler.dtypes import ALL, BF16, F16, F32, F64, FLOATS, I1, I8, UI8, DType
from compiler.ir import Array, TensorType, module
from compiler.ops import OPS
from verify.arrays import same_bits
from verify.ref import evaluate
from verify.smt import scalar
from verify.smt.replay import scalar_value
from verify.smt.tensor import Env

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 3.0, -7.75, 100.0, 1e-3, 6e-8, 1e-40, 65504.0]
SPECIAL += [3e38, -1e30, 2.0**31, 2.0**63, -(2.0**63), 255.0, 256.0, np.inf, -np.inf, np.nan]
UNINTERPRETED = {op.name for op in OPS.values() if "transcendental" in op.traits} - {"power"}
ATTRS: dict[str, list[dict[str, Any]]] = {
    "compare": [{"comparison_direction": d} for d in ("EQ", "NE", "GE", "GT", "LE", "LT")],
    "reduce_precision": [
        {"exponent_bits": e, "mantissa_bits": m}
        for e, m in ((8, 7), (5, 10), (4, 3), (8, 1), (2, 5))
    ],
}
ELEMENTWISE = [op for op in OPS.values() if op.elementwise and op.name not in ("convert", "select")]


def samples(dtype: DType, count: int) -> Array:
    """Elements of ``dtype``: every i1 and special float, ends and random ones of integers."""
    rng = np.random.default_rng(zlib.crc32(dtype.name.encode()))
    if dtype is I1:
        return np.array([False, True])
    with np.errstate(all="ignore"):
        if dtype.is_float:
            bits = rng.integers(0, 1 << 16, count)  # random f16 patterns: subnormals, NaNs and all
            odd = bits.astype(np.uint16).view(np.float16).astype(np.float64)
            return np.concatenate([SPECIAL, odd]).astype(dtype.numpy)
        info = np.iinfo(dtype.numpy)
        ends = np.array([info.min, info.min + 1, 0, 1, 2, info.max, info.max - 1], dtype.numpy)
        wild = rng.integers(info.min, info.max, count, dtype.numpy, endpoint=True)
        return np.concatenate([ends, wild, np.arange(3, 9).astype(dtype.numpy)])


def symbolic(
    op: str, attrs: dict[str, Any], out: DType, args: tuple[Any, ...], dtype: DType
) -> Any:
    """One scalar by the prover's meaning, as a NumPy scalar."""
    env = Env("bits")
    terms = [scalar.literal(env, a, dtype) for a in args]
    found = z3.simplify(scalar.apply(env, op, attrs, [dtype] * len(args), out, terms))
    assert (
        z3.is_true(found) or z3.is_false(found) or z3.is_bv_value(found) or z3.is_fp_value(found)
    ), found
    return scalar_value(found, out)


def reference(
    op: str, attrs: dict[str, Any], columns: list[Array], dtype: DType, out: DType
) -> Array:
    shape = columns[0].shape
    b = Builder([TensorType(shape, dtype)] * len(columns))
    types = [TensorType(shape, out)] if op == "convert" else None
    value = b.emit(op, list(range(len(columns))), types=types, **attrs)
    with np.errstate(all="ignore"):
        return evaluate(module(b.graph([value])), columns)[0]


def agree(
    op: str, attrs: dict[str, Any], dtype: DType, out: DType, tuples: list[tuple[Any, ...]]
) -> None:
    columns = [np.array(c, dtype.numpy) for c in zip(*tuples, strict=True)]
    want = reference(op, attrs, columns, dtype, out)
    for args, w in zip(tuples, want, strict=True):
        got = symbolic(op, attrs, out, args, dtype)
        assert same_bits(np.asarray(got), np.asarray(w)), (
            f"{op} {attrs} {dtype} {args}: {got}, reference {w}"
        )


def some(tuples: list[tuple[Any, ...]], count: int, seed: str) -> list[tuple[Any, ...]]:
    """A seeded choice."""
    if len(tuples) <= count:
        return tuples
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    return [tuples[k] for k in rng.choice(len(tuples), count, replace=False)]


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
def test_every_elementwise_op_in_every_dtype(op: Any) -> None:
    for dtype in op.dtypes:
        if dtype.is_float and op.name in (*UNINTERPRETED, "power"):
            continue
        out = I1 if op.name in ("compare", "is_finite") else dtype
        tuples = list(itertools.product(samples(dtype, 6), repeat=len(op.operands)))
        for attrs in ATTRS.get(op.name, [{}]):
            agree(op.name, attrs, dtype, out, some(tuples, 60, f"{op.name}{dtype}{attrs}"))


@pytest.mark.parametrize(
    "op", ["add", "divide", "remainder", "power", "maximum", "shift_right_arithmetic"]
)
@pytest.mark.parametrize("dtype", [I8, UI8], ids=str)
def test_many_pairs_of_bytes(op: str, dtype: DType) -> None:
    info = np.iinfo(dtype.numpy)
    numbers = np.arange(info.min, info.max + 1, dtype=np.int64).astype(dtype.numpy)
    edges = [(a, b) for a in numbers for b in numbers[[0, 1, 127, 128, 129, 254, 255]]]
    agree(op, {}, dtype, dtype, some(edges, 500, op))


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_convert_to_every_dtype(dtype: DType) -> None:
    tuples = [(x,) for x in samples(dtype, 20)]
    for out in ALL:
        agree("convert", {}, dtype, out, tuples)


def test_a_double_is_rounded_to_half_once() -> None:
    # 1 + 2**-11 + 2**-40 lies just above a tie of f16 that f32 rounds to the tie itself.
    assert symbolic("convert", {}, F16, (np.float64(1 + 2**-11 + 2**-40),), F64) == np.float16(
        1 + 2**-10
    )


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_literals_keep_their_bits(dtype: DType) -> None:
    for value in samples(dtype, 40):
        got = scalar_value(scalar.literal(Env("bits"), value, dtype), dtype)
        assert same_bits(np.asarray(got), np.asarray(value))


def test_equal_arguments_of_an_unknown_function_give_equal_results() -> None:
    env = Env("bits")
    x, y = (z3.Const(n, scalar.sort_of(F32, "bits")) for n in "xy")
    exp = lambda t: scalar.apply(env, "exponential", {}, [F32], F32, [t])  # noqa: E731
    solver = z3.Solver()
    solver.add(x == y, exp(x) != exp(y))
    assert solver.check() == z3.unsat
    solver = z3.Solver()
    solver.add(exp(x) != exp(y))
    assert solver.check() == z3.sat


def test_reals_know_no_infinity() -> None:
    from verify.smt.tensor import Unknown

    with pytest.raises(Unknown, match="real number"):
        scalar.literal(Env("reals"), np.float32(np.inf), F32)


def test_reals_keep_the_rounding_of_a_conversion() -> None:
    env = Env("reals")
    x = z3.Real("x")
    narrow = scalar.apply(env, "convert", {}, [F32], BF16, [x])
    wide = scalar.apply(env, "convert", {}, [BF16], F32, [narrow])
    assert not wide.eq(x)
    assert scalar.apply(env, "convert", {}, [BF16], F32, [x]).eq(x)
