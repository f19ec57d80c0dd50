"""Shipped rules are proved, wrong ones refuted with counterexamples that replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.contract import allow
from compiler.dtypes import FLOATS, I32, INTEGERS
from compiler.errors import InputError
from compiler.rules import RULES
from compiler.rules.ops import add, const, multiply, reduce, reshape, slice_, transpose
from compiler.rules.term import Rewrite, Rule, Scalar, Tensor, make_rule
from compiler.rules.values import Dims, Perm, Vec, all_, fill, le, same
from verify.arrays import same_bits
from verify.prove import (
    COLUMNS,
    Proof,
    load_rules,
    prove,
    prove_all,
    prove_file,
    rows,
    summary,
    to_json,
)
from verify.ref import evaluate
from verify.smt import strategy
from verify.smt.claims import Attempt

WRONG_FILE = Path(__file__).with_name("wrong_rules.py")
WRONG = load_rules(WRONG_FILE)


def confirm(proof: Proof, rule: Rule) -> None:
    """Run the counterexample once more, here."""
    example = proof.counterexample
    assert example is not None
    assert example.replayed
    if example.after is None:
        assert "not well-formed" in example.why
        return
    if "canonical" in example.why:
        from compiler.executable import compile_module
        from compiler.pipeline import Options

        sides = [
            compile_module(m, Options(level=0))(*example.inputs)
            for m in (example.before, example.after)
        ]
    else:
        sides = [evaluate(m, list(example.inputs)) for m in (example.before, example.after)]
    assert not all(same_bits(a, b) for a, b in zip(*sides, strict=True)), rule.name


def test_a_sample_of_every_family_is_proved() -> None:
    chosen: dict[str, list[str]] = {}
    for name, r in RULES.items():
        chosen.setdefault(r.family, []).append(name)
    names = [n for family in chosen.values() for n in family[:: max(1, len(family) // 3)]]
    for proof in prove_all(
        [n for n in names if not n.startswith(("convert/convert", "convert/compare"))]
    ):
        assert proof.verdict in ("bit-exact", "equal-over-reals"), (proof.name, proof.notes)
        if proof.verdict == "bit-exact":
            assert proof.needs == ""
        else:
            assert proof.needs == str(RULES[proof.name].contract) != ""
        assert proof.instances > 0


@pytest.mark.slow
def test_every_shipped_rule_is_proved() -> None:
    proofs = prove_all(jobs=2)
    open_ = {
        p.name: (p.verdict, p.notes)
        for p in proofs
        if p.verdict not in ("bit-exact", "equal-over-reals")
    }
    assert not open_
    assert {p.name for p in proofs} == set(RULES)


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_rule_is_refuted(name: str) -> None:
    proof = prove(WRONG[name])
    assert proof.verdict == "refuted", proof.notes
    confirm(proof, WRONG[name])


def test_there_are_many_wrong_rules_and_none_ships() -> None:
    assert len(WRONG) >= 20
    assert not set(WRONG) & set(RULES)


def make(fn: object, **options: object) -> Rule:
    return make_rule("test/rule", fn, **options)  # type: ignore[arg-type]


def test_a_refuted_rule_names_the_contract_it_needs() -> None:
    needs = {
        n: prove(WRONG[f"wrong/{n}"]).needs
        for n in ("float-add-zero", "reassociated", "log-of-product")
    }
    assert needs == {"float-add-zero": "nsz", "reassociated": "reassoc", "log-of-product": "afn"}


def test_the_same_rule_holds_for_integers_and_under_a_contract() -> None:
    def fn(x: Tensor, y: Tensor, z: Tensor) -> Rewrite:
        """(x + y) + z -> x + (y + z)"""
        return add(add(x, y), z), add(x, add(y, z))

    assert prove(make(fn, dtypes=INTEGERS)).verdict == "bit-exact"
    proof = prove(make(fn, dtypes=FLOATS, contract=allow("reassoc")))
    assert (proof.verdict, proof.needs) == ("equal-over-reals", "reassoc")
    assert prove(make(fn, dtypes=FLOATS, contract=allow("nsz"))).verdict == "refuted"


def test_a_contract_without_use_is_noted() -> None:
    def fn(x: Tensor, y: Tensor) -> Rewrite:
        """x + y -> y + x"""
        return add(x, y), add(y, x)

    proof = prove(make(fn, dtypes=FLOATS, contract=allow("reassoc")))
    assert proof.verdict == "bit-exact"
    assert proof.notes == ("contract not needed: reassoc",)


def test_a_rule_that_never_applies_is_not_proved() -> None:
    def fn(x: Tensor, p: Perm) -> Rewrite:
        """transpose(x, p) -> x where the rank is one that no instance has"""
        return transpose(x, p), x, same(x.rank, 7)

    proof = prove(make(fn))
    assert proof.verdict == "unknown"
    assert "vacuous" in proof.notes[0]


def test_a_missing_guard_for_empty_dimensions_is_found() -> None:
    def fn(x: Tensor, d: Dims, init: Scalar) -> Rewrite:
        """max(x, d, init) -> max(x, d, 0) where init is below: wrong on an empty d"""
        return reduce("maximum", x, d, init), reduce("maximum", x, d, const(0))

    proof = prove(make(fn, dtypes=(I32,)))
    assert proof.verdict == "refuted"


def test_a_guard_that_is_not_needed_is_noted() -> None:
    def fn(x: Tensor, p: Perm, q: Perm) -> Rewrite:
        """transpose(transpose(x, p), q) -> transpose(x, p then q), guarded for nothing"""
        return transpose(transpose(x, p), q), transpose(x, p.then(q)), all_(le(1, x.shape))

    assert prove(make(fn), audit=True).notes == ("not needed: the guard",)

    def cut(x: Tensor, lo: Vec, hi: Vec, step: Vec) -> Rewrite:
        """slice(x, lo, hi, step) -> x where nothing is cut; hi >= lo is implied"""
        return (
            slice_(x, lo, hi, step),
            x,
            all_(same(lo, 0), same(hi, x.shape), same(step, 1), le(lo, hi)),
        )

    notes = prove(make(cut), audit=True).notes
    assert any(n.startswith("not needed: conjunct") for n in notes), notes


def test_reshapes_of_a_group_of_dimensions() -> None:
    def fn(x: Tensor) -> Rewrite:
        """reshape(reshape(x, one dimension), shape of x) -> x"""
        return reshape(reshape(x, fill(1, x.shape.product())), x.shape), x

    assert prove(make(fn)).verdict == "bit-exact"


def test_a_literal_of_another_dtype_is_not_forgotten() -> None:
    def fn(x: Tensor) -> Rewrite:
        """x * 256 -> 0, true of bytes only"""
        return multiply(x, const(256)), const(0)

    assert prove(make(fn, dtypes=(I32,))).verdict == "refuted"


def test_workers_find_what_the_caller_finds() -> None:
    names = ["wrong/float-add-zero", "wrong/select-swapped"]
    here, there = prove_file(WRONG_FILE, names=names), prove_file(WRONG_FILE, names=names, jobs=2)
    assert [(p.name, p.verdict, p.needs) for p in here] == [
        (p.name, p.verdict, p.needs) for p in there
    ]
    assert all(p.counterexample is not None and p.counterexample.replayed for p in there)


def test_table_document_and_sentence() -> None:
    proofs = prove_all(["layout/transpose-transpose", "algebra/add-*"])
    assert len(proofs) >= 3
    assert all(len(r) == len(COLUMNS) for r in rows(proofs))
    document = to_json(proofs)["rules"]
    assert all({"name", "family", "verdict", "needs", "ms"} <= set(r) for r in document)
    assert summary(proofs).startswith(f"{len(proofs)} rules in")
    refuted = prove(WRONG["wrong/select-swapped"])
    assert "becomes" in str(refuted.counterexample)
    assert to_json([refuted])["rules"][0]["counterexample"]["replayed"] is True


def test_bad_names_and_files() -> None:
    with pytest.raises(InputError, match="no rule nothing/here"):
        prove_all(["nothing/here"])
    with pytest.raises(InputError, match="no file"):
        prove_file("/nowhere/rules.py")


def test_a_broken_rule_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.py"
    path.write_text("raise RuntimeError('oops')\n")
    before = dict(RULES)
    with pytest.raises(InputError, match="RuntimeError: oops"):
        prove_file(path)
    assert before == RULES


def test_a_solver_that_gives_up_on_nan_and_zeros_settles_nothing(monkeypatch):
    decided = strategy.attempt

    def gives_up(rule, binding, dtypes, reading, options):
        if options.claim != "equal":
            return Attempt("unknown")
        return decided(rule, binding, dtypes, reading, options)

    monkeypatch.setattr(strategy, "attempt", gives_up)
    proof = prove(RULES["reassoc/multiply-constants"])
    assert proof.verdict == "unknown"
    assert any("not settled" in note for note in proof.notes)
