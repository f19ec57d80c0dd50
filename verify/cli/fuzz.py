"""``assay fuzz``: a campaign, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from verify.cli.ui import Output

if TYPE_CHECKING:
    from verify.fuzz import Progress, Summary

MINUTE = 60.0


def fuzz_(
    *,
    seconds: float | None = None,
    count: int | None = None,
    jobs: Annotated[int, Parameter(name=("-j", "--jobs"))] = 0,
    seed: int = 0,
    level: Annotated[int, Parameter(name=("-O", "--level"))] = 2,
    precision: str = "",
    target: str = "assay",
    fault: str = "",
    resume: int | None = None,
    directory: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Search for miscompiles with generated programs.

    For example: `assay fuzz --seconds 600 --jobs 8 -O2`

    Ends after a minute if neither --seconds nor --count is given. Ctrl-C ends it cleanly; --resume
    goes on with it.

    Args:
        seconds: how long to run.
        count: how many programs to check.
        jobs: worker processes; one a core by default.
        seed: the same seed makes the same programs.
        level: optimisation level.
        precision: lower chosen ops to bf16 or f16.
        target: compiler to test; see assay targets.
        fault: switch an injected compiler bug on.
        resume: number of a campaign to go on with.
        directory: where campaigns and findings are kept; .assay by default.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli.programs import check_at_least, check_level, check_names, check_precision
    from verify.fuzz import CampaignConfig, campaign
    from verify.fuzz import resume as go_on
    from verify.fuzz.store import DEFAULT

    check_at_least(0, seconds=seconds, count=count, jobs=jobs)
    where = directory or DEFAULT
    out = Output(json)
    with watch() as seen:
        if resume is not None:
            changes: dict[str, Any] = {"seconds": seconds, "count": count, "jobs": jobs or None}
            given = {k: v for k, v in changes.items() if v is not None}
            summary = go_on(resume, where, seen, **given)
        else:
            if seconds is None and count is None:
                seconds = MINUTE
            config = CampaignConfig(
                seed=seed,
                count=count,
                seconds=seconds,
                jobs=jobs,
                target=target,
                level=check_level(level),
                precision=check_precision(precision),
                fault=fault,
                directory=where,
            )
            check_names(target, fault)
            summary = campaign(config, seen)
    _report(out, summary)
    out.document(summary.to_json())
    return _exit_code(summary)


def _exit_code(summary: Summary) -> int:
    if summary.interrupted:
        return 130
    if summary.errors:
        return 5
    return 0 if summary.clean else 1


def _report(out: Output, summary: Summary) -> None:
    stats = summary.stats
    out.say(summary.sentence())
    verdicts = ", ".join(f"{n:,} {kind}" for kind, n in stats.verdicts.most_common())
    out.say(f"  verdicts: {verdicts or 'none'}")
    if failed := summary.failures_by_set:
        shares = ", ".join(f"{name} {n:,} of {runs:,}" for name, n, runs in failed)
        out.say(f"  failed runs by inputs: {shares}")
    if stats.explained:
        names = ", ".join(f"{name} {n:,}" for name, n in stats.explained.most_common())
        out.say(f"  explained: {names}")
    out.say(f"  coverage: {len(stats.ops)} ops, {len(stats.rewrites)} rewrites fired")
    out.table(
        [
            (f"  {f.key}", f.kind, f"{f.ops} ops", f"assay replay {f.folder}")
            for f in summary.findings
        ]
    )
    if summary.interrupted:
        out.say(f"go on with: {summary.resume}")
    elif summary.findings:
        out.say(f"next: assay bisect {summary.findings[0].folder}")


@contextmanager
def watch() -> Iterator[Callable[[Progress], None]]:
    """A live display on a terminal; elsewhere one line each half minute."""
    from verify.fuzz.progress import Display

    with Display() as display:
        yield display
