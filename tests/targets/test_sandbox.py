"""The worker process survives what happens in it."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

from compiler.errors import Loc, ParseError
from verify.targets.sandbox import Crash, Raised, Returned, Timeout, Worker


@pytest.fixture(scope="module")
def worker():
    with Worker() as w:
        yield w


def test_it_returns_values(worker: Worker) -> None:
    assert worker.call("operator:add", 1, 2) == Returned(3)
    array = np.arange(100_000, dtype=np.float32)
    outcome = worker.call("numpy:negative", array)
    assert isinstance(outcome, Returned)
    np.testing.assert_array_equal(outcome.value, -array)


def test_it_keeps_its_state_between_requests(worker: Worker) -> None:
    worker.call("os:putenv", "ASSAY_TEST", "1")
    first = worker.pid
    assert worker.call("os:getpid") == Returned(first)
    assert worker.call("os:getpid") == Returned(first)
    assert first != os.getpid()


def test_an_exception_is_a_value(worker: Worker) -> None:
    outcome = worker.call("math:sqrt", -1)
    assert isinstance(outcome, Raised)
    assert (outcome.kind, outcome.message) == ("ValueError", "math domain error")
    assert "Traceback" in outcome.trace
    assert worker.call("operator:add", 1, 2) == Returned(3)


def test_our_own_errors_come_back_whole(worker: Worker) -> None:
    outcome = worker.call("compiler.text:parse", "module {", "f.mlir")
    assert isinstance(outcome, Raised)
    assert isinstance(outcome.error, ParseError)
    assert outcome.error.where == Loc("f.mlir", 1, 9)


@pytest.mark.parametrize(
    ("function", "args", "reason"),
    [
        ("os:abort", (), "SIGABRT"),
        ("faulthandler:_sigsegv", (), "SIGSEGV"),
        ("os:_exit", (7,), "exit status 7"),
    ],
)
def test_a_death_is_a_value_and_the_next_request_works(
    worker: Worker, function: str, args: tuple[object, ...], reason: str
) -> None:
    outcome = worker.call(function, *args)
    assert isinstance(outcome, Crash)
    assert outcome.reason == reason
    assert worker.pid is None
    assert worker.call("operator:add", 1, 2) == Returned(3)


def test_a_death_shows_the_end_of_standard_error(worker: Worker) -> None:
    code = (
        "import os, sys; sys.stderr.write('x' * 10000 + 'the end'); sys.stderr.flush(); os._exit(1)"
    )
    outcome = worker.call("builtins:exec", code)
    assert isinstance(outcome, Crash)
    assert outcome.stderr.endswith("the end")
    assert len(outcome.stderr) <= 4000


def test_a_death_between_requests_is_mended(worker: Worker) -> None:
    worker.call("operator:add", 1, 2)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.1)
    assert worker.call("operator:add", 1, 2) == Returned(3)


def test_an_endless_loop_times_out(worker: Worker) -> None:
    worker.call("operator:add", 1, 2)
    start = time.monotonic()
    outcome = worker.call("builtins:exec", "while True: pass", timeout=0.3)
    assert outcome == Timeout(0.3, outcome.stderr)  # type: ignore[union-attr]
    assert time.monotonic() - start < 5
    assert worker.call("operator:add", 1, 2) == Returned(3)


def test_a_child_that_holds_the_pipes_open_does_not_outlive_the_limit(worker: Worker) -> None:
    start = time.monotonic()
    code = "import os, time\nos.fork()\ntime.sleep(60)"
    assert isinstance(worker.call("builtins:exec", code, timeout=0.3), Timeout)
    assert time.monotonic() - start < 20
    assert worker.call("operator:add", 1, 2) == Returned(3)


def test_what_a_request_prints_does_not_disturb_the_replies(worker: Worker) -> None:
    assert worker.call("builtins:print", "hello " * 1000) == Returned(None)
    assert worker.call("os:system", "echo hello") == Returned(0)


def test_a_result_that_cannot_be_pickled_is_an_exception(worker: Worker) -> None:
    outcome = worker.call("threading:Lock")
    assert isinstance(outcome, Raised)
    assert outcome.kind == "TypeError"


def test_an_unknown_function_is_an_exception(worker: Worker) -> None:
    assert isinstance(worker.call("no_such_module:f"), Raised)
    assert isinstance(worker.call("os:no_such_function"), Raised)


def test_several_threads_take_turns(worker: Worker) -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda k=k: found.append(worker.call("operator:mul", k, k)))
        for k in range(8)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(o.value for o in found) == [k * k for k in range(8)]  # type: ignore[attr-defined]


def test_the_environment_and_the_setup_reach_the_process() -> None:
    with Worker({"ASSAY_TEST": "here"}, setup="faulthandler:disable") as w:
        assert w.call("os:getenv", "ASSAY_TEST") == Returned("here")
        assert w.call("faulthandler:is_enabled") == Returned(False)


def test_closing_ends_the_process() -> None:
    w = Worker()
    w.call("operator:add", 1, 2)
    pid = w.pid
    assert pid is not None
    w.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
