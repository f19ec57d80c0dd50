"""One fault on one program: who rejects it, why, and that what is skipped changes nothing."""

import numpy as np
import pytest

from compiler.pipeline import Options, optimize
from compiler.rules import RULES
from verify.examine import prepare
from verify.faults import FAULTS
from verify.mutation.outcome import JUDGES, OURS
from verify.mutation.probe import only_rule, probe_of
from verify.mutation.rivals import RIVALS
from verify.mutation.sample import LEVELS, sample
from verify.mutation.trial import attempt

SEED = 1


@pytest.fixture(scope="module")
def samples():
    return [sample(SEED, index) for index in range(12)]


@pytest.mark.parametrize("name", ["reduce-drops-last", "vector-tail-short", "pad-with-zero"])
def test_a_loud_fault_is_a_hit_of_every_judge(name):
    hits = {}
    for index in range(60):
        hits = attempt(FAULTS[name], sample(SEED, index)).hits
        if len(hits) == len(JUDGES):
            break
    assert hits.keys() == set(JUDGES)
    assert hits[OURS].oracle in ("bound", "exact", "bits", "repeat")


def test_what_fails_without_a_fault_is_no_hit(samples):
    """Under a fault the same fault adds nothing, however many programs it breaks."""
    fault = FAULTS["vector-tail-short"]
    broken = [s for s in samples if OURS in attempt(fault, s).hits]
    assert broken
    with fault.install():
        for s in broken:
            again = sample(SEED, s.index)
            assert any(e.failed for e in again.base(Options(level=1)).found.values())
            assert OURS not in attempt(fault, again).hits


def test_rules_that_the_probe_passes_over_change_nothing(samples):
    faults = [f for f in FAULTS.values() if only_rule(f) is not None]
    probe = probe_of(faults)
    noted = 0
    for s in samples[:6]:
        matter = probe.candidates(s.module, LEVELS)
        noted += len(matter)
        plain = [optimize(s.module, Options(level=n)) for n in LEVELS]
        for fault in faults:
            if fault.name in matter or fault.name not in probe.faults:
                continue
            with fault.install():
                broken = [optimize(s.module, Options(level=n)) for n in LEVELS]
            assert [(m, t.contract) for m, t in plain] == [(m, t.contract) for m, t in broken]
    assert noted  # or nothing was put to the test


def test_the_probe_leaves_the_rules_as_they_are(samples):
    before = dict(RULES)
    probe_of(list(FAULTS.values())).candidates(samples[0].module, LEVELS)
    assert list(RULES.items()) == list(before.items())


@pytest.mark.parametrize("stage", ["lower", "codegen"])
def test_compilations_that_are_skipped_give_the_same_outputs(samples, stage):
    """For every fault of the back end: where no judge says a word, outputs are those without."""
    silent = 0
    for fault in (f for f in FAULTS.values() if f.pass_name == stage):
        for s in samples[:2]:
            if attempt(fault, s).hits:
                continue
            silent += 1
            for level in LEVELS:
                options = Options(level=level, precision=fault.precision)
                base = s.base(options)
                with fault.install():
                    prepared = prepare(s.module, "assay", options)
                    found = {n: prepared.examine(q) for n, q in s.questions.items()}
                assert all(e.failed == base.found[n].failed for n, e in found.items()), fault.name
    assert silent


def test_rivals_are_numpys_isclose_and_exact_for_integers():
    narrow, wide = RIVALS.values()
    one = np.ones(3, np.float32)
    assert narrow.accepts([one * 1.0009], [one])
    assert not narrow.accepts([one * 1.002], [one])
    assert wide.accepts([one * 1.002], [one])
    odd = np.array([np.nan, np.inf, -0.0], np.float32)
    assert narrow.accepts([odd], [np.array([np.nan, np.inf, 0.0], np.float32)])
    assert not wide.accepts([odd], [np.array([np.nan, -np.inf, 0.0], np.float32)])
    assert not wide.accepts([np.array([1000])], [np.array([1001])])
    assert not wide.accepts([one], [one, one])
    assert not wide.accepts([one], [one.astype(np.float64)])
