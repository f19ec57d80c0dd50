"""What a mutation run comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from verify.mutation.outcome import Outcome, Unseen
from verify.mutation.sample import Unbroken


@dataclass(frozen=True, slots=True)
class Score:
    """The result of a run: outcomes, and what the judges say of the unbroken compiler.

    Attributes:
        unseen: hits that did not come again, and are not counted.
        left_out: mutants of the hunted rules that are no faults, and why.
        code: fingerprint of the code that made all of it.
    """

    outcomes: tuple[Outcome, ...]
    unbroken: Unbroken
    seed: int
    count: int
    budget: int
    unseen: tuple[Unseen, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    code: str = ""

    def of(self, origin: str) -> list[Outcome]:
        """The outcomes of written or derived faults that are not equivalent."""
        return [o for o in self.outcomes if o.origin == origin and not o.equivalent]

    def to_json(self) -> dict[str, Any]:
        """``{"faults": [...], "unbroken": {...}}`` and the rest of the fields."""
        return {
            "faults": [o.to_json() for o in self.outcomes],
            "unbroken": self.unbroken.to_json(),
            "seed": self.seed,
            "count": self.count,
            "budget": self.budget,
            "unseen": [asdict(u) for u in self.unseen],
            "left_out": dict(self.left_out),
            "code": self.code,
        }
