"""A run goes on where it ended, loses no hit, and survives what its workers do not."""

from dataclasses import replace

import pytest

from compiler.errors import InputError
from verify.engines import Lost
from verify.faults import FAULTS
from verify.mutation import chosen, mutate
from verify.mutation.job import Hunt, Isolate, Isolated, Seen, Stretch, Tried
from verify.mutation.outcome import JUDGES, OURS, Hit, Isolation, Proved, Unseen
from verify.mutation.run import STRETCH, _Run
from verify.mutation.sample import Unbroken
from verify.mutation.store import ISOLATION, PROOF, Store

NAME, OTHER = "reduce-drops-last", "vector-tail-short"


def hit(program, judge=OURS, **more):
    return Hit(NAME, judge, program, 1, "exact", "violation", "bound", **more)


def opened(tmp_path, *, resume, names=(NAME,), seed=0, budget=20):
    return Store(tmp_path / "state" / "m.sqlite", names, seed, budget, resume=resume)


def test_what_is_committed_is_there_after_the_process_ends(tmp_path):
    with opened(tmp_path, resume=False) as store:
        store.program(3, Unbroken(programs=1, runs=6), [hit(3)], ["a"])
        store.program(2, Unbroken(programs=1, failing=[2]), [hit(2)], [])
        store.program(9, Unbroken(), [hit(9)], [])
        store.answer(NAME, ISOLATION, Isolation("lower", "reduce", 1, 18))
        store.answer(NAME, PROOF, Proved("refuted"))
    with opened(tmp_path, resume=True) as store:
        assert store.hits() == {NAME: {OURS: hit(2)}}  # the earliest program's
        assert store.tallies()[2].failing == [2]
        assert store.changed() == {"a": (3,)}
        assert store.isolations() == {NAME: Isolation("lower", "reduce", 1, 18)}
        assert store.proofs() == {NAME: Proved("refuted")}


def test_a_hit_beyond_the_count_is_not_counted(tmp_path):
    with opened(tmp_path, resume=False) as store:
        store.program(9, Unbroken(programs=1), [hit(9)], [])
        store.answer(NAME, ISOLATION, Isolation("lower", "reduce", 1, 18))
        (short,) = _Run((NAME,), 9, store).outcomes()
        (long,) = _Run((NAME,), 10, store).outcomes()
    assert (short.found, short.isolation) == (False, None)
    assert long.found
    assert long.isolation


def test_without_resume_a_run_is_forgotten_and_others_are_not(tmp_path):
    for names in ((NAME,), ("other",)):
        with opened(tmp_path, resume=False, names=names) as store:
            store.program(0, Unbroken(), [], [])
    with opened(tmp_path, resume=False) as store:
        assert not store.tallies()
    with opened(tmp_path, resume=True, names=("other",)) as store:
        assert store.tallies()
    with pytest.raises(InputError, match="no run of these faults"):
        opened(tmp_path, resume=True, seed=5)
    with pytest.raises(InputError, match="with this seed and budget"):
        opened(tmp_path, resume=True, budget=30)


def test_a_run_that_other_code_began_is_not_resumed(tmp_path, monkeypatch):
    with opened(tmp_path, resume=False) as store:
        store.program(0, Unbroken(), [], [])
        code = store.code
    monkeypatch.setattr("verify.sources.versions", lambda: {"assay": "another"})
    with pytest.raises(InputError, match=f"began with other code .{code}") as told:
        opened(tmp_path, resume=True)
    assert told.value.exit_code == 2
    assert "--resume" in told.value.hint
    with opened(tmp_path, resume=False) as store:
        assert store.code != code
        assert not store.tallies()


def test_an_isolation_waits_for_earlier_programs(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), 3 * STRETCH, store)
        first, second = run.next(), run.next()
        assert isinstance(first, Stretch)
        assert isinstance(second, Stretch)
        run.message(Tried(STRETCH + 1, Unbroken(), (hit(STRETCH + 1),), ()))
        run.ended(second)
        assert isinstance(run.next(), Stretch)  # the first may hold an earlier hit
        run.message(Tried(4, Unbroken(), (hit(4),), ()))
        run.ended(first)
        assert run.next() == Isolate(hit(4))


