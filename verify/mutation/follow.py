"""What follows a hit: it is tried alone, and isolated if it comes again.

Under load a clock may have run out, and a process may die of what programs before did to it: what
does not come again says nothing of the fault. A death is tried at all levels and on all sets of
inputs, each in a process of its own, with twice the time that it had in the stream. Any failure
confirms it, and the hit is then what was seen here: a time-out may come again as a violation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from compiler.pipeline import Options
from verify.case import Case
from verify.examine import examine
from verify.faults import Fault
from verify.mutation.outcome import OURS, Hit, Isolation
from verify.mutation.sample import LEVELS, Sample
from verify.mutation.trial import oracle_of


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A hit that came again; of a death, as it came this time. ``case`` is what fails."""

    hit: Hit
    case: Case


def case_of(fault: Fault, hit: Hit, made: Sample, inputs: str, level: int, seed: int) -> Case:
    """The program of ``hit`` with one set of inputs, as a case that names the fault."""
    meta = {"kind": hit.kind, "seed": seed, "program": hit.program, "fault": fault.name}
    arrays = tuple(made.questions[inputs].inputs)
    return Case(made.module, arrays, "assay", level, fault.precision, meta=meta)


def confirm(fault: Fault, hit: Hit, made: Sample, seed: int) -> Confirmed | None:
    """Try a hit once more, alone; ``None`` if all is well now. The fault must not be switched on
    when this is called.
    """
    if hit.died:
        return _confirm_death(fault, hit, made, seed)
    name = hit.inputs or next(iter(made.questions))
    case = case_of(fault, hit, made, name, hit.level, seed)
    with fault.install():
        found = examine(case.module, case.inputs, case.target, case.options)
    return Confirmed(hit, case) if found.failed else None


def _confirm_death(fault: Fault, hit: Hit, made: Sample, seed: int) -> Confirmed | None:
    from verify.shield import Shield, worker

    for level, name in _sound(fault, made):
        case = case_of(fault, hit, made, name, level, seed)
        with Shield(worker=worker("assay")) as shield:
            found = shield.examine(case)
        if found.failed:
            oracle = oracle_of(found) if hit.judge == OURS else ""
            where = hit.program, level, name
            now = Hit(hit.fault, hit.judge, *where, found.kind, oracle, shield.died)
            return Confirmed(now, replace(case, meta=case.meta | {"kind": found.kind}))
    return None


def _sound(fault: Fault, made: Sample) -> Iterator[tuple[int, str]]:
    """Levels and input sets for which the unbroken compiler passes."""
    for level in LEVELS:
        base = made.base(Options(level=level, precision=fault.precision))
        yield from ((level, name) for name, found in base.found.items() if not found.failed)


def isolated(fault: Fault, seen: Confirmed, budget: int) -> Isolation:
    """Who is blamed for a confirmed hit, and how small its program gets."""
    from verify.isolation.deaths import isolate_death
    from verify.isolation.isolate import isolate

    if seen.hit.died:
        finding = isolate_death(seen.case, seen.hit.died, budget=budget)
    else:
        with fault.install():
            found = isolate(seen.case, budget=budget)
        if found is None:
            return Isolation(note="the failure came once again, and then no more")
        finding = found
    guilty, small = finding.guilty, finding.reduction
    return Isolation(guilty.pass_name, guilty.rewrite, small.ops_after, small.tests)
