"""What a worker of a campaign does: programs in a row, and the isolation of those that fail."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.ir import Module
from verify.case import Case
from verify.engines import Report
from verify.examine import Examination, prepare
from verify.fuzz.config import CampaignConfig, prepare_process, program
from verify.fuzz.stats import Stats
from verify.fuzz.store import Failure
from verify.gen import InputSet
from verify.isolation.bisect import bisect
from verify.isolation.deaths import deadly, isolate_death
from verify.isolation.finding import Finding
from verify.isolation.isolate import isolate
from verify.shield import Setup
from verify.sources import check_same

EXAMINE, ISOLATE = 0, 1  # phases
FLUSH_SECONDS = 0.25
OWN_FAULT = "own-fault"


@dataclass(frozen=True, slots=True)
class Batch:
    """A task: check programs ``first .. last-1``. ``known`` counts the findings reduced so far by
    who is guilty.
    """

    first: int
    last: int
    known: dict[str, int]


@dataclass(frozen=True, slots=True)
class CrashTask:
    """A task: isolate program ``index``, which took a worker down."""

    index: int
    how: str
    log: str


@dataclass(frozen=True, slots=True)
class Isolated:
    """A failure that was reduced; alone it is the answer to a :class:`CrashTask`. ``inputs`` names
    the set that shows it.
    """

    index: int
    kind: str
    guilty: str
    finding: Finding
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class Unreduced:
    """A failure that could not be reduced: Assay raised, or the failure did not come back."""

    index: int
    kind: str
    pass_name: str
    note: str
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A message: programs ``first .. last-1`` are done."""

    first: int
    last: int
    stats: Stats
    failures: tuple[Failure, ...] = ()
    found: tuple[Isolated | Unreduced, ...] = ()


@dataclass(slots=True)
class _Progress:
    """What is done of a batch and not sent yet."""

    first: int
    stats: Stats = field(default_factory=Stats)
    failures: list[Failure] = field(default_factory=list)
    found: list[Isolated | Unreduced] = field(default_factory=list)
    cpu: float = field(default_factory=time.process_time)
    wall: float = field(default_factory=time.monotonic)


