from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compiler.errors import InputError, InternalError
from verify.case import load
from verify.fuzz import CampaignConfig, campaign, program, resume, summary
from verify.fuzz.store import Store
from verify.fuzz.worker import CrashTask, Unreduced, Work
from verify.gen import SETS

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def odd():
    """The module with the broken compiler, importable by name here and in workers."""
    sys.path.insert(0, str(HERE))
    try:
        yield importlib.import_module("odd_targets")
    finally:
        sys.path.remove(str(HERE))


def outcome(summary):
    """What must not depend on the number of workers."""
    with Store(summary.config.directory) as store:
        failures = [(f.program, f.kind, f.guilty) for f in store.failures(summary.campaign)]
    s = summary.stats
    return s.programs, s.verdicts, s.ops, s.rewrites, failures


def test_a_campaign_checks_the_programs_it_was_asked_for(tmp_path):
    seen = []
    config = CampaignConfig(seed=1, count=60, jobs=2, directory=tmp_path)
    result = campaign(config, seen.append)
    assert result.stats.programs == 60
    assert result.state == "done"
    assert sum(result.stats.verdicts.values()) == 60
    assert seen
    assert seen[-1].programs == 60
    assert 30 < seen[-1].ops[0] <= seen[-1].ops[1]
    document = json.loads(json.dumps(result.to_json()))
    wanted = {"programs", "seconds", "cpu_seconds", "violations", "crashes", "findings"}
    assert wanted | {"ops", "rewrites", "seed", "rate", "verdicts", "campaign"} <= set(document)
    assert summary(result.campaign, tmp_path).to_json() == result.to_json()


def test_the_result_does_not_depend_on_the_number_of_workers(tmp_path):
    one, two = (
        campaign(CampaignConfig(seed=4, count=40, jobs=j, level=2, directory=tmp_path / str(j)))
        for j in (1, 2)
    )
    assert outcome(one) == outcome(two)


def test_a_campaign_ends_when_its_time_is_over(tmp_path):
    start = time.monotonic()
    result = campaign(CampaignConfig(seconds=6.0, jobs=1, directory=tmp_path))
    assert time.monotonic() - start < 120
    assert result.state == "done"


def test_a_campaign_goes_on_where_it_stopped(tmp_path):
    first = campaign(CampaignConfig(seed=5, count=40, jobs=1, directory=tmp_path / "a"))
    both = resume(first.campaign, tmp_path / "a", count=80, jobs=2)
    whole = campaign(CampaignConfig(seed=5, count=80, jobs=1, directory=tmp_path / "b"))
    assert outcome(both) == outcome(whole)
    again = resume(first.campaign, tmp_path / "a", count=80)
    assert outcome(again) == outcome(whole)


def test_only_length_and_workers_may_change_on_resuming(tmp_path):
    result = campaign(CampaignConfig(count=1, jobs=1, directory=tmp_path))
    with pytest.raises(InputError, match="keeps its level"):
        resume(result.campaign, tmp_path, level=2)
    with pytest.raises(InputError, match="there is no campaign 9"):
        resume(9, tmp_path)


def test_what_one_code_began_no_other_goes_on_with(tmp_path, monkeypatch):
    began = campaign(CampaignConfig(count=1, jobs=1, directory=tmp_path))
    monkeypatch.setattr("verify.sources.versions", lambda: {"assay": "another"})
    with pytest.raises(InputError, match=f"campaign 1 began with other code .{began.config.code}"):
        resume(began.campaign, tmp_path, count=2)
    assert summary(began.campaign, tmp_path).stats.programs == 1  # to be read by any code


def test_a_worker_with_other_code_does_not_start(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["verify.fuzz.campaign"], "fingerprint", lambda: "another")
    with pytest.raises(InputError, match=r"campaign 1 began with other code .another"):
        campaign(CampaignConfig(count=1, jobs=1, directory=tmp_path))


def test_a_death_that_does_not_come_again_is_not_reduced():
    told = []

    class Report:
        begin = staticmethod(lambda *_: None)
        emit = staticmethod(told.append)

    Work(CampaignConfig(seed=5)).run(CrashTask(3, "SIGSEGV", "its last words"), Report())
    (found,) = told
    assert isinstance(found, Unreduced)
    assert (found.index, found.kind, found.pass_name) == (3, "crash", "process SIGSEGV")
    assert found.note == "not seen again\nSIGSEGV\nits last words"


ENDS = {"cosine": "crash", "tan": "timeout", "sine": "crash", "floor": "violation"}


def with_all_ends(live_ops, **settings):
    """A campaign in which every way to fail occurs, the slow ones once."""
    for seed in range(1000):
        config = CampaignConfig(seed=seed, **settings)
        every = [live_ops(program(config, i)[0]) for i in range(config.count)]
        counts = [sum(op in ops for ops in every) for op in ENDS]
        if all(counts) and counts[:2] == [1, 1]:
            return config, every
    raise AssertionError("no such campaign")


