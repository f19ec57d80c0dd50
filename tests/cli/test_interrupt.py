"""Ctrl-C ends what takes long: soon, with exit code 130, one line, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A background shell may have set SIGINT to be ignored; workers are spawned, hence the guard.
MAIN = """
import signal, sys
from verify.cli import main
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
"""
# No solver decides these before the interrupt.
HARD = """
from compiler.dtypes import F64
from compiler.rules.ops import divide, multiply
from compiler.rules.term import Rewrite, Tensor, rule


@rule("slow/square-of-quotient", dtypes=(F64,))
def _(x: Tensor, y: Tensor) -> Rewrite:
    \"\"\"(x / y) * (x / y) -> (x * x) / (y * y)\"\"\"
    return multiply(divide(x, y), divide(x, y)), divide(multiply(x, x), multiply(y, y))
"""
BEFORE = """
func.func @main(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %0 = stablehlo.add %x, %y : tensor<4xi64>
  %1 = stablehlo.subtract %x, %y : tensor<4xi64>
  %2 = stablehlo.multiply %0, %1 : tensor<4xi64>
  return %2 : tensor<4xi64>
}
"""
AFTER = """
func.func @main(%x: tensor<4xi64>, %y: tensor<4xi64>) -> tensor<4xi64> {
  %0 = stablehlo.multiply %x, %x : tensor<4xi64>
  %1 = stablehlo.multiply %y, %y : tensor<4xi64>
  %2 = stablehlo.subtract %0, %1 : tensor<4xi64>
  return %2 : tensor<4xi64>
}
"""


def descendants(pid):
    """All processes below ``pid``."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    near = [int(c) for c in listed.read_text().split()] if listed.exists() else []
    return near + [d for c in near for d in descendants(c)]


def busy(pid):
    """Seconds of CPU that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def at_work(tmp_path, *args, workers):
    """A command that has begun to work, and all its processes."""
    script = tmp_path / "main.py"
    script.write_text(MAIN)
    process = subprocess.Popen(
        [sys.executable, str(script), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    for _ in range(600):
        time.sleep(0.1)
        below = descendants(process.pid)
        if sum(busy(p) > 3 for p in below or [process.pid]) >= max(workers, 1):
            return process, below
        assert process.poll() is None, process.communicate()
    raise AssertionError("it did not begin")


def ended(process, below, seconds):
    out, err = process.communicate(timeout=seconds)
    for _ in range(50):
        if not any(map(is_alive, below)):
            break
        time.sleep(0.1)
    assert not any(map(is_alive, below)), "processes are left"
    return out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_provers_stop_at_once(tmp_path, number):
    rules = tmp_path / "rules.py"
    rules.write_text(HARD)
    args = ("prove", "--file", rules, "--limit", 100_000)
    process, below = at_work(tmp_path, *args, workers=1)
    begin = time.monotonic()
    process.send_signal(number)
    _, err = ended(process, below, 20)
    assert time.monotonic() - begin < 10, "a busy machine takes longer than an idle one"
    assert (process.returncode, err) == (130, "interrupted\n")


def test_provers_do_not_outlive_a_killed_command(tmp_path):
    rules = tmp_path / "rules.py"
    rules.write_text(HARD)
    process, below = at_work(tmp_path, "prove", "--file", rules, "--limit", 100_000, workers=1)
    assert below
    process.kill()
    ended(process, below, 20)


def test_a_validation_stops_at_once(tmp_path):
    (tmp_path / "a.mlir").write_text(BEFORE)
    (tmp_path / "b.mlir").write_text(AFTER)
    args = ("validate", "a.mlir", "b.mlir", "--limit", 100_000)
    process, below = at_work(tmp_path, *args, workers=0)
    process.send_signal(signal.SIGINT)
    _, err = ended(process, below, 20)
    assert (process.returncode, err) == (130, "interrupted\n")
