"""``assay prove``: every rewrite rule, for all shapes and values."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from verify.cli.ui import Output

if TYPE_CHECKING:
    from verify.prove import Proof


def prove_(
    *rules: str,
    file: Path | None = None,
    jobs: Annotated[int, Parameter(name=("-j", "--jobs"))] = 1,
    limit: float = 50.0,
    audit: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Prove the compiler's rewrite rules with Z3.

    For example: `assay prove 'layout/*' --audit`

    Verdicts: bit-exact; equal-over-reals (the column needs says under which contract it holds);
    refuted (with a counterexample that the interpreter has replayed); unknown.

    Args:
        rules: names, families or patterns; all rules by default.
        file: Python file that declares rules, in the place of the compiler's own.
        jobs: worker processes.
        limit: work of one query to the solver at most, in millions of Z3's resource units (of
            which a second has 1 to 8): the same on a busy machine as on an idle one.
        audit: also look for guards that are not needed.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli.programs import check_at_least
    from verify.prove import COLUMNS, prove_all, rows, summary, to_json

    check_at_least(0.001, limit=limit)
    check_at_least(1, jobs=jobs)
    out = Output(json)
    shows = sys.stderr.isatty()

    def progress(proof: Proof) -> None:
        if shows:
            print(f"\r\x1b[K{proof.name}", end="", file=sys.stderr, flush=True)

    proofs = prove_all(
        rules or None,
        path=file,
        jobs=jobs,
        limit=int(limit * 1e6),
        audit=audit,
        progress=progress,
    )
    if shows:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    out.table(rows(proofs), COLUMNS)
    for proof in proofs:
        _details(out, proof)
    out.say(summary(proofs))
    out.document(to_json(proofs))
    verdicts = {p.verdict for p in proofs}
    return 1 if "refuted" in verdicts else 3 if "unknown" in verdicts else 0


def _details(out: Output, proof: Proof) -> None:
    """The counterexample of a refuted rule, and what else was found."""
    if proof.counterexample is not None:
        out.say(f"\n{proof.name} ({proof.source}) is refuted:")
        out.say("\n".join("  " + line for line in str(proof.counterexample).splitlines()))
    for note in proof.notes:
        out.say(f"{proof.name}: {note}")
