"""What calibration counts: figures of many judged programs that add up over workers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from compiler.ir import Array

STEPS = 8  # of the histogram, to a factor of two


@dataclass(frozen=True, slots=True)
class Shares:
    """How far results lie from the center, as shares of the bound: a histogram in steps of an
    eighth of an octave, so that quantiles are good to 5 %.

    Attributes:
        exact: elements that are the center itself.
        bins: number of elements by floor(8 log2(actual error / bound)).
    """

    exact: int = 0
    bins: Mapping[int, int] = field(default_factory=dict)

    @staticmethod
    def of(actual: Array, bound: Array) -> Shares:
        """The histogram of ``actual / bound``: floats of one shape, every bound positive."""
        share = (actual / bound).astype(np.float64).ravel()
        seen = share[share > 0]
        keys, counts = np.unique(np.floor(np.log2(seen) * STEPS).astype(int), return_counts=True)
        bins = dict(zip(keys.tolist(), counts.tolist(), strict=True))
        return Shares(share.size - seen.size, bins)

    @property
    def elements(self) -> int:
        """How many elements have a bound."""
        return self.exact + sum(self.bins.values())

    def quantile(self, q: float, *, exact: bool = True) -> float:
        """The share that a part ``q`` of the elements does not exceed; 0 if that is ``exact``, nan
        where there are no elements. Without ``exact`` those are left out.
        """
        zeros = self.exact if exact else 0
        total = zeros + sum(self.bins.values())
        if not total:
            return math.nan
        wanted = q * total - zeros
        if wanted <= 0:
            return 0.0
        for key in sorted(self.bins):
            wanted -= self.bins[key]
            if wanted <= 0:
                break
        return float(2.0 ** ((key + 0.5) / STEPS))

    def __add__(self, other: Shares) -> Shares:
        return Shares(self.exact + other.exact, _sum(self.bins, other.bins))


@dataclass(frozen=True, slots=True)
class Tally:
    """The figures of some programs.

    Attributes:
        programs: drawn and compiled.
        judged: of these, programs of which at least one run was judged.
        runs: judged pairs of a program and inputs.
        ops: ops of ``main`` of the judged programs, once a run.
        failures: programs by kind of failure: ``violation``, ``crash``, ``timeout``, ...
        explained: programs of which a run is only right by the target's profile.
        deviations: those programs by the name of the deviation.
        unstable: programs of which a run is ``unstable``, and none worse.
        elements: elements of outputs, by input set.
        undecided: those of which nothing is known, by input set.
        shares: actual error / bound over elements with a finite bound above 0, where the run was
            neither a failure nor explained.
        judge_seconds: CPU time of bounds and verdict.
        plain_seconds: CPU time of evaluating the same programs on the same inputs in NumPy.
    """

    programs: int = 0
    judged: int = 0
    runs: int = 0
    ops: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    explained: int = 0
    deviations: Mapping[str, int] = field(default_factory=dict)
    unstable: int = 0
    elements: Mapping[str, int] = field(default_factory=dict)
    undecided: Mapping[str, int] = field(default_factory=dict)
    shares: Shares = Shares()
    judge_seconds: float = 0.0
    plain_seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Programs that failed in any way."""
        return sum(self.failures.values())

    @property
    def cost(self) -> float:
        """CPU time of the judge, relative to evaluating the program in NumPy."""
        return self.judge_seconds / self.plain_seconds if self.plain_seconds else math.nan

    @property
    def looseness(self) -> float:
        """Median of bound / actual error; an element without an error counts as infinitely loose.

        The inverse of the median tightness.
        """
        median = self.shares.quantile(0.5)
        return 1 / median if median else math.inf

    def undecided_share(self, inputs: str = "") -> float:
        """The share of undecided elements, of the input set ``inputs`` or of all."""
        names = [inputs] if inputs else list(self.elements)
        total = sum(self.elements.get(n, 0) for n in names)
        return sum(self.undecided.get(n, 0) for n in names) / total if total else math.nan

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{f.name: _joined(self, other, f.name) for f in fields(self)})

    def to_json(self) -> dict[str, Any]:
        """All fields; the histogram's keys become text, as JSON demands."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Tally:
        """The tally written by :meth:`to_json`."""
        shares = data["shares"]
        bins = {int(k): n for k, n in shares["bins"].items()}
        return Tally(**{**data, "shares": Shares(shares["exact"], bins)})


def _joined(a: Tally, b: Tally, name: str) -> Any:
    x, y = getattr(a, name), getattr(b, name)
    return _sum(x, y) if isinstance(x, Mapping) else x + y


def _sum(a: Mapping[Any, int], b: Mapping[Any, int]) -> dict[Any, int]:
    return dict(Counter(a) + Counter(b))
