"""``assay conform``: StableHLO files that say themselves what is right."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from compiler.errors import InputError
from verify.cli.ui import INTERRUPTED, Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verify.conform.run import Record

# Engines, and the levels at which they run by default.
ENGINES: dict[str, tuple[int | None, ...]] = {
    "reference": (None,),
    "compiler": (0, 1, 2),
    "xla": (2,),
}
BOTH = ("reference", "compiler")
REASONS = 10  # of refusals that are printed


def conform_(
    suite: Path,
    /,
    *,
    engine: Annotated[list[str] | None, Parameter(negative=())] = None,
    level: Annotated[str, Parameter(name=("-O", "--level"))] = "",
    jobs: Annotated[int, Parameter(name=("-j", "--jobs"))] = 0,
    only: Annotated[list[str] | None, Parameter(negative=())] = None,
    seconds: float = 60.0,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Run a folder of StableHLO files that check themselves.

    For example: `assay conform stablehlo/tests/interpret --engine compiler -O1`

    Each case runs twice: with its inputs as constants, and as arguments. Verdicts: pass, fail,
    unsupported (refused by name), error (no verdict: it crashed, or took too long); rejected and
    accepted of cases that must be rejected.

    Args:
        suite: folder; a file may hold several cases, divided by `// -----`.
        engine: reference, compiler or xla; may be given several times; the first two by default.
        level: optimisation levels, such as 0,1,2 (the default for the compiler).
        jobs: worker processes; one a core by default.
        only: pattern of file names; may be given several times.
        seconds: for one case in one way.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli.programs import check_at_least
    from verify.conform.progress import Display
    from verify.conform.report import document, exit_code
    from verify.conform.run import Run
    from verify.conform.suite import find

    check_at_least(0, jobs=jobs)
    check_at_least(0.1, seconds=seconds)
    engines = _engines(engine or BOTH, level)
    run = Run(find(suite, only or ()), engines, jobs, seconds)
    started = time.monotonic()
    with Display() as display:
        records = run.run(display)
    out = Output(json)
    _report(out, records)
    files = len({r.case.file for r in records})
    done = f"{len(records):,} verdicts on {files:,} case{'s' * (files != 1)}"
    out.say(f"{done} in {time.monotonic() - started:.1f} s: {_verdicts(records)}")
    out.document(document(records, interrupted=run.interrupted))
    if run.interrupted:
        out.say(f"interrupted: {run.count - len(records):,} verdicts are missing")
        return INTERRUPTED
    return exit_code(records)


def _engines(names: Sequence[str], level: str) -> dict[str, tuple[int | None, ...]]:
    """The levels of each engine; InputError for one that does not exist or is not installed."""
    from verify.cli.programs import check_names, parse_levels

    levels = parse_levels(level) if level else []
    chosen: dict[str, tuple[int | None, ...]] = {}
    for name in names:
        if name not in ENGINES:
            raise InputError(f"there is no engine {name!r}", hint=f"known: {', '.join(ENGINES)}")
        if name == "xla":
            check_names(name, "")
        own = name != "reference" and levels
        chosen[name] = tuple(levels) if own else ENGINES[name]
    return chosen


def _verdicts(records: Sequence[Record]) -> str:
    from collections import Counter

    counts = Counter(r.outcome.verdict for r in records)
    return ", ".join(f"{n:,} {verdict}" for verdict, n in counts.most_common()) or "none"


def _report(out: Output, records: Sequence[Record]) -> None:
    """Findings, then tiers, then families and the ops of which something fails."""
    from verify.conform import report

    for line in report.failures(records):
        out.say(line)
    if not records:
        return
    for why, count in report.refusals(records)[:REASONS]:
        out.say(f"refused in {count} case{'s' * (count != 1)}: {why}")
    heads, rows = report.overview(records)
    out.table(rows, heads)
    ops, families = report.shares(records)
    members = {f: [op for op in ops if report.family(op) == f] for f in families}
    below = {
        f: ", ".join(f"{op} {_percent(ops[op])}" for op in names if ops[op] < 1)
        for f, names in members.items()
    }
    if families:
        out.say()
        table = [(f, len(members[f]), _percent(s), below[f]) for f, s in families.items()]
        out.table(table, ("family", "ops", "pass", "ops below 100 %"))
        mean = sum(families.values()) / len(families)
        out.say(f"mean of the families {_percent(mean)}, of the ops {_percent(_mean(ops))}")
    right, rejected = report.lines_named(records)
    if rejected:
        out.say(f"{right} of {rejected} rejected where upstream points at")


def _mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values)


def _percent(share: float) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{int(share * 1000) / 10:g} %"
