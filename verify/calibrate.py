"""How the judge fares where there is no fault: false alarms, tightness of the bounds, their cost.

Programs of several depths are compiled by an unbroken target, run on a set of inputs of each name
(:data:`verify.gen.values.SETS`) and judged. What is called wrong here is a false alarm, or a bug
that nobody planted; what is undecided could hide one; and a bound far above the actual error would
hide it too.

* Depth is the number of ops that programs have on average (:class:`verify.gen.Config`).
* The actual error of an element is its distance to the center of the enclosure, which is computed
  in a higher precision. Elements that must be exact (bound 0) and undecided ones have no share.
* Cost is CPU time of :func:`verify.bounds.enclose` and :func:`verify.oracle.judge` over that of
  :func:`verify.ref.evaluate`, on the same program and inputs, one right after the other in an order
  that alternates; both have seen the program before.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from compiler.ir import Array, Module
from compiler.pipeline import Options
from verify.bounds import Enclosure, enclose
from verify.engines import Lost, Message, Report, workers
from verify.examine import FAILURES, Examination, Prepared, Question, prepare
from verify.fuzz.config import CampaignConfig, program
from verify.gen.values import SETS
from verify.oracle import judge
from verify.ref import evaluate
from verify.sources import fingerprint
from verify.tally import Shares, Tally

DEPTHS = (5, 10, 20, 40)
BATCH = 16  # programs a task
PATIENCE = 120.0  # seconds for one program
NORMAL = "normal"
HEADINGS = (
    "ops",
    "programs judged",
    "violations",
    "explained",
    "unstable",
    "undecided (normal)",
    "undecided (all)",
    "error/bound median",
    "p99",
    "bound/error median",
    "judge/NumPy",
)


@dataclass(frozen=True, slots=True)
class Failing:
    """A program that failed: its depth and number, the input set, the verdict and a note."""

    depth: int
    index: int
    inputs: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """The figures of a run.

    Attributes:
        target, version: the compiler.
        level: its optimisation level.
        seed: of the programs.
        count: programs of each depth.
        depths: a tally for each depth.
        failing: the programs that failed, by depth and number.
        code: fingerprint of the code that measured it (:mod:`verify.sources`).
    """

    target: str
    version: str
    level: int
    seed: int
    count: int
    depths: dict[int, Tally] = field(default_factory=dict)
    failing: tuple[Failing, ...] = ()
    code: str = ""

    @property
    def total(self) -> Tally:
        """All depths together."""
        return sum(self.depths.values(), Tally())

    def rows(self) -> list[tuple[str, ...]]:
        """A row of text for each depth and one for all, under :data:`HEADINGS`."""
        named = [(str(depth), tally) for depth, tally in sorted(self.depths.items())]
        return [_row(name, tally) for name, tally in [*named, ("all", self.total)]]

    def to_json(self) -> dict[str, Any]:
        """All fields, for JSON."""
        depths = {depth: tally.to_json() for depth, tally in self.depths.items()}
        failing = [asdict(f) for f in self.failing]
        names = "target", "version", "level", "seed", "count", "code"
        fixed = {name: getattr(self, name) for name in names}
        return {**fixed, "depths": depths, "failing": failing}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Calibration:
        """The calibration written by :meth:`to_json`."""
        depths = {int(k): Tally.from_json(t) for k, t in data["depths"].items()}
        failing = tuple(Failing(**f) for f in data["failing"])
        return Calibration(**{**data, "depths": depths, "failing": failing})


def _row(name: str, t: Tally) -> tuple[str, ...]:
    return (
        name,
        f"{t.judged:,}",
        f"{t.failed:,}",
        f"{t.explained:,}",
        f"{t.unstable / t.judged:.2%}" if t.judged else "-",
        f"{t.undecided_share(NORMAL):.2%}",
        f"{t.undecided_share():.2%}",
        f"{t.shares.quantile(0.5):.3g}",
        f"{t.shares.quantile(0.99):.3g}",
        f"{t.looseness:.3g}",
        f"{t.cost:.2f}",
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """A task: programs ``first .. last-1`` of one depth."""

    depth: int
    first: int
    last: int


@dataclass
class Measure:
    """The job of the workers: a batch a task; each program's tally is a message."""

    target: str
    level: int
    seed: int

    def start(self) -> None:
        """Load the target."""
        from verify.shield import load_target

        load_target(self.target)

    def run(self, payload: Batch, report: Report) -> None:
        """Measure the programs of a batch."""
        for index in range(payload.first, payload.last):
            report.begin(index, 0, PATIENCE)
            if report.stopping:
                return
            report.emit(self.measure(payload.depth, index))

    def measure(self, depth: int, index: int) -> tuple[int, Tally, list[Failing]]:
        """Depth, figures and failures of one program."""
        config = CampaignConfig(seed=self.seed, ops=depth, sets=len(SETS))
        module, sets = program(config, index)
        prepared = prepare(module, self.target, Options(level=self.level))
        runs = [(s.name, _examined(prepared, s.arrays, index % 2 == 0)) for s in sets]
        tally = sum((_tally(module, name, *run) for name, run in runs), Tally())
        found = {name: run[0] for name, run in runs}
        failing = [
            Failing(depth, index, name, x.kind, x.note or str(x.verdict))
            for name, x in found.items()
            if x.failed
        ]
        return depth, tally + _verdicts(list(found.values())), failing


