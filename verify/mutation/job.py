"""What the workers of a mutation run do: stretches of the stream, isolations, looks, proofs."""

from __future__ import annotations

import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field, replace

from verify import prove as prover
from verify.engines import Report
from verify.faults import Fault, find
from verify.faults.derived import EQUIVALENT, LIMIT, equivalence
from verify.mutation.follow import case_of, confirm, isolated
from verify.mutation.outcome import OURS, Hit, Isolation, Proved, Unseen
from verify.mutation.probe import Probe, only_rule, probe_of
from verify.mutation.sample import LEVELS, Unbroken, examined, sample
from verify.mutation.trial import attempt, look
from verify.sources import check_same

PATIENCE = 60.0  # seconds of the clock for one fault on one program
ALONE = 300.0  # for a program without a fault, and for a hit that is tried alone or isolated
DEATH = 1200.0  # the same where a process dies, or takes the whole of its time, again and again
PROOF = 120.0  # for one proof
UNBROKEN = 0  # the phase in which no fault is on; phase n + 1 is fault n


@dataclass(frozen=True, slots=True)
class Stretch:
    """A task: programs ``first .. last-1``, each under the faults that wait for a judge, without
    those pairs of fault and program that ``skip`` holds. If ``again`` is a fault, the programs are
    done but for that one, which alone is waiting.
    """

    first: int
    last: int
    waiting: dict[str, frozenset[str]]
    skip: frozenset[tuple[str, int]] = frozenset()
    again: str = ""


@dataclass(frozen=True, slots=True)
class Isolate:
    """A task: see whether a hit comes again and, if it is the oracle's, isolate it."""

    hit: Hit


@dataclass(frozen=True, slots=True)
class Look:
    """A task: localise ``fault`` on programs that show nothing in their outputs."""

    fault: str
    programs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prove:
    """A task: what the prover says of a fault's rule."""

    fault: str


Task = Stretch | Isolate | Look | Prove


@dataclass(frozen=True, slots=True)
class Tried:
    """A message: one program is done."""

    index: int
    unbroken: Unbroken
    hits: tuple[Hit, ...]
    changed: tuple[str, ...]  # faults that changed the module while the oracle waits for a hit


@dataclass(frozen=True, slots=True)
class Seen:
    """A message: a hit came again, this time as ``hit``. If it did not, the answer is
    :class:`Unseen`.
    """

    hit: Hit


@dataclass(frozen=True, slots=True)
class Isolated:
    """A message: the last answer to :class:`Isolate`."""

    fault: str
    isolation: Isolation


@dataclass(frozen=True, slots=True)
class Looked:
    """A message: the answer to :class:`Look`; with the blame, where there is a hit."""

    fault: str
    hit: Hit | None
    isolation: Isolation | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """A message: the answer to :class:`Prove`."""

    fault: str
    proof: Proved


