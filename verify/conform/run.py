"""Judging many cases in worker processes.

A case that kills its worker, or is not done in time, is an ``error``; the worker is replaced, and
what is left of the case goes to another one.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from verify.conform.judge import COMPILER, ERROR, Outcome, Step, Trial, steps
from verify.conform.suite import Case
from verify.engines import Engine, Lost, Message, Report, workers

SECONDS = 60.0  # for one case in one way


class Record(NamedTuple):
    """The verdict of one case run in one way."""

    case: Case
    step: Step
    outcome: Outcome


class _Task(NamedTuple):
    """A case, and the ways in which it is still to be run."""

    case: Case
    todo: list[Step]


@dataclass(frozen=True)
class Work:
    """The job of the workers."""

    seconds: float
    engines: tuple[str, ...]
    setup: Callable[[], None] | None = None

    def start(self) -> None:
        """Load what every case needs; keep a case from taking all memory of the machine."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if self.setup is not None:
            self.setup()
        if COMPILER in self.engines:
            from verify.targets import get

            get("assay")

    def run(self, payload: _Task, report: Report) -> None:
        """Judge one case."""
        trial = Trial(payload.case)
        begin = _Begin(report, self.seconds)
        for outcome in trial.outcomes(payload.todo, begin):
            report.emit(outcome)
            if report.stopping:
                return


@dataclass(frozen=True, slots=True)
class _Begin:
    """Tells the supervisor which step is in flight."""

    report: Report
    seconds: float

    def __call__(self, number: int) -> None:
        self.report.begin(number, 0, self.seconds)


@dataclass
class Run:
    """All cases on all engines.

    Attributes:
        cases: what to judge.
        engines: levels of each engine; the reference has the one level ``None``.
        jobs: worker processes; one a core if 0.
        seconds: for one case in one way.
        setup: called first in every worker, for instance to register a target.
        records: the verdicts so far.
        interrupted: whether Ctrl-C ended it.
    """

    cases: Sequence[Case]
    engines: dict[str, tuple[int | None, ...]]
    jobs: int = 0
    seconds: float = SECONDS
    setup: Callable[[], None] | None = None
    records: list[Record] = field(default_factory=list)
    interrupted: bool = False
    _open: dict[int, tuple[_Task, int]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many verdicts there will be."""
        return sum(len(steps(c, self.engines)) for c in self.cases)

    def run(self, on_progress: Callable[[Run], None] | None = None) -> list[Record]:
        """Judge all; after Ctrl-C what was judged until then. In the order of the cases."""
        from verify.engines.local import LocalEngine

        jobs = min(workers(self.jobs), len(self.cases))
        work = Work(self.seconds, tuple(self.engines), self.setup)
        engine = None
        try:
            engine = LocalEngine(work, jobs)
            for case in self.cases:
                self._submit(engine, _Task(case, steps(case, self.engines)))
            for event in engine.as_completed():
                if isinstance(event, Message):
                    self._outcome(event.task, event.content)
                elif isinstance(event, Lost):
                    self._lost(engine, event)
                elif event is None and on_progress:
                    on_progress(self)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            if engine is not None:
                engine.stop()
                engine.shutdown()
        order = {c.file: k for k, c in enumerate(self.cases)}
        self.records.sort(key=lambda r: order[r.case.file])
        return self.records

    def _submit(self, engine: Engine, task: _Task) -> None:
        if task.todo:
            self._open[engine.submit(task)] = task, 0

    def _outcome(self, number: int, outcome: Outcome) -> None:
        task, done = self._open[number]
        self.records.append(Record(task.case, task.todo[done], outcome))
        self._open[number] = task, done + 1

    def _lost(self, engine: Engine, event: Lost) -> None:
        task, done = self._open.pop(event.task)
        if event.item < 0:  # the worker died before it began
            self._submit(engine, task)
            return
        why = (
            f"not done after {self.seconds:g} s"
            if event.how == "timeout"
            else f"the process ended with {event.how}"
        )
        self.records.append(Record(task.case, task.todo[done], Outcome(ERROR, why)))
        self._submit(engine, _Task(task.case, task.todo[done + 1 :]))