@dataclass(frozen=True, slots=True)
class _Cost:
    """Enclosures of one run that the profile's leeways have not widened, and CPU seconds."""

    enclosures: tuple[Enclosure, ...]
    judge: float
    plain: float


def _examined(
    prepared: Prepared, arrays: Sequence[Array], judge_first: bool
) -> tuple[Examination, _Cost | None]:
    question = Question(prepared.module, arrays)
    found = prepared.examine(question)
    return found, _cost(question, found, judge_first) if found.outputs else None


def _cost(question: Question, found: Examination, judge_first: bool) -> _Cost:
    enclosures: tuple[Enclosure, ...] = ()

    def judged() -> float:
        nonlocal enclosures
        start = time.process_time()
        enclosures = enclose(question.module, question.inputs, found.contract)
        judge(found.outputs, enclosures, found.contract)
        return time.process_time() - start

    def plain() -> float:
        start = time.process_time()
        evaluate(question.module, question.inputs)
        return time.process_time() - start

    if judge_first:
        a, b = judged(), plain()
    else:
        b, a = plain(), judged()
    return _Cost(enclosures, a, b)


def _tally(module: Module, inputs: str, found: Examination, cost: _Cost | None) -> Tally:
    """The figures of one run; the verdicts are counted by program."""
    if cost is None:
        return Tally()
    elements = sum(e.value.size for e in cost.enclosures)
    undecided = sum(round(e.undecided * e.value.size) for e in cost.enclosures)
    shares = Shares()
    if found.kind not in FAILURES | {"explained"}:
        pairs = zip(found.outputs, cost.enclosures, strict=True)
        shares = sum((_shares(got, e) for got, e in pairs), shares)
    return Tally(
        runs=1,
        ops=len(module.main.graph.nodes),
        elements={inputs: elements},
        undecided={inputs: undecided},
        shares=shares,
        judge_seconds=cost.judge,
        plain_seconds=cost.plain,
    )


def _shares(got: Array, e: Enclosure) -> Shares:
    """Actual errors of one output of a float type."""
    if e.error is None or not e.type.dtype.precision:
        return Shares()
    has = (e.error > 0) & np.isfinite(e.error)
    bound, center = e.error[has], e.value[has]
    small = got[has] if got.dtype.itemsize > 2 else got[has].astype(np.float32)
    return Shares.of(np.abs(small.astype(center.dtype) - center), bound)


def _verdicts(found: list[Examination]) -> Tally:
    """One program by its worst verdict."""
    kinds = [x.kind for x in found]
    failure = next((k for k in kinds if k in FAILURES), "")
    explained = not failure and "explained" in kinds
    names = {name for x in found for name in x.deviations} if explained else set()
    return Tally(
        programs=1,
        judged=int(any(k != "unsupported" for k in kinds)),
        failures={failure: 1} if failure else {},
        explained=int(explained),
        deviations=dict.fromkeys(sorted(names), 1),
        unstable=int(not failure and not explained and "unstable" in kinds),
    )


def calibrate(
    target: str = "assay",
    level: int = 2,
    count: int = 500,
    seed: int = 0,
    jobs: int = 0,
    depths: Sequence[int] = DEPTHS,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Measure the judge on ``count`` programs of each of ``depths``.

    Args:
        target: name of the compiler, which should have no fault.
        level: optimisation level.
        count: programs of each depth.
        seed: of the programs.
        jobs: worker processes; one a core if 0.
        depths: ops that programs have on average.
        progress: called with the programs done and wanted after each of them.
    """
    from verify.engines.local import LocalEngine
    from verify.targets import get

    code = fingerprint()
    tallies = dict.fromkeys(depths, Tally())
    failing: list[Failing] = []
    done, wanted = 0, count * len(depths)
    batches = [
        Batch(depth, first, min(first + BATCH, count))
        for first in range(0, count, BATCH)
        for depth in depths
    ]
    width = min(workers(jobs), max(len(batches), 1))
    with LocalEngine(Measure(target, level, seed), width) as engine:
        tasks = {engine.submit(b): b for b in batches}
        for event in engine.as_completed():
            if isinstance(event, Message):
                depth, tally, failures = event.content
            elif isinstance(event, Lost):
                batch = tasks[event.task]
                if event.item < 0:  # it never began
                    tasks[engine.submit(batch)] = batch
                    continue
                rest = Batch(batch.depth, event.item + 1, batch.last)
                if rest.first < rest.last:
                    tasks[engine.submit(rest)] = rest
                depth, tally, failures = _lost(batch.depth, event)
            else:
                continue
            tallies[depth] += tally
            failing += failures
            done += 1
            if progress:
                progress(done, wanted)
    failing.sort(key=lambda f: (f.depth, f.index, f.inputs))
    version = get(target).version
    return Calibration(target, version, level, seed, count, tallies, tuple(failing), code)


def _lost(depth: int, event: Lost) -> tuple[int, Tally, list[Failing]]:
    """A program that took its worker down, or ran for too long."""
    kind = "timeout" if event.how == "timeout" else "crash"
    failing = Failing(depth, event.item, "", kind, f"{event.how}\n{event.log}".strip())
    return depth, Tally(programs=1, judged=1, failures=Counter({kind: 1})), [failing]
