"""The campaign: hands ranges of programs to an engine, keeps the books, follows up what fails.

The store is the only state: what is not recorded there is done again, so a campaign may be killed
at any time. The programs that fail, and who is to blame for each, depend on the seed alone; which
of many failures of one guilty rewrite are reduced (``keep`` of them) may depend on timing.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from compiler.errors import InputError
from verify.case import Case, save
from verify.engines import Engine, Event, Lost, Message
from verify.files import write_whole
from verify.fuzz.config import CampaignConfig, program
from verify.fuzz.stats import Stats, total
from verify.fuzz.store import Failure, Found, Store
from verify.fuzz.summary import Summary
from verify.fuzz.worker import (
    ISOLATE,
    OWN_FAULT,
    Batch,
    Chunk,
    CrashTask,
    Isolated,
    Unreduced,
    Work,
)
from verify.isolation.repro import emit
from verify.isolation.slices import count_ops
from verify.shield import Setup
from verify.sources import check_same, fingerprint, refused_by_workers


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is.

    Attributes:
        programs: checked so far, in all runs.
        count: programs wanted; ``None`` for no limit.
        seconds: of this run.
        limit: seconds wanted for this run; ``None`` for no limit.
        rate: programs a second in this run.
        violations, crashes, errors: programs with such an end.
        findings: distinct failures.
        ops: ops that occurred, and how many there are.
        rewrites: rewrites that fired, and how many are known.
        latest: key of the newest finding.
    """

    programs: int
    count: int | None
    seconds: float
    limit: float | None
    rate: float
    violations: int
    crashes: int
    errors: int
    findings: int
    ops: tuple[int, int]
    rewrites: tuple[int, int]
    latest: str = ""


OnProgress = Callable[[Progress], None]


def campaign(
    config: CampaignConfig, on_progress: OnProgress | None = None, *, setup: Setup | None = None
) -> Summary:
    """Run a new campaign until ``config.count`` programs or ``config.seconds`` are over, or Ctrl-C.

    Args:
        config: what to do.
        on_progress: called about ten times a second.
        setup: called first in every worker, for instance to register a target.

    Returns:
        The summary; ``interrupted`` after Ctrl-C, which is not passed on.

    Raises InputError if a worker has to be replaced and the code is another now.
    """
    config = replace(config, code=fingerprint())
    with Store(config.directory) as store:
        number = store.create(config.to_json())
        return _Run(store, number, config, setup).run(on_progress)


def resume(
    number: int,
    directory: Path,
    on_progress: OnProgress | None = None,
    *,
    setup: Setup | None = None,
    **changes: Any,
) -> Summary:
    """Go on with campaign ``number`` of the store in ``directory``.

    ``changes`` may set ``count``, ``seconds`` and ``jobs`` anew; all else is as it was started.
    Raises InputError if there is no such campaign, if it began with other code, or for other
    changes.
    """
    fixed = set(changes) - {"count", "seconds", "jobs"}
    if fixed:
        raise InputError(f"a campaign that is resumed keeps its {', '.join(sorted(fixed))}")
    with Store(directory) as store:
        config = CampaignConfig.from_json(store.config(number), directory=directory, **changes)
        check_same(config.code, f"{store.path}: campaign {number}")
        return _Run(store, number, config, setup).run(on_progress)


def summary(number: int, directory: Path) -> Summary:
    """The summary of a stored campaign."""
    with Store(directory) as store:
        config = CampaignConfig.from_json(store.config(number), directory=directory)
        return _Run(store, number, config).summary()