def test_crashes_hangs_exceptions_and_wrong_values_are_findings(tmp_path, odd):
    odd.register()
    config, every = with_all_ends(
        odd.live_ops,
        count=70,
        jobs=2,
        target="odd",
        timeout=1.5,
        keep=1,
        budget=150,
        directory=tmp_path,
    )
    result = campaign(config, setup=odd.register)
    assert result.stats.programs == config.count, "the campaign goes on"
    with Store(tmp_path) as store:
        failures = {f.program: f for f in store.failures(result.campaign)}
    for i, ops in enumerate(every):
        kind = next((kind for op, kind in ENDS.items() if op in ops), None)
        if kind != "violation":  # floor of an unused value does no harm
            assert (failures[i].kind if i in failures else None) == kind
    assert sorted(f.guilty for f in failures.values() if f.guilty.startswith("process")) == [
        "process SIGSEGV",
        "process timeout",
    ]
    found = {}
    for f in result.findings:
        ops = [n.op for n in load(Path(f.folder)).module.main.graph.nodes]
        found |= {op: (f.kind, len(ops)) for op in ops if op in ENDS}
    assert {op: kind for op, (kind, _) in found.items()} == ENDS
    sizes = {kind: size for kind, size in found.values()}
    assert sizes["violation"] == sizes["crash"] == 1, "reduced to the one op"
    assert sizes["timeout"] <= 4, "reduced as far as few examinations go"


def test_workers_that_cannot_start_end_the_campaign(tmp_path, odd):
    with pytest.raises(InternalError, match="this machine cannot run it"):
        campaign(CampaignConfig(count=5, jobs=1, directory=tmp_path), setup=odd.refuse)


def start(where, *more):
    args = [sys.executable, str(HERE / "campaign_main.py"), str(where), *map(str, more)]
    env = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    return subprocess.Popen(args, stdout=subprocess.PIPE, text=True, env=env)


def wait_for_programs(where, count):
    for _ in range(600):
        time.sleep(0.1)
        if (where / "campaigns.sqlite").exists():
            with Store(where) as store:
                if store.campaigns() and store.campaigns()[0][2] >= count:
                    return
    raise AssertionError("no progress")


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(c) for c in path.read_text().split()] if path.exists() else []


def test_ctrl_c_ends_a_campaign_that_can_go_on(tmp_path):
    process = start(tmp_path)
    wait_for_programs(tmp_path, 20)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    state, programs, command = out.split(" ", 2)
    assert state == "interrupted"
    assert command.strip() == f"assay fuzz --resume 1 --directory {tmp_path}"
    done = int(programs)
    after = start(tmp_path, 1, done + 20)
    assert after.communicate(timeout=60)[0].split()[:2] == ["done", str(done + 20)]


def test_a_killed_campaign_loses_no_program_and_leaves_no_worker(tmp_path):
    process = start(tmp_path)
    wait_for_programs(tmp_path, 20)
    workers = children(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    with Store(tmp_path) as store:
        ranges = store.ranges(1)
    assert ranges[0][0] == 0
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{w}/stat").exists() and not zombie(w) for w in workers):
        assert time.monotonic() < deadline, "workers outlive their campaign"
        time.sleep(0.1)
    done = sum(b - a for a, b in ranges)
    after = start(tmp_path, 1, done + 30)
    assert after.communicate(timeout=60)[0].split()[:2] == ["done", str(done + 30)]
    whole = campaign(CampaignConfig(seed=3, count=done + 30, jobs=2, directory=tmp_path / "w"))
    assert outcome(summary(1, tmp_path)) == outcome(whole)


def zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_one_bug_is_one_finding_with_the_rewrite_named(tmp_path):
    config = CampaignConfig(
        seed=1, count=500, jobs=2, level=2, fault="pad-low-off-by-one", directory=tmp_path
    )
    result = campaign(config)
    assert result.stats.violations > 1
    assert [(f.pass_name, f.rewrite) for f in result.findings] == [("lower", "pad")]
    assert result.findings[0].ops <= 2
    case = load(Path(result.findings[0].folder))
    assert case.fault == "pad-low-off-by-one"
    assert case.meta["inputs"] == result.findings[0].inputs
    assert result.findings[0].inputs in SETS
    document = result.to_json()
    assert sum(kinds.get("violation", 0) for kinds in document["sets"].values()) > 1
    assert {f["inputs"] for f in document["findings"]} <= set(document["sets"]) <= set(SETS)
    with Store(tmp_path) as store:
        assert {f.guilty for f in store.failures(1)} == {"lower:pad"}
