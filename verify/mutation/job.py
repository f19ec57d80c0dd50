"""What the workers of a mutation run do: stretches of the stream, isolations, looks, proofs."""

from __future__ import annotations

import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field, replace

from verify import prove as prover
from verify.case import Case
from verify.engines import Report
from verify.faults import Fault, find
from verify.faults.derived import EQUIVALENT, LIMIT, equivalence
from verify.mutation.outcome import OURS, Hit, Isolation, Proved
from verify.mutation.probe import Probe, only_rule, probe_of
from verify.mutation.sample import LEVELS, Sample, Unbroken, examined, sample
from verify.mutation.trial import attempt, look

PATIENCE = 60.0  # seconds of the clock for one fault on one program
ISOLATION = 300.0  # for the isolation of one hit
PROOF = 120.0  # for one proof
UNBROKEN = 0  # the phase in which no fault is on; phase n + 1 is fault n


@dataclass(frozen=True, slots=True)
class Stretch:
    """A task: programs ``first .. last-1``, each under the faults that wait for a judge."""

    first: int
    last: int
    waiting: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Isolate:
    """A task: isolate a hit."""

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
class Isolated:
    """A message: the answer to :class:`Isolate`."""

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
    """

    names: tuple[str, ...]
    seed: int
    budget: int
    faults: dict[str, Fault] = field(default_factory=dict)
    probe: Probe | None = None

    def start(self) -> None:
        """Load what every task needs."""
        from verify.targets import get

        get("assay")
        self.faults = {name: find(name) for name in self.names}
        self.probe = probe_of(list(self.faults.values()))

    def run(self, payload: Task, report: Report) -> None:
        """Do one task."""
        if isinstance(payload, Stretch):
            self._stretch(payload, report)
        elif isinstance(payload, Isolate):
            report.begin(payload.hit.program, self.phase(payload.hit.fault), ISOLATION)
            report.emit(Isolated(payload.hit.fault, self._isolate(payload.hit)))
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
            done = self._one(index, waiting, report)
            for hit in done.hits:
                waiting[hit.fault] -= {hit.judge}
            report.emit(done)

    def _one(self, index: int, waiting: dict[str, frozenset[str]], report: Report) -> Tried:
        """One program under every fault that waits and can matter."""
        assert self.probe is not None
        report.begin(index, UNBROKEN, PATIENCE)
        try:
            made, tally = examined(self.seed, index)
        except Exception as e:  # the harness's own: that program is left out, and it is said
            return Tried(index, Unbroken(programs=1, errors=[_in_a_line(index, "", e)]), (), ())
        matter = self.probe.candidates(made.module, LEVELS)
        hits: list[Hit] = []
        changed = []
        for number, name in enumerate(self.names):
            judges = waiting.get(name)
            if not judges or (name in self.probe.faults and name not in matter):
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

    def _isolate(self, hit: Hit) -> Isolation:
        start = time.process_time()
        try:
            found = self._isolation(hit)
        except Exception:  # the harness failed on a real finding: that is part of the score
            found = Isolation(note=traceback.format_exc().strip().splitlines()[-1])
        return replace(found, seconds=time.process_time() - start)

    def _isolation(self, hit: Hit) -> Isolation:
        from verify.isolation.isolate import isolate

        made = sample(self.seed, hit.program)
        if hit.died:
            return self._isolate_death(hit, made)
        name = hit.inputs or next(iter(made.questions))
        case = self._case(hit, made, name, hit.level)
        with self.faults[hit.fault].install():
            finding = isolate(case, budget=self.budget)
        if finding is None:
            return Isolation(note="the failure was not seen again")
        guilty, small = finding.guilty, finding.reduction
        return Isolation(guilty.pass_name, guilty.rewrite, small.ops_after, small.tests)

    def _isolate_death(self, hit: Hit, made: Sample) -> Isolation:
        """Find the level and the inputs at which the process dies, and isolate that."""
        from verify.isolation.deaths import isolate_death
        from verify.shield import Shield, worker

        with Shield(PATIENCE, worker=worker("assay")) as shield:
            for level in LEVELS:
                for name in made.questions:
                    case = self._case(hit, made, name, level)
                    shield.examine(case)
                    if shield.died:
                        found = isolate_death(case, shield.died, budget=self.budget)
                        guilty, small = found.guilty, found.reduction
                        names = guilty.pass_name, guilty.rewrite
                        return Isolation(*names, small.ops_after, small.tests)
        return Isolation(note="the process did not die again")

    def _case(self, hit: Hit, made: Sample, inputs: str, level: int) -> Case:
        fault = self.faults[hit.fault]
        meta = {"kind": hit.kind, "seed": self.seed, "program": hit.program, "fault": hit.fault}
        arrays = tuple(made.questions[inputs].inputs)
        return Case(made.module, arrays, "assay", level, fault.precision, meta=meta)

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
                case = self._case(hit, made, hit.inputs, hit.level)
                with fault.install():
                    guilty = bisect(case.module, case.inputs, case.options)
                return Looked(task.fault, hit, Isolation(guilty.pass_name, guilty.rewrite))
        return Looked(task.fault, None)


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
