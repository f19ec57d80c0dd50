"""``assay bisect``: from "the program is wrong" to one rewrite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from verify.cli.ui import Output


def bisect_(
    program: Path,
    /,
    *,
    inputs: Path | None = None,
    shape: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    value: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    target: str | None = None,
    level: Annotated[int | None, Parameter(name=("-O", "--level"))] = None,
    precision: str | None = None,
    seed: int = 0,
    fault: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Name the pass and the rewrite that break a program.

    For example: `assay bisect model.mlir --inputs model.npz -O2`

    Args:
        program: folder of a case, or a StableHLO file.
        inputs: npz file with in0, in1, ...; random ones if not given.
        shape: shape of a parameter with unknown dimensions, such as arg0=8x128; repeatable.
        value: an integer parameter that shapes depend on, such as arg1=8; repeatable.
        target: compiler to test.
        level: optimisation level; 2 for a file.
        precision: lower chosen ops to bf16 or f16.
        seed: of the random inputs.
        fault: injected bug to switch on.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli import programs
    from verify.cli.fixed import parse_fixed
    from verify.faults import activate
    from verify.isolation.isolate import blame

    case, found, died = programs.examine_case(
        program,
        inputs=inputs,
        fixed=parse_fixed(shape, value),
        seed=seed,
        target=target,
        level=level,
        precision=precision,
        fault=fault,
    )
    out = Output(json)
    programs.say_drawn(out, program, inputs, seed)
    if not found.failed:
        out.say(f"{program}: {found.kind}; there is nothing to bisect")
        out.document({"pass": "", "rewrite": "", "application": 0, "evaluations": 1})
        return 0 if found.kind != "unsupported" else 4
    with activate(case.fault):
        guilty = blame(case, died)
    contract = f"(contract: {found.contract})"
    out.say(f"{program}  {case.target} -O{case.level}  {found.kind}  {contract}")
    if not guilty.pass_name:
        out.say(f"  not isolated: {guilty.reason} ({guilty.evaluations} evaluations)")
    else:
        where = f", application {guilty.application}" if guilty.application else ""
        out.say(f"guilty: {guilty.name}{where}  ({guilty.evaluations} evaluations)")
        out.say(f"  {guilty.reason}")
    if any(guilty.step):
        out.say("  before:\n" + _indent(guilty.step[0]) + "\n  after:\n" + _indent(guilty.step[1]))
    out.document(
        {
            "pass": guilty.pass_name,
            "rewrite": guilty.rewrite,
            "application": guilty.application,
            "evaluations": guilty.evaluations,
            "verdict": found.kind,
            "reason": guilty.reason,
            "before": guilty.before,
            "after": guilty.after,
        }
    )
    return 1 if guilty.pass_name else 3


def _indent(text: str) -> str:
    return "\n".join("    " + line for line in text.strip().splitlines())
