"""The mutation score: which injected bugs are found, how fast, who is blamed, how small they get.

Each fault is switched on in a worker process; programs are generated and examined until one fails,
and the failure is isolated as a campaign does it. Each program is examined at ``-O1``, where bits
are compared, and at ``-O2``, on all its sets of inputs.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from typing import Any

from compiler.errors import InputError
from compiler.pipeline import Options
from verify.case import Case
from verify.engines import Lost, Message, Report
from verify.faults import FAULTS, Fault, activate
from verify.fuzz.config import CampaignConfig, program

LEVELS = (1, 2)
PATIENCE = 60.0  # seconds for one program
ISOLATION = 300.0  # seconds for the isolation of one failure


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault.

    Attributes:
        name, kind: of the fault.
        found: whether a program failed.
        programs: examined until then (all, if none failed).
        verdict: of the failing program.
        pass_name, rewrite: who was blamed.
        pass_right, rewrite_right: whether the blame is the fault's.
        reduced_ops: size of the reduced program; 0 if there is none.
        tests: reduction tests used.
        seconds: from the first program to the end of isolation.
        note: why isolation failed, if it did.
    """

    name: str
    kind: str
    found: bool
    programs: int
    verdict: str = ""
    pass_name: str = ""
    rewrite: str = ""
    pass_right: bool = False
    rewrite_right: bool = False
    reduced_ops: int = 0
    tests: int = 0
    seconds: float = 0.0
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """All fields; ``kind`` is called ``class`` as in the command's JSON."""
        data = asdict(self)
        data["class"] = data.pop("kind")
        return data

    @staticmethod
    def from_json(data: dict[str, Any]) -> Outcome:
        """The outcome written by :meth:`to_json`."""
        return Outcome(**{("kind" if k == "class" else k): v for k, v in data.items()})


@dataclass(frozen=True, slots=True)
class Score:
    """The outcomes of a run, and their summary."""

    outcomes: tuple[Outcome, ...]
    seed: int
    count: int

    @property
    def found(self) -> list[Outcome]:
        """The faults that were found."""
        return [o for o in self.outcomes if o.found]

    def sentence(self) -> str:
        """The result in one sentence."""
        found = self.found
        total = len(self.outcomes)
        if not found:
            return f"0 of {total} faults found within {self.count} programs each"
        right = sum(o.pass_right for o in found)
        exact = sum(o.rewrite_right for o in found)
        sizes = [o.reduced_ops for o in found if o.reduced_ops]
        size = f"{median(sizes):g}" if sizes else "-"
        return (
            f"{len(found)} of {total} faults found within {self.count} programs each; right pass "
            f"{right} of {len(found)}, right rewrite {exact}; median reduced size {size} ops"
        )

    def to_json(self) -> dict[str, Any]:
        """``{"faults": [...]}`` and the seed."""
        faults = [o.to_json() for o in self.outcomes]
        return {"faults": faults, "seed": self.seed, "count": self.count}


def judge(fault: Fault, pass_name: str, rewrite: str) -> tuple[bool, bool]:
    """Whether pass and rewrite that were blamed are the fault's."""
    right = pass_name == fault.pass_name
    return right, right and any(fnmatchcase(rewrite, r) for r in fault.rewrites)


@dataclass
class Hunt:
    """The job of the workers: one fault a task."""

    seed: int
    count: int
    budget: int

    def start(self) -> None:
        """Load what every task needs."""
        from verify.targets import get

        get("assay")

    def run(self, payload: str, report: Report) -> None:
        """Look for a program that shows the fault named ``payload``."""
        fault = FAULTS[payload]
        started = time.monotonic()
        with activate(payload):
            for index in range(self.count):
                report.begin(index, 0, PATIENCE)
                if report.stopping:
                    return
                case = failing(fault, self.seed, index)
                if case is not None:
                    report.begin(index, 1, ISOLATION)
                    report.emit(self._isolated(fault, case, index, time.monotonic() - started))
                    return
        seconds = time.monotonic() - started
        report.emit(Outcome(fault.name, fault.kind, False, self.count, seconds=seconds))

    def _isolated(self, fault: Fault, case: Case, index: int, seconds: float) -> Outcome:
        from verify.isolation.isolate import isolate

        started = time.monotonic()
        verdict = str(case.meta["kind"])
        finding, note = None, ""
        try:
            finding = isolate(case, budget=self.budget)
        except Exception as e:  # the harness failed on a real finding: that is part of the score
            note = f"{type(e).__name__}: {e}"
        seconds += time.monotonic() - started
        if finding is None:
            note = note or "the failure was not seen again"
            outcome = Outcome(fault.name, fault.kind, True, index + 1, verdict)
            return Outcome(**{**asdict(outcome), "seconds": seconds, "note": note})
        names = finding.guilty.pass_name, finding.guilty.rewrite
        return Outcome(
            fault.name,
            fault.kind,
            True,
            index + 1,
            verdict,
            *names,
            *judge(fault, *names),
            finding.reduction.ops_after,
            finding.reduction.tests,
            seconds,
        )


