"""``assay check``: the smallest useful thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from verify.cli.ui import Output, finite

if TYPE_CHECKING:
    from verify.examine import Examination
    from verify.isolation.first_op import FirstOp
    from verify.oracle import OutputVerdict

# From harmless to grave; the gravest of all levels decides the exit code.
EXIT = {
    "identical": 0,
    "allowed": 0,
    "unstable": 0,
    "explained": 0,
    "unsupported": 4,
    "nondeterministic": 3,
    "timeout": 1,
    "violation": 1,
    "crash": 1,
}
GRAVITY = list(EXIT)


def check_(
    file: Path,
    /,
    *,
    inputs: Path | None = None,
    shape: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    value: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    level: Annotated[str, Parameter(name=("-O", "--level"))] = "0,1,2",
    target: str = "assay",
    precision: str = "",
    seed: int = 0,
    fault: str = "",
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Compile a program, run it, and compare with the reference.

    For example: `assay check model.mlir --inputs model.npz -O 1,2`

    Verdicts: identical (the bits that the specification fixes), allowed (inside the bound of what
    the rewrites that fired allow), unstable (a comparison on values too close to tell), explained
    (the target declares the difference), violation (a miscompile). Of a violation it names the
    first op whose result is wrong.

    Args:
        file: StableHLO text.
        inputs: npz file with in0, in1, ... (bf16 as uint16 bits); random ones if not given.
        shape: shape of a parameter with unknown dimensions, such as arg0=8x128; repeatable.
        value: an integer parameter that shapes depend on, such as arg1=8; repeatable.
        level: optimisation levels, such as 0,1,2.
        target: compiler to test; see assay targets.
        precision: lower chosen ops to bf16 or f16.
        seed: of the random inputs.
        fault: switch an injected compiler bug on.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli import programs
    from verify.cli.fixed import parse_fixed

    out = Output(json)
    levels = programs.parse_levels(level)
    precision = programs.check_precision(precision)
    fixed = parse_fixed(shape, value)
    module = programs.read_module(file, fixed, inputs)
    arrays = programs.read_inputs(module, inputs, seed, fixed)
    programs.check_names(target, fault)
    programs.say_drawn(out, file, inputs, seed)
    from verify.case import Case
    from verify.shield import Shield

    case = Case(module, tuple(arrays), target, 0, precision, meta={"fault": fault})
    results = []
    with Shield() as shield:
        for n, found in zip(levels, shield.levels(case, levels), strict=True):
            wrong = found.kind == "violation"
            first = shield.first_op(case, replace(case.options, level=n)) if wrong else None
            _report(out, file, target, n, found, first)
            results.append(_document(n, found, first))
    worst = max(results, key=lambda r: GRAVITY.index(r["verdict"]))
    out.document({"file": str(file), "target": target, **worst, "levels": results})
    if EXIT[worst["verdict"]] == 1:
        names = {"target": target, "precision": precision, "fault": fault}
        given = {"inputs": inputs, "seed": seed, **names}
        words = [f"--{k} {v}" for k, v in given.items() if v and v != "assay"]
        words += [f"--shape {one}" for one in shape] + [f"--value {one}" for one in value]
        out.say(f"next: assay bisect {file} -O{worst['level']} {' '.join(words)}".rstrip())
    return EXIT[worst["verdict"]]


def _document(level: int, found: Examination, first: FirstOp | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "level": level,
        "verdict": found.kind,
        "contract": str(found.contract),
        "outputs": [_output(o) for o in found.verdict.outputs],
        "note": found.note,
    }
    if first is not None:
        element = {} if first.found is None else _output(first.found)
        data["first_op"] = {"op": first.op, "place": first.place, "note": first.note, **element}
    return data


def _output(o: OutputVerdict) -> dict[str, Any]:
    data: dict[str, Any] = {
        "verdict": o.verdict,
        "max_ulp": finite(o.max_ulp),
        "bound_share": finite(o.bound_share),
    }
    if o.worst is not None:
        worst = {"at": list(o.worst), "got": str(o.got), "reference": str(o.value)}
        span = None if o.span is None else [str(end) for end in o.span]
        data["worst"] = worst | {"bound": finite(o.error), "span": span, "ulp": finite(o.ulp)}
    return data


def _report(
    out: Output, file: Path, target: str, level: int, found: Examination, first: FirstOp | None
) -> None:
    """One line a level, one line an output, and what went wrong."""
    out.say(f"{file}  {target} -O{level}  {found.kind}  (contract: {found.contract})")
    for k, o in enumerate(found.verdict.outputs):
        out.say(f"  out{k}: {o}")
    if found.note:
        out.say("  " + found.note.strip().splitlines()[-1])
    if first is not None:
        out.say(f"  first op that differs: {first}")
