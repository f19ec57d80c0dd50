"""Soundness: random programs, evaluated in random legal ways, lie inside their enclosures."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from compiler.contract import EXACT, Contract, Precision, allow
from compiler.dtypes import ALL, BF16, F16, F32, F64, DType
from compiler.ops import OPS
from verify.bounds import enclose
from verify.gen import SETS, Config, RandomChooser, draw_inputs, generate, program_seed
from verify.oracle import judge
from verify.ref import evaluate

CONTRACTS = (
    EXACT,
    allow("reassoc"),
    allow("reassoc", "nsz"),
    allow("contract"),
    allow("arcp"),
    allow("afn"),
    allow("reassoc", "nsz", "contract", "arcp"),
    allow(precision=[Precision("dot_general", "bf16")]),
    allow(
        "reassoc",
        "nsz",
        "contract",
        precision=[Precision("dot_general", "bf16"), Precision("multiply", "f16")],
    ),
)
DTYPES: tuple[tuple[DType, ...], ...] = ((F32,), (F32, F64), (F32, BF16), (F16, F32), (F64,), ALL)
RING = frozenset(
    [
        "constant",
        "add",
        "subtract",
        "multiply",
        "negate",
        "divide",
        "reduce",
        "dot_general",
        "reshape",
        "transpose",
        "broadcast_in_dim",
    ]
)


def campaign(legal: ModuleType, contract: Contract, seeds: range, exclude: frozenset[str]) -> float:
    """Judge three evaluations of each program; the share of verdicts other than unstable."""
    stable = total = 0
    for seed in seeds:
        chooser = RandomChooser(seed)
        dtypes = DTYPES[seed % len(DTYPES)]
        config = Config(ops=8, limit=24, big_share=0, dtypes=dtypes, exclude=exclude)
        program = generate(chooser, config)
        inputs = draw_inputs(chooser, program, SETS[seed % len(SETS)])
        enclosures = enclose(program, inputs, contract)
        for k in range(3):
            outputs = legal.Legal(program, contract, 10 * seed + k)(inputs)
            verdict = judge(outputs, enclosures, contract)
            assert verdict.kind != "violation", f"seed {seed}, evaluation {k}: {verdict}"
            stable += verdict.kind != "unstable"
            total += 1
    return stable / total


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_legal_evaluations_are_inside(legal: ModuleType, contract: Contract) -> None:
    assert campaign(legal, contract, range(150), frozenset()) > 0.85


@pytest.mark.parametrize("contract", [c for c in CONTRACTS if "reassoc" in c.flags], ids=str)
def test_ring_rewrites_are_inside(legal: ModuleType, contract: Contract) -> None:
    others = frozenset(OPS) - RING
    assert campaign(legal, contract, range(1000, 1150), others) > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_many_legal_evaluations(legal: ModuleType, contract: Contract) -> None:
    campaign(legal, contract, range(10_000, 14_000), frozenset())


def test_the_evaluator_really_departs(legal: ModuleType) -> None:
    """Else the tests above would show nothing."""
    different = 0
    for seed in range(60):
        chooser = RandomChooser(seed)
        config = Config(ops=8, limit=24, big_share=0, dtypes=(F32,), exclude=frozenset(OPS) - RING)
        program = generate(chooser, config)
        inputs = draw_inputs(chooser, program, "normal")
        one, two = (legal.Legal(program, allow("reassoc"), s)(inputs) for s in (1, 2))
        different += any(not np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert different >= 5


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_the_reference_is_never_a_violation(contract: Contract) -> None:
    """What the program says is legal whatever else is."""
    for seed in range(300):
        chooser = RandomChooser(program_seed(77, seed))
        program = generate(chooser, Config(ops=6, limit=24, big_share=0))
        for name in SETS:
            inputs = draw_inputs(chooser, program, name)
            with np.errstate(all="ignore"):
                outputs = evaluate(program, inputs)
            verdict = judge(outputs, enclose(program, inputs, contract), contract)
            assert verdict.kind != "violation", f"seed {seed}, {name}: {verdict}"
