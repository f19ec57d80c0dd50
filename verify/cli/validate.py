"""``assay validate``: are two programs equal, for all inputs?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from verify.cli.ui import Output

EXIT = {"bit-exact": 0, "equal-over-reals": 0, "refuted": 1, "unknown": 3}


def validate_(
    before: Path,
    after: Path,
    /,
    *,
    limit: float = 30.0,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Prove that two programs are equal.

    For example: `assay validate before.mlir after.mlir`

    Verdicts: bit-exact; equal-over-reals (with the contract that it needs); refuted (with inputs on
    which the two differ in the interpreter); unknown.

    Args:
        before: StableHLO text.
        after: StableHLO text with the same types of parameters and results.
        limit: work of one query to the solver at most, in millions of Z3's resource units (of
            which a second has 1 to 8): the same on a busy machine as on an idle one.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli.programs import check_at_least, read_module
    from verify.validate import validate

    check_at_least(0.001, limit=limit)
    out = Output(json)
    result = validate(read_module(before), read_module(after), limit=int(limit * 1e6))
    needs = f" (needs {result.needs})" if result.needs else ""
    out.say(f"{before} -> {after}: {result.verdict}{needs}")
    if result.counterexample is not None:
        out.say("\n".join("  " + line for line in str(result.counterexample).splitlines()))
    found = result.counterexample
    out.document(
        {
            "verdict": result.verdict,
            "needs": result.needs,
            "counterexample": found.to_json() if found is not None else None,
        }
    )
    return EXIT[result.verdict]
