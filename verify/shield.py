"""Examine a case in a process of its own: whatever the target does there comes back as a verdict.

Used where one question is asked and its answer awaited: ``check``, ``replay``, ``bisect``,
``reduce``, the gate, the isolation of what kills its process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from compiler.dtypes import F32
from compiler.errors import InternalError
from compiler.ir import Function, Graph, Module, Node, TensorType
from compiler.pipeline import Options, optimize
from compiler.rewrite import Trace
from verify.case import Case
from verify.examine import Examination, Question, examine, prepare
from verify.faults import activate
from verify.isolation.first_op import FirstOp, first_op
from verify.oracle import Verdict
from verify.targets.sandbox import Crash, Raised, Returned, Worker

SECONDS = 120.0
# Called first in every process, for instance to register a target; a module-level function.
Setup = Callable[[], None]


@dataclass
class Shield:
    """A worker process that is started when needed and replaced when it dies.

    Attributes:
        seconds: how long one examination may take.
        died: how the process ended at the last examination (``SIGSEGV``, ``exit 3``, ``timeout``);
            empty if it lives.
    """

    seconds: float = SECONDS
    died: str = ""
    worker: Worker = field(default_factory=Worker)

    def examine(self, case: Case, options: Options | None = None) -> Examination:
        """The examination of ``case`` (under other ``options`` than its own, if given), with its
        fault switched on; crash or timeout if the process dies of it.
        """
        found: Examination = self._ask("verify.shield:answer", case, options or case.options)
        return found

    def levels(self, case: Case, levels: Sequence[int]) -> list[Examination]:
        """The examinations of ``case`` at each of ``levels``; a death is one level's verdict."""
        options = [replace(case.options, level=n) for n in levels]
        found = self._ask("verify.shield:answers", case, options)
        return found if isinstance(found, list) else [self.examine(case, o) for o in options]

    def first_op(self, case: Case, options: Options) -> FirstOp:
        """The first op of ``case``, a violation under ``options``, whose result is wrong."""
        found = self._ask("verify.shield:first_wrong", case, options)
        if isinstance(found, FirstOp):
            return found
        return FirstOp(note=f"none can be named: the search ended with {self.died}")

    def rewrites(self, case: Case, options: Options) -> list[tuple[str, str]]:
        """Pass and rule of what Assay's optimiser applies; nothing if the process dies of it."""
        found = self._ask("verify.shield:fired", case, options)
        return found if isinstance(found, list) else []

    def _ask(self, function: str, *arguments: Any) -> Any:
        """What ``function`` returned in the worker process, or the verdict on its death."""
        self.died = ""
        outcome = self.worker.call(function, *arguments, timeout=self.seconds)
        if isinstance(outcome, Returned):
            return outcome.value
        if isinstance(outcome, Raised):
            if outcome.error is not None:
                raise outcome.error
            raise InternalError(f"{outcome.kind}: {outcome.message}")
        if isinstance(outcome, Crash):
            self.died = outcome.reason.replace("exit status", "exit")
            note = f"{outcome.stderr}\nthe process ended with {self.died}".strip()
            return Examination(Verdict("crash", ()), note=note)
        self.died = "timeout"
        note = f"not done after {self.seconds:g} s"
        return Examination(Verdict("timeout", ()), note=note)

    def __enter__(self) -> Shield:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.worker.close()


def worker(target: str, setup: Setup | None = None) -> Worker:
    """A process that has loaded ``target`` before the time of a question runs."""
    return Worker(setup="verify.shield:load_target", arguments=(target, setup))


# what runs in the worker process


def load_target(target: str, setup: Setup | None = None) -> None:
    """Examine a small program, so that loading libraries counts for no program's time."""
    if setup is not None:
        setup()
    t = TensorType((2,), F32)
    negate = Graph((t,), (Node("negate", (0,), (), (t,)),), (1,))
    examine(Module((Function("main", negate),)), [np.zeros(2, np.float32)], target)


def answer(case: Case, options: Options) -> Examination:
    """One examination."""
    return answers(case, (options,))[0]


def answers(case: Case, options: Sequence[Options]) -> list[Examination]:
    """An examination under each of ``options``; the reference is asked once."""
    question = Question(case.module, case.inputs)
    with activate(case.fault):
        return [prepare(case.module, case.target, o).examine(question) for o in options]


def first_wrong(case: Case, options: Options) -> FirstOp:
    """The first op whose result is wrong."""
    with activate(case.fault):
        return first_op(case.module, case.inputs, case.target, options)


def fired(case: Case, options: Options) -> list[tuple[str, str]]:
    """Pass and rule of every application, as far as the optimiser comes."""
    trace = Trace(options.rewrite_limit)
    with activate(case.fault), suppress(Exception):
        optimize(case.module, options, trace)
    return [(a.pass_name, a.rule) for a in trace.applications]
