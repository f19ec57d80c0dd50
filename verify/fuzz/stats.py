"""Counts of a chunk of programs, of a campaign, and what of them is coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.ir import Module
from verify.examine import FAILURES, Examination
from verify.oracle import ORDER

CRASHES = ("crash", "timeout")
VIOLATIONS = ("violation", "nondeterministic")
_LADDER = ("unsupported", *ORDER)


@dataclass(slots=True)
class Stats:
    """Counts; they add up over chunks in any order.

    Attributes:
        programs: examined ones.
        cpu_seconds: of the workers.
        verdicts: of programs, by kind.
        sets: verdicts of runs, by set of inputs and kind; nothing of programs that were not run.
        explained: failures that the target declares, by the name of the deviation.
        ops: of all functions of all programs, by name.
        rewrites: that fired, by ``pass:rule``.
        outputs: judged outputs.
        undecided: outputs' shares of elements on which the reference does not commit itself,
            summed.
    """

    programs: int = 0
    cpu_seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    sets: dict[str, Counter[str]] = field(default_factory=dict)
    explained: Counter[str] = field(default_factory=Counter)
    ops: Counter[str] = field(default_factory=Counter)
    rewrites: Counter[str] = field(default_factory=Counter)
    outputs: int = 0
    undecided: float = 0.0

    def program(self, module: Module) -> None:
        """Count a program's ops."""
        ops = self.ops
        for f in module.functions:
            for n in f.graph.nodes:
                ops[n.op] += 1

    def examined(self, runs: Sequence[tuple[str, Examination]]) -> None:
        """Count one program by :func:`verdict`, and the rewrites that fired.

        Args:
            runs: of the program, at least one, each with the name of its set of inputs; empty names
                for a program that did not get as far.
        """
        self.programs += 1
        self.verdicts[verdict([x.kind for _, x in runs])] += 1
        self.explained.update({name for _, x in runs for name in x.deviations})
        trace = runs[0][1].trace
        if trace is not None:
            rewrites = self.rewrites
            for a in trace.applications:
                rewrites[f"{a.pass_name}:{a.rule}"] += 1
        for name, found in runs:
            if name:
                self.sets.setdefault(name, Counter())[found.kind] += 1
            for o in found.verdict.outputs:
                self.outputs += 1
                self.undecided += o.undecided

    def failed(self, kind: str) -> None:
        """Count a program that took its worker down, or on which Assay itself raised."""
        self.programs += 1
        self.verdicts[kind] += 1

    def add(self, other: Stats) -> None:
        """Add the counts of another chunk."""
        self.programs += other.programs
        self.cpu_seconds += other.cpu_seconds
        self.verdicts.update(other.verdicts)
        for name, kinds in other.sets.items():
            self.sets.setdefault(name, Counter()).update(kinds)
        self.explained.update(other.explained)
        self.ops.update(other.ops)
        self.rewrites.update(other.rewrites)
        self.outputs += other.outputs
        self.undecided += other.undecided

    @property
    def violations(self) -> int:
        """Programs with a wrong or unsteady result."""
        return sum(self.verdicts[k] for k in VIOLATIONS)

    @property
    def crashes(self) -> int:
        """Programs on which the target died or did not end."""
        return sum(self.verdicts[k] for k in CRASHES)

    def to_json(self) -> dict[str, Any]:
        """A JSON form, read back by :meth:`from_json`."""
        return {
            "programs": self.programs,
            "cpu_seconds": round(self.cpu_seconds, 4),
            "verdicts": dict(self.verdicts),
            "sets": {name: dict(kinds) for name, kinds in self.sets.items()},
            "explained": dict(self.explained),
            "ops": dict(self.ops),
            "rewrites": dict(self.rewrites),
            "outputs": self.outputs,
            "undecided": round(self.undecided, 4),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Stats:
        """The counts written by :meth:`to_json`."""
        return Stats(
            data["programs"],
            data["cpu_seconds"],
            Counter(data["verdicts"]),
            {name: Counter(kinds) for name, kinds in data["sets"].items()},
            Counter(data["explained"]),
            Counter(data["ops"]),
            Counter(data["rewrites"]),
            data["outputs"],
            data["undecided"],
        )


def verdict(kinds: Sequence[str]) -> str:
    """The verdict on a program from those on its runs: the first failure, else the one farthest
    from ``identical``; ``unsupported`` only if nothing was judged.
    """
    failure = next((k for k in kinds if k in FAILURES), "")
    return failure or max(kinds, key=_LADDER.index)


def total(chunks: Iterable[dict[str, Any]]) -> Stats:
    """The sum of stored chunks."""
    out = Stats()
    for chunk in chunks:
        out.add(Stats.from_json(chunk))
    return out
