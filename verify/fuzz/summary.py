"""What a campaign comes to, in numbers and as one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from verify.examine import FAILURES
from verify.fuzz.config import CampaignConfig
from verify.fuzz.stats import Stats
from verify.fuzz.store import Found


@dataclass(frozen=True, slots=True)
class Summary:
    """A campaign's totals over all its runs.

    Attributes:
        campaign: its number in the store.
        config: what it was started with.
        stats: counts.
        seconds: wall-clock time.
        findings: distinct failures.
        state: ``done``, or ``interrupted`` where there is more to do.
        errors: programs on which Assay itself raised.
    """

    campaign: int
    config: CampaignConfig
    stats: Stats
    seconds: float
    findings: tuple[Found, ...]
    state: str
    errors: int

    @property
    def interrupted(self) -> bool:
        """Whether the campaign was stopped before its end."""
        return self.state == "interrupted"

    @property
    def rate(self) -> float:
        """Programs a second of wall-clock time."""
        return self.stats.programs / self.seconds if self.seconds else 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing failed."""
        return not (self.stats.violations or self.stats.crashes or self.errors)

    @property
    def undecided(self) -> float:
        """Mean share of an output's elements on which the reference does not commit itself."""
        return self.stats.undecided / self.stats.outputs if self.stats.outputs else 0.0

    @property
    def failures_by_set(self) -> list[tuple[str, int, int]]:
        """(set of inputs, failed runs, runs) of the sets that showed failures, most first."""
        rows = [
            (name, sum(kinds[k] for k in FAILURES), kinds.total())
            for name, kinds in sorted(self.stats.sets.items())
        ]
        return sorted((r for r in rows if r[1]), key=lambda r: -r[1])

    @property
    def resume(self) -> str:
        """The command that goes on with the campaign."""
        from verify.fuzz.store import DEFAULT

        where = "" if self.config.directory == DEFAULT else f" --directory {self.config.directory}"
        return f"assay fuzz --resume {self.campaign}{where}"

    def to_json(self) -> dict[str, Any]:
        """The document that ``assay fuzz --json`` prints."""
        s = self.stats
        return {
            "campaign": self.campaign,
            "state": self.state,
            "code": self.config.code,
            "seed": self.config.seed,
            "target": self.config.target,
            "level": self.config.level,
            "precision": self.config.precision,
            "fault": self.config.fault,
            "programs": s.programs,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(s.cpu_seconds, 3),
            "rate": round(self.rate, 2),
            "violations": s.violations,
            "crashes": s.crashes,
            "errors": self.errors,
            "verdicts": dict(s.verdicts.most_common()),
            "sets": {name: dict(kinds.most_common()) for name, kinds in sorted(s.sets.items())},
            "explained": dict(s.explained.most_common()),
            "undecided": round(self.undecided, 6),
            "findings": [f.to_json() for f in self.findings],
            "ops": dict(s.ops.most_common()),
            "rewrites": dict(s.rewrites.most_common()),
        }

    def sentence(self) -> str:
        """One sentence for people."""
        s = self.stats
        found = f"{len(self.findings)} finding{'' if len(self.findings) == 1 else 's'}"
        parts = [f"{s.violations} violations", f"{s.crashes} crashes", found]
        if self.errors:
            parts.append(f"{self.errors} faults of Assay itself")
        state = " (interrupted)" if self.interrupted else ""
        return (
            f"campaign {self.campaign}{state}: {s.programs:,} programs of seed {self.config.seed} "
            f"in {self.seconds:.1f} s ({self.rate:.0f}/s), {', '.join(parts)}"
        )
