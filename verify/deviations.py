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
from verify.ref.chlo import broadcast_form
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
    named = _by_symptom(profile, module, verdict)
    if named is None:
        return None
    typed = [k for k, o in enumerate(verdict.outputs) if not o.note]
    if any(verdict.outputs[k].verdict == "violation" for k in typed):
        held = ops(module)
        plain = {broadcast_form(op) for op in held}
        possible = [d for d in profile.deviations if d.needs <= plain]
        needed = [d for d in possible if d.widens or concerned(d.leeways, held)]
    else:
        needed = []

    def enclosed(deviations: Sequence[Deviation]) -> tuple[Enclosure, ...]:
        return enclose(_widened(contract, deviations), _leeways(deviations))

    def fails(deviations: Sequence[Deviation]) -> bool:
        allowed = enclosed(deviations)
        pairs = [outputs[k] for k in typed], [allowed[k] for k in typed]
        return judge(*pairs, _widened(contract, deviations)).kind == "violation"

    if fails(needed):
        return None
    for d in reversed(needed):  # what a profile lists first is named first
        rest = [other for other in needed if other is not d]
        if not fails(rest):
            needed = rest
    return Explanation(_relabelled(verdict), (*named, *needed), enclosed(needed))


def _by_symptom(profile: Profile, module: Module, verdict: Verdict) -> tuple[Deviation, ...] | None:
    """The deviations of ``profile`` that declare the outputs of a wrong type; None if they do not
    declare all.
    """
    found = [_with_symptom(profile, module, o.note) for o in verdict.outputs if o.note]
    return None if None in found else tuple(d for d in profile.deviations if d in found)


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