def failing(fault: Fault, seed: int, index: int) -> Case | None:
    """Program ``index`` as a case, if it fails with the fault switched on at one of the levels."""
    from verify.examine import Question, prepare

    module, sets = program(CampaignConfig(seed=seed), index)
    questions = {given.name: Question(module, given.arrays) for given in sets}
    for level in LEVELS:
        options = Options(level=level, precision=fault.precision)
        prepared = prepare(module, "assay", options)
        for name, question in questions.items():
            found = prepared.examine(question)
            if found.failed:
                meta = {"kind": found.kind, "seed": seed, "program": index, "fault": fault.name}
                meta["inputs"] = name
                arrays = tuple(question.inputs)
                names = "assay", level, fault.precision
                return Case(module, arrays, *names, found.contract, meta)
    return None


def mutate(
    names: Sequence[str] = (),
    *,
    count: int = 2000,
    seed: int = 0,
    jobs: int = 0,
    budget: int = 200,
    state: Path | None = None,
    resume: bool = False,
    on_outcome: Callable[[Outcome, int, int], None] | None = None,
) -> Score:
    """Hunt for the named faults (all, if none are named).

    Args:
        names: of faults; InputError for one that does not exist.
        count: programs examined for each fault at most.
        seed: of the programs.
        jobs: worker processes; one a core if 0.
        budget: reduction tests for each finding.
        state: file that keeps the outcomes; with ``resume`` those in it are not hunted again.
        resume: go on from ``state``.
        on_outcome: called with each outcome, how many there are, and how many there will be.
    """
    from verify.engines.local import LocalEngine

    wanted = chosen(names)
    done = _load(state, seed, count) if resume else {}
    done = {n: o for n, o in done.items() if n in wanted}
    waiting = [n for n in wanted if n not in done]
    workers = min(jobs or len(os.sched_getaffinity(0)), max(len(waiting), 1))
    with LocalEngine(Hunt(seed, count, budget), workers) as engine:
        tasks = {engine.submit(n): n for n in waiting}
        for event in engine.as_completed():
            if isinstance(event, Message):
                outcome = event.content
            elif isinstance(event, Lost):
                outcome = _lost(FAULTS[tasks[event.task]], event)
            else:
                continue
            done[outcome.name] = outcome
            _save(state, seed, count, done)
            if on_outcome:
                on_outcome(outcome, len(done), len(wanted))
    return Score(tuple(done[n] for n in wanted if n in done), seed, count)


def chosen(names: Sequence[str]) -> list[str]:
    """The names of the faults to hunt for, all if none are given; InputError for one that does not
    exist.
    """
    unknown = [n for n in names if n not in FAULTS]
    if unknown:
        raise InputError(f"there is no fault {unknown[0]!r}", hint="assay mutate --list names them")
    return list(names) or list(FAULTS)


def _lost(fault: Fault, event: Lost) -> Outcome:
    """The fault took the worker down, or ran for too long: found, but not isolated."""
    verdict = "timeout" if event.how == "timeout" else "crash"
    while_isolating = " during isolation" if event.phase else ""
    note = f"{event.how}{while_isolating}"
    return Outcome(fault.name, fault.kind, True, event.item + 1, verdict, note=note)


def _load(state: Path | None, seed: int, count: int) -> dict[str, Outcome]:
    """Outcomes of an earlier run with the same seed and count."""
    if state is None or not state.exists():
        return {}
    data = json.loads(state.read_text("utf-8"))
    if (data["seed"], data["count"]) != (seed, count):
        raise InputError(
            f"{state}: was made with seed {data['seed']} and count {data['count']}",
            hint="give the same, or start without --resume",
        )
    return {f["name"]: Outcome.from_json(f) for f in data["faults"]}


def _save(state: Path | None, seed: int, count: int, done: dict[str, Outcome]) -> None:
    if state is None:
        return
    state.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(Score(tuple(done.values()), seed, count).to_json(), indent=1)
    new = state.with_suffix(".tmp")
    new.write_text(text + "\n", "utf-8")
    new.replace(state)