@dataclass
class Hunt:
    """The job.

    Attributes:
        names: the faults; their numbers are the phases of a report.
        seed: of the stream.
        budget: reduction tests for each hit.
        code: fingerprint of the sources that a worker must have; any if empty.
    """

    names: tuple[str, ...]
    seed: int
    budget: int
    code: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)
    probe: Probe | None = None

    def start(self) -> None:
        """Load what every task needs."""
        from verify.targets import get

        get("assay")
        if self.code:
            check_same(self.code, "this run")
        self.faults = {name: find(name) for name in self.names}
        self.probe = probe_of(list(self.faults.values()))

    def run(self, payload: Task, report: Report) -> None:
        """Do one task."""
        if isinstance(payload, Stretch):
            self._stretch(payload, report)
        elif isinstance(payload, Isolate):
            self._isolate(payload.hit, report)
        elif isinstance(payload, Look):
            report.emit(self._look(payload, report))
        else:
            report.begin(0, self.phase(payload.fault), PROOF)
            report.emit(Proven(payload.fault, prove(self.faults[payload.fault])))

    def phase(self, fault: str) -> int:
        """The phase of a report in which ``fault`` is on."""
        return self.names.index(fault) + 1

    def _stretch(self, task: Stretch, report: Report) -> None:
        waiting = dict(task.waiting)
        for index in range(task.first, task.last):
            if report.stopping:
                return
            done = self._one(index, waiting, task.skip, report)
            for hit in done.hits:
                waiting[hit.fault] -= {hit.judge}
            report.emit(done)

    def _one(
        self,
        index: int,
        waiting: dict[str, frozenset[str]],
        skip: frozenset[tuple[str, int]],
        report: Report,
    ) -> Tried:
        """One program under every fault that waits and can matter."""
        assert self.probe is not None
        report.begin(index, UNBROKEN, ALONE)
        try:
            made, tally = examined(self.seed, index)
        except Exception as e:  # the harness's own: that program is left out, and it is said
            return Tried(index, Unbroken(programs=1, errors=[_in_a_line(index, "", e)]), (), ())
        matter = self.probe.candidates(made.module, LEVELS)
        hits: list[Hit] = []
        changed = []
        for number, name in enumerate(self.names):
            judges = waiting.get(name)
            if (
                not judges
                or (name, index) in skip
                or (name in self.probe.faults and name not in matter)
            ):
                continue
            report.begin(index, number + 1, PATIENCE)
            try:
                trial = attempt(self.faults[name], made, judges)
            except Exception as e:
                tally.errors.append(_in_a_line(index, name, e))
                continue
            hits += trial.hits.values()
            if trial.changed and OURS in judges and OURS not in trial.hits:
                changed.append(name)
        return Tried(index, tally, tuple(hits), tuple(changed))

    def _isolate(self, hit: Hit, report: Report) -> None:
        """Confirm a hit, and isolate the oracle's; what the harness raises is part of the score."""
        fault, phase, start = self.faults[hit.fault], self.phase(hit.fault), time.process_time()
        clock = DEATH if hit.died else ALONE
        report.begin(hit.program, phase, clock)
        try:
            seen = confirm(fault, hit, sample(self.seed, hit.program), self.seed)
        except Exception:
            report.emit(Unseen(hit, _last_line()))
            return
        if seen is None or not (hit.judge == OURS or seen.hit.crashed):
            report.emit(Unseen(hit, "no failure" if seen is None else seen.hit.kind))
            return
        report.emit(Seen(seen.hit))
        if hit.judge != OURS:
            return
        report.begin(hit.program, phase, clock)
        try:
            found = isolated(fault, seen, self.budget)
        except Exception:
            found = Isolation(note=_last_line())
        found = replace(found, seconds=time.process_time() - start)
        report.emit(Isolated(hit.fault, found))

    def _look(self, task: Look, report: Report) -> Looked:
        """The first of the programs on which localisation sees the fault, and whom it blames."""
        from verify.isolation.bisect import bisect

        fault = self.faults[task.fault]
        for index in task.programs:
            report.begin(index, self.phase(task.fault), PATIENCE)
            made = sample(self.seed, index)
            with suppress(Exception):  # what fails here is no hit
                hit = look(fault, made)
                if hit is None:
                    continue
                case = case_of(fault, hit, made, hit.inputs, hit.level, self.seed)
                with fault.install():
                    guilty = bisect(case.module, case.inputs, case.options)
                return Looked(task.fault, hit, Isolation(guilty.pass_name, guilty.rewrite))
        return Looked(task.fault, None)


def _last_line() -> str:
    """The exception that is being handled."""
    return traceback.format_exc().strip().splitlines()[-1]


def _in_a_line(index: int, fault: str, error: Exception) -> str:
    under = f" under {fault}" if fault else ""
    return f"program {index}{under}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"


def prove(fault: Fault) -> Proved:
    """What the prover says of the rule that ``fault`` puts in place of a shipped one."""
    try:
        if fault.rule:
            proof = equivalence(fault)
        else:
            rule = only_rule(fault)
            assert rule is not None
            proof = prover.prove(rule, limit=LIMIT)
    except Exception as e:  # a rule that cannot even be taken apart
        return Proved("unknown", f"{type(e).__name__}: {e}")
    known = {"refuted": "refuted", **dict.fromkeys(EQUIVALENT, "equivalent")}
    note = "; ".join((proof.verdict, *proof.notes))
    return Proved(known.get(proof.verdict, "unknown"), note, proof.ms / 1000)
