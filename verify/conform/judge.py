"""The verdicts of one case: parse, print, run, compare."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from compiler.errors import AssayError, InternalError, ParseError, UnsupportedError, VerifyError
from compiler.ir import Array, Module
from compiler.pipeline import Options
from compiler.text import parse, print_module
from verify.conform import forms, programs
from verify.conform.suite import CHECKED, NEGATIVE, PROGRAM, Case
from verify.examine import Examination, Question, prepare

REFERENCE, COMPILER, XLA = "reference", "compiler", "xla"
TARGETS = {COMPILER: "assay", XLA: "xla"}  # the other engine is no target

PASS, FAIL, UNSUPPORTED = "pass", "fail", "unsupported"
REJECTED, ACCEPTED, ERROR = "rejected", "accepted", "error"


class Step(NamedTuple):
    """One way to run a case. ``level`` is ``None`` for the reference."""

    engine: str
    level: int | None
    form: str


class Outcome(NamedTuple):
    """A verdict, and why."""

    verdict: str
    detail: str = ""


def steps(case: Case, engines: dict[str, tuple[int | None, ...]]) -> list[Step]:
    """All ways in which ``case`` is run, for the levels of each engine: cases that check themselves
    run in both forms, invalid ones are only read, other programs have inputs anyway.
    """
    both = (forms.CONSTANTS, forms.ARGUMENTS)
    kinds = both if case.kind == CHECKED else both[:1] if case.kind == NEGATIVE else both[1:]
    return [Step(e, n, f) for e, levels in engines.items() for n in levels for f in kinds]


@dataclass
class Trial:
    """One case while it is judged; what the steps share is made once."""

    case: Case
    _forms: dict[str, list[forms.Form]] = field(default_factory=dict)

    def outcomes(self, todo: list[Step], begin: Callable[[int], None]) -> Iterator[Outcome]:
        """The outcome of each step; ``begin`` is called with the number of each before it."""
        for k, step in enumerate(todo):
            begin(k)
            yield self.outcome(step)

    def outcome(self, step: Step) -> Outcome:
        """The outcome of one step. Nothing is raised but what ends the process."""
        try:
            early = self._read
            return early if early is not None else self._run(step)
        except UnsupportedError as e:
            return Outcome(UNSUPPORTED, self._place(e))
        except MemoryError:
            return Outcome(UNSUPPORTED, "does not fit this machine's memory")
        except Exception as e:
            return Outcome(ERROR, culprit(e))

    @cached_property
    def _parsed(self) -> Module:
        return parse(self.case.text(), self.case.file, checks=True)

    @cached_property
    def _read(self) -> Outcome | None:
        """The verdict that reading alone gives, if any."""
        try:
            module = self._parsed
        except (ParseError, VerifyError) as e:
            return Outcome(REJECTED, self._rejection(e))
        if self.case.kind == NEGATIVE:
            return Outcome(ACCEPTED, f"no error; expected one at {self._lines()}")
        found = [forms.constants(m) for m in forms.programs(module)]
        self._forms[forms.CONSTANTS] = found
        wrong = next((w for f in found if (w := round_trip(f.module, self.case.file))), "")
        return Outcome(FAIL, wrong) if wrong else None

    def _lines(self) -> str:
        return "line " + " or ".join(map(str, self.case.lines))

    def _rejection(self, e: AssayError) -> str:
        """The error, and whether its line is the right one."""
        text = self._place(e)
        if self.case.kind != NEGATIVE:
            return text
        here = e.where is not None and e.where.line in self.case.lines
        return text if here else f"{text} [expected at {self._lines()}]"

    def _place(self, e: AssayError) -> str:
        """The error without the name of the file, which stands beside it."""
        return str(e).removeprefix(f"{self.case.file}:")

    def _run(self, step: Step) -> Outcome:
        if self.case.kind == PROGRAM:
            return self._program(step)
        if self.case.kind != CHECKED:
            return self._plain(step)
        for form in self._form(step.form):
            outputs = execute(step, form.module, form.inputs)
            wrong = next((w for c in form.checks if (w := c.compare(outputs))), "")
            if wrong:
                return Outcome(FAIL, wrong)
        return Outcome(PASS)

    def _form(self, name: str) -> list[forms.Form]:
        if name not in self._forms:
            self._forms[name] = [forms.arguments(f) for f in self._forms[forms.CONSTANTS]]
        return self._forms[name]

    @property
    def _module(self) -> Module:
        """The program of a case that holds no checks."""
        return self._forms[forms.CONSTANTS][0].module

    def _plain(self, step: Step) -> Outcome:
        """A program without expectations, on seeded inputs: it must run, and agree with the
        reference.
        """
        if step.engine == REFERENCE:
            execute(step, self._drawn.module, self._drawn.inputs)
            return Outcome(PASS, "ran; there is nothing to compare with")
        return classify(examine(step, self._drawn))

    @cached_property
    def _drawn(self) -> Question:
        from verify.gen.chooser import RandomChooser
        from verify.gen.values import draw_inputs

        return Question(self._module, draw_inputs(RandomChooser(0), self._module))

    def _program(self, step: Step) -> Outcome:
        data = self._data
        if step.engine == REFERENCE:
            outputs = execute(step, data.question.module, data.question.inputs)
            wrong = data.error(outputs) or data.disputed()
            return Outcome(FAIL, wrong) if wrong else Outcome(PASS)
        found = examine(step, data.question)
        if found.kind == "unstable":
            return Outcome(FAIL, f"unstable: {found.verdict}")
        outcome = classify(found)
        wrong = data.error(found.outputs) if outcome.verdict == PASS else ""
        return Outcome(FAIL, wrong) if wrong else outcome

    @cached_property
    def _data(self) -> programs.Data:
        assert self.case.arrays is not None
        return programs.load(self._module, self.case.arrays)


def execute(step: Step, module: Module, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The results of a program on one engine."""
    if step.engine == REFERENCE:
        from verify.ref import evaluate

        return evaluate(module, inputs)
    from verify.targets import get

    options = Options(level=step.level or 0)
    return tuple(get(TARGETS[step.engine]).compile(module, options).run(inputs))


