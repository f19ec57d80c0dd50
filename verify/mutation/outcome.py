"""What is known of one fault: first hits, isolation, proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from verify.faults import Fault
from verify.mutation.rivals import RIVALS

OURS = "assay"
JUDGES = (OURS, *RIVALS)
# What said no first. ``bound``: outside a bound above 0; ``exact``: other than the one value that
# is allowed; ``bits``: within the bound, but other bits than the nest interpreter's; ``repeat``:
# two runs differ; ``crash``: exception, death or time-out; ``localisation``: no output is wrong,
# but the reference disagrees with the module after some pass.
ORACLES = ("bound", "exact", "bits", "repeat", "crash", "localisation")


@dataclass(frozen=True, slots=True)
class Hit:
    """The first program that a judge rejects under a fault, and not without it.

    Attributes:
        fault: its name.
        judge: :data:`OURS` or a rival's name.
        program: its number in the stream.
        level: optimisation level; 0 if the process died, until it has died of it again.
        inputs: name of the input set; empty if no run was needed, as for a crash while compiling.
        kind: the verdict.
        oracle: of :data:`ORACLES`; empty for rivals.
        died: how the process ended, if it did.

    A hit is *confirmed* by coming again when it is tried alone, before it is isolated. Of a death
    all fields are then what was seen that time.
    """

    fault: str
    judge: str
    program: int
    level: int
    inputs: str
    kind: str
    oracle: str = ""
    died: str = ""

    @property
    def crashed(self) -> bool:
        """Whether it is a crash or a time-out."""
        return self.kind in ("crash", "timeout")


@dataclass(frozen=True, slots=True)
class Unseen:
    """A hit that did not come again when it was tried alone; it is taken back, with what other
    judges said of the same trial. ``note`` says what was seen instead.
    """

    hit: Hit
    note: str = ""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What became of the isolation of a fault's first hit.

    Attributes:
        pass_name, rewrite: who was blamed; empty if it failed.
        ops: size of the reduced program.
        tests: candidates that the reduction examined.
        seconds: CPU time.
        note: why it failed, if it did.
    """

    pass_name: str = ""
    rewrite: str = ""
    ops: int = 0
    tests: int = 0
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """What the prover says of the altered rule.

    Attributes:
        verdict: ``refuted``, ``equivalent`` or ``unknown``.
        note: the prover's own words.
        seconds: of the clock.
    """

    verdict: str
    note: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fault with all that was found.

    Attributes:
        name, kind, summary, source: of the fault.
        origin: ``written`` or ``derived``.
        stage, rewrites: who should be blamed; ``also``: stages that are as right.
        programs: how many programs it was hunted on; each judge's hunt ends with its hit.
        hits: first hit by judge.
        seconds: CPU seconds by judge that a campaign takes to get to the hit: generation, reference
            and the compiler for all programs up to it.
        isolation, proof: ``None`` where there was none.
        precision: ``--precision`` that the fault needs.
    """

    name: str
    kind: str
    summary: str
    source: str
    origin: str
    stage: str
    rewrites: tuple[str, ...]
    programs: int
    hits: Mapping[str, Hit] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    isolation: Isolation | None = None
    proof: Proved | None = None
    precision: str = ""
    also: tuple[str, ...] = ()

    @property
    def hit(self) -> Hit | None:
        """The oracle's first hit."""
        return self.hits.get(OURS)

    @property
    def found(self) -> bool:
        """Whether a program shows the fault to a campaign; what only localisation or the prover
        sees is not counted.
        """
        return self.hit is not None and self.hit.oracle != "localisation"

    @property
    def equivalent(self) -> bool:
        """Whether the prover shows that a derived fault changes nothing, and no program says other.
        One written by hand is a bug, whatever the prover says.
        """
        proved = self.proof is not None and self.proof.verdict == "equivalent"
        return self.origin == "derived" and self.hit is None and proved

    @property
    def names_rewrite(self) -> bool:
        """Whether the fault says which rewrite or op must be blamed; where any is right, as in code
        generation, that cannot be missed.
        """
        return "*" not in self.rewrites

    @property
    def oracle(self) -> str:
        """What said no first: of :data:`ORACLES`, ``proof``, or empty."""
        if self.hit is not None:
            return self.hit.oracle
        return "proof" if self.proof is not None and self.proof.verdict == "refuted" else ""

    @property
    def pass_right(self) -> bool:
        """Whether a pass that does the wrong thing was blamed."""
        return self.isolation is not None and self.isolation.pass_name in (self.stage, *self.also)

    @property
    def rewrite_right(self) -> bool:
        """Whether pass and rewrite (or op) that were blamed are the fault's."""
        return self.pass_right and any(fnmatchcase(self._blamed, r) for r in self.rewrites)

    @property
    def _blamed(self) -> str:
        return self.isolation.rewrite if self.isolation is not None else ""

    def to_json(self) -> dict[str, Any]:
        """All fields and what follows from them; ``kind`` is called ``class``."""
        data = asdict(self)
        data["class"] = data.pop("kind")
        for name in ("found", "equivalent", "oracle", "pass_right", "rewrite_right"):
            data[name] = getattr(self, name)
        return data


def outcome(fault: Fault, origin: str, programs: int, **known: Any) -> Outcome:
    """The outcome of ``fault``; ``known`` are hits, seconds, isolation and proof."""
    return Outcome(
        fault.name,
        fault.kind,
        fault.summary,
        fault.source,
        origin,
        fault.pass_name,
        fault.rewrites,
        programs,
        precision=fault.precision,
        also=fault.also,
        **known,
    )
