"""Proofs end by their work, and a prover that is lost proves nothing."""

import pytest
import z3

from compiler.rules import RULES
from verify import prove as proofs
from verify.smt.solver import OUT_OF_WORK, ask


def hard():
    x, y = z3.FPs("x y", z3.Float64())
    mode = z3.RNE()
    return [z3.fpDiv(mode, x, y) == z3.fpMul(mode, y, z3.fpAdd(mode, x, x)), x > y, y > 1.0]


def test_a_query_ends_by_its_work_whatever_the_clock_says():
    replies = [ask(hard(), 300_000, count=True) for _ in range(2)]
    assert {(r.status, r.reason) for r in replies} == {("unknown", OUT_OF_WORK)}
    assert all(300_000 <= r.work < 400_000 for r in replies)


def test_a_limit_too_small_is_unknown_never_proved_nor_refuted():
    proof = proofs.prove(RULES["layout/slice-slice"], limit=1)
    assert proof.verdict == "unknown"
    assert OUT_OF_WORK in proof.notes[0]


def test_an_interrupt_that_the_solver_took_is_passed_on(monkeypatch):
    class Interrupted:
        set = add = staticmethod(lambda *_: None)
        check = staticmethod(lambda: z3.unknown)
        reason_unknown = staticmethod(lambda: "interrupted from keyboard")

    with pytest.raises(KeyboardInterrupt):
        ask([], 1, Interrupted)


@pytest.mark.parametrize(("how", "note"), [("timeout", "(time)"), ("SIGSEGV", "SIGSEGV")])
def test_a_lost_prover_leaves_its_rule_unknown(how, note):
    proof = proofs._lost(RULES["layout/slice-slice"], how)
    assert proof.verdict == "unknown"
    assert note in proof.notes[0]
