"""``assay replay``: does a stored case still fail?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from verify.cli.ui import Output, fail

GIT_BISECT_SKIP = 125


def replay_(
    case: Path,
    /,
    *,
    target: str | None = None,
    level: Annotated[int | None, Parameter(name=("-O", "--level"))] = None,
    fault: str | None = None,
    git_bisect: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Run a stored case again.

    For example: `git bisect run assay replay corpus/maximum-loses-nan --git-bisect`

    Args:
        case: folder of the case.
        target: compiler to test in the place of the case's own.
        level: optimisation level in the place of the case's own.
        fault: injected bug to switch on; the case's own by default, "" for none.
        git_bisect: exit codes for git bisect run: 0 good, 1 bad, 125 cannot tell.
        json: one JSON document on standard output, text on standard error.
    """
    try:
        code = _replay(case, target=target, level=level, fault=fault, out=Output(json))
    except Exception as e:  # git would take any other code for "bad"
        if not git_bisect:
            raise
        fail(e, as_json=json)
        return GIT_BISECT_SKIP
    return GIT_BISECT_SKIP if git_bisect and code in (3, 4) else code


def _replay(
    case: Path, *, target: str | None, level: int | None, fault: str | None, out: Output
) -> int:
    from verify.cli import programs
    from verify.cli.check import EXIT

    stored, found, _ = programs.examine_case(case, target=target, level=level, fault=fault)
    was = stored.meta.get("kind", "")
    out.say(
        f"{case}  {stored.target} -O{stored.level}  {found.kind}  (contract: {found.contract})"
        + f"  (was: {was})" * bool(was)
    )
    if found.note:
        out.say("  " + found.note.strip().splitlines()[-1])
    out.document(
        {
            "case": str(case),
            "target": stored.target,
            "level": stored.level,
            "verdict": found.kind,
            "contract": str(found.contract),
            "was": was,
            "note": found.note,
        }
    )
    return EXIT[found.kind]
