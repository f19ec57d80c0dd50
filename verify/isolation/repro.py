"""A finding as a folder that explains and repeats itself.

Beside the case (:mod:`verify.case`) stand ``repro.py``, a script that fails as long as the bug is
there, and the explanation as ``README.md`` and ``index.html``: cause in words, the guilty step, the
program before and after it, the worst element.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compiler.text import print_module
from verify.case import save
from verify.isolation.bisect import ALWAYS_ON
from verify.isolation.finding import Finding

TEMPLATES = Path(__file__).parent / "templates"
LARGEST = 400  # lines of IR on a page


def emit(finding: Finding, folder: Path) -> Path:
    """Write the case, the script and the explanation of ``finding``; returns ``folder``."""
    save(finding.case, folder, finding.examination.enclosures, explain(finding))
    return folder


def explain(finding: Finding) -> dict[str, str]:
    """The files that go beside the case, by name."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    facts = facts_of(finding)
    out = {}
    for name, template in (
        ("repro.py", "repro.py.j2"),
        ("README.md", "finding.md.j2"),
        ("index.html", "finding.html.j2"),
    ):
        environment = jinja2.Environment(
            loader=loader,
            autoescape=template.endswith(".html.j2"),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        out[name] = environment.get_template(template).render(facts)
    return out


def facts_of(finding: Finding) -> dict[str, Any]:
    """What the templates speak of."""
    case, guilty, found = finding.case, finding.guilty, finding.examination
    before, after = _cut(guilty.before), _cut(guilty.after)
    return {
        "title": _title(finding),
        "key": finding.key,
        "kind": found.kind,
        "target": case.target,
        "level": case.level,
        "precision": case.precision,
        "contract": str(found.contract),
        "fault": case.fault,
        "guilty": guilty,
        "reduction": finding.reduction,
        "program": print_module(case.module).rstrip(),
        "diff": _diff(before, after),
        "worst": _worst(finding),
        "note": found.note.strip(),
        "inputs": [f"in{i}: {_short(x)}" for i, x in enumerate(case.inputs)],
        "assay": case.target == "assay",
    }


def _title(finding: Finding) -> str:
    guilty, kind = finding.guilty, finding.examination.kind
    what = {
        "violation": "computes a wrong value",
        "crash": "crashes",
        "timeout": "does not end",
        "nondeterministic": "gives different bits from run to run",
    }.get(kind, kind)
    ops = dict.fromkeys(n.op for n in finding.case.module.main.graph.nodes if n.op != "constant")
    program = " -> ".join(ops) or "a constant"
    names = {"lower": "the lowering of", "codegen": "the code generated for"}
    if guilty.pass_name in names:
        return f"{names[guilty.pass_name]} {guilty.rewrite or program} {what}"
    if guilty.pass_name == ALWAYS_ON:
        return f"{program} {what} on {finding.case.target}, whatever is switched off"
    if guilty.pass_name:
        rule = f"rewrite {guilty.rewrite} of " if guilty.rewrite else ""
        return f"{program} {what} after {rule}pass {guilty.pass_name}"
    return f"{program} {what}"


def _worst(finding: Finding) -> Mapping[str, Any] | None:
    """The worst element: where, both values, the bound around the reference's."""
    for k, (o, e) in enumerate(
        zip(finding.examination.verdict.outputs, finding.examination.enclosures, strict=False)
    ):
        if str(o.verdict) == "violation":
            error = e.error[tuple(o.worst)] if e.error is not None and o.worst is not None else 0
            return {
                "output": k,
                "at": list(o.worst) if o.worst is not None else [],
                "got": str(o.got),
                "want": str(o.value),
                "bound": f"{float(error):.3g}",
            }
    return None


def _diff(before: str, after: str) -> list[tuple[str, str]]:
    """Lines of both modules with what happened to each: ``same``, ``gone`` or ``new``. Nothing
    where they are equal: what is guilty came after the last module.
    """
    if before == after:
        return []
    marks = {" ": "same", "-": "gone", "+": "new"}
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [(marks[line[0]], line[2:]) for line in lines if line[0] in marks]


def _cut(text: str) -> str:
    lines = text.splitlines()
    more = [f"// ... {len(lines) - LARGEST} lines more"] if len(lines) > LARGEST else []
    return "\n".join(lines[:LARGEST] + more)


def _short(x: Any) -> str:
    text = " ".join(str(x.tolist()).split())
    return f"{x.dtype}{list(x.shape)} = {text if len(text) < 160 else text[:150] + ' ...'}"
