"""The one place where a program is checked: compile, run, compare with what the reference allows.

``check``, ``fuzz``, ``replay``, ``bisect``, ``reduce`` and ``mutate`` all ask :func:`examine` or,
where several inputs share one compilation, :func:`prepare`. The ladder of verdicts: what the target
does not take is ``unsupported``; an exception of the compiler or of the compiled program is a
``crash`` (a ``TimeoutError`` of it a ``timeout``); a crash or violation that the target's profile
declares is ``explained``; a violation that does not come back on a second run is
``nondeterministic``; else the oracle's verdict stands. Inputs that do not fit the program are the
caller's mistake: InputError.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from compiler.contract import EXACT, Contract
from compiler.errors import UnsupportedError
from compiler.ir import Array, Module
from compiler.pipeline import Options
from compiler.rewrite import Trace
from verify.arrays import canonical_bits, same_bits
from verify.bounds import Enclosure, enclose
from verify.deviations import explain, explain_crash
from verify.oracle import OutputVerdict, Verdict, judge, ulps
from verify.ref.core import check_inputs
from verify.targets import get
from verify.targets.protocol import Compiled, Target

# Verdicts that are findings; all others are either agreement or say that nothing was judged.
FAILURES = frozenset({"violation", "crash", "timeout", "nondeterministic"})
# First line of the note of such a crash: the compiled program ran, and its outputs are there.
CANONICAL_CRASHED = "the canonical evaluation failed, not the compiled program:"


@dataclass(frozen=True, slots=True)
class Examination:
    """What came out.

    Attributes:
        verdict: the oracle's, or that of the ladder above it.
        contract: what the compilation was allowed to do to bits.
        outputs: what the compiled program returned; empty if it did not run.
        enclosures: what the reference allows, an entry an output; empty if nothing was judged.
        trace: rewrites that fired, where the target tells.
        note: why, in words: traceback of a crash, reason of a refusal, place where bits differ.
        deviations: names of the target's declared deviations that explain the result.
    """

    verdict: Verdict
    contract: Contract = EXACT
    outputs: tuple[Array, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    trace: Trace | None = None
    note: str = ""
    deviations: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether this is a finding."""
        return str(self.verdict.kind) in FAILURES

    @property
    def kind(self) -> str:
        """The verdict's kind as plain text."""
        return str(self.verdict.kind)


