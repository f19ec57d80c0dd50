"""A finding: the reduced case of a failure, and who is to blame."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from compiler.ir import Graph, Module
from verify.case import Case
from verify.examine import Examination
from verify.isolation.bisect import Guilty
from verify.isolation.localise import CODEGEN
from verify.isolation.reduce import Reduction


@dataclass(frozen=True, slots=True)
class Finding:
    """An isolated failure.

    Attributes:
        key: equal for failures with one cause: target, guilty pass and rewrite, structure of the
            reduced program (of code generation: its kinds of loops).
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


def finding_of(case: Case, small: Reduction, guilty: Guilty, found: Examination) -> Finding:
    """The finding that the reduction of ``case`` to ``small`` ends in."""
    reduced = replace(
        case.with_program(small.module, small.inputs),
        contract=found.contract,
        meta={**case.meta, **_meta(found, guilty, small)},
    )
    key = _key(case.target, guilty, small.module, found.kind)
    return Finding(key, reduced, guilty, small, found)


def _meta(found: Examination, guilty: Guilty, small: Reduction) -> dict[str, object]:
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
        **({"errors": small.errors, "error": small.error} if small.errors else {}),
        "note": found.note,
    }


def _key(target: str, guilty: Guilty, module: Module, kind: str) -> str:
    """The key of a finding: equal for failures with one cause.

    Where code generation is to blame, one cause shows in every op: the loops say more than the op.
    (A program that takes the compiler down is not lowered once more.)
    """
    if guilty.pass_name == CODEGEN and kind not in ("crash", "timeout"):
        return f"{target}/{CODEGEN}/{loops(module)}"
    return f"{target}/{guilty.name}/{structure(module)}"


def loops(module: Module) -> str:
    """The kinds of loops that a program is lowered to, such as ``map+reduce``."""
    from compiler.lower import lower

    kinds = {type(nest).__name__.lower() for nest in lower(module).nests}
    return "+".join(sorted(kinds)) or "none"


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
