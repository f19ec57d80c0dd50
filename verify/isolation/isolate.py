"""From a failing case to a finding: who is to blame, and the smallest program that shows it.

Localise and bisect on the program as found; reduce while the verdict, the guilty pass and the
rewrite stay the same; bisect once more on what is left, so that the explanation speaks of the small
program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from compiler.errors import UnsteadyError
from compiler.ir import Array, Module
from compiler.pipeline import Options
from verify.case import Case
from verify.examine import Examination, examine
from verify.isolation.bisect import Guilty, bisect
from verify.isolation.deaths import isolate_death
from verify.isolation.finding import Finding, finding_of
from verify.isolation.reduce import reduce
from verify.oracle import Verdict
from verify.targets import get


@dataclass(frozen=True, slots=True)
class Signature:
    """What makes two failures the same: the verdict and who is to blame."""

    kind: str
    pass_name: str
    rewrite: str
    exception: str = ""


def signature_of(
    module: Module, inputs: Sequence[Array], target: str, options: Options
) -> Signature | None:
    """The signature of a program that fails; ``None`` if it does not."""
    found = examine(module, inputs, target, options)
    if not found.failed:
        return None
    exception = _exception(found)
    if target != "assay":
        return Signature(found.kind, "", "", exception)
    guilty = bisect(module, inputs, options, target)
    return Signature(found.kind, guilty.pass_name, guilty.rewrite, exception)


def _exception(found: Examination) -> str:
    """The type of the exception that a crash ended with, out of its traceback."""
    if found.kind != "crash" or not found.note:
        return ""
    return found.note.strip().splitlines()[-1].partition(":")[0]


def isolate(
    case: Case,
    *,
    budget: int = 300,
    progress: Callable[[int, int], None] | None = None,
) -> Finding | None:
    """Bisect and reduce ``case``; ``None`` if it does not fail (any more)."""
    wanted = signature_of(case.module, case.inputs, case.target, case.options)
    if wanted is None:
        return None

    def same(module: Module, inputs: list[Array]) -> bool:
        return signature_of(module, inputs, case.target, case.options) == wanted

    small = reduce(case.module, case.inputs, same, budget=budget, progress=progress)
    guilty = bisect(small.module, small.inputs, case.options, get(case.target))
    found = examine(small.module, small.inputs, case.target, case.options)
    if not found.failed:  # it did a moment ago
        verdict = Verdict("nondeterministic", found.verdict.outputs)
        found = replace(found, verdict=verdict, note="it failed while it was reduced, not now")
    return finding_of(case, small, guilty, found)


def isolate_any(case: Case, died: str, *, budget: int = 300) -> Finding:
    """:func:`isolate` for a case that fails; where its process ``died``, every candidate runs in
    one that may die.
    """
    if died:
        return isolate_death(case, died, budget=budget)
    finding = isolate(case, budget=budget)
    if finding is None:
        raise UnsteadyError("the case failed once, and not when it was run again")
    return finding


def blame(case: Case, died: str) -> Guilty:
    """Who is to blame for a case that fails; ``died`` says how its process ended, if it did."""
    if died:
        return isolate_any(case, died, budget=0).guilty
    return bisect(case.module, case.inputs, case.options, case.target)