def test_a_dead_worker_is_the_hit_of_every_judge_and_the_rest_is_done_again(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        task = run.next()
        run.message(Tried(0, Unbroken(programs=1), (), ()))
        run.lost(task, Lost(1, 1, 1, "SIGSEGV", ""))
        hits = store.hits()[NAME]
        assert hits.keys() == set(JUDGES)
        assert (hits[OURS].kind, hits[OURS].died, hits[OURS].program) == ("crash", "SIGSEGV", 1)
        assert run.waiting(1, run.names) == {}
        run.hits.clear()
        again = run.next()
        assert (again.first, again.last) == (1, STRETCH)


def test_a_hit_that_does_not_come_again_is_taken_back(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), 2 * STRETCH, store)
        task = run.next()
        rivals = [hit(5, judge) for judge in JUDGES]
        run.message(Tried(5, Unbroken(programs=1), (*rivals,), ()))
        run.ended(task)
        assert run.next() == Isolate(hit(5))
        run.message(Unseen(hit(5), "no failure"))
        assert not store.hits()
        run._again(0, STRETCH)
        again = run.next()
        assert again.waiting == {NAME: frozenset(JUDGES)}
        assert again.skip == {(NAME, 5)}
    with opened(tmp_path, resume=True) as store:
        (one,) = _Run((NAME,), 2 * STRETCH, store).unseen
        assert one == Unseen(hit(5), "no failure")


def test_a_death_counts_if_it_comes_again_also_a_rivals(tmp_path):
    dead = {j: Hit(NAME, j, 7, 0, "", "timeout", died="timeout") for j in JUDGES}
    rival = next(j for j in JUDGES if j != OURS)
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        run.ended(run.next())
        run.message(Tried(3, Unbroken(), (hit(3),), ()))
        run.message(Tried(7, Unbroken(), tuple(dead.values()), ()))
        assert run.next() == Isolate(hit(3))  # the oracle's is an earlier one
        run.message(Seen(hit(3)))
        run.message(Isolated(NAME, Isolation("lower", "reduce", 1, 18)))
        assert run.next() == Isolate(dead[rival])
        run.message(Seen(replace(dead[rival], level=2, kind="crash", died="SIGSEGV")))
        kinds = {(h.kind, h.died) for j, h in run.hits[NAME].items() if j != OURS}
        assert kinds == {("crash", "SIGSEGV")}
        levels = {j: h.level for j, h in store.hits()[NAME].items()}
        assert levels == {OURS: 1, **dict.fromkeys(dead.keys() - {OURS}, 2)}
        assert run._isolation() is None


def finish(run, task):
    """All programs of a stretch, without a further hit."""
    for index in range(task.first, task.last):
        run.message(Tried(index, Unbroken(programs=1), (), ()))
    run.ended(task)


def test_a_time_out_that_is_taken_back_costs_no_later_hit(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), 3 * STRETCH, store)
        first, second = run.next(), run.next()
        run.message(Tried(18, Unbroken(programs=1), (hit(18),), ()))
        finish(run, second)
        for index in range(3):
            run.message(Tried(index, Unbroken(programs=1), (), ()))
        run.lost(first, Lost(1, 3, 1, "timeout", ""))
        question = run.next()
        assert question.hit.program == 3
        run.message(Unseen(question.hit, "no failure"))
        assert run.hits == {NAME: {}}
    with opened(tmp_path, resume=True) as store:
        run = _Run((NAME,), 3 * STRETCH, store)
        made_up, first = run.next(), run.next()
        assert (made_up.first, made_up.last, made_up.again) == (STRETCH, 2 * STRETCH, NAME)
        assert (first.first, first.last, first.again) == (3, STRETCH, "")
        assert made_up.waiting == first.waiting == {NAME: frozenset(JUDGES)}
        assert first.skip == {(NAME, 3)}
        run.message(Tried(18, Unbroken(programs=1, seconds=9.0, errors=["odd"]), (hit(18),), ()))
        finish(run, made_up)
        assert isinstance(run.next(), Stretch)  # the first may hold an earlier hit
        finish(run, first)
        assert run.next() == Isolate(hit(18))
        assert store.hits() == {NAME: {OURS: hit(18)}}
        tally = store.tallies()[18]
        assert (tally.seconds, tally.errors) == (0.0, ["odd"])  # what was measured first counts


