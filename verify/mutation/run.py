"""The supervisor of a mutation run: what is to be done next, and what is known in the end.

Programs come in stretches, in order, so that all faults make even progress; an isolation goes
before further programs, as soon as no earlier program can bring an earlier hit. Second looks and
proofs come last. A worker that dies or hangs was on one program under one fault: that is the hit of
every judge that had none, and the rest of the stretch is done again without it.

A hit that does not come again when it is tried alone is taken back: the fault waits again, but not
on that program. That goes for all hits of the oracle, and for deaths, which are hits of all judges.
Later programs that were done meanwhile are *owed* to the fault: it is hunted on them alone, before
further programs. A later hit that was forgotten for the one that is taken back is found anew there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

from verify.engines import Done, Event, Lost, Message, workers
from verify.faults import Fault, find
from verify.faults.derived import left_out
from verify.mutation.catalogue import chosen, origin_of
from verify.mutation.job import (
    UNBROKEN,
    Hunt,
    Isolate,
    Isolated,
    Look,
    Looked,
    Prove,
    Proven,
    Seen,
    Stretch,
    Task,
    Tried,
)
from verify.mutation.outcome import (
    JUDGES,
    OURS,
    Hit,
    Isolation,
    Outcome,
    Proved,
    Unseen,
    outcome,
)
from verify.mutation.probe import only_rule
from verify.mutation.sample import LEVELS, Unbroken
from verify.mutation.score import Score
from verify.mutation.store import ISOLATION, LOOK, PROOF, Store

STRETCH = 16  # programs a task
STATE = Path(".assay/mutation.sqlite")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is.

    Attributes:
        programs, count: done, and wanted.
        faults: how many are hunted; ``found``: by judge.
        isolated, proved: answers so far, of ``to_isolate`` and ``to_prove`` known questions.
        latest: one line on what was found last; empty if nothing.
    """

    programs: int
    count: int
    faults: int
    found: dict[str, int]
    isolated: int
    to_isolate: int
    proved: int
    to_prove: int
    latest: str = ""