@dataclass
class Work:
    """The job of a campaign's workers."""

    config: CampaignConfig
    setup: Setup | None = None

    def start(self) -> None:
        """Load the target and switch the fault on; InputError if a worker that is replaced would go
        on with other code.
        """
        prepare_process(self.config.target, self.config.fault, self.setup)
        if self.config.code:
            check_same(self.config.code, "this campaign")

    def run(self, payload: Batch | CrashTask, report: Report) -> None:
        """Do a batch, or isolate a crash."""
        if isinstance(payload, CrashTask):
            self._crash(payload, report)
            return
        known = Counter(payload.known)
        state = _Progress(payload.first)
        for index in range(payload.first, payload.last):
            report.begin(index, EXAMINE, self.config.timeout)
            self._one(index, state, known, report)
            if report.stopping:
                self._flush(state, index + 1, report)
                return
            if state.found or time.monotonic() - state.wall > FLUSH_SECONDS:
                self._flush(state, index + 1, report)
                state = _Progress(index + 1)
        if state.first < payload.last:
            self._flush(state, payload.last, report)

    def _flush(self, state: _Progress, last: int, report: Report) -> None:
        state.stats.cpu_seconds = time.process_time() - state.cpu
        report.emit(
            Chunk(state.first, last, state.stats, tuple(state.failures), tuple(state.found))
        )

    def _one(self, index: int, state: _Progress, known: Counter[str], report: Report) -> None:
        """Generate one program, compile it once and examine it on all its sets of inputs; the first
        that fails is isolated. What Assay itself raises is noted and does not end the campaign.
        """
        config = self.config
        try:
            module, sets = program(config, index)
            state.stats.program(module)
            prepared = prepare(module, config.target, config.options)
            if prepared.refusal is not None:  # whatever the inputs are
                sets = [replace(sets[0], name="")]
            found = [(given, prepared.examine(given.arrays)) for given in sets]
            state.stats.examined([(given.name, x) for given, x in found])
            failed = next(((given, x) for given, x in found if x.failed), None)
            if failed is not None:
                self._failed(index, module, *failed, state, known, report)
        except Exception:
            text = traceback.format_exc()
            state.stats.failed(OWN_FAULT)
            state.failures.append(Failure(index, OWN_FAULT, _culprit(text)))
            _own_fault(index, text, state, known)

    def _failed(
        self,
        index: int,
        module: Module,
        given: InputSet,
        found: Examination,
        state: _Progress,
        known: Counter[str],
        report: Report,
    ) -> None:
        """Find out who is to blame; reduce, unless enough findings of that name are known."""
        config = self.config
        report.begin(index, ISOLATE, isolation_seconds(config))
        try:
            guilty = bisect(module, given.arrays, config.options, config.target).name
            name = f"{found.kind} {guilty}"
            state.failures.append(Failure(index, found.kind, guilty, inputs=given.name))
            if known[name] >= config.keep or report.stopping:
                return
            finding = isolate(self._case(index, module, given, found), budget=config.budget)
            known[name] += 1
            if finding is not None and finding.reduction.errors:
                _own_fault(index, finding.reduction.error, state, known)
            if finding is not None:
                state.found.append(Isolated(index, found.kind, guilty, finding, given.name))
            else:
                note = f"not seen again\n{found.note}"
                state.found.append(Unreduced(index, found.kind, guilty, note, given.name))
        except Exception:
            text = traceback.format_exc()
            name, note = _culprit(text), f"{found.note}\n{text}"
            state.failures.append(Failure(index, found.kind, name, inputs=given.name))
            state.found.append(Unreduced(index, found.kind, name, note, given.name))
        report.begin(index, EXAMINE, config.timeout)

    def _case(self, index: int, module: Module, given: InputSet, found: Examination) -> Case:
        c = self.config
        meta: dict[str, Any] = {"kind": found.kind, "seed": c.seed, "program": index}
        meta["inputs"] = given.name
        if c.fault:
            meta["fault"] = c.fault
        return Case(module, given.arrays, c.target, c.level, c.precision, found.contract, meta)

    def _crash(self, task: CrashTask, report: Report) -> None:
        """Reduce a program that kills its process, each candidate in a process of its own."""
        config = self.config
        report.begin(task.index, ISOLATE, isolation_seconds(config))
        module, sets = program(config, task.index)
        kind = "timeout" if task.how == "timeout" else "crash"
        cases = [self._case(task.index, module, given, _lost(kind, task)) for given in sets]
        case = deadly(cases, task.how, seconds=config.timeout, setup=self.setup)
        if case is None:
            note = f"not seen again\n{task.how}\n{task.log}"
            report.emit(Unreduced(task.index, kind, f"process {task.how}", note))
            return
        finding = isolate_death(
            case, task.how, budget=config.budget, seconds=config.timeout, setup=self.setup
        )
        inputs = str(case.meta["inputs"])
        report.emit(Isolated(task.index, kind, finding.guilty.name, finding, inputs))


def isolation_seconds(config: CampaignConfig) -> float:
    """How long the isolation of one failure may take before its worker is killed."""
    return 120.0 + 10 * config.timeout


def _lost(kind: str, task: CrashTask) -> Examination:
    from verify.oracle import Verdict

    return Examination(Verdict(kind, ()), note=f"{task.how}\n{task.log}".strip())


def _own_fault(index: int, text: str, state: _Progress, known: Counter[str]) -> None:
    """Report an exception of Assay itself, with its traceback: each once."""
    name = _culprit(text)
    known[f"{OWN_FAULT} {name}"] += 1
    if known[f"{OWN_FAULT} {name}"] == 1:
        state.found.append(Unreduced(index, OWN_FAULT, name, text))


def _culprit(text: str) -> str:
    """The last frame and the exception of a traceback, in one line."""
    lines = [line.strip() for line in text.strip().splitlines()]
    frames = [line for line in lines if line.startswith("File ")]
    return f"{lines[-1][:160]} [{frames[-1] if frames else ''}]"