def test_a_hit_waits_for_a_stretch_that_is_lost(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), 2 * STRETCH, store)
        first, second = run.next(), run.next()
        run.message(Tried(18, Unbroken(programs=1), (hit(18),), ()))
        finish(run, second)
        run.lost(first, Lost(1, 0, 0, "timeout", ""))
        again = run.next()
        assert (again.first, again.waiting) == (1, {NAME: frozenset(JUDGES)})
        finish(run, again)
        assert run.next() == Isolate(hit(18))


def test_programs_that_are_done_while_a_hit_waits_are_made_up_for(tmp_path):
    with opened(tmp_path, resume=False, names=(NAME, OTHER)) as store:
        run = _Run((NAME, OTHER), 4 * STRETCH, store)
        first = run.next()
        run.message(Tried(5, Unbroken(programs=1), tuple(hit(5, j) for j in JUDGES), ()))
        finish(run, first)
        question, done, flying = run.next(), run.next(), run.next()
        assert question == Isolate(hit(5))
        assert done.waiting.keys() == flying.waiting.keys() == {OTHER}
        finish(run, done)
        run.message(Unseen(hit(5), "no failure"))
        tried = set()
        while isinstance(task := run.next(), Stretch):
            if NAME in task.waiting:
                tried |= set(range(task.first, task.last))
            finish(run, task)
            if flying in run.in_flight:
                finish(run, flying)
        assert tried == set(range(6, 4 * STRETCH))
        assert run.owed == {NAME: set()}
        assert store.owed() == {}


