"""Helpers: random inputs with special values, and the comparison of machine code with the
interpreter.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest

from compiler.executable import Executable
from compiler.ir import Array, Module, TensorType
from compiler.lower import lower
from compiler.nest.interp import run
from verify.arrays import same_bits

SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-40, 3e38]


def _seeded(*key: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def _draw(rng: np.random.Generator, t: TensorType) -> Array:
    """Random values of all magnitudes, with special ones strewn in."""
    n, dtype = t.size, t.dtype
    if dtype.kind == "bool":
        return rng.integers(0, 2, t.shape).astype(bool)
    if dtype.is_integer:
        bits = rng.integers(0, 256, n * dtype.numpy.itemsize, dtype=np.uint8)
        x = np.frombuffer(bits.tobytes(), dtype.numpy).copy()
        info = np.iinfo(dtype.numpy)
        small = rng.integers(-4 if info.min else 0, 5, n).astype(dtype.numpy)
        edge = rng.choice(np.array([info.min, info.max, 0, 1, info.max], dtype.numpy), n)
        pick = rng.integers(0, 4, n)
        return np.where(pick == 0, small, np.where(pick == 1, edge, x)).reshape(t.shape)
    with np.errstate(all="ignore"):
        x = rng.standard_normal(n) * np.exp(rng.uniform(-4, 4, n))
        wild = np.exp(rng.uniform(-90, 90, n)) * rng.choice([-1, 1], n)
        special = rng.choice(np.array(SPECIAL), n)
        pick = rng.integers(0, 8, n)
        x = np.where(pick == 0, special, np.where(pick == 1, wild, x))
        return x.astype(dtype.numpy).reshape(t.shape)


def _edges(t: TensorType) -> Array:
    """All special values of a dtype in a row."""
    dtype = t.dtype
    if dtype.kind == "bool":
        return np.array([False, True])
    with np.errstate(all="ignore"):
        if dtype.is_float:
            tiny = [2.0**k for k in (-1074, -149, -133, -126, -24, -14)]
            large = [65504.0, 65520.0, 2.0**31, 2.0**63, 2.0**64, 1e300]
            values = np.array([*SPECIAL, *tiny, *(-x for x in large), *large, 3.0, -7.0])
            return values.astype(dtype.numpy)
    info = np.iinfo(dtype.numpy)
    low = [info.min, info.min + 1, -3, -2, -1] if info.min else []
    few = [0, 1, 2, 3, dtype.bits - 1, dtype.bits, dtype.bits + 1, info.max // 2 + 1]
    return np.array([*low, *few, info.max - 1, info.max], dtype.numpy)


def _check(module: Module, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """Run both ways, at both levels of machine code; returns the outputs."""
    wanted = run(lower(module), inputs)
    for level in (0, 2):
        exe = Executable(module, level=level)
        for k, (a, b) in enumerate(zip(exe(*inputs), wanted, strict=True)):
            assert same_bits(a, b), f"output {k}, level {level}:\n{a}\n{b}\n{exe.llvm}"
    return wanted


@pytest.fixture
def seeded():
    """``seeded(*key)``: a random generator that depends on the key alone."""
    return _seeded


@pytest.fixture
def draw():
    """``draw(rng, type)``: an array with special values strewn in."""
    return _draw


@pytest.fixture
def check():
    """``check(module, inputs)``: machine code at both levels equals the interpreter bit for bit."""
    return _check


@pytest.fixture
def edges():
    """``edges(type)``: all special values of the type's dtype."""
    return _edges
