"""``assay gate``: one verdict on a change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from compiler.errors import InputError
from verify.cli.ui import Output

EXIT = {"passed": 0, "failed": 1, "inconclusive": 3}


def gate_(
    *,
    corpus: Path = Path("corpus"),
    seconds: float = 60.0,
    seed: int = 0,
    jobs: Annotated[int, Parameter(name=("-j", "--jobs"))] = 0,
    level: Annotated[int, Parameter(name=("-O", "--level"))] = 2,
    skip: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    directory: Path = Path(".assay"),
    out: Path = Path("reports/gate"),
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """What a change must pass: proofs, corpus, fuzz budget.

    For example: `assay gate --seconds 300 --jobs 8`

    Writes gate.xml (JUnit) and gate.md (Markdown) to the folder --out.

    Args:
        corpus: folder of the cases to replay.
        seconds: fuzz budget.
        seed: of the campaign.
        jobs: worker processes; one a core by default.
        level: optimisation level of the campaign.
        skip: leave a step out (prove, corpus or fuzz); may be given several times.
        directory: where the campaign is kept.
        out: folder for the reports.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli.programs import check_at_least, check_level
    from verify.cli.ui import writing
    from verify.files import write_whole
    from verify.gate import STEPS, Settings, gate, junit, markdown

    check_at_least(0, seconds=seconds, jobs=jobs)
    unknown = sorted(set(skip) - set(STEPS))
    if unknown:
        raise InputError(f"there is no step {unknown[0]!r}", hint=f"steps: {', '.join(STEPS)}")
    if not corpus.is_dir() and "corpus" not in skip:
        raise InputError(f"{corpus}: no such folder", hint="set --corpus, or --skip corpus")
    text = Output(json)
    settings = Settings(corpus, seconds, seed, jobs, check_level(level), directory)
    result = gate(
        settings,
        skip=frozenset(skip),
        on_step=lambda s: text.say(f"{s.name:8} {s.verdict:13} {s.seconds:7.1f} s  {s.text}"),
    )
    for step in result.steps:
        for check in step.checks:
            if check.verdict != "passed":
                text.say(f"  {step.name}: {check.verdict}: {check.name}: {check.text}")
    with writing(out):
        write_whole(out / "gate.xml", junit(result))
        write_whole(out / "gate.md", markdown(result))
    text.say(f"gate: {result.verdict}    {out / 'gate.xml'}    {out / 'gate.md'}")
    text.document(
        {
            "verdict": result.verdict,
            "steps": [
                {"name": s.name, "verdict": s.verdict, "seconds": round(s.seconds, 3)}
                for s in result.steps
            ],
        }
    )
    return EXIT[result.verdict]