def test_a_death_while_programs_are_made_up_for_owes_the_rest(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        finish(run, run.next())
        run.message(Tried(2, Unbroken(), (hit(2),), ()))
        assert run.next() == Isolate(hit(2))
        run.message(Unseen(hit(2), "no failure"))
        run.lost(run.next(), Lost(1, 6, 1, "SIGSEGV", ""))
        assert store.hits()[NAME].keys() == set(JUDGES)
        assert store.owed() == run.owed == {NAME: set(range(7, STRETCH))}
        assert run.next().hit.program == 6


def test_what_is_made_up_for_one_judge_stays_owed_to_another(tmp_path):
    rival = next(j for j in JUDGES if j != OURS)
    dead = Hit(NAME, rival, 1, 0, "", "timeout", died="timeout")
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        task = run.next()
        run.message(Tried(1, Unbroken(programs=1), (dead, hit(2)), ()))
        finish(run, task)
        run.message(Unseen(hit(2), "no failure"))
        task = run.next()
        while not isinstance(task, Stretch):
            task = run.next()
        assert (task.first, rival in task.waiting[NAME]) == (3, False)
        run.message(Unseen(dead, "no failure"))
        finish(run, task)
        again = run.next()
        assert (again.first, again.last) == (2, STRETCH)
        finish(run, again)
        assert store.owed() == {}


def test_a_program_that_the_unbroken_compiler_dies_of_later_is_told(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        run.message(Tried(1, Unbroken(programs=1), (hit(1),), ()))
        finish(run, run.next())
        run.message(Unseen(hit(1), "no failure"))
        run.lost(run.next(), Lost(1, 2, 0, "timeout", ""))
        assert run.total().errors == ["program 2: timeout when it was tried again"]
        assert not run.total().failing
        assert store.owed() == {NAME: set(range(3, STRETCH))}


def test_a_time_out_that_comes_again_as_a_violation_is_no_rivals_hit(tmp_path):
    dead = [Hit(NAME, j, 7, 0, "", "timeout", died="timeout") for j in JUDGES]
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        task = run.next()
        run.message(Tried(7, Unbroken(programs=1), tuple(dead), ()))
        finish(run, task)
        assert run.next().hit.died
        run.message(Seen(hit(7)))
        assert run.hits[NAME] == store.hits()[NAME] == {OURS: hit(7)}
        assert [(u.hit.died, u.note) for u in run.unseen] == [("timeout", "violation")]
        again = run.next()
        assert again.again == NAME
        assert again.waiting == {NAME: frozenset(JUDGES) - {OURS}}


@pytest.mark.parametrize("seen", [True, False])
def test_an_isolation_that_dies_keeps_the_hit_only_if_it_came_again(tmp_path, seen):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        run.ended(run.next())
        run.message(Tried(3, Unbroken(), (hit(3),), ()))
        task = run.next()
        if seen:
            run.message(Seen(hit(3)))
        run.lost(task, Lost(1, 3, 1, "timeout", ""))
        (one,) = run.outcomes()
    assert one.found == seen
    assert [u.note for u in run.unseen] == ([] if seen else ["timeout when it was tried alone"])


def test_a_program_that_kills_the_unbroken_compiler_is_no_hit(tmp_path):
    with opened(tmp_path, resume=False) as store:
        run = _Run((NAME,), STRETCH, store)
        run.lost(run.next(), Lost(1, 0, 0, "timeout", ""))
        assert not run.hits
        assert run.total().failing == [0]


def test_a_worker_with_other_code_does_not_start(tmp_path, monkeypatch):
    monkeypatch.setattr("verify.mutation.store.fingerprint", lambda: "another")
    with pytest.raises(InputError, match=r"began with other code .another"):
        mutate([NAME], count=1, jobs=1, state=tmp_path / "m.sqlite")


def test_a_run_ends_and_goes_on(tmp_path):
    names, state = ["vector-tail-short", "add-positive-zero"], tmp_path / "m.sqlite"
    given = {"seed": 1, "jobs": 1, "state": state, "budget": 20}
    short = mutate(names, count=4, **given)
    assert short.unbroken.programs == 4
    seen = []
    more = mutate(names, count=6, resume=True, on_progress=seen.append, **given)
    assert min(p.programs for p in seen) > 4
    assert more.unbroken.programs == 6
    assert more.outcomes[0].found
    assert more.outcomes[0].pass_right
    assert more.outcomes[0].isolation.tests
    assert more.outcomes[1].proof.verdict == "refuted"
    assert not more.unbroken.failing
    assert not more.unseen


def test_an_exception_of_the_harness_is_told_and_ends_nothing(monkeypatch):
    def broken(_seed, index):
        raise ZeroDivisionError(f"at {index}")

    monkeypatch.setattr("verify.mutation.job.examined", broken)
    told = []

    class Report:
        stopping = False
        begin = staticmethod(lambda *_: None)
        emit = staticmethod(told.append)

    hunt = Hunt((NAME,), 0, 20)
    hunt.start()
    hunt.run(Stretch(0, 2, {NAME: frozenset(JUDGES)}), Report())
    assert [t.unbroken.errors for t in told] == [
        ["program 0: ZeroDivisionError: at 0"],
        ["program 1: ZeroDivisionError: at 1"],
    ]


def test_faults_are_chosen_by_pattern():
    assert chosen(["reduce-drops-*"]) == [NAME]
    assert set(chosen([], "written")) == set(FAULTS)
    assert all(FAULTS.get(n) is None for n in chosen([], "derived"))
    with pytest.raises(InputError, match="no fault 'nope'"):
        chosen(["nope"])
    with pytest.raises(InputError, match="no faults 'odd'"):
        chosen([], "odd")
