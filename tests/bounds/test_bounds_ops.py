"""Soundness, op by op: whatever lies inside the operands, evaluated in whatever legal way, lies
inside the result; so does its true value. The bounds are not asked how they come by theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from compiler.contract import EXACT, Contract, allow
from compiler.dtypes import ALL, BF16, F16, F32, F64, DType
from compiler.ops import OPS
from verify.bounds import core, functions
from verify.bounds import format as formats
from verify.bounds.format import FORMATS
from verify.gen import Config, RandomChooser, draw_inputs, generate

CONTRACTS = (
    EXACT,
    allow("reassoc"),
    EXACT,
    allow("contract", "arcp"),
    allow("reassoc", "arcp"),
    allow("afn"),
)
DTYPES: tuple[tuple[DType, ...], ...] = (ALL, (F64,), (F32,), (F16, F32), (BF16, F32))
COSTLY = {
    "chlo.zeta": 8,
    "chlo.polygamma": 8,
    "chlo.broadcast_zeta": 8,
    "chlo.broadcast_polygamma": 8,
}


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def questions(doubt: ModuleType, op: str, seeds: range) -> Iterator[tuple[object, Contract, int]]:
    """Nodes of ``op``, a contract, and a seed for each."""
    number = seeds.start
    for k, dtypes in enumerate(DTYPES):
        for q in doubt.questions(
            op, dtypes, range(seeds.start + k * 10**6, seeds.stop + k * 10**6)
        ):
            yield q, CONTRACTS[number % len(CONTRACTS)], number
            number += 1


def survey(doubt: ModuleType, op: str, seeds: range) -> tuple[int, int, int]:
    """Check them all: how many, elements decided though inexact, true values looked at."""
    count = decided = looked = 0
    for question, contract, seed in questions(doubt, op, seeds):
        some, more = doubt.check(question, contract, seed)
        count, decided, looked = count + 1, decided + some, looked + more
    return count, decided, looked


# Ops whose results are exact or undecided: those without a float among them, and those that follow
# bits.
WITHOUT_ERRORS = names(
    """
    and compare constant count_leading_zeros dynamic_iota get_dimension_size imag iota
    is_finite not or popcnt rng_bit_generator xor shift_left shift_right_arithmetic
    shift_right_logical chlo.is_inf chlo.is_neg_inf chlo.is_pos_inf chlo.mulhi
    chlo.next_after chlo.broadcast_and chlo.broadcast_compare chlo.broadcast_next_after
    chlo.broadcast_or chlo.broadcast_shift_left chlo.broadcast_shift_right_arithmetic
    chlo.broadcast_shift_right_logical chlo.broadcast_xor
    """
)


@pytest.mark.parametrize("op", OPS)
def test_all_that_is_legal_lies_inside(doubt: ModuleType, op: str) -> None:
    count, _, _ = survey(doubt, op, range(4))
    assert count


@pytest.mark.slow
@pytest.mark.parametrize("op", OPS)
def test_much_that_is_legal_lies_inside(doubt: ModuleType, op: str) -> None:
    survey(doubt, op, range(100, 100 + 200 // COSTLY.get(op, 1)))


def test_the_ops_with_float_results_are_really_tried(doubt: ModuleType) -> None:
    """Each has results that are decided though inexact; else the tests would show nothing."""
    idle = []
    for op in sorted(frozenset(OPS) - WITHOUT_ERRORS):
        rows = questions(doubt, op, range(40))
        if not any(doubt.check(q, EXACT, seed, choices=1)[0] for q, _, seed in rows):
            idle.append(op)
    assert not idle


@pytest.mark.parametrize("op", sorted(frozenset(OPS) - WITHOUT_ERRORS - frozenset(COSTLY)))
def test_f64_without_a_wider_carrier(
    doubt: ModuleType, monkeypatch: pytest.MonkeyPatch, op: str
) -> None:
    """As on a machine whose longdouble is float64."""
    monkeypatch.setattr(formats, "WIDE", np.float64)
    with np.errstate(over="ignore"):
        monkeypatch.setitem(FORMATS, F64, formats.make(F64))
    for seed, question in enumerate(doubt.questions(op, (F64,), range(900, 906))):
        doubt.check(question, CONTRACTS[seed % len(CONTRACTS)], seed)


# --- whole programs -------------------------------------------------------------------------------

CONTINUOUS = names(
    """
    abs add broadcast_in_dim cbrt clamp concatenate constant cosine divide dot_general
    exponential exponential_minus_one log log_plus_one logistic maximum minimum multiply
    negate reduce reshape reverse rsqrt sine slice sqrt subtract tanh transpose
    """
)


def programs(doubt: ModuleType, seeds: range) -> int:
    """Walk programs of several ops; how many true values were looked at."""
    looked = 0
    for seed in seeds:
        chooser = RandomChooser(seed)
        dtypes = DTYPES[1 + seed % 4]
        config = Config(8, dtypes, 12, big_share=0, exclude=frozenset(OPS) - CONTINUOUS)
        module = generate(chooser, config)
        inputs = draw_inputs(chooser, module, ("normal", "special")[seed // 4 % 2])
        looked += doubt.walk(module, inputs, CONTRACTS[seed // 8 % len(CONTRACTS)], seed)
    return looked


def test_true_values_of_programs_lie_inside(doubt: ModuleType) -> None:
    assert programs(doubt, range(250)) > 1000


@pytest.mark.slow
def test_true_values_of_many_programs_lie_inside(doubt: ModuleType) -> None:
    programs(doubt, range(10_000, 20_000))


# --- the tests can fail ---------------------------------------------------------------------------


def _format(d: DType, **changes: float) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(FORMATS, d, replace(FORMATS[d], **changes))


# What is wrong with the bounds, and an op that must show it.
WRONG: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "half a unit": (_format(F32, u=2.0**-25), "add"),
    "no underflow": (_format(F32, half=0.0, eta=0.0), "multiply"),
    "half of every sum's error": (_format(F32, u=2.0**-25), "reduce"),
    "half of every product's error": (_format(F32, u=2.0**-25), "dot_general"),
    "no overflow": (_format(F16, top=math.inf), "divide"),
    "half a function's limit": (
        lambda patch: patch.setattr(core, "roundings", lambda *_: 1.0),
        "tanh",
    ),
    "errors that do not grow": (
        lambda patch: patch.setitem(functions.MONOTONE, "exponential", lambda x: np.exp(x) * 0 + 1),
        "exponential",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_bounds_are_noticed(
    doubt: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spoil, op = WRONG[name]
    spoil(monkeypatch)
    with pytest.raises(AssertionError):
        survey(doubt, op, range(60))
