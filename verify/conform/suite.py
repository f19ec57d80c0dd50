"""The cases of a folder of StableHLO files.

Any folder will do: a file may hold several chunks, divided by lines ``// -----``; each is a case.
A chunk that holds ``check.expect_*`` checks itself; one that holds ``expected-error`` comments must
be rejected, at the lines that these name; a file ``NAME.mlir`` with ``NAME.npz`` beside it is a
program with inputs ``in*``, another compiler's outputs ``out*`` and references ``ref*`` of higher
precision; everything else is a plain program. An ``INDEX.tsv`` in the folder, or in one between it
and the file, may give tiers (columns ``file``, ``tier``, ``upstream_disabled``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from compiler.errors import InputError

CHECKED, NEGATIVE, PROGRAM, PLAIN = "checked", "negative", "program", "plain"

_SPLIT = re.compile(r"^// -----[ \t]*$", re.MULTILINE)
_CHECK = re.compile(r"\bcheck\.expect_")
_ERROR = re.compile(r"//\s*expected-error(?:-re)?(?:\s*@(?P<at>[+-]\d+|below|above))?")
_DISABLED = re.compile(r"^// RUN-DISABLED", re.MULTILINE)
_OP = re.compile(r"(?<![#!\w.])(stablehlo\.|chlo\.)([a-z][a-z_0-9]*)")
_SILENT = {"return", "custom_call", "constant"}  # what nearly every case holds


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        file: name in reports: the path below the folder, with ``#2`` for the third chunk.
        path: of the file.
        first: number of characters before the chunk in the file.
        last: where it ends.
        kind: ``checked``, ``negative``, ``program`` or ``plain``.
        lines: of the file, where a negative case expects errors.
        ops: that the text names; chlo ops with their prefix.
        tier: of the index; empty if it says nothing.
        disabled: upstream does not run it.
        arrays: the ``.npz`` file of a program.
    """

    file: str
    path: Path
    first: int
    last: int
    kind: str
    lines: tuple[int, ...] = ()
    ops: tuple[str, ...] = ()
    tier: str = ""
    disabled: bool = False
    arrays: Path | None = None

    def text(self) -> str:
        """The chunk, after as many empty lines as there are lines before it in the file."""
        whole = self.path.read_bytes().decode("utf-8")
        return "\n" * whole.count("\n", 0, self.first) + whole[self.first : self.last]


def find(root: Path, only: Sequence[str] = ()) -> list[Case]:
    """The cases below ``root`` (or in the file ``root``), sorted by file.

    Args:
        root: a folder or a file.
        only: patterns of the shell; a case stays if its name, or the last part of it, fits one.

    Raises InputError where there is no such folder, or nothing in it.
    """
    if not root.exists():
        raise InputError(f"{root}: no such folder")
    base = root if root.is_dir() else root.parent
    paths = sorted(root.rglob("*.mlir")) if root.is_dir() else [root]
    indices: dict[Path, dict[str, dict[str, str]]] = {}
    found = []
    for path in paths:
        row = _row(path, base, indices)
        found += [c for c in _cases(path, base, row) if _wanted(c.file, only)]
    if not found:
        what = f" that fit {' '.join(only)}" if only else ""
        raise InputError(f"{root}: holds no .mlir files{what}")
    return found


def _wanted(file: str, only: Sequence[str]) -> bool:
    return not only or any(fnmatch(f, g) for g in only for f in (file, file.rpartition("/")[2]))


def _cases(path: Path, base: Path, row: dict[str, str]) -> Iterator[Case]:
    name = path.relative_to(base).as_posix()
    disabled, tier = bool(row.get("upstream_disabled")), row.get("tier", "")
    arrays = path.with_name(path.name.removesuffix(".mlir").removesuffix(".legal") + ".npz")
    try:
        text = path.read_bytes().decode("utf-8")
    except (UnicodeDecodeError, OSError):  # the worker meets the same error and reports it
        yield Case(name, path, 0, 0, PLAIN, tier=tier, disabled=disabled)
        return
    disabled = disabled or bool(_DISABLED.search(text))
    spans = [s for s in _chunks(text) if _code(text[slice(*s)])]
    for k, (first, last) in enumerate(spans):
        chunk = text[first:last]
        lines = _expected_lines(chunk, text.count("\n", 0, first))
        kind, data = PLAIN, None
        if lines:
            kind = NEGATIVE
        elif _CHECK.search(chunk):
            kind = CHECKED
        elif len(spans) == 1 and arrays.exists():
            kind, data = PROGRAM, arrays
        label = f"{name}#{k}" if len(spans) > 1 else name
        ops = _ops(chunk)
        yield Case(label, path, first, last, kind, lines, ops, tier, disabled, data)


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for m in _SPLIT.finditer(text):
        yield at, m.start()
        at = m.end()
    yield at, len(text)


def _code(chunk: str) -> bool:
    """Whether there is anything but comments."""
    return any(s and not s.startswith("//") for s in map(str.strip, chunk.splitlines()))


def _expected_lines(chunk: str, before: int) -> tuple[int, ...]:
    """The lines of the file that the ``expected-error`` comments point at."""
    found = []
    for number, line in enumerate(chunk.split("\n"), before + 1):
        for m in _ERROR.finditer(line):
            at = {"below": "+1", "above": "-1", None: "+0"}.get(m["at"], m["at"])
            found.append(number + int(at))
    return tuple(dict.fromkeys(found))


def _ops(chunk: str) -> tuple[str, ...]:
    """Names of the ops in a chunk, in order; ``constant`` only where there is nothing else."""
    names = dict.fromkeys(
        f"{dialect if dialect == 'chlo.' else ''}{name}" for dialect, name in _OP.findall(chunk)
    )
    loud = tuple(n for n in names if n not in _SILENT)
    return loud or tuple(n for n in names if n == "constant")


def _row(path: Path, base: Path, indices: dict[Path, dict[str, dict[str, str]]]) -> dict[str, str]:
    """What the nearest index says of a file; an empty row if there is none."""
    for folder in path.parents:
        if folder not in indices:
            indices[folder] = _index(folder / "INDEX.tsv")
        if indices[folder]:
            return indices[folder].get(path.relative_to(folder).as_posix(), {})
        if folder == base:
            break
    return {}


def _index(path: Path) -> dict[str, dict[str, str]]:
    """An index by file; empty where it is absent or of another kind."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as f:
        rows = csv.DictReader(f, delimiter="\t")
        return {r["file"]: r for r in rows if r.get("file") and "tier" in r}
