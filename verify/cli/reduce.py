"""``assay reduce``: the smallest program that fails in the same way, as a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from compiler.errors import InputError
from verify.cli.ui import Output

if TYPE_CHECKING:
    from verify.isolation.finding import Finding


def reduce_(
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
    tests: int = 300,
    out: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Make a failing program as small as possible.

    For example: `assay reduce model.mlir --inputs model.npz -O2 --out reports/model-bug`

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
        tests: how many candidates may be tried.
        out: folder for the reduced case; the program's name with -reduced by default.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli import programs
    from verify.cli.fixed import parse_fixed
    from verify.cli.ui import writing
    from verify.faults import activate
    from verify.isolation.isolate import isolate_any
    from verify.isolation.repro import emit

    programs.check_at_least(0, tests=tests)
    folder = check_folder(out or program.with_name(f"{program.stem}-reduced"))
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
    text = Output(json)
    programs.say_drawn(text, program, inputs, seed)
    if not found.failed:
        text.say(f"{program}: {found.kind}; there is nothing to reduce")
        text.document({"ops_before": 0, "ops_after": 0, "tests": 1, "case": ""})
        return 0 if found.kind != "unsupported" else 4
    with activate(case.fault):
        finding = isolate_any(case, died, budget=tests)
    with writing(folder):
        emit(finding, folder)
    _report(text, finding, folder)
    return 1


def _report(out: Output, finding: Finding, folder: Path) -> None:
    small = finding.reduction
    out.say(
        f"{small.ops_before} ops -> {small.ops_after} in {small.tests} tests, "
        f"{small.seconds:.1f} s; guilty: {finding.guilty.name}"
    )
    if small.errors:
        what = small.error.strip().splitlines()[-1]
        out.say(
            f"{small.errors} candidates could not be tested, Assay itself failed: {what} "
            f"(traceback: {folder / 'case.json'})"
        )
    out.say(f"case: {folder}\nnext: python {folder / 'repro.py'}")
    out.document(
        {
            "ops_before": small.ops_before,
            "ops_after": small.ops_after,
            "tests": small.tests,
            "errors": small.errors,
            "case": str(folder),
            "pass": finding.guilty.pass_name,
            "rewrite": finding.guilty.rewrite,
            "key": finding.key,
        }
    )


def check_folder(folder: Path) -> Path:
    """``folder`` if a case may be written there: it is missing, empty, or a case; else
    InputError.
    """
    is_case = (folder / "case.json").is_file()
    if folder.exists() and not is_case and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"{folder}: exists and is no case", hint="name another folder with --out")
    return folder
