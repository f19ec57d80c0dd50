"""What the declared deviations of a target explain.

A failure is held against the target's profile before it counts: a violation that disappears when
the declared leeways are taken, or a crash that is declared, is ``explained``, and the deviations
that it takes are named. Everything else stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from compiler.contract import Contract, join_all
from compiler.ir import Array, Module
from verify.bounds import Enclosure
from verify.bounds.leeway import concerned
from verify.oracle import Verdict, judge
from verify.targets.protocol import Deviation, Profile
from verify.walk import ops

EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failure that is none.

    Attributes:
        verdict: with ``explained`` in the place of violations.
        deviations: those that are needed to explain it.
        enclosures: what the reference allows with them.
    """

    verdict: Verdict
    deviations: tuple[Deviation, ...]
    enclosures: tuple[Enclosure, ...] = ()

    @property
    def note(self) -> str:
        """One line a deviation."""
        return "\n".join(f"{d.name}: {d.reason} ({d.source})" for d in self.deviations)


def explain(
    profile: Profile,
    module: Module,
    outputs: Sequence[Array],
    verdict: Verdict,
    contract: Contract,
    enclose: Callable[[Contract, frozenset[str]], tuple[Enclosure, ...]],
) -> Explanation | None:
    """Whether the deviations of ``profile`` explain the violation ``verdict`` of ``outputs``.

    ``enclose`` gives the enclosures under a contract, which is ``contract`` and what deviations
    widen it by, and leeways. Of the deviations that together explain the violation those are kept
    that cannot be left out.
    """
    if any(o.note for o in verdict.outputs):
        return _explain_types(profile, module, verdict)
    held = ops(module)
    needed = [d for d in profile.deviations if d.widens.within(held) or concerned(d.leeways, held)]

    def fails(deviations: Sequence[Deviation]) -> bool:
        return judged(deviations).kind == "violation"

    def enclosed(deviations: Sequence[Deviation]) -> tuple[Enclosure, ...]:
        return enclose(_widened(contract, deviations), _leeways(deviations))

    def judged(deviations: Sequence[Deviation]) -> Verdict:
        return judge(outputs, enclosed(deviations), _widened(contract, deviations))

    if not needed or fails(needed):
        return None
    for d in reversed(needed):  # what a profile lists first is named first
        rest = [other for other in needed if other is not d]
        if not fails(rest):
            needed = rest
    return Explanation(_relabelled(verdict), tuple(needed), enclosed(needed))


def _explain_types(profile: Profile, module: Module, verdict: Verdict) -> Explanation | None:
    """Whether ``profile`` declares all violations of ``verdict``, some being outputs of a wrong
    type.
    """
    wrong = [o for o in verdict.outputs if o.verdict == "violation"]
    found = [_with_symptom(profile, module, o.note) for o in wrong]
    names = [d for d in profile.deviations if d in found]
    return None if None in found else Explanation(_relabelled(verdict), tuple(names))


def _relabelled(verdict: Verdict) -> Verdict:
    outputs = tuple(
        replace(o, verdict=EXPLAINED) if o.verdict == "violation" else o for o in verdict.outputs
    )
    return Verdict(EXPLAINED, outputs)


def _with_symptom(profile: Profile, module: Module, note: str) -> Deviation | None:
    for d in profile.deviations:
        if note and d.symptom is not None and d.symptom(module, note):
            return d
    return None


def explain_crash(profile: Profile, module: Module, note: str) -> Explanation | None:
    """Whether ``profile`` declares the crash on ``module`` of which ``note`` tells."""
    d = _with_symptom(profile, module, note)
    return None if d is None else Explanation(Verdict(EXPLAINED, ()), (d,))


def _widened(contract: Contract, deviations: Sequence[Deviation]) -> Contract:
    return join_all((contract, *(d.widens for d in deviations)))


def _leeways(deviations: Sequence[Deviation]) -> frozenset[str]:
    return frozenset().union(*(d.leeways for d in deviations))