def examine(step: Step, question: Question) -> Examination:
    """What ``assay check`` says of one engine that is no reference."""
    prepared = prepare(question.module, TARGETS[step.engine], Options(level=step.level or 0))
    return prepared.examine(question)


def classify(found: Examination) -> Outcome:
    """An examination as a verdict of conformance."""
    note = _gist(found.note)
    if found.kind in ("identical", "allowed", "unstable", "explained"):
        return Outcome(PASS, f"{found.kind} by the reference's bounds")
    if found.kind == "unsupported":
        return Outcome(UNSUPPORTED, note)
    if found.kind in ("crash", "timeout"):
        return Outcome(ERROR, f"{found.kind}: {note}")
    return Outcome(FAIL, f"{found.verdict}{'; ' + note if note else ''}")


def _gist(note: str) -> str:
    """The line of a note that says most: of a traceback that of the exception, else the first."""
    lines = [line for line in note.strip().splitlines() if line.strip()] or [""]
    frames = [k for k, line in enumerate(lines) if line.startswith("  File ")]
    after = lines[frames[-1] :] if frames else lines
    return next((line for line in after if not line.startswith("  ")), lines[-1])


def round_trip(module: Module, file: str) -> str:
    """What is wrong with reading back the printed ``module``; empty if nothing is."""
    printed = print_module(module)
    try:
        again = parse(printed, file)
    except AssayError as e:
        return f"what is printed is not read: {str(e).removeprefix(f'{file}:')}"
    if again != module and set(again.functions) != set(module.functions):
        return "what is printed is read as another program"
    return "" if print_module(again) == printed else "printed twice, it is not the same text"


def culprit(e: BaseException) -> str:
    """An exception in one line: what it says, and where it was raised."""
    frames = traceback.extract_tb(e.__traceback__)
    at = f" [{Path(frames[-1].filename).name}:{frames[-1].lineno}]" if frames else ""
    lines = str(e).strip().splitlines()
    own = isinstance(e, AssayError) and not isinstance(e, InternalError)
    return f"{'' if own else type(e).__name__ + ': '}{lines[0] if lines else 'no message'}{at}"
