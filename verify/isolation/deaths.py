"""Isolation of programs that kill the process or never end: every candidate is examined in a
process that may die.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compiler.ir import Array, Module
from compiler.pipeline import Options
from verify.case import Case
from verify.examine import Examination
from verify.isolation.bisect import ALWAYS_ON, Guilty, first_failing
from verify.isolation.finding import Finding, finding_of
from verify.isolation.reduce import reduce
from verify.oracle import Verdict
from verify.shield import SECONDS, Setup, Shield, worker

SLOW = 5  # a part of the budget, where each failing examination takes a whole time-out
SLOW_SECONDS = 10.0


def deadly(
    cases: Sequence[Case], how: str, *, seconds: float = SECONDS, setup: Setup | None = None
) -> Case | None:
    """The first of ``cases`` whose examination dies with ``how``; ``None`` if none does."""
    with Shield(seconds, worker=worker(cases[0].target, setup)) as shield:
        for case in cases:
            shield.examine(case)
            if shield.died == how:
                return case
    return None


def isolate_death(
    case: Case, how: str, *, budget: int, seconds: float = SECONDS, setup: Setup | None = None
) -> Finding:
    """Reduce a case whose examination dies with ``how``, and name the rewrite without which it does
    not.

    Args:
        case: what dies.
        how: as :attr:`verify.shield.Shield.died` says it.
        budget: how many candidates may be examined; fewer where each takes a whole time-out.
        seconds: how long one examination may take.
        setup: called first in every process, for instance to register a target.
    """
    slow = how == "timeout"
    if slow:
        seconds, budget = min(seconds, SLOW_SECONDS), budget // SLOW
    with Shield(seconds, worker=worker(case.target, setup)) as shield:
        probe = _Probe(shield, case, how)
        small = reduce(case.module, case.inputs, probe.dies, budget=budget)
        probe = _Probe(shield, case.with_program(small.module, small.inputs), how)
        guilty = probe.blame()
    verdict = Verdict("timeout" if slow else "crash", ())
    found = Examination(verdict, case.contract, note=f"the process ended with {how}")
    return finding_of(case, small, guilty, found)


@dataclass
class _Probe:
    """Whether the process ends in the same way for other programs and other options."""

    shield: Shield
    case: Case
    how: str
    count: int = 0

    def dies(self, module: Module, inputs: list[Array]) -> bool:
        """Whether another program does it too."""
        self.shield.examine(self.case.with_program(module, inputs))
        return self.shield.died == self.how

    def blame(self) -> Guilty:
        """The guilty application, ``codegen`` where the unoptimised program dies too."""
        if self.case.target != "assay":
            return Guilty(ALWAYS_ON, reason=f"the process ended with {self.how}")
        if self._with(replace(self.case.options, level=0, precision="")) or self._limited(0):
            reason = f"the process ended with {self.how} without any rewrite"
            return Guilty("codegen", evaluations=self.count, reason=reason)
        limit = first_failing(self._limited, 0)
        if limit is None:
            reason = f"the process ended with {self.how}, but under no limit of rewrites"
            return Guilty(evaluations=self.count, reason=reason)
        reason = f"the process ends with {self.how} from here on"
        return Guilty(*self._name(limit), limit, self.count, reason=reason)

    def _limited(self, limit: int) -> bool:
        return self._with(replace(self.case.options, rewrite_limit=limit))

    def _with(self, options: Options) -> bool:
        self.count += 1
        self.shield.examine(self.case, options)
        return self.shield.died == self.how

    def _name(self, application: int) -> tuple[str, str]:
        """Pass and rule of an application; empty where the optimiser itself dies."""
        fired = self.shield.rewrites(
            self.case, replace(self.case.options, rewrite_limit=application)
        )
        return fired[-1] if len(fired) == application else ("", "")
