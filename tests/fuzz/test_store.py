from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from compiler.errors import InputError
from verify.fuzz.store import Failure, Found, Store


def found(key="assay/fold:add/ab12", program=3):
    return Found(key, program, "violation", "assay", "fold", "add", 2, "folder")


def test_what_is_recorded_comes_back(tmp_path):
    with Store(tmp_path) as store:
        n = store.create({"seed": 5})
        store.record(n, 0, 10, {"programs": 10}, [Failure(3, "violation", "fold:add")], [found()])
        store.record_time(n, 100.0, 2.5)
        store.set_state(n, "interrupted")
    with Store(tmp_path) as store:
        assert store.config(n) == {"seed": 5}
        assert store.state(n) == "interrupted"
        assert store.ranges(n) == [(0, 10)]
        assert list(store.stats(n)) == [{"programs": 10}]
        assert store.failures(n) == [Failure(3, "violation", "fold:add", found().key)]
        assert store.findings(n) == [found()]
        assert store.seconds(n) == 2.5
        assert store.campaigns() == [(n, "interrupted", 10, 1)]


def test_ranges_merge_and_keep_their_gaps(tmp_path):
    with Store(tmp_path) as store:
        n = store.create({})
        for first, last in [(20, 30), (0, 5), (5, 10), (12, 13)]:
            store.record(n, first, last, {})
        assert store.ranges(n) == [(0, 10), (12, 13), (20, 30)]


def test_a_key_is_one_finding_of_the_program_that_showed_it_first(tmp_path):
    with Store(tmp_path) as store:
        n = store.create({})
        store.record(n, 0, 9, {}, [Failure(3, "violation", "g"), Failure(7, "violation", "g")])
        store.record_finding(n, found())
        store.record_finding(n, found(program=7))
        assert store.findings(n) == [found()]
        assert {f.key for f in store.failures(n)} == {found().key}


def test_campaigns_are_kept_apart(tmp_path):
    with Store(tmp_path) as store:
        a, b = store.create({}), store.create({})
        store.record(a, 0, 10, {}, (), [found()])
        assert store.ranges(b) == []
        assert store.findings(b) == []


def test_a_transaction_is_whole_or_nothing(tmp_path):
    with Store(tmp_path) as store:
        n = store.create({})
        with pytest.raises(AttributeError):
            store.record(n, 0, 10, {}, [Failure(1, "crash", "g")], [None])
        assert store.ranges(n) == []
        assert store.failures(n) == []


def test_a_killed_process_loses_nothing_that_was_committed(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from verify.fuzz.store import Store
s = Store(Path({str(tmp_path)!r}))
n = s.create({{}})
s.record(n, 0, 64, {{}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False, cwd=Path.cwd())
    with Store(tmp_path) as store:
        assert store.ranges(1) == [(0, 64)]
        assert store.state(1) == "running"


def test_an_unknown_campaign_is_refused_with_the_known_ones(tmp_path):
    with Store(tmp_path) as store:
        with pytest.raises(InputError, match="there is none yet"):
            store.config(1)
        store.create({})
        with pytest.raises(InputError, match="the latest are 1"):
            store.config(2)


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "campaigns.sqlite").write_text(
        "not a database, but long enough to be read as one" * 9
    )
    with pytest.raises(InputError, match="not usable as a campaign store"):
        Store(tmp_path)


def test_a_store_of_another_format_is_refused(tmp_path):
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA user_version=99")
    with pytest.raises(InputError, match="another version"):
        Store(tmp_path)


def test_folders_have_safe_names(tmp_path):
    with Store(tmp_path) as store:
        folder = store.folder("assay/reorder:algebra/add-assoc/../../x y")
        assert folder.parent == tmp_path / "findings"
        assert "/" not in folder.name
        assert folder.name.strip(".")
