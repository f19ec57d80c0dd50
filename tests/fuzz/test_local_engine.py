from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

import pytest

from compiler.errors import InternalError
from verify.engines import Done, Lost, Message
from verify.engines.local import LocalEngine

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def tricky():
    """The job's class, importable by name here and in workers, which get our ``sys.path``."""
    sys.path.insert(0, str(HERE))
    try:
        yield importlib.import_module("engine_jobs").Tricky
    finally:
        sys.path.remove(str(HERE))


def run(engine):
    return [e for e in engine.as_completed() if e is not None]


def test_tasks_are_done_and_messages_arrive_in_order(tricky):
    with LocalEngine(tricky(), 2) as engine:
        tasks = [engine.submit(("", [10 * i, 10 * i + 1])) for i in range(5)]
        events = run(engine)
    for i, task in enumerate(tasks):
        mine = [e for e in events if e.task == task]
        assert mine == [Message(task, 20 * i), Message(task, 20 * i + 2), Done(task)]


@pytest.mark.parametrize(
    ("how", "wanted"), [("segfault", "SIGSEGV"), ("exit", "exit 9"), ("loop", "timeout")]
)
def test_a_worker_that_dies_is_named_and_replaced(tricky, how, wanted):
    with LocalEngine(tricky(), 1) as engine:
        bad = engine.submit((how, [1, 2, 3]))
        good = engine.submit(("", [4]))
        events = run(engine)
    lost = [e for e in events if isinstance(e, Lost)]
    assert [(e.task, e.item, e.phase, e.how) for e in lost] == [(bad, 3, 7, wanted)]
    said = [e.content for e in events if isinstance(e, Message) and e.task == bad]
    assert said == [2, 4], "what it said before its end is not lost"
    assert Message(good, 8) in events
    if how == "segfault":
        assert "about to die" in lost[0].log
        assert "Segmentation fault" in lost[0].log


def test_stopping_lets_the_item_in_flight_end(tricky):
    with LocalEngine(tricky(), 1) as engine:
        task = engine.submit(("slow", list(range(100))))
        engine.submit(("slow", [1]))
        said = []
        for event in engine.as_completed():
            if isinstance(event, Message):
                said.append(event)
                engine.stop()
    assert 1 <= len(said) <= 3
    assert {e.task for e in said} == {task}


def test_shutdown_does_not_wait_for_an_endless_loop(tricky):
    engine = LocalEngine(tricky(), 1)
    engine.submit(("slow", list(range(1000))))
    next(e for e in engine.as_completed() if isinstance(e, Message))
    start = time.monotonic()
    engine.shutdown()
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("how", ["raise", "die"])
def test_workers_that_cannot_start_end_the_engine(tricky, how):
    with LocalEngine(tricky(how), 1) as engine:
        engine.submit(("", [1]))
        with pytest.raises(InternalError, match=r"no such compiler|do not start"):
            run(engine)
