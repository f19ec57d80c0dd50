"""Campaigns on disk: an SQLite file with what was done and what was found, so that any campaign can
go on later.

Every chunk of programs is one transaction (its counts, the programs that failed, the findings), and
the file is in WAL mode: a process that is killed loses only what was not yet committed, and those
programs run again when the campaign resumes. Case folders of findings lie beside the file.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.errors import InputError

DEFAULT = Path(".assay")
_VERSION = 2
_SCHEMA = """
CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY,
    created REAL NOT NULL,
    config TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'running'
);
CREATE TABLE batches (
    campaign INTEGER NOT NULL REFERENCES campaigns(id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    stats TEXT NOT NULL,
    PRIMARY KEY (campaign, first)
) WITHOUT ROWID;
CREATE TABLE failures (
    campaign INTEGER NOT NULL REFERENCES campaigns(id),
    program INTEGER NOT NULL,
    kind TEXT NOT NULL,
    guilty TEXT NOT NULL,
    key TEXT NOT NULL,
    inputs TEXT NOT NULL,
    PRIMARY KEY (campaign, program)
) WITHOUT ROWID;
CREATE TABLE findings (
    campaign INTEGER NOT NULL REFERENCES campaigns(id),
    key TEXT NOT NULL,
    program INTEGER NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    pass TEXT NOT NULL,
    rewrite TEXT NOT NULL,
    ops INTEGER NOT NULL,
    folder TEXT NOT NULL,
    inputs TEXT NOT NULL,
    created REAL NOT NULL,
    PRIMARY KEY (campaign, key)
) WITHOUT ROWID;
CREATE TABLE times (
    campaign INTEGER NOT NULL REFERENCES campaigns(id),
    started REAL NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (campaign, started)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """One program that failed: its number, the verdict, who is to blame, the finding it belongs to
    (if reduced), and the set of inputs that showed it first (if known).
    """

    program: int
    kind: str
    guilty: str
    key: str = ""
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One row of the list of findings; ``inputs`` names the set that showed it, if known."""

    key: str
    program: int
    kind: str
    target: str
    pass_name: str
    rewrite: str
    ops: int
    folder: str
    inputs: str = ""

    def to_json(self) -> dict[str, Any]:
        """The form of the summary."""
        return {
            "key": self.key,
            "target": self.target,
            "pass": self.pass_name,
            "rewrite": self.rewrite,
            "ops": self.ops,
            "case": self.folder,
            "kind": self.kind,
            "program": self.program,
            "inputs": self.inputs,
        }


class Store:
    """The campaign database in ``directory`` (made if it is missing).

    Raises InputError if the file is no such database.
    """

    def __init__(self, directory: Path = DEFAULT) -> None:
        self.directory = directory
        self.path = directory / "campaigns.sqlite"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._prepare()
        except (sqlite3.DatabaseError, OSError) as e:
            raise InputError(f"{self.path}: not usable as a campaign store: {e}") from None

    def _prepare(self) -> None:
        with self._transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={_VERSION}")
            elif version != _VERSION:
                raise InputError(
                    f"{self.path}: written by another version of Assay (format {version})",
                    hint="use another directory",
                )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    # ---- campaigns ------------------------------------------------------------------------------

    def create(self, config: dict[str, Any]) -> int:
        """A new campaign; returns its number."""
        with self._transaction():
            row = self._db.execute(
                "INSERT INTO campaigns (created, config) VALUES (?, ?)",
                (time.time(), json.dumps(config)),
            )
        assert row.lastrowid is not None
        return row.lastrowid

    def config(self, campaign: int) -> dict[str, Any]:
        """The configuration that a campaign was started with; InputError if there is no such
        campaign.
        """
        row = self._db.execute("SELECT config FROM campaigns WHERE id = ?", (campaign,)).fetchone()
        if row is None:
            known = [
                str(r[0])
                for r in self._db.execute("SELECT id FROM campaigns ORDER BY id DESC LIMIT 5")
            ]
            hint = f"the latest are {', '.join(known)}" if known else "there is none yet"
            raise InputError(f"{self.path}: there is no campaign {campaign}", hint=hint)
        out: dict[str, Any] = json.loads(row[0])
        return out

    def set_state(self, campaign: int, state: str) -> None:
        """``running``, ``done`` or ``interrupted``."""
        with self._transaction():
            self._db.execute("UPDATE campaigns SET state = ? WHERE id = ?", (state, campaign))

    def state(self, campaign: int) -> str:
        """What :meth:`set_state` said last."""
        row = self._db.execute("SELECT state FROM campaigns WHERE id = ?", (campaign,)).fetchone()
        return str(row[0]) if row else ""

    def campaigns(self) -> list[tuple[int, str, int, int]]:
        """(number, state, programs, findings) of all campaigns, oldest first."""
        query = """SELECT c.id, c.state,
            (SELECT COALESCE(SUM(last - first), 0) FROM batches WHERE campaign = c.id),
            (SELECT COUNT(*) FROM findings WHERE campaign = c.id) FROM campaigns c ORDER BY c.id"""
        return [(int(a), str(b), int(c), int(d)) for a, b, c, d in self._db.execute(query)]

    # ---- progress -------------------------------------------------------------------------------

    def record(
        self,
        campaign: int,
        first: int,
        last: int,
        stats: dict[str, Any],
        failures: Iterable[Failure] = (),
        findings: Iterable[Found] = (),
    ) -> None:
        """Commit that programs ``first .. last-1`` are done, with their statistics, failures and
        findings.
        """
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?)",
                (campaign, first, last, json.dumps(stats)),
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)",
                [(campaign, f.program, f.kind, f.guilty, f.key, f.inputs) for f in failures],
            )
            self._insert(campaign, findings)

    def record_finding(self, campaign: int, found: Found) -> None:
        """Commit a finding, and that its program belongs to it."""
        with self._transaction():
            self._insert(campaign, [found])

    def _insert(self, campaign: int, findings: Iterable[Found]) -> None:
        """A key that is known keeps the program that showed it first."""
        for f in findings:
            row = (
                campaign,
                f.key,
                f.program,
                f.kind,
                f.target,
                f.pass_name,
                f.rewrite,
                f.ops,
                f.folder,
                f.inputs,
            )
            self._db.execute(
                "INSERT OR IGNORE INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, time.time()),
            )
            self._db.execute(
                "UPDATE failures SET key = ?, inputs = ? WHERE campaign = ? AND program = ?",
                (f.key, f.inputs, campaign, f.program),
            )

    def record_time(self, campaign: int, started: float, seconds: float) -> None:
        """Commit the wall-clock time of one run of a campaign, begun at ``started``."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO times VALUES (?, ?, ?)", (campaign, started, seconds)
            )

    def seconds(self, campaign: int) -> float:
        """Wall-clock time of all runs of a campaign."""
        row = self._db.execute(
            "SELECT COALESCE(SUM(seconds), 0) FROM times WHERE campaign = ?", (campaign,)
        )
        return float(row.fetchone()[0])

    def ranges(self, campaign: int) -> list[tuple[int, int]]:
        """The programs that are done, as disjoint ascending ranges."""
        out: list[tuple[int, int]] = []
        rows = self._db.execute(
            "SELECT first, last FROM batches WHERE campaign = ? ORDER BY first", (campaign,)
        )
        for first, last in rows:
            if out and first <= out[-1][1]:
                out[-1] = (out[-1][0], max(out[-1][1], last))
            else:
                out.append((first, last))
        return out

    def stats(self, campaign: int) -> Iterator[dict[str, Any]]:
        """The statistics of all chunks."""
        for (text,) in self._db.execute(
            "SELECT stats FROM batches WHERE campaign = ?", (campaign,)
        ):
            yield json.loads(text)

    def failures(self, campaign: int) -> list[Failure]:
        """All programs that failed, by number."""
        rows = self._db.execute(
            """SELECT program, kind, guilty, key, inputs FROM failures
            WHERE campaign = ? ORDER BY program""",
            (campaign,),
        )
        return [Failure(*row) for row in rows]

    def findings(self, campaign: int) -> list[Found]:
        """All findings, by the number of the program that showed them first."""
        rows = self._db.execute(
            """SELECT key, program, kind, target, pass, rewrite, ops, folder, inputs
            FROM findings WHERE campaign = ? ORDER BY program, key""",
            (campaign,),
        )
        return [Found(*row) for row in rows]

    def folder(self, key: str) -> Path:
        """Where the case of a finding lies."""
        return (
            self.directory
            / "findings"
            / (re.sub(r"[^A-Za-z0-9._+-]+", "-", key).strip("-.")[:120] or "finding")
        )
