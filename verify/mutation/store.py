"""What is known of a mutation run, in SQLite, so that a run that ends at any moment can go on.

Every program is one transaction: what the unbroken compiler did with it, and the hits. Isolations
and proofs are one each. So a process that is killed loses the program and the isolation in flight.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from compiler.errors import InputError
from verify.mutation.outcome import Hit, Isolation, Proved, Unseen
from verify.mutation.sample import Unbroken
from verify.sources import check_same, fingerprint, refused_by_workers

LOOKS = 8  # programs kept for a second look at one fault
_VERSION = 3
_SCHEMA = (
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, code TEXT NOT NULL)",
    """CREATE TABLE programs (run INTEGER, program INTEGER, tally TEXT,
    PRIMARY KEY (run, program)) WITHOUT ROWID""",
    """CREATE TABLE hits (run INTEGER, fault TEXT, judge TEXT, program INTEGER, hit TEXT,
    PRIMARY KEY (run, fault, judge)) WITHOUT ROWID""",
    """CREATE TABLE unseen (run INTEGER, fault TEXT, program INTEGER, unseen TEXT,
    PRIMARY KEY (run, fault, program)) WITHOUT ROWID""",
    """CREATE TABLE owed (run INTEGER, fault TEXT, program INTEGER,
    PRIMARY KEY (run, fault, program)) WITHOUT ROWID""",
    """CREATE TABLE changed (run INTEGER, fault TEXT, program INTEGER,
    PRIMARY KEY (run, fault, program)) WITHOUT ROWID""",
    """CREATE TABLE answers (run INTEGER, fault TEXT, what TEXT, answer TEXT,
    PRIMARY KEY (run, fault, what)) WITHOUT ROWID""",
)
_TABLES = ("programs", "hits", "unseen", "owed", "changed", "answers")
ISOLATION, LOOK, PROOF = "isolation", "look", "proof"


class Store:
    """The file ``path`` (made if it is missing), and in it one run.

    Args:
        path: the database.
        faults: names of the faults that are hunted.
        seed: of the stream.
        budget: reduction tests for each hit.
        resume: go on with the run of the same faults, seed and budget; otherwise it is forgotten.

    Raises InputError if the file is no such database, there is nothing to resume, or it began with
    other code (:mod:`verify.sources`).
    """

    def __init__(
        self, path: Path, faults: Sequence[str], seed: int, budget: int, *, resume: bool
    ) -> None:
        self.path = path
        key = json.dumps({"seed": seed, "budget": budget, "faults": sorted(faults)})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30.0, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._prepare()
        except (sqlite3.DatabaseError, OSError) as e:
            raise InputError(f"{path}: not usable as a store of mutation runs: {e}") from None
        self.run = self._open(key, resume)

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self._transaction():
                for statement in _SCHEMA:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={_VERSION}")
        elif version != _VERSION:
            raise InputError(
                f"{self.path}: written by another version of Assay (format {version})",
                hint="move it away",
            )

    def _open(self, key: str, resume: bool) -> int:
        row = self._db.execute("SELECT id, code FROM runs WHERE key = ?", (key,)).fetchone()
        if resume:
            if row is None:
                raise InputError(
                    f"{self.path}: there is no run of these faults with this seed and budget",
                    hint="start without --resume",
                )
            self.code = str(row[1])
            self.check_code()
            return int(row[0])
        self.code = fingerprint()
        with self._transaction():
            if row is not None:
                for table in _TABLES:
                    self._db.execute(f"DELETE FROM {table} WHERE run = ?", row[:1])
                self._db.execute("DELETE FROM runs WHERE id = ?", row[:1])
            made = self._db.execute("INSERT INTO runs (key, code) VALUES (?, ?)", (key, self.code))
        return int(made.lastrowid or 0)

    def check_code(self) -> None:
        """InputError if the sources are not those that the run began with."""
        check_same(self.code, f"{self.path}: this run")

    def refused_by_workers(self) -> AbstractContextManager[None]:
        """In here, a worker that refuses to start with other code is that InputError."""
        return refused_by_workers(self.code, f"{self.path}: this run")

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

    # ---- writing --------------------------------------------------------------------------------

    def program(
        self, index: int, tally: Unbroken, hits: Iterable[Hit], changed: Iterable[str]
    ) -> None:
        """Commit that a program is done."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO programs VALUES (?, ?, ?)",
                (self.run, index, json.dumps(tally.to_json())),
            )
            for hit in hits:
                self._hit(hit)
            self._db.executemany(
                f"""INSERT OR IGNORE INTO changed SELECT ?1, ?2, ?3 WHERE
                (SELECT COUNT(*) FROM changed WHERE run = ?1 AND fault = ?2) < {LOOKS}""",
                [(self.run, fault, index) for fault in changed],
            )

    def hit(self, hit: Hit) -> None:
        """Commit one hit."""
        with self._transaction():
            self._hit(hit)

    def answer(self, fault: str, what: str, found: Hit | Isolation | Proved | None) -> None:
        """Commit the answer to an isolation, a second look (with a hit, or without) or a proof."""
        text = json.dumps(asdict(found) if found is not None else None)
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", (self.run, fault, what, text)
            )

    def unseen(self, unseen: Unseen, judges: Iterable[str], owed: Iterable[int]) -> None:
        """Commit that the hits of ``judges`` did not come again: they are taken back, and the
        programs ``owed`` are to be tried under that fault.
        """
        fault = unseen.hit.fault
        with self._transaction():
            self._db.executemany(
                "DELETE FROM hits WHERE run = ? AND fault = ? AND judge = ?",
                [(self.run, fault, judge) for judge in judges],
            )
            self._db.execute(
                "INSERT OR REPLACE INTO unseen VALUES (?, ?, ?, ?)",
                (self.run, fault, unseen.hit.program, json.dumps(asdict(unseen))),
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO owed VALUES (?, ?, ?)", [(self.run, fault, n) for n in owed]
            )

    def settle(self, fault: str, first: int, last: int) -> None:
        """Commit that the programs ``first .. last-1`` are no longer owed to a fault."""
        self._db.execute(
            "DELETE FROM owed WHERE run = ? AND fault = ? AND program >= ? AND program < ?",
            (self.run, fault, first, last),
        )

    def _hit(self, hit: Hit) -> None:
        """Of two hits of one judge the earlier program's is kept; of one program's the newer."""
        self._db.execute(
            """INSERT INTO hits VALUES (?, ?, ?, ?, ?) ON CONFLICT (run, fault, judge) DO UPDATE
            SET program = excluded.program, hit = excluded.hit
            WHERE excluded.program <= hits.program""",
            (self.run, hit.fault, hit.judge, hit.program, json.dumps(asdict(hit))),
        )

    # ---- reading --------------------------------------------------------------------------------

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query, (self.run,)).fetchall()

    def tallies(self) -> dict[int, Unbroken]:
        """What the unbroken compiler did, by program."""
        rows = self._rows("SELECT program, tally FROM programs WHERE run = ? ORDER BY program")
        return {int(n): Unbroken.from_json(json.loads(text)) for n, text in rows}

    def hits(self) -> dict[str, dict[str, Hit]]:
        """First hits by fault and judge."""
        out: dict[str, dict[str, Hit]] = {}
        for (text,) in self._rows("SELECT hit FROM hits WHERE run = ?"):
            hit = Hit(**json.loads(text))
            out.setdefault(hit.fault, {})[hit.judge] = hit
        return out

    def taken_back(self) -> list[Unseen]:
        """The hits that did not come again."""
        rows = self._rows("SELECT unseen FROM unseen WHERE run = ? ORDER BY fault, program")
        found = [json.loads(text) for (text,) in rows]
        return [Unseen(Hit(**data["hit"]), data["note"]) for data in found]

    def owed(self) -> dict[str, set[int]]:
        """The programs that are to be tried under one fault, by fault."""
        out: dict[str, set[int]] = {}
        for fault, index in self._rows("SELECT fault, program FROM owed WHERE run = ?"):
            out.setdefault(fault, set()).add(int(index))
        return out

    def changed(self) -> dict[str, tuple[int, ...]]:
        """Programs for a second look, by fault."""
        out: dict[str, tuple[int, ...]] = {}
        for fault, index in self._rows(
            "SELECT fault, program FROM changed WHERE run = ? ORDER BY program"
        ):
            out[fault] = (*out.get(fault, ()), int(index))
        return out

    def isolations(self) -> dict[str, Isolation]:
        """Isolations by fault."""
        return {f: Isolation(**data) for f, data in self._answers(ISOLATION).items()}

    def proofs(self) -> dict[str, Proved]:
        """Proofs by fault."""
        return {f: Proved(**data) for f, data in self._answers(PROOF).items()}

    def looked(self) -> set[str]:
        """The faults that were looked at a second time."""
        return set(self._answers(LOOK))

    def _answers(self, what: str) -> Mapping[str, Any]:
        rows = self._db.execute(
            "SELECT fault, answer FROM answers WHERE run = ? AND what = ?", (self.run, what)
        )
        return {fault: json.loads(text) for fault, text in rows}
