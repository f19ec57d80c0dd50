"""``assay show``: tables of what Assay knows, and one op across all columns."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from compiler.errors import InputError
from verify.cli.ui import Output

ROOT = Path(__file__).resolve().parents[2]


def show_(
    what: str,
    name: str = "",
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Show ops, rules, passes, faults or a case.

    For example: `assay show op pad`, `assay show rules`, `assay show case corpus/maximum-loses-nan`

    Args:
        what: ops, op NAME, rules, passes, faults or case FOLDER.
        name: of the op, or folder of the case.
        json: one JSON document on standard output, text on standard error.
    """
    views = {
        "ops": _ops,
        "op": _op,
        "rules": _rules,
        "passes": _passes,
        "faults": _faults,
        "case": _case,
    }
    if what not in views:
        folder = Path(what).is_dir()
        hint = f"assay show case {what}" if folder else f"known: {', '.join(views)}"
        raise InputError(f"there is no table {what!r}", hint=hint)
    if (what in ("op", "case")) != bool(name):
        raise InputError(f"show {what} takes {'one name' if not name else 'no name'}")
    head, rows = views[what](name)
    out = Output(json)
    out.table([[r[h] for h in head] for r in rows], [h.upper() for h in head])
    out.document({what: rows})
    return 0


Rows = tuple[tuple[str, ...], list[dict[str, Any]]]


def columns() -> dict[str, dict[str, Any]]:
    """What each part says of each op: name of the column, then op, then the function."""
    from compiler.expand import EXPANSIONS
    from compiler.lower import LOWERINGS
    from verify.bounds import BOUNDS
    from verify.gen import GEN
    from verify.ref import REF
    from verify.smt import table

    lower = {**LOWERINGS, **EXPANSIONS}
    return {"lower": lower, "ref": REF, "bounds": BOUNDS, "smt": table(), "gen": GEN}


def _ops(_name: str) -> Rows:
    from compiler.ops import OPS

    rows = [
        {
            "op": op.name,
            "family": op.family,
            "dtypes": len(op.dtypes),
            "traits": " ".join(sorted(op.traits)) or "-",
        }
        for op in OPS.values()
    ]
    return ("op", "family", "dtypes", "traits"), rows


def _op(name: str) -> Rows:
    from compiler.ops import OPS

    if name not in OPS:
        raise InputError(f"there is no op {name!r}", hint="see: assay show ops")
    row = OPS[name]
    rows = [{"column": "table", "place": place(row.rule), "what": ", ".join(map(str, row.dtypes))}]
    for column, entries in columns().items():
        entry = entries.get(name)
        rows.append({"column": column, "place": place(entry), "what": _summary(entry)})
    return ("column", "place", "what"), rows


def _rules(_name: str) -> Rows:
    from compiler.rules import RULES

    rows = [
        {"rule": r.name, "contract": str(r.contract), "algebra": r.doc, "place": place(r.fn)}
        for r in RULES.values()
    ]
    return ("rule", "contract", "algebra", "place"), rows


def _passes(_name: str) -> Rows:
    from compiler.pipeline import PASSES, Options, passes

    levels = {n: {p.name for p in passes(Options(level=n))} for n in (0, 1, 2)}
    rows = []
    for p in PASSES.values():
        at = " ".join(f"-O{n}" for n, names in levels.items() if p.name in names)
        about = _summary(p.run)
        rows.append({"pass": p.name, "levels": at or "--precision", "about": about})
    return ("pass", "levels", "about"), rows


def _faults(_name: str) -> Rows:
    from verify.faults import FAULTS

    rows = [{"fault": f.name, "class": f.kind, "about": f.summary} for f in FAULTS.values()]
    return ("fault", "class", "about"), rows


def _case(name: str) -> Rows:
    from verify.case import load

    case = load(Path(name))
    facts: dict[str, Any] = {
        "target": case.target,
        "level": case.level,
        "precision": case.precision or "-",
        "contract": str(case.contract),
        **case.meta,
    }
    return ("field", "value"), [{"field": k, "value": v} for k, v in facts.items() if v != ""]


def place(thing: Any) -> str:
    """``file:line`` of a function or class, below the project's folder."""
    thing = getattr(thing, "func", thing)
    try:
        file = Path(inspect.getsourcefile(inspect.unwrap(thing)) or "")
        line = inspect.getsourcelines(thing)[1]
    except (TypeError, OSError):
        return "-" if thing is None else f"{type(thing).__name__} {thing!r}"[:60]
    return f"{file.relative_to(ROOT) if file.is_relative_to(ROOT) else file}:{line}"


def _summary(thing: Any) -> str:
    text = inspect.getdoc(thing) if callable(thing) else ""
    return text.splitlines()[0] if text else ""
