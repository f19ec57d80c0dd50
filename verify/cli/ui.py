"""What the verbs share: output for people and for machines, errors, options that several verbs
take.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compiler.errors import AssayError, InputError, Loc

INTERRUPTED = 130


class Output:
    """Text for people on standard output; with ``--json`` one document there, and the text on
    standard error.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, text: str = "") -> None:
        """One line (or several) for people."""
        print(text, file=sys.stderr if self.as_json else sys.stdout)

    def document(self, data: dict[str, Any]) -> None:
        """The one document for machines; nothing without ``--json``."""
        if self.as_json:
            print(json.dumps(data, indent=2, default=_plain))

    def table(self, rows: Sequence[Sequence[object]], head: Sequence[str] = ()) -> None:
        """Rows in aligned columns, the last one ragged."""
        texts = [[str(c) for c in row] for row in rows]
        if head:
            texts.insert(0, list(head))
        if not texts:
            return
        widths = [max(len(r[i]) for r in texts) for i in range(len(texts[0]))]
        for row in texts:
            cells = [c.ljust(w) for c, w in zip(row, widths, strict=True)]
            self.say("  ".join(cells).rstrip())


def _plain(value: Any) -> Any:
    """JSON form of NumPy scalars and sets."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    return str(value)


def finite(value: float | None) -> float | None:
    """``value`` for JSON, which knows neither infinity nor NaN."""
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None
    return float(value)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a failure to write to ``path``, which the user named, into an InputError."""
    try:
        yield
    except OSError as e:
        raise InputError(f"{path}: cannot be written: {e.strerror}") from None


def fail(error: Exception, *, as_json: bool = False) -> int:
    """Print ``error`` in one line (with the source line, if known) and return the exit code.

    An error that is none of ours is our fault: its traceback is saved in a file that the line
    names.
    """
    if isinstance(error, AssayError):
        code, exit_code, message = error.code, error.exit_code, str(error)
    elif isinstance(error, MemoryError):
        code, exit_code, message = "AS301", 4, "the program does not fit this machine's memory"
    else:
        code, exit_code = "AS501", 5
        saved = _save_traceback(error)
        kind = type(error).__name__
        message = f"internal error: {kind}: {_one_line(error)} (traceback: {saved})"
    print(f"error[{code}]: {message}", file=sys.stderr)
    where = error.where if isinstance(error, AssayError) else None
    if where is not None:
        print(_excerpt(where), end="", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message}, "exit": exit_code}))
    return exit_code


def interrupted(*, as_json: bool = False) -> int:
    """Say that the command was interrupted, and return the exit code."""
    print("interrupted", file=sys.stderr)
    if as_json:
        error = {"code": "interrupted", "message": "interrupted"}
        print(json.dumps({"error": error, "exit": INTERRUPTED}))
    return INTERRUPTED


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no message"


def _save_traceback(error: Exception) -> Path:
    handle, name = tempfile.mkstemp(prefix="assay-traceback-", suffix=".txt")
    with os.fdopen(handle, "w") as f:
        f.write("".join(traceback.format_exception(error)))
    return Path(name)


def _excerpt(where: Loc, width: int = 100) -> str:
    """The source line with a caret, or nothing if it cannot be read; long lines are cut around the
    place.
    """
    try:
        with open(where.file, encoding="utf-8") as f:
            line = next((text for n, text in enumerate(f, 1) if n == where.line), None)
    except (OSError, UnicodeDecodeError):
        return ""
    if line is None or not line.rstrip().isprintable():
        return ""
    line, at = line.rstrip("\n"), max(where.col - 1, 0)
    start = max(at - width // 2, 0) if len(line) > width else 0
    number = str(where.line)
    pad = " " * len(number)
    return f" {number} | {line[start : start + width]}\n {pad} | {' ' * (at - start)}^\n"
