"""Which faults are hunted: those written by hand, those derived from the rules, or both."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from compiler.errors import InputError
from verify.faults import FAULTS, Fault
from verify.faults.derived import derived

ORIGINS = ("all", "written", "derived")


def catalogue(origin: str = "all") -> dict[str, Fault]:
    """The faults of one origin by name; InputError for one that is not in :data:`ORIGINS`."""
    if origin not in ORIGINS:
        raise InputError(f"there are no faults {origin!r}", hint=f"choose {', '.join(ORIGINS)}")
    out = dict(FAULTS) if origin != "derived" else {}
    return out | derived() if origin != "written" else out


def origin_of(fault: Fault) -> str:
    """``written`` or ``derived``."""
    return "derived" if fault.rule else "written"


def chosen(names: Sequence[str], origin: str = "all") -> list[str]:
    """The names that ``names`` (also patterns such as ``'layout*'``) select, all if none are given.

    Raises InputError for a name that fits no fault.
    """
    if not names:
        return list(catalogue(origin))
    out: dict[str, None] = {}
    for pattern in names:
        if pattern in FAULTS and origin != "derived":  # derived ones take seconds to make
            found = [pattern]
        else:
            found = [n for n in catalogue(origin) if fnmatchcase(n, pattern)]
        if not found:
            raise InputError(
                f"there is no fault {pattern!r}", hint="assay mutate --list names them"
            )
        out |= dict.fromkeys(found)
    return list(out)
