"""``assay mutate``: the mutation score."""

from __future__ import annotations

import json as json_
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from verify.cli.ui import Output, writing

if TYPE_CHECKING:
    from verify.calibrate import Calibration
    from verify.mutation import Progress, Score

CALIBRATIONS = Path(".assay/calibration.json")
REPORTS = Path("reports")


def mutate_(
    *names: str,
    origin: Annotated[Literal["all", "written", "derived"], Parameter(name="--faults")] = "all",
    count: int = 5000,
    seed: int = 0,
    jobs: Annotated[int, Parameter(name=("-j", "--jobs"))] = 0,
    budget: int = 200,
    resume: Annotated[bool, Parameter(negative=())] = False,
    report: Path | None = None,
    calibrate: int = 0,
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Switch each injected fault on, and report how many are found and who is blamed.

    For example: `assay mutate --count 5000` or `assay mutate 'layout/*' --count 500`

    All is kept in .assay/mutation.sqlite; after Ctrl-C go on with --resume. Where all faults are
    hunted, or with --report, mutation.md and mutation.html are written. Exit code 1: a fault was
    not found that the prover does not show to be equivalent.

    Args:
        names: faults to hunt for, or patterns; all by default.
        origin: faults written by hand, derived from the rules, or all.
        count: programs for each fault at most.
        seed: the same seed makes the same programs.
        jobs: worker processes; one a core by default.
        budget: reduction tests for each fault.
        resume: go on with the run of the same faults, seed and budget that this code began; --count
            may be larger.
        report: folder of the report; reports by default.
        calibrate: also judge so many programs of each depth without a fault, for every compiler
            that is installed; kept for later reports.
        list_: only list the faults.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli.programs import check_at_least
    from verify.mutation import chosen, mutate
    from verify.report.mutation import sentence

    out = Output(json)
    check_at_least(1, count=count)
    check_at_least(0, jobs=jobs, budget=budget, calibrate=calibrate)
    if list_:
        return _list(out, names, origin)
    wanted = chosen(names, origin)
    out.say(f"{len(wanted)} faults, seed {seed}, {count} programs at most")
    measured = _calibrations(calibrate, seed, jobs)
    try:
        with _display() as show:
            score = mutate(
                wanted,
                count=count,
                seed=seed,
                jobs=jobs,
                budget=budget,
                resume=resume,
                on_progress=show,
            )
    except KeyboardInterrupt:
        out.say("what was found is kept: go on with the same command and --resume")
        raise
    _tell(out, score)
    folder = report or (None if names else REPORTS)
    if folder is not None:
        _write(out, score, measured, folder)
    out.say(sentence(score))
    missed = [o.name for o in score.outcomes if not o.found and not o.equivalent]
    if missed:
        out.say(f"next: assay mutate '{missed[0]}' --count {4 * count}")
    out.document(score.to_json())
    return 1 if missed else 0


def _list(out: Output, names: tuple[str, ...], origin: str) -> int:
    from verify.mutation import catalogue, chosen

    known = catalogue(origin)
    faults = [known[n] for n in chosen(names, origin)]
    out.table([(f.name, f.kind, f.pass_name, f.summary) for f in faults])
    listed = [{"name": f.name, "class": f.kind, "summary": f.summary} for f in faults]
    out.document({"faults": listed})
    return 0


def _tell(out: Output, score: Score) -> None:
    """A line a fault, where they are few; of many, those that were not found or wrongly blamed."""
    few = len(score.outcomes) <= 40
    rows = []
    for o in score.outcomes:
        if not few and (o.equivalent or (o.found and o.rewrite_right)):
            continue
        isolation, named = o.isolation, o.found and o.names_rewrite
        rows.append(
            (
                o.name,
                o.kind,
                str(o.hit.program + 1) if o.hit else "not found",
                "equivalent" if o.equivalent else o.oracle,
                {True: "right", False: "WRONG"}[o.pass_right] if o.found else "",
                {True: "right", False: "WRONG"}[o.rewrite_right] if named else "",
                str(isolation.ops or "") if isolation else "",
                str(isolation.tests or "") if isolation else "",
                isolation.note if isolation else "",
            )
        )
    head = ("fault", "class", "programs", "oracle", "pass", "rewrite", "ops", "tests", "")
    out.table(rows, head if rows else ())


def _write(out: Output, score: Score, measured: list[Calibration], folder: Path) -> None:
    from verify.report import write
    from verify.report.mutation import page

    with writing(folder):
        paths = write(page(score, measured), folder, "mutation")
    out.say(f"wrote {' and '.join(map(str, paths))}")


def _calibrations(count: int, seed: int, jobs: int) -> list[Calibration]:
    """Measured now, where that is asked for, else what was measured last."""
    from verify.calibrate import Calibration, calibrate
    from verify.files import write_whole
    from verify.targets import targets

    if not count:
        if not CALIBRATIONS.exists():
            return []
        data = json_.loads(CALIBRATIONS.read_text("utf-8"))
        return [Calibration.from_json(c) for c in data]
    installed = [name for name, entry in targets().items() if entry.installed]
    found = [calibrate(name, 2, count, seed, jobs) for name in installed]
    with writing(CALIBRATIONS):
        write_whole(CALIBRATIONS, json_.dumps([c.to_json() for c in found]) + "\n")
    return found


@contextmanager
def _display() -> Iterator[Callable[[Progress], None]]:
    """Bars on a terminal; elsewhere a line now and then."""
    from verify.mutation.progress import Display

    with Display() as display:
        yield display
