"""From a failing case to a finding: who is to blame, and the smallest program that shows it.

Localise and bisect on the program as found; reduce while the verdict, the guilty pass and the
rewrite stay the same; bisect once more on what is left, so that the explanation speaks of the small
program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from compiler.errors import UnsteadyError
from compiler.ir import Array, Graph, Module
from compiler.pipeline import Options
from verify.case import Case
from verify.examine import Examination, examine
from verify.isolation.bisect import Guilty, bisect
from verify.isolation.reduce import Reduction, reduce
from verify.oracle import Verdict
from verify.targets import get


@dataclass(frozen=True, slots=True)
class Signature:
    """What makes two failures the same: the verdict and who is to blame."""

    kind: str
    pass_name: str
    rewrite: str
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """An isolated failure.

    Attributes:
        key: equal for failures with one cause: target, guilty pass and rewrite, structure of the
            reduced program.
        case: the reduced case; its ``meta`` tells kind, pass, rewrite and application.
        guilty: the blame on the reduced program.
        reduction: sizes and cost.
        examination: the reduced program's.
    """

    key: str
    case: Case
    guilty: Guilty
    reduction: Reduction
    examination: Examination


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
    reduced = replace(
        case.with_program(small.module, small.inputs),
        contract=found.contract,
        meta={**case.meta, **meta_of(found, guilty, small)},
    )
    return Finding(key_of(case.target, guilty, small.module), reduced, guilty, small, found)


def isolate_any(case: Case, died: str, *, budget: int = 300) -> Finding:
    """:func:`isolate` for a case that fails; where its process ``died``, every candidate runs in
    one that may die.
    """
    if died:
        from verify.fuzz.config import CampaignConfig
        from verify.fuzz.crashes import isolate_crash

        config = CampaignConfig(target=case.target, fault=case.fault, budget=budget)
        return isolate_crash(case, died, config)
    finding = isolate(case, budget=budget)
    if finding is None:
        raise UnsteadyError("the case failed once, and not when it was run again")
    return finding


def blame(case: Case, died: str) -> Guilty:
    """Who is to blame for a case that fails; ``died`` says how its process ended, if it did."""
    if died:
        return isolate_any(case, died, budget=0).guilty
    return bisect(case.module, case.inputs, case.options, case.target)


def meta_of(found: Examination, guilty: Guilty, small: Reduction) -> dict[str, object]:
    """What a reduced case tells of its failure."""
    return {
        "kind": found.kind,
        "pass": guilty.pass_name,
        "rewrite": guilty.rewrite,
        "application": guilty.application,
        "reason": guilty.reason,
        "ops_before": small.ops_before,
        "ops_after": small.ops_after,
        "tests": small.tests,
        "note": found.note,
    }


def key_of(target: str, guilty: Guilty, module: Module) -> str:
    """The key of a finding: equal for failures with one cause."""
    return f"{target}/{guilty.name}/{structure(module)}"


def structure(module: Module) -> str:
    """A short hash of ops and their wiring: names, sizes, values and element types of one kind do
    not matter.
    """
    text = ";".join(_shape_of(f.graph) for f in module.functions)
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _shape_of(graph: Graph) -> str:
    nodes = [
        f"{n.op}{list(n.uses)}{n.type.dtype.kind}{[_shape_of(r) for r in n.regions]}"
        for n in graph.nodes
    ]
    return f"{len(graph.params)}|{','.join(nodes)}|{list(graph.results)}"