@dataclass
class _Run:
    """One run of a campaign."""

    store: Store
    number: int
    config: CampaignConfig
    setup: Setup | None = None
    stats: Stats = field(default_factory=Stats)
    at_start: int = 0
    # By verdict and guilty rewrite: failures that need no reduction any more, and findings stored.
    known: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    # Tasks in flight: the range of programs that is not recorded yet, or the program being
    # isolated.
    open: dict[int, list[int]] = field(default_factory=dict)
    isolating: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    crashed: list[tuple[int, str]] = field(default_factory=list)
    latest: str = ""
    found: int = 0
    started: float = field(default_factory=time.monotonic)
    clock: float = field(default_factory=time.time)

    def run(self, on_progress: OnProgress | None) -> Summary:
        """Work until the end; what Ctrl-C leaves undone stays for the next run."""
        self._load()
        self.store.set_state(self.number, "running")
        state = "done"
        engine: Engine | None = None
        try:
            engine = self._local()
            with refused_by_workers(self.config.code, f"campaign {self.number}"):
                self._drive(engine, on_progress)
        except KeyboardInterrupt:
            state = "interrupted"
            if engine is not None:
                self._wind_down(engine)
        finally:
            self.store.record_time(self.number, self.clock, self._elapsed())
            self.store.set_state(self.number, state)
            if engine is not None:
                engine.shutdown()
        if on_progress:
            on_progress(self.progress())
        return self.summary(state)

    def _local(self) -> Engine:
        from verify.engines.local import LocalEngine

        jobs = self.config.workers
        if self.config.count is not None:
            jobs = min(jobs, max(self.config.count - self.at_start, 1))
        return LocalEngine(Work(self.config, self.setup), jobs)

    def _load(self) -> None:
        self.stats = total(self.store.stats(self.number))
        self.at_start = self.stats.programs
        for f in self.store.findings(self.number):
            self.known[f"{f.kind} {_guilty(f)}"] += 1
            self.kept[f"{f.kind} {_guilty(f)}"] += 1
            self.found += 1
        # Programs that killed a worker are recorded before they are isolated: make up for what was
        # interrupted.
        for failure in self.store.failures(self.number):
            name = f"{failure.kind} {failure.guilty}"
            how = failure.guilty.removeprefix("process ")
            if not failure.key and how != failure.guilty and self.known[name] < self.config.keep:
                self.known[name] += 1
                self.crashed.append((failure.program, how))

    # ---- the loop -------------------------------------------------------------------------------

    def _drive(self, engine: Engine, on_progress: OnProgress | None) -> None:
        batches = self._batches()
        for index, how in self.crashed:
            self._isolate_crash(engine, index, how, "")
        told = 0.0
        more = self._feed(engine, batches)
        while self.open or self.isolating:
            for event in engine.as_completed():
                if event is not None:
                    self._handle(engine, event)
                if more and self._over():
                    engine.stop()
                    more = False
                if more:
                    more = self._feed(engine, batches)
                now = time.monotonic()
                if on_progress and now - told > 0.1:
                    told = now
                    on_progress(self.progress())
            if self._over():
                return

    def _feed(self, engine: Engine, batches: Iterator[tuple[int, int]]) -> bool:
        """Keep a task for each worker in the queue, and few more: what is known goes along. False
        at the end.
        """
        while len(self.open) <= self.config.workers:
            span = next(batches, None)
            if span is None:
                return False
            self._submit(engine, *span)
        return True

    def _submit(self, engine: Engine, first: int, last: int) -> None:
        task = engine.submit(Batch(first, last, dict(self.known)))
        self.open[task] = [first, last]

    def _batches(self) -> Iterator[tuple[int, int]]:
        """The programs that are not done, in ranges, ascending."""
        at, size = 0, self.config.batch
        end = self.config.count
        if end is not None:
            size = max(1, min(size, end // (4 * self.config.workers)))
        for first, last in [*self.store.ranges(self.number), (None, None)]:
            until = end if first is None else first if end is None else min(first, end)
            while until is None or at < until:
                stop = at + size if until is None else min(at + size, until)
                yield at, stop
                at = stop
            at = max(at, last or 0)

    def _over(self) -> bool:
        return self.config.seconds is not None and self._elapsed() >= self.config.seconds

    def _elapsed(self) -> float:
        return time.monotonic() - self.started

    def _wind_down(self, engine: Engine) -> None:
        """Let the programs in flight end, and record them; a second Ctrl-C does not wait."""
        engine.stop()
        deadline = time.monotonic() + 5
        try:
            for event in engine.as_completed():
                if isinstance(event, Message):
                    self._message(event)
                if time.monotonic() > deadline:
                    return
        except KeyboardInterrupt:
            return

    # ---- events ---------------------------------------------------------------------------------

    def _handle(self, engine: Engine, event: Event) -> None:
        if isinstance(event, Message):
            self._message(event)
        elif isinstance(event, Lost):
            self._lost(engine, event)
        else:
            self.open.pop(event.task, None)
            self.isolating.pop(event.task, None)

    def _message(self, event: Message) -> None:
        content = event.content
        if isinstance(content, Chunk):
            self._record(
                content.first, content.last, content.stats, content.failures, content.found
            )
            if event.task in self.open:
                self.open[event.task][0] = content.last
        elif isinstance(content, Isolated | Unreduced):
            self._alone(content)

    def _record(
        self,
        first: int,
        last: int,
        stats: Stats,
        failures: tuple[Failure, ...],
        found: tuple[Isolated | Unreduced, ...] = (),
    ) -> None:
        """Write case folders first, then everything else in one transaction."""
        rows = []
        for content in found:
            name = f"{content.kind} {_name(content)}"
            if self.kept[name] < self.config.keep:  # else two workers met the same bug at a time
                self.kept[name] += 1
                rows.append(self._write(content))
        self.store.record(self.number, first, last, stats.to_json(), failures, rows)
        self.stats.add(stats)
        self._count(rows)

    def _count(self, rows: list[Found]) -> None:
        if rows:
            self.latest = rows[-1].key
            self.found = len(self.store.findings(self.number))

    def _write(self, content: Isolated | Unreduced) -> Found:
        """The case folder of a failure, and its row."""
        if isinstance(content, Unreduced):
            return self._write_unreduced(content)
        finding, guilty = content.finding, content.finding.guilty
        folder = self.store.folder(finding.key)
        if not folder.exists():
            emit(finding, folder)
        self.known[f"{content.kind} {content.guilty}"] += 1
        names = self.config.target, guilty.pass_name, guilty.rewrite
        ops = finding.reduction.ops_after
        return Found(
            finding.key, content.index, content.kind, *names, ops, str(folder), content.inputs
        )

    def _write_unreduced(self, content: Unreduced) -> Found:
        """The program as generated is the case."""
        c, index, kind = self.config, content.index, content.kind
        digest = blake2b(f"{kind}{content.pass_name}".encode(), digest_size=4).hexdigest()
        key = f"{c.target}/{kind}/{digest}"
        meta: dict[str, Any] = {"kind": kind, "pass": content.pass_name, "note": content.note}
        meta |= {"seed": c.seed, "program": index, "inputs": content.inputs}
        meta |= {"fault": c.fault} if c.fault else {}
        folder = self.store.folder(key)
        self.known[f"{kind} {content.pass_name}"] += 1
        try:
            module, sets = program(c, index)
            ops = count_ops(module)
            arrays = next((s.arrays for s in sets if s.name == content.inputs), sets[0].arrays)
            save(Case(module, arrays, c.target, c.level, c.precision, meta=meta), folder)
        except Exception:  # the generator or the printer is at fault: there is no program to store
            write_whole(folder / "case.json", json.dumps({"meta": meta}, indent=2) + "\n")
            ops = 0
        names = c.target, content.pass_name, ""
        return Found(key, index, kind, *names, ops, str(folder), content.inputs)

    def _alone(self, content: Isolated | Unreduced) -> None:
        """A finding whose program is recorded already."""
        row = self._write(content)
        self.store.record_finding(self.number, row)
        self._count([row])

    def _lost(self, engine: Engine, event: Lost) -> None:
        """A worker died: its program is a finding, and the rest of its batch goes to another
        worker.
        """
        crash = self.isolating.pop(event.task, None)
        if crash is not None:
            index, how, log = crash
            note = f"{how}; its isolation ended with {event.how}\n{log}"
            self._alone(Unreduced(index, _kind(how), f"process {how}", note))
            return
        first, last = self.open.pop(event.task)
        item = event.item
        if not first <= item < last:  # it died between two tasks
            self._submit(engine, first, last)
            return
        if first < item:  # checked before, but not recorded: once more
            self._submit(engine, first, item)
        if item + 1 < last:
            self._submit(engine, item + 1, last)
        kind, name = _kind(event.how), f"process {event.how}"
        stats = Stats()
        stats.failed(kind)
        failures = (Failure(item, kind, name),)
        if event.phase == ISOLATE:
            # The program itself was examined and failed; one of its candidates took the worker
            # down.
            note = f"its isolation ended with {event.how}\n{event.log}"
            self._record(item, item + 1, stats, failures, (Unreduced(item, kind, name, note),))
            return
        self._record(item, item + 1, stats, failures)
        if self.known[f"{kind} {name}"] < self.config.keep:
            self.known[f"{kind} {name}"] += 1
            self._isolate_crash(engine, item, event.how, event.log)

    def _isolate_crash(self, engine: Engine, index: int, how: str, log: str) -> None:
        task = engine.submit(CrashTask(index, how, log))
        self.isolating[task] = (index, how, log)

    # ---- results --------------------------------------------------------------------------------

    def progress(self) -> Progress:
        """How far we are."""
        from compiler.ops import OPS

        s = self.stats
        seconds = self._elapsed()
        return Progress(
            s.programs,
            self.config.count,
            seconds,
            self.config.seconds,
            (s.programs - self.at_start) / seconds if seconds else 0.0,
            s.violations,
            s.crashes,
            s.verdicts[OWN_FAULT],
            self.found,
            (sum(op in s.ops for op in OPS), len(OPS)),
            rewrite_coverage(self.config, s),
            self.latest,
        )

    def summary(self, state: str = "") -> Summary:
        """Totals of all runs."""
        return Summary(
            self.number,
            self.config,
            total(self.store.stats(self.number)),
            self.store.seconds(self.number),
            tuple(self.store.findings(self.number)),
            state or self.store.state(self.number),
            sum(f.kind == OWN_FAULT for f in self.store.failures(self.number)),
        )


def rewrite_coverage(config: CampaignConfig, stats: Stats) -> tuple[int, int]:
    """Rewrites that fired, and those known: the declared rules that the level admits, and whatever
    else fired.
    """
    if config.target != "assay":
        return 0, 0
    from compiler.rules import RULES

    rules = {name for name, r in RULES.items() if config.level > 1 or not r.contract}
    if config.level == 0:
        rules = set()
    fired = {name.partition(":")[2] for name in stats.rewrites}
    return len(fired), len(rules | fired)


def _kind(how: str) -> str:
    return "timeout" if how == "timeout" else "crash"


def _name(content: Isolated | Unreduced) -> str:
    return content.guilty if isinstance(content, Isolated) else content.pass_name


def _guilty(found: Found) -> str:
    return ":".join(part for part in (found.pass_name, found.rewrite) if part) or "unknown"
