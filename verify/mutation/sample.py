"""One program of the stream, and what the unbroken compiler makes of it.

All of this is made without a fault and shared by all of them: the input sets, what the reference
says, and for each level the optimised module, the verdicts and the outputs. Programs that fail
without a fault are the false alarms of the judge that rejects them, and never count as a detection
by it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.codegen.arena import Layout
from compiler.contract import Contract
from compiler.ir import Array, Module
from compiler.nest.ir import Program
from compiler.pipeline import Options, optimize
from verify.examine import FAILURES, Examination, Question, prepare
from verify.fuzz.config import CampaignConfig, program
from verify.mutation.rivals import RIVALS

LEVELS = (1, 2)  # -O1, where bits are compared, and -O2


@dataclass(frozen=True, slots=True)
class Built:
    """What the unbroken compiler makes of a program, stage by stage.

    Attributes:
        module, contract: after the passes, and what they were allowed to do.
        nests: lowered from that module, and from the program as it was (the canonical evaluation).
        handed: what code generation hands to LLVM and to the machine code; see :func:`handed`.
    """

    module: Module
    contract: Contract
    nests: tuple[Program, Program]
    handed: Handed


def build(module: Module, options: Options) -> Built:
    """All stages but LLVM, which takes most of the time."""
    from compiler.lower import lower

    after, trace = optimize(module, options)
    nests = lower(after), lower(module)
    return Built(after, trace.contract, nests, handed(nests[0]))


@dataclass(frozen=True, slots=True)
class Handed:
    """All that decides what the machine code of a program does.

    Attributes:
        text: LLVM text of the program.
        library: of the functions that it shares with others; guard: of what calls it.
        arena: where its buffers lie, and with which constants.
    """

    text: str
    library: str
    guard: str
    arena: tuple[Layout, tuple[bytes, ...]]


def handed(nests: Program) -> Handed:
    """What code generation makes of nests."""
    from compiler.codegen import emit, layout
    from compiler.codegen.jit import guard_text, library_text, shared_names

    text = emit(nests)
    constants = tuple(b.data for b in nests.buffers if b.role == "const")
    library = library_text(shared_names(text))
    return Handed(text, library, guard_text(), (layout(nests), constants))


@dataclass
class Base:
    """The unbroken compiler's work on one program under one set of options.

    Attributes:
        built: ``None`` if it failed.
        found: what the oracle says, by input set.
        accepts: names of the rivals that accept the outputs, by input set.
    """

    built: Built | None
    found: dict[str, Examination] = field(default_factory=dict)
    accepts: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass
class Sample:
    """One program with its input sets; asked for more, it computes and keeps it.

    Attributes:
        index: number in the stream.
        questions: program and inputs, by the name of the input set.
    """

    index: int
    module: Module
    questions: dict[str, Question]
    _bases: dict[Options, Base] = field(default_factory=dict)
    _references: dict[str, tuple[Array, ...] | None] = field(default_factory=dict)

    def base(self, options: Options) -> Base:
        """What the unbroken compiler does. Only to be asked while no fault is switched on."""
        if options not in self._bases:
            self._bases[options] = self._unbroken(options)
        return self._bases[options]

    def reference(self, name: str) -> tuple[Array, ...] | None:
        """The interpreter's outputs for an input set; ``None`` where it gives none."""
        if name not in self._references:
            self._references[name] = self._evaluate(name)
        return self._references[name]

    def rivals_accept(self, name: str, outputs: Sequence[Array]) -> frozenset[str]:
        """The rivals that find nothing wrong with outputs: all of them where there is no
        reference.
        """
        wanted = self.reference(name)
        if wanted is None:
            return frozenset(RIVALS)
        return frozenset(n for n, r in RIVALS.items() if r.accepts(outputs, wanted))

    def _evaluate(self, name: str) -> tuple[Array, ...] | None:
        from compiler.errors import AssayError
        from verify.ref import evaluate

        try:
            return tuple(evaluate(self.module, self.questions[name].inputs))
        except AssayError:  # unsupported, or a loop without an end
            return None

    def _unbroken(self, options: Options) -> Base:
        try:
            built = build(self.module, options)
        except Exception:  # refused, or a bug: the examinations below tell which
            built = None
        base = Base(built)
        prepared = prepare(self.module, "assay", options)
        for name, question in self.questions.items():
            found = base.found[name] = prepared.examine(question)
            base.accepts[name] = self._accepted(name, found)
        return base

    def _accepted(self, name: str, found: Examination) -> frozenset[str]:
        if found.outputs:
            return self.rivals_accept(name, found.outputs)
        return frozenset() if found.failed else frozenset(RIVALS)


def sample(seed: int, index: int) -> Sample:
    """Program ``index`` of the stream that starts with ``seed``."""
    module, sets = program(CampaignConfig(seed=seed), index)
    return Sample(index, module, {s.name: Question(module, s.arrays) for s in sets})


@dataclass
class Unbroken:
    """What the judges say of the unbroken compiler.

    Attributes:
        programs: how many; ``runs``: levels times input sets of them.
        verdicts: of the oracle, over the runs.
        alarms: runs that a rival rejects although the oracle does not call them a failure.
        failing: numbers of the programs that the oracle rejects.
        errors: exceptions of the harness itself, one line each.
        seconds: CPU time of generation, reference, compiler and judge.
    """

    programs: int = 0
    runs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    failing: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failures(self) -> dict[str, int]:
        """The verdicts that are failures: false alarms, or bugs that nobody planted."""
        return {kind: n for kind, n in self.verdicts.items() if kind in FAILURES}

    def add(self, other: Unbroken) -> None:
        """Count what ``other`` has too."""
        self.programs += other.programs
        self.runs += other.runs
        self.verdicts.update(other.verdicts)
        self.alarms.update(other.alarms)
        self.failing += other.failing
        self.errors += other.errors
        self.seconds += other.seconds

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "programs": self.programs,
            "runs": self.runs,
            "verdicts": dict(self.verdicts),
            "alarms": dict(self.alarms),
            "failing": self.failing,
            "errors": self.errors,
            "seconds": self.seconds,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Unbroken:
        """The tally written by :meth:`to_json`."""
        counters = {k: Counter(data[k]) for k in ("verdicts", "alarms")}
        return Unbroken(**{**data, **counters})


def examined(seed: int, index: int) -> tuple[Sample, Unbroken]:
    """Program ``index``, examined at all levels without a fault."""
    start = time.process_time()
    made = sample(seed, index)
    tally = Unbroken(programs=1)
    for level in LEVELS:
        base = made.base(Options(level=level))
        for name, found in base.found.items():
            tally.runs += 1
            tally.verdicts[found.kind] += 1
            if found.failed and index not in tally.failing:
                tally.failing.append(index)
            if not found.failed:
                tally.alarms.update(n for n in RIVALS if n not in base.accepts[name])
    tally.seconds = time.process_time() - start
    return made, tally
