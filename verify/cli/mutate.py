"""``assay mutate``: the mutation score."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from verify.cli.ui import Output

if TYPE_CHECKING:
    from verify.mutate import Outcome, Score

STATE = Path(".assay/mutation.json")


def mutate_(
    *names: str,
    count: int = 2000,
    seed: int = 0,
    jobs: Annotated[int, Parameter(name=("-j", "--jobs"))] = 0,
    budget: int = 200,
    resume: Annotated[bool, Parameter(negative=())] = False,
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Switch each injected fault on, and report how many are found and who is blamed.

    For example: `assay mutate --count 2000`

    Outcomes are kept in .assay/mutation.json; after Ctrl-C go on with --resume. Exit code 1: a
    fault was not found.

    Args:
        names: faults to hunt for; all by default.
        count: programs examined for each fault at most.
        seed: the same seed makes the same programs.
        jobs: worker processes; one a core by default.
        budget: reduction tests for each finding.
        resume: do not hunt again for what is found already.
        list_: only list the faults.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli.programs import check_at_least
    from verify.faults import FAULTS
    from verify.mutate import chosen, mutate

    out = Output(json)
    if list_:
        out.table([(f.name, f.kind, f.pass_name, f.summary) for f in FAULTS.values()])
        kinds = [{"name": f.name, "class": f.kind, "summary": f.summary} for f in FAULTS.values()]
        out.document({"faults": kinds})
        return 0
    check_at_least(1, count=count)
    check_at_least(0, jobs=jobs, budget=budget)
    wanted = chosen(names)
    out.say(f"seed {seed}, {count} programs a fault at most")
    score = mutate(
        wanted,
        count=count,
        seed=seed,
        jobs=jobs,
        budget=budget,
        state=STATE,
        resume=resume,
        on_outcome=_tell,
    )
    _report(out, score)
    out.document(score.to_json())
    return 0 if len(score.found) == len(score.outcomes) else 1


def _tell(outcome: Outcome, done: int, total: int) -> None:
    """A line about each fault as it comes in."""
    if outcome.found:
        blamed = ":".join(n for n in (outcome.pass_name, outcome.rewrite) if n) or outcome.note
        text = f"found after {outcome.programs}, blamed {blamed}, {outcome.reduced_ops} ops"
    else:
        text = f"not found in {outcome.programs} programs"
    print(f"[{done}/{total}] {outcome.name}: {text}", file=sys.stderr, flush=True)


def _report(out: Output, score: Score) -> None:
    mark = {True: "right", False: "WRONG"}
    out.table(
        [
            (
                o.name,
                o.kind,
                str(o.programs) if o.found else "not found",
                mark[o.pass_right] if o.found else "",
                mark[o.rewrite_right] if o.found else "",
                str(o.reduced_ops or ""),
                str(o.tests or ""),
                f"{o.seconds:.1f} s",
                o.note,
            )
            for o in score.outcomes
        ],
        ("fault", "class", "programs", "pass", "rewrite", "ops", "tests", "time", ""),
    )
    out.say(score.sentence())
    missed = [o.name for o in score.outcomes if not o.found]
    if missed:
        out.say(f"next: assay mutate {missed[0]} --count {4 * score.count}")
