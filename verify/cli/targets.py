"""``assay targets``: which compilers can be tested here."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from verify.cli.ui import Output


def targets_(*, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """List the compilers that can be tested.

    Args:
        json: one JSON document on standard output, text on standard error.
    """
    from verify.targets import get, targets

    rows = []
    for name, entry in targets().items():
        version = get(name).version if entry.installed else ""
        rows.append(
            {
                "name": name,
                "installed": entry.installed,
                "version": version,
                "about": entry.about,
                "install": f"pip install '{entry.install}'",
            }
        )
    out = Output(json)
    out.table(
        [(r["name"], r["version"] or f"not installed: {r['install']}", r["about"]) for r in rows]
    )
    out.document({"targets": rows})
    return 0