def mutate(
    names: Sequence[str] = (),
    *,
    origin: str = "all",
    count: int = 5000,
    seed: int = 0,
    jobs: int = 0,
    budget: int = 200,
    state: Path = STATE,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> Score:
    """Hunt for faults.

    Args:
        names: of faults, or patterns; all of ``origin`` if there are none.
        origin: ``all``, ``written`` or ``derived``.
        count: programs for each fault at most.
        seed: of the programs.
        jobs: worker processes; one a core if 0.
        budget: reduction tests for each hit.
        state: database of runs.
        resume: go on with the run of the same faults, seed and budget, also with another ``count``.
        on_progress: called after each event.

    Raises InputError for a fault that does not exist, where there is nothing to resume, and where
    the run began with other code, or the code changes while it is on.
    """
    from verify.engines.local import LocalEngine

    wanted = chosen(names, origin)
    width = workers(jobs)
    with Store(state, wanted, seed, budget, resume=resume) as store:
        run = _Run(tuple(wanted), count, store)
        job = Hunt(tuple(wanted), seed, budget, store.code)
        with store.refused_by_workers(), LocalEngine(job, width) as engine:
            running: dict[int, Task] = {}

            def refill() -> None:
                while len(running) < width + 1 and (task := run.next()) is not None:
                    running[engine.submit(task)] = task

            refill()
            for event in engine.as_completed():
                if _of_other_processes(event):
                    store.check_code()
                if isinstance(event, Message):
                    run.message(event.content)
                elif isinstance(event, Done):
                    run.ended(running.pop(event.task))
                elif isinstance(event, Lost):
                    run.lost(running.pop(event.task), event)
                refill()
                if on_progress and event is not None:
                    on_progress(run.progress())
        return Score(
            tuple(run.outcomes()),
            run.total(),
            seed,
            count,
            budget,
            tuple(run.unseen),
            _left_out(run.faults.values()),
            store.code,
        )


def _of_other_processes(event: Event | None) -> bool:
    """Whether to look at the code before ``event`` is kept: workers looked at it when they started,
    but what they follow up in processes of their own loads what lies there now.
    """
    if isinstance(event, Message):
        return not isinstance(event.content, Tried)
    return event is not None


def _left_out(faults: Iterable[Fault]) -> dict[str, str]:
    """Mutants of the rules of ``faults`` that are none, and why."""
    rules = {fault.rule for fault in faults if fault.rule}
    found = left_out() if rules else {}
    return {name: why for name, why in found.items() if name.partition("~")[0] in rules}


@dataclass
class _Run:
    """What is done and what is not."""

    names: tuple[str, ...]
    count: int
    store: Store
    tallies: dict[int, Unbroken] = field(default_factory=dict)
    hits: dict[str, dict[str, Hit]] = field(default_factory=dict)
    isolations: dict[str, Isolation] = field(default_factory=dict)
    proofs: dict[str, Proved] = field(default_factory=dict)
    seen: set[tuple[str, str, int]] = field(default_factory=set)
    unseen: list[Unseen] = field(default_factory=list)
    looked: set[str] = field(default_factory=set)
    asked: set[tuple[str, str]] = field(default_factory=set)
    owed: dict[str, set[int]] = field(default_factory=dict)
    stretches: deque[tuple[int, int]] = field(default_factory=deque)
    in_flight: list[Stretch] = field(default_factory=list)
    latest: str = ""

    def __post_init__(self) -> None:
        self.faults: dict[str, Fault] = {n: find(n) for n in self.names}
        self.tallies = {n: t for n, t in self.store.tallies().items() if n < self.count}
        self.hits = {
            name: {judge: hit for judge, hit in hits.items() if hit.program < self.count}
            for name, hits in self.store.hits().items()
        }
        isolations = self.store.isolations()
        self.isolations = {n: i for n, i in isolations.items() if OURS in self.hits.get(n, {})}
        self.proofs = self.store.proofs()
        self.unseen = [u for u in self.store.taken_back() if u.hit.program < self.count]
        self.looked = self.store.looked()
        self.owed = {
            f: {n for n in todo if n < self.count} for f, todo in self.store.owed().items()
        }
        for first in range(0, self.count, STRETCH):
            last = min(first + STRETCH, self.count)
            self._again(first, last)
        self.of_rules = [n for n in self.names if only_rule(self.faults[n]) is not None]

    def _again(self, first: int, last: int) -> None:
        """Queue what is not done of a stretch, in front."""
        todo = [i for i in range(first, last) if i not in self.tallies]
        if todo:
            self.stretches.append((todo[0], todo[-1] + 1))
            self.stretches = deque(sorted(self.stretches))

    # ---- what is next ---------------------------------------------------------------------------

    def next(self) -> Task | None:
        """The next task; ``None`` if there is none now."""
        for kind in (self._isolation, self._owed, self._stretch, self._look, self._proof):
            task = kind()
            if task is not None:
                return task
        return None

    def _stretch(self) -> Stretch | None:
        """The next programs, for all faults that wait there."""
        waiting = self.waiting(self.stretches[0][0], self.names) if self.stretches else {}
        return self._begin(*self.stretches.popleft(), waiting) if waiting else None

    def _owed(self) -> Stretch | None:
        """The first programs that are owed to a fault; one stretch of each fault at a time. What is
        not done yet has to be done for the other faults first.
        """
        flying = {task.again for task in self.in_flight}
        for name in [name for name in self.owed if name not in flying]:
            todo = self.owed[name] & self.tallies.keys()
            first = last = min(todo, default=self.count)
            while last in todo and last < first + STRETCH:
                last += 1
            waiting = self.waiting(first, (name,))
            if todo and waiting:
                return self._begin(first, last, waiting, name)
        return None

    def _begin(
        self, first: int, last: int, waiting: dict[str, frozenset[str]], again: str = ""
    ) -> Stretch:
        """A stretch that is in flight now, without what was taken back."""
        gone = ((u.hit.fault, u.hit.program) for u in self.unseen)
        skip = frozenset((name, index) for name, index in gone if first <= index < last)
        task = Stretch(first, last, waiting, skip, again)
        self.in_flight.append(task)
        return task

    def waiting(self, program: int, names: Iterable[str]) -> dict[str, frozenset[str]]:
        """The judges that have no hit up to ``program``, by fault."""
        out = {}
        for name in names:
            hits = self.hits.get(name, {})
            judges = frozenset(j for j in JUDGES if j not in hits or hits[j].program > program)
            if judges:
                out[name] = judges
        return out

    def _isolation(self) -> Isolate | None:
        """A hit that no program to come can precede."""
        for name in self.hits:
            hit = self._in_question(name)
            if hit is None or self._may_be_preceded(hit):
                continue
            if self._ask(name, f"{ISOLATION} {hit.judge} {hit.program}"):
                return Isolate(hit)
        return None

    def _may_be_preceded(self, hit: Hit) -> bool:
        """Whether an earlier program is in flight, or still to be tried, under the fault."""
        if any(task.first <= hit.program and hit.fault in task.waiting for task in self.in_flight):
            return True
        queued = (first for first, _ in islice(self.stretches, 1))  # they are in order
        return any(n < hit.program for n in chain(queued, self.owed.get(hit.fault, ())))

    def _in_question(self, name: str) -> Hit | None:
        """The oracle's hit if it is not isolated, else a death that nobody has seen again."""
        hits = self.hits[name]
        if OURS in hits and name not in self.isolations:
            return hits[OURS]
        return next((hit for hit in hits.values() if hit.died and not hit.level), None)

    def _look(self) -> Look | None:
        """A fault that changes modules of programs, and no output that the oracle could see."""
        if self.in_flight:
            return None
        for name, programs in self.store.changed().items():
            if OURS in self.hits.get(name, {}) or name in self.looked:
                continue
            if self._ask(name, LOOK):
                return Look(name, programs)
        return None

    def _proof(self) -> Prove | None:
        for name in () if self.in_flight else self.of_rules:
            if name not in self.proofs and self._ask(name, PROOF):
                return Prove(name)
        return None

    def _ask(self, name: str, what: str) -> bool:
        """Whether this is asked for the first time."""
        first = (name, what) not in self.asked
        self.asked.add((name, what))
        return first

    # ---- what comes back ------------------------------------------------------------------------

    def message(self, content: Tried | Seen | Unseen | Isolated | Looked | Proven) -> None:
        """Keep an answer."""
        if isinstance(content, Tried):
            self._tried(content)
        elif isinstance(content, Seen):
            self._seen(content.hit)
        elif isinstance(content, Unseen):
            self._unseen(content)
        elif isinstance(content, Isolated):
            self._isolated(content.fault, content.isolation)
        elif isinstance(content, Looked):
            self._looked(content)
        else:
            self.proofs[content.fault] = content.proof
            self.store.answer(content.fault, PROOF, content.proof)

    def ended(self, task: Task) -> None:
        """A task ended by itself."""
        if isinstance(task, Stretch):
            self.in_flight.remove(task)
            self._settle(task, task.last)

    def lost(self, task: Task, event: Lost) -> None:
        """A worker died or was given up."""
        kind = "timeout" if event.how == "timeout" else "crash"
        if isinstance(task, Isolate):
            self._isolation_died(task.hit, event.how)
        elif isinstance(task, Look):
            self._looked(Looked(task.fault, None))
        elif isinstance(task, Prove):
            self.message(Proven(task.fault, Proved("unknown", event.how)))
        else:
            self.in_flight.remove(task)
            if event.item < 0:  # it never began
                self._again(task.first, task.last)
                return
            if event.phase == UNBROKEN:
                self._unbroken_died(event.item, kind)
            else:
                self._death(self.names[event.phase - 1], event.item, kind, event.how)
            self._settle(task, event.item + 1)
            self._again(task.first, task.last)

    def _death(self, name: str, program: int, kind: str, how: str) -> None:
        """A worker died under a fault: the hit of all judges that have none up to that program."""
        for judge in self.waiting(program, (name,)).get(name, ()):
            oracle = "crash" if judge == OURS else ""
            hit = Hit(name, judge, program, 0, "", kind, oracle, how)
            self._hit(hit)
            self.store.hit(hit)

    def _settle(self, task: Stretch, last: int) -> None:
        """A stretch is done before ``last``; nothing of that is owed any more, unless a judge waits
        there since a hit was taken back meanwhile.
        """
        if not task.again:
            return
        now = self.waiting(task.first, (task.again,)).get(task.again, frozenset())
        if now <= task.waiting[task.again]:
            self.owed[task.again].difference_update(range(task.first, last))
            self.store.settle(task.again, task.first, last)

    def _isolation_died(self, hit: Hit, how: str) -> None:
        """A worker died that was to confirm a hit, or to isolate it."""
        if (hit.fault, hit.judge, hit.program) not in self.seen:
            self._unseen(Unseen(hit, f"{how} when it was tried alone"))
        elif hit.judge == OURS:
            self._isolated(hit.fault, Isolation(note=f"{how} during isolation"))

    def _seen(self, hit: Hit) -> None:
        """A hit came again. A death is now what was seen this time, for all judges if it is one of
        their hits too; a violation is what the oracle alone said.
        """
        self.seen.add((hit.fault, hit.judge, hit.program))
        known = self.hits[hit.fault]
        if not known[hit.judge].died:
            return
        rivals = [h for h in self._alike(known[hit.judge]) if h.judge != hit.judge]
        self._confirm(hit)
        if hit.crashed:
            for other in rivals:
                self._confirm(replace(hit, judge=other.judge, oracle=""))
        elif rivals:
            self._unseen(Unseen(rivals[0], hit.kind))

    def _confirm(self, hit: Hit) -> None:
        self.hits[hit.fault][hit.judge] = hit
        self.store.hit(hit)

    def _alike(self, hit: Hit) -> list[Hit]:
        """The hits of all judges from the trial that gave ``hit``."""
        trial = hit.program, hit.died
        return [h for h in self.hits[hit.fault].values() if (h.program, h.died) == trial]

    def _unseen(self, unseen: Unseen) -> None:
        """A hit did not come again: it is none, and the later programs that were or are tried
        without a waiting fault are owed to it.
        """
        self.unseen.append(unseen)
        alike = self._alike(unseen.hit)
        for hit in alike:
            del self.hits[hit.fault][hit.judge]
        begun = (range(task.first, task.last) for task in self.in_flight)
        later = {n for n in (*self.tallies, *chain(*begun)) if n > unseen.hit.program}
        self.owed.setdefault(unseen.hit.fault, set()).update(later)
        self.store.unseen(unseen, [h.judge for h in alike], later)

    def _unbroken_died(self, index: int, kind: str) -> None:
        """The compiler without a fault died: a false alarm, or a bug of its own."""
        tally = Unbroken(programs=1, runs=len(LEVELS), failing=[index])
        tally.verdicts[kind] += tally.runs
        if index in self.tallies:
            tally.errors.append(f"program {index}: {kind} when it was tried again")
        self._tried(Tried(index, tally, (), ()))

    def _tried(self, done: Tried) -> None:
        tally = self.tallies.setdefault(done.index, done.unbroken)
        tally.errors += [e for e in done.unbroken.errors if e not in tally.errors]
        for hit in done.hits:
            self._hit(hit)
        self.store.program(done.index, tally, done.hits, done.changed)

    def _hit(self, hit: Hit) -> None:
        known = self.hits.setdefault(hit.fault, {})
        if hit.judge not in known or hit.program < known[hit.judge].program:
            known[hit.judge] = hit

    def _isolated(self, fault: str, found: Isolation) -> None:
        self.isolations[fault] = found
        self.store.answer(fault, ISOLATION, found)
        hit = self.hits[fault][OURS]
        blamed = ":".join(n for n in (found.pass_name, found.rewrite) if n) or found.note
        self.latest = f"{fault}: program {hit.program}, {hit.oracle}, {blamed}, {found.ops} ops"

    def _looked(self, content: Looked) -> None:
        self.looked.add(content.fault)
        if content.hit is not None:
            self._hit(content.hit)
            self.store.hit(content.hit)
            self._isolated(content.fault, content.isolation or Isolation())
        self.store.answer(content.fault, LOOK, content.hit)

    # ---- what is known --------------------------------------------------------------------------

    def progress(self) -> Progress:
        """Where the run is."""
        hits = self.hits.values()
        return Progress(
            len(self.tallies),
            self.count,
            len(self.names),
            {j: sum(j in h for h in hits) for j in JUDGES},
            len(self.isolations),
            sum(OURS in h for h in hits),
            len(self.proofs),
            len(self.of_rules),
            self.latest,
        )

    def outcomes(self) -> list[Outcome]:
        """One outcome a fault."""
        spent, total = {}, 0.0
        for index, tally in sorted(self.tallies.items()):
            total += tally.seconds
            spent[index] = total
        out = []
        for name in self.names:
            hits = self.hits.get(name, {})
            out.append(
                outcome(
                    self.faults[name],
                    origin_of(self.faults[name]),
                    len(self.tallies),
                    hits=hits,
                    seconds={j: spent.get(h.program, total) for j, h in hits.items()},
                    isolation=self.isolations.get(name),
                    proof=self.proofs.get(name),
                )
            )
        return out

    def total(self) -> Unbroken:
        """What the judges say of the unbroken compiler, over all programs."""
        total = Unbroken()
        for tally in self.tallies.values():
            total.add(tally)
        return total
