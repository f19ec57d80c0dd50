"""Which code made a result, so that what one code began no other goes on with.

A mutation run or a campaign that is resumed with other code would count the programs, faults and
verdicts of two compilers, two generators and two judges as one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import compiler
import verify
from compiler.errors import InputError, InternalError
from verify.case import versions

SILENT = ("cli", "report")  # folders of verify that print what is known, and decide nothing


def fingerprint() -> str:
    """12 hex digits for all that decides what is found: the sources of ``compiler`` and ``verify``
    as they lie on disk now, and the versions of Python and of libraries. Takes some 20 ms.
    """
    h = hashlib.blake2b(json.dumps(versions()).encode(), digest_size=6)
    for package in (compiler, verify):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            name = path.relative_to(root.parent)
            if package is verify and name.parts[1] in SILENT:
                continue
            h.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
            h.update(path.read_bytes())
    return h.hexdigest()


def check_same(began: str, what: str) -> None:
    """InputError if ``what`` began with other code than there is now.

    Args:
        began: the :func:`fingerprint` of that time; empty where none was kept.
        what: the place and the run, for the message.
    """
    now = fingerprint()
    if began != now:
        raise InputError(
            f"{what} began with other code ({began or 'not recorded'}, this is {now})",
            hint="go on with that code, or start anew without --resume",
        )


@contextmanager
def refused_by_workers(began: str, what: str) -> Iterator[None]:
    """In here, workers that do not start are InputError, as :func:`check_same` says it, if that is
    for other code.
    """
    try:
        yield
    except InternalError:
        check_same(began, what)
        raise
