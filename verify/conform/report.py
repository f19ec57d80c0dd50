"""Counting verdicts: which are findings, shares of ops and families, the document for machines."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from verify.conform.forms import ARGUMENTS, CONSTANTS
from verify.conform.judge import ACCEPTED, PASS, REJECTED, UNSUPPORTED, Step
from verify.conform.run import Record
from verify.conform.suite import CHECKED, NEGATIVE

_PLACE = re.compile(r"^[0-9]+:[0-9]+: ")
REFUSED = "X"  # the tier of cases that must be refused by name
WANTED = frozenset("AD")  # tiers of which nothing may be refused
_SHORT = {CONSTANTS: "const", ARGUMENTS: "args"}  # in heads of a table


def sound(record: Record) -> bool:
    """Whether a verdict is what it should be, or says nothing: a refusal by name counts against
    Assay only in the tiers that the index calls its own, and a case that upstream has switched off
    never does.
    """
    case, verdict = record.case, record.outcome.verdict
    if case.disabled:
        return True
    if case.kind == NEGATIVE:
        return verdict == REJECTED
    return verdict == PASS or (verdict == UNSUPPORTED and case.tier not in WANTED)


def shares(records: Iterable[Record]) -> tuple[dict[str, float], dict[str, float]]:
    """Macro averages over the cases that check themselves: for each op the share of passes among
    the verdicts on cases that hold it, for each family the mean over its ops.

    Left out are cases that upstream has switched off and those of the tier that must be refused.
    """
    passed: dict[str, list[bool]] = defaultdict(list)
    for r in records:
        if r.case.kind == CHECKED and not r.case.disabled and r.case.tier != REFUSED:
            for op in r.case.ops:
                passed[op].append(r.outcome.verdict == PASS)
    ops = {op: fmean(values) for op, values in sorted(passed.items())}
    members: dict[str, list[float]] = defaultdict(list)
    for op, share in ops.items():
        members[family(op)].append(share)
    return ops, {name: fmean(values) for name, values in sorted(members.items())}


def family(op: str) -> str:
    """The family of an op in the op table; ``chlo`` or ``other`` where it is not there."""
    from compiler.ops import OPS

    if op in OPS:
        return OPS[op].family
    return "chlo" if op.startswith("chlo.") else "other"


def lines_named(records: Sequence[Record]) -> tuple[int, int]:
    """Of the invalid cases that were rejected, how many at a right line, and how many there are."""
    found = {
        r.case.file: "[expected at line" not in r.outcome.detail
        for r in records
        if r.case.kind == NEGATIVE and r.outcome.verdict == REJECTED
    }
    return sum(found.values()), len(found)


def group(case_tier: str, kind: str) -> str:
    """The row of the overview that a case belongs to."""
    return f"tier {case_tier}" if case_tier else kind


def overview(records: Sequence[Record]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a table: how many cases of each tier are as they should be, for each way
    of running them.
    """
    ways = list(dict.fromkeys(_way(r.step) for r in records))
    right: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for r in records:
        key = group(r.case.tier, r.case.kind), _way(r.step)
        if not r.case.disabled:
            total[key] += 1
            right[key] += r.outcome.verdict == _aim(r)
    rows = []
    for name in sorted({name for name, _ in total}):
        cells = [_of(right[name, way], total[name, way]) for way in ways]
        rows.append([name, *cells])
    return ["", *ways], rows


def _aim(record: Record) -> str:
    """The verdict that a case is there for."""
    if record.case.kind == NEGATIVE:
        return REJECTED
    return UNSUPPORTED if record.case.tier == REFUSED else PASS


def _way(step: Step) -> str:
    level = "" if step.level is None else f" -O{step.level}"
    return f"{step.engine}{level} {_SHORT[step.form]}"


def _of(right: int, total: int) -> str:
    return f"{right}/{total}" if total else "-"


def failures(records: Iterable[Record]) -> list[str]:
    """One line for each finding: file, how it was run, verdict, why; ways with one outcome share a
    line.
    """
    same: dict[tuple[str, str, str, str], list[Step]] = defaultdict(list)
    for r in records:
        if not sound(r):
            key = r.case.file, r.step.engine, r.outcome.verdict, r.outcome.detail
            same[key].append(r.step)
    return [
        f"{verdict.upper()} {file}  {_ways(steps)}: {detail}"
        for (file, _engine, verdict, detail), steps in same.items()
    ]


def refusals(records: Iterable[Record]) -> list[tuple[str, int]]:
    """What was refused by name (without places), and in how many cases; the most common first."""
    found: dict[str, set[str]] = defaultdict(set)
    for r in records:
        if r.outcome.verdict == UNSUPPORTED:
            found[_PLACE.sub("", r.outcome.detail)].add(r.case.file)
    return sorted(((why, len(files)) for why, files in found.items()), key=lambda x: -x[1])


def _ways(steps: Sequence[Step]) -> str:
    levels = ",".join(f"-O{n}" for n in dict.fromkeys(s.level for s in steps) if n is not None)
    names = ",".join(dict.fromkeys(s.form for s in steps))
    return " ".join(part for part in (steps[0].engine, levels, names) if part)


def document(records: Sequence[Record], *, interrupted: bool = False) -> dict[str, Any]:
    """The document for machines."""
    ops, families = shares(records)
    right, rejected = lines_named(records)
    return {
        "cases": [_entry(r) for r in records],
        "ops": ops,
        "families": families,
        "verdicts": dict(Counter(r.outcome.verdict for r in records)),
        "lines": {"right": right, "rejected": rejected},
        "interrupted": interrupted,
    }


def _entry(r: Record) -> dict[str, Any]:
    return {
        "file": r.case.file,
        "engine": r.step.engine,
        "level": r.step.level,
        "form": r.step.form,
        "verdict": r.outcome.verdict,
        "detail": r.outcome.detail,
        "tier": r.case.tier,
        "kind": r.case.kind,
        "disabled": r.case.disabled,
        "ok": sound(r),
    }


def exit_code(records: Sequence[Record]) -> int:
    """1 where there is a finding, 4 where nothing was judged, else 0."""
    if not all(map(sound, records)):
        return 1
    judged = any(r.outcome.verdict in (PASS, REJECTED, ACCEPTED) for r in records)
    return 0 if judged else 4
