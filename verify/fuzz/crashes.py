"""Isolation of programs that kill the process or never end: every candidate runs in a process that
may die.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from compiler.ir import Array, Module
from compiler.pipeline import Options, optimize
from compiler.rewrite import Trace
from verify.case import Case
from verify.engines import Lost, Message, Report
from verify.engines.local import LocalEngine
from verify.examine import Examination, examine
from verify.fuzz.config import CampaignConfig, Setup, prepare_process
from verify.isolation.bisect import Guilty
from verify.isolation.isolate import Finding, key_of, meta_of
from verify.isolation.reduce import reduce
from verify.oracle import Verdict

LIMIT = 1 << 14  # more applications than any generated program has
SLOW = 5  # a part of the budget, where each failing examination takes a whole time-out


@dataclass(frozen=True, slots=True)
class Question:
    """A task: examine a program, or only optimise it and tell which rewrites fired."""

    module: Module
    inputs: tuple[Array, ...]
    target: str
    options: Options
    only_optimise: bool = False


@dataclass
class Probe:
    """The job of the process that may die."""

    target: str
    fault: str
    seconds: float
    setup: Setup | None = None

    def start(self) -> None:
        """Load the target and switch the fault on."""
        prepare_process(self.target, self.fault, self.setup)

    def run(self, payload: Question, report: Report) -> None:
        """Answer one question: the verdict's kind, or the list of rewrites."""
        report.begin(0, 0, self.seconds)
        if payload.only_optimise:
            trace = Trace(payload.options.rewrite_limit)
            optimize(payload.module, payload.options, trace)
            report.emit([(a.pass_name, a.rule) for a in trace.applications])
        else:
            found = examine(payload.module, payload.inputs, payload.target, payload.options)
            report.emit(found.kind)


class Sandbox:
    """Asks one question at a time; survives the death of whoever answers."""

    def __init__(self, probe: Probe) -> None:
        self._engine = LocalEngine(probe, 1)

    def ask(self, question: Question) -> tuple[str, Any]:
        """``("", answer)``, or (how it died, None)."""
        self._engine.submit(question)
        answer: Any = None
        how = ""
        for event in self._engine.as_completed():
            if isinstance(event, Message):
                answer = event.content
            elif isinstance(event, Lost):
                how = event.how
        return how, answer

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._engine.shutdown()


def isolate_crash(
    case: Case, how: str, config: CampaignConfig, setup: Setup | None = None
) -> Finding:
    """Reduce a case whose examination dies with ``how``, and name the rewrite without which it does
    not.
    """
    slow = how == "timeout"
    seconds = min(config.timeout, 10.0) if slow else config.timeout
    budget = config.budget // SLOW if slow else config.budget
    with Sandbox(Probe(case.target, case.fault, seconds, setup)) as sandbox:

        def died(module: Module, inputs: list[Array], options: Options | None = None) -> bool:
            question = Question(module, tuple(inputs), case.target, options or case.options)
            return sandbox.ask(question)[0] == how

        small = reduce(case.module, case.inputs, died, budget=budget)
        blame = _Blame(sandbox, case.with_program(small.module, small.inputs), how)
        guilty = blame.find()
    verdict = Verdict("timeout" if slow else "crash", ())
    found = Examination(verdict, note=f"the process ended with {how}")
    reduced = replace(
        case.with_program(small.module, small.inputs),
        meta={**case.meta, **meta_of(found, guilty, small)},
    )
    return Finding(key_of(case.target, guilty, small.module), reduced, guilty, small, found)


@dataclass
class _Blame:
    """Bisection over ``--rewrite-limit`` for a program that kills its process."""

    sandbox: Sandbox
    case: Case
    how: str
    count: int = 0

    def find(self) -> Guilty:
        """The guilty application, ``codegen`` where the unoptimised program dies too."""
        case = self.case
        if case.target != "assay":
            return Guilty("always on", reason=f"the process ended with {self.how}")
        if self._dies(replace(case.options, level=0, precision="")) or self._dies_at(0):
            reason = f"the process ended with {self.how} without any rewrite"
            return Guilty("codegen", evaluations=self.count, reason=reason)
        low, high = 0, 1
        while high < LIMIT and not self._dies_at(high):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._dies_at(middle) else (middle, high)
        name = self._name(high)
        return Guilty(
            *name, high, self.count, reason=f"the process ends with {self.how} from here on"
        )

    def _dies(self, options: Options) -> bool:
        self.count += 1
        question = Question(self.case.module, self.case.inputs, self.case.target, options)
        return self.sandbox.ask(question)[0] == self.how

    def _dies_at(self, limit: int) -> bool:
        return self._dies(replace(self.case.options, rewrite_limit=limit))

    def _name(self, application: int) -> tuple[str, str]:
        """Pass and rule of an application; empty where the optimiser itself dies."""
        options = replace(self.case.options, rewrite_limit=application)
        question = Question(self.case.module, self.case.inputs, self.case.target, options, True)
        fired = self.sandbox.ask(question)[1]
        return fired[-1] if fired and len(fired) == application else ("", "")