@dataclass
class Question:
    """A program with one set of inputs; keeps what the reference said, so that levels and targets
    share it.
    """

    module: Module
    inputs: Sequence[Array]
    _enclosures: dict[tuple[Contract, frozenset[str]], tuple[Enclosure, ...]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        """InputError where the inputs do not fit the program."""
        self.inputs = check_inputs(self.module.main.graph.params, self.inputs)

    def enclose(
        self, contract: Contract, leeways: frozenset[str] = frozenset()
    ) -> tuple[Enclosure, ...]:
        """What any evaluation under ``contract`` may give, and what ``leeways`` leave open."""
        key = contract, leeways
        if key not in self._enclosures:
            self._enclosures[key] = tuple(enclose(self.module, self.inputs, contract, leeways))
        return self._enclosures[key]


@dataclass
class Prepared:
    """A compiled program, or why there is none; :meth:`examine` asks it about inputs."""

    module: Module
    target: Target
    options: Options
    compiled: Compiled | None = None
    refusal: Examination | None = None

    def examine(self, question: Question | Sequence[Array]) -> Examination:
        """Run on one set of inputs and judge. InputError where they do not fit the program."""
        if not isinstance(question, Question):
            question = Question(self.module, question)
        if self.refusal or self.compiled is None:
            return self.refusal or _ended("crash", "not compiled")
        try:
            # The reference first: it gives up where a loop has no end, machine code does not.
            enclosures = question.enclose(self.allowance)
        except UnsupportedError as e:
            return _ended("unsupported", str(e), self.compiled)
        try:
            outputs = tuple(self.compiled.run(question.inputs))
        except UnsupportedError as e:
            return _ended("unsupported", str(e), self.compiled)
        except TimeoutError as e:
            return _ended("timeout", str(e), self.compiled)
        except Exception:
            return _crash(self.module, self.target, self.compiled)
        found = self._judge(question, outputs, enclosures)
        return self._again(question, found) if found.failed else found

    @cached_property
    def allowance(self) -> Contract:
        """What compilation and target together may do to bits."""
        assert self.compiled is not None
        return self.compiled.contract.join(self.target.profile.contract)

    def _judge(
        self, question: Question, outputs: tuple[Array, ...], enclosures: tuple[Enclosure, ...]
    ) -> Examination:
        assert self.compiled is not None
        contract = self.allowance
        verdict = judge(outputs, enclosures, contract)
        if verdict.kind == "violation":
            explained = self._explain(question, outputs, verdict)
            if explained is not None:
                return explained
        note = ""
        if self.compiled.canonical and str(verdict.kind) not in FAILURES:
            verdict, note = self._compare_bits(question, outputs, verdict)
        return Examination(verdict, contract, outputs, enclosures, self.compiled.trace, note)

    def _explain(
        self, question: Question, outputs: tuple[Array, ...], verdict: Verdict
    ) -> Examination | None:
        """The violation ``verdict``, if the target declares what it shows."""
        assert self.compiled is not None
        contract, profile = self.allowance, self.target.profile
        found = explain(profile, self.module, outputs, verdict, contract, question.enclose)
        if found is None:
            return None
        names = tuple(d.name for d in found.deviations)
        trace = self.compiled.trace
        return Examination(
            found.verdict, contract, outputs, found.enclosures, trace, found.note, names
        )

    def _compare_bits(
        self, question: Question, outputs: tuple[Array, ...], verdict: Verdict
    ) -> tuple[Verdict, str]:
        """Hold the outputs against the target's own canonical evaluation."""
        assert self.compiled is not None
        assert self.compiled.canonical is not None
        try:
            wanted = self.compiled.canonical(question.inputs)
        except Exception:
            return _verdict("crash"), f"{CANONICAL_CRASHED}\n{traceback.format_exc()}"
        unlike = _unlike(outputs, wanted)
        if unlike:
            note = f"the canonical evaluation differs: {unlike}"
            return Verdict("violation", (OutputVerdict("violation", note=note),)), note
        for k, (got, want) in enumerate(zip(outputs, wanted, strict=True)):
            if not same_bits(got, want):
                note = "the canonical evaluation differs: " + _difference(k, got, want)
                return _bits_violation(verdict, k, got, want), note
        return verdict, ""

    def _again(self, question: Question, found: Examination) -> Examination:
        """Run a second time: a failure that other bits replace is nondeterminism."""
        assert self.compiled is not None
        try:
            second = tuple(self.compiled.run(question.inputs))
        except Exception:
            return replace(found, verdict=_verdict("nondeterministic"), note=traceback.format_exc())
        if len(second) == len(found.outputs) and all(map(same_bits, found.outputs, second)):
            return found
        note = "two runs differ"
        for k, (a, b) in enumerate(zip(found.outputs, second, strict=False)):
            if a.shape == b.shape and a.dtype == b.dtype and not same_bits(a, b):
                note = "two runs differ: " + _difference(k, a, b)
                break
        return replace(found, verdict=_verdict("nondeterministic"), note=note)


def prepare(
    module: Module,
    target: Target | str,
    options: Options = Options(),  # noqa: B008
) -> Prepared:
    """Compile once, to be asked about many inputs. A compiler that fails gives a verdict, not an
    exception.
    """
    chosen = get(target) if isinstance(target, str) else target
    try:
        return Prepared(module, chosen, options, chosen.compile(module, options))
    except UnsupportedError as e:
        return Prepared(module, chosen, options, refusal=_ended("unsupported", str(e)))
    except TimeoutError as e:
        return Prepared(module, chosen, options, refusal=_ended("timeout", str(e)))
    except Exception:
        return Prepared(module, chosen, options, refusal=_crash(module, chosen))


def examine(
    module: Module,
    inputs: Sequence[Array],
    target: Target | str = "assay",
    options: Options = Options(),  # noqa: B008
) -> Examination:
    """Compile ``module`` with ``target``, run it on ``inputs``, and judge the outputs."""
    return prepare(module, target, options).examine(inputs)


def _ended(kind: str, note: str, compiled: Compiled | None = None) -> Examination:
    return Examination(
        _verdict(kind),
        compiled.contract if compiled else EXACT,
        trace=compiled.trace if compiled else None,
        note=note,
    )


def _crash(module: Module, target: Target, compiled: Compiled | None = None) -> Examination:
    """The exception that is being handled, as a verdict."""
    found = _ended("crash", traceback.format_exc(), compiled)
    declared = explain_crash(target.profile, module, found.note)
    if declared is None:
        return found
    names = tuple(d.name for d in declared.deviations)
    return replace(found, verdict=declared.verdict, note=declared.note, deviations=names)


def _verdict(kind: str) -> Verdict:
    return Verdict(kind, ())


def _bits_violation(verdict: Verdict, output: int, got: Array, want: Array) -> Verdict:
    """``verdict`` with output ``output`` turned into a violation at its first differing element."""
    at = _first_difference(got, want)
    outputs = list(verdict.outputs)
    distance = ulps(got, want)
    outputs[output] = OutputVerdict(
        "violation",
        max_ulp=float(distance.max()),
        worst=at,
        value=want[at],
        got=got[at],
        ulp=float(distance[at]),
    )
    return Verdict("violation", tuple(outputs))


def _unlike(outputs: Sequence[Array], wanted: Sequence[Array]) -> str:
    """How the outputs differ in number, shape or dtype; empty if they do not."""
    if len(outputs) != len(wanted):
        return f"{len(outputs)} outputs here and {len(wanted)} there"
    for k, (got, want) in enumerate(zip(outputs, wanted, strict=True)):
        if got.shape != want.shape or got.dtype != want.dtype:
            here, there = (f"{a.dtype}{list(a.shape)}" for a in (got, want))
            return f"output {k} is {here} here and {there} there"
    return ""


def _difference(output: int, got: Array, want: Array) -> str:
    at = _first_difference(got, want)
    return f"output {output} at {list(at)} is {got[at]!r} here and {want[at]!r} there"


def _first_difference(a: Array, b: Array) -> tuple[int, ...]:
    where = np.argwhere(canonical_bits(a) != canonical_bits(b))
    return tuple(int(i) for i in where[0])
