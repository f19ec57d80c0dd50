"""A hit counts if it comes again when it is tried alone."""

from dataclasses import replace

import pytest

from verify.faults import FAULTS
from verify.mutation.follow import confirm
from verify.mutation.job import Hunt, Isolate, Isolated, Seen
from verify.mutation.outcome import OURS, Hit, Unseen
from verify.mutation.rivals import RIVALS
from verify.mutation.sample import LEVELS, sample
from verify.mutation.trial import attempt

NAME, SEED = "reduce-drops-last", 1


@pytest.fixture(scope="module")
def hits():
    """A program that the fault breaks, and one that it does not."""
    found = {}
    for index in range(60):
        hit = attempt(FAULTS[NAME], sample(SEED, index), [OURS]).hits.get(OURS)
        found.setdefault(bool(hit), hit or Hit(NAME, OURS, index, 1, "", "violation", "bound"))
        if len(found) == 2:
            break
    return found


def test_a_rivals_death_that_comes_again_as_a_violation_is_none(hits):
    dead = Hit(NAME, next(iter(RIVALS)), hits[True].program, 0, "", "timeout", "", "timeout")
    assert isolate(dead) == [Unseen(dead, "violation")]


class Told(list):
    """What a worker sends."""

    begin = staticmethod(lambda *_: None)
    emit = list.append


def isolate(hit):
    hunt, told = Hunt((NAME,), SEED, 10), Told()
    hunt.start()
    hunt.run(Isolate(hit), told)
    return told


def test_what_comes_again_is_isolated(hits):
    seen, found = isolate(hits[True])
    assert seen == Seen(hits[True])
    assert isinstance(found, Isolated)
    assert (found.isolation.pass_name, found.isolation.rewrite) == ("lower", "reduce")


def test_what_does_not_come_again_is_not(hits):
    assert isolate(hits[False]) == [Unseen(hits[False], "no failure")]


def test_what_the_harness_raises_confirms_nothing(hits):
    odd = Hit(NAME, OURS, hits[True].program, 1, "no such set", "violation")
    assert isolate(odd) == [Unseen(odd, "KeyError: 'no such set'")]


def test_a_time_out_in_the_stream_is_tried_at_all_levels_in_a_process_of_its_own(hits):
    """A program that fails in another way then counts, and the level is known."""
    for fails, hit in hits.items():
        late = Hit(NAME, OURS, hit.program, 0, "", "timeout", "crash", "timeout")
        made = sample(SEED, hit.program)
        seen = confirm(FAULTS[NAME], late, made, SEED)
        assert (seen is not None) == fails
        if seen is not None:
            assert (seen.hit.kind, seen.hit.died) == ("violation", "")
            assert seen.hit.oracle in ("bound", "exact", "bits")
            assert seen.hit.level in LEVELS
            assert (seen.case.level, seen.case.meta["kind"]) == (seen.hit.level, "violation")
            rival = confirm(FAULTS[NAME], replace(late, judge="other"), made, SEED)
            assert (rival.hit.judge, rival.hit.oracle) == ("other", "")
