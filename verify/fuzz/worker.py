"""What a worker of a campaign does: programs in a row, and the isolation of those that fail."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from compiler.ir import Array, Module
from verify.case import Case
from verify.engines import Report
from verify.examine import Examination, examine
from verify.fuzz.config import CampaignConfig, prepare_process, program
from verify.fuzz.stats import Stats
from verify.fuzz.store import Failure
from verify.isolation.bisect import bisect
from verify.isolation.deaths import isolate_death
from verify.isolation.finding import Finding
from verify.isolation.isolate import isolate
from verify.shield import Setup

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
    """A failure that was reduced; alone it is the answer to a :class:`CrashTask`."""

    index: int
    kind: str
    guilty: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Unreduced:
    """A failure that could not be reduced: Assay raised, or the failure did not come back."""

    index: int
    kind: str
    pass_name: str
    note: str


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
        """Load the target and switch the fault on."""
        prepare_process(self.config.target, self.config.fault, self.setup)

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
        """Generate and examine one program. What Assay itself raises is noted and does not end the
        campaign.
        """
        config = self.config
        try:
            module, inputs = program(config, index)
            state.stats.program(module)
            found = examine(module, inputs, config.target, config.options)
            state.stats.examined(found)
            if found.failed:
                self._failed(index, module, inputs, found, state, known, report)
        except Exception:
            text = traceback.format_exc()
            state.stats.failed(OWN_FAULT)
            state.failures.append(Failure(index, OWN_FAULT, _culprit(text)))
            _own_fault(index, text, state, known)

    def _failed(
        self,
        index: int,
        module: Module,
        inputs: list[Array],
        found: Examination,
        state: _Progress,
        known: Counter[str],
        report: Report,
    ) -> None:
        """Find out who is to blame; reduce, unless enough findings of that name are known."""
        config = self.config
        report.begin(index, ISOLATE, isolation_seconds(config))
        try:
            guilty = bisect(module, inputs, config.options, config.target).name
            name = f"{found.kind} {guilty}"
            state.failures.append(Failure(index, found.kind, guilty))
            if known[name] >= config.keep or report.stopping:
                return
            finding = isolate(self._case(index, module, inputs, found), budget=config.budget)
            known[name] += 1
            if finding is not None and finding.reduction.errors:
                _own_fault(index, finding.reduction.error, state, known)
            if finding is not None:
                state.found.append(Isolated(index, found.kind, guilty, finding))
            else:
                state.found.append(
                    Unreduced(index, found.kind, guilty, f"not seen again\n{found.note}")
                )
        except Exception:
            text = traceback.format_exc()
            state.failures.append(Failure(index, found.kind, _culprit(text)))
            state.found.append(
                Unreduced(index, found.kind, _culprit(text), f"{found.note}\n{text}")
            )
        report.begin(index, EXAMINE, config.timeout)

    def _case(self, index: int, module: Module, inputs: list[Array], found: Examination) -> Case:
        c = self.config
        meta: dict[str, Any] = {"kind": found.kind, "seed": c.seed, "program": index}
        if c.fault:
            meta["fault"] = c.fault
        return Case(module, tuple(inputs), c.target, c.level, c.precision, found.contract, meta)

    def _crash(self, task: CrashTask, report: Report) -> None:
        """Reduce a program that kills its process, each candidate in a process of its own."""
        config = self.config
        report.begin(task.index, ISOLATE, isolation_seconds(config))
        module, inputs = program(config, task.index)
        kind = "timeout" if task.how == "timeout" else "crash"
        case = self._case(task.index, module, inputs, _lost(kind, task))
        finding = isolate_death(
            case, task.how, budget=config.budget, seconds=config.timeout, setup=self.setup
        )
        report.emit(Isolated(task.index, kind, finding.guilty.name, finding))


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
