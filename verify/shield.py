"""Examine a case in a process of its own: whatever the target does there comes back as a verdict.

Used where one program is asked for by name and the asking process must live on: ``check``,
``replay``, ``bisect``, ``reduce``, the gate. Campaigns have their own supervised workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.errors import InternalError
from verify.case import Case
from verify.examine import Examination, Question, prepare
from verify.oracle import Verdict
from verify.targets.sandbox import Crash, Raised, Returned, Worker

SECONDS = 120.0


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

    def examine(self, case: Case) -> Examination:
        """The examination of ``case``, with its fault switched on; crash or timeout if the process
        dies of it.
        """
        found: Examination = self._ask("verify.shield:answer", case)
        return found

    def levels(self, case: Case, levels: Sequence[int]) -> list[Examination]:
        """The examinations of ``case`` at each of ``levels``; a death is one level's verdict."""
        found = self._ask("verify.shield:answers", case, tuple(levels))
        if isinstance(found, list):
            return found
        return [self.examine(replace(case, level=n)) for n in levels]

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


def answer(case: Case) -> Examination:
    """What the worker process does with one case."""
    return answers(case, (case.level,))[0]


def answers(case: Case, levels: Sequence[int]) -> list[Examination]:
    """What the worker process does with one case at several levels; the reference is asked once."""
    from verify.faults import activate

    question = Question(case.module, case.inputs)
    with activate(case.fault):
        return [
            prepare(case.module, case.target, replace(case.options, level=n)).examine(question)
            for n in levels
        ]
