"""Supervised worker processes on this machine.

Workers are spawned, not forked (threads of NumPy, LLVM or a CUDA runtime do not survive a fork).
Each writes the item that it works on into shared memory before it begins, so that the supervisor
knows which item killed it or never ended. A worker that dies is replaced; one that has grown too
large retires between two tasks.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from compiler.errors import InternalError
from verify.engines import Done, Event, Job, Lost, Message

TICK = 0.1  # seconds between two looks at the deadlines
RETIRE_BYTES = 2 << 30
_ITEM, _PHASE, _DEADLINE, _STOP = range(4)
# One thread a worker: the pool is what uses the cores.
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(slots=True)
class _Worker:
    process: Any
    pipe: Connection
    slot: Any
    log: Path
    task: int = -1
    ready: bool = False


class LocalEngine:
    """A pool of worker processes; see :class:`verify.engines.Engine`.

    Args:
        job: what the workers do.
        jobs: how many workers.
        start_seconds: how long a worker may take to start.
    """

    def __init__(self, job: Job, jobs: int, start_seconds: float = 120.0) -> None:
        self._job = job
        self._context = multiprocessing.get_context("spawn")
        self._start_seconds = start_seconds
        self._queue: deque[tuple[int, Any]] = deque()
        self._tasks = 0
        self._failures = 0
        self._folder = tempfile.TemporaryDirectory(prefix="assay-workers-")
        self._logs = 0
        self._stopping = False
        self._workers = [self._spawn() for _ in range(max(jobs, 1))]

    def submit(self, payload: Any) -> int:
        """Queue a task; returns its number."""
        self._tasks += 1
        self._queue.append((self._tasks, payload))
        return self._tasks

    def as_completed(self) -> Iterator[Event | None]:
        """Events until nothing is queued or running; ``None`` at least every tenth of a second.

        Raises InternalError when workers cannot be started.
        """
        while True:
            self._assign()
            busy = [w for w in self._workers if w.task >= 0 or not w.ready]
            if not self._queue and not any(w.task >= 0 for w in busy):
                return
            pipes = {w.pipe: w for w in busy}
            sentinels = {w.process.sentinel: w for w in busy}
            ready = wait([*pipes, *sentinels], timeout=TICK)
            for source in ready:
                worker = pipes.get(source)  # type: ignore[call-overload]
                if worker is not None:
                    yield from self._receive(worker)
            for worker in busy:
                yield from self._check(worker)
            yield None

    def stop(self) -> None:
        """Forget queued tasks and ask the running ones to return after the item in flight."""
        self._stopping = True
        self._queue.clear()
        for w in self._workers:
            w.slot[_STOP] = 1

    def shutdown(self) -> None:
        """End all workers: those that do not leave by themselves within two seconds are killed."""
        for w in self._workers:
            w.slot[_STOP] = 1
            with contextlib.suppress(OSError, ValueError):
                w.pipe.send(None)
        deadline = time.monotonic() + 2
        for w in self._workers:
            if w.task < 0:
                w.process.join(max(deadline - time.monotonic(), 0))
            self._kill(w)
        self._workers.clear()
        self._folder.cleanup()

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.shutdown()

    # ---- workers --------------------------------------------------------------------------------

    def _spawn(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        slot = self._context.RawArray(ctypes.c_int64, 4)
        slot[_ITEM] = -1
        slot[_DEADLINE] = _after(self._start_seconds)
        self._logs += 1
        log = Path(self._folder.name) / f"{self._logs}.log"
        args = (self._job, theirs, slot, str(log))
        # No daemons: a worker that isolates a crash needs a child of its own.
        process = self._context.Process(target=_main, args=args, name=f"assay-worker-{self._logs}")
        with _environment(_THREADS):
            process.start()
        theirs.close()
        return _Worker(process, ours, slot, log)

    def _assign(self) -> None:
        for w in self._workers:
            if not self._queue:
                return
            if w.ready and w.task < 0:
                w.task, payload = self._queue.popleft()
                w.slot[_ITEM] = -1
                w.slot[_DEADLINE] = _after(self._start_seconds)
                try:
                    w.pipe.send(payload)
                except (
                    OSError
                ):  # it died idle: _check replaces it and the task is given to the next one
                    self._queue.appendleft((w.task, payload))
                    w.task = -1
                    self._replace(w)

    def _receive(self, worker: _Worker) -> Iterator[Event]:
        """Everything that lies in the pipe."""
        try:
            while worker.pipe.poll():
                kind, content = worker.pipe.recv()
                if kind == "message":
                    yield Message(worker.task, content)
                elif kind == "ready":
                    worker.ready, self._failures = True, 0
                elif kind == "failed":
                    raise InternalError(
                        f"a worker failed: {content.strip().splitlines()[-1]}", hint=content
                    )
                else:  # done, retire
                    task, worker.task = worker.task, -1
                    if kind == "retire":
                        self._replace(worker)
                    yield Done(task)
        except (EOFError, OSError):
            return  # it is dying: _check sees the process end

    def _check(self, worker: _Worker) -> Iterator[Event]:
        """Whether the worker has died or is over its deadline."""
        if worker not in self._workers:
            return  # retired a moment ago
        alive = worker.process.is_alive()
        if alive and time.monotonic_ns() < worker.slot[_DEADLINE]:
            return
        yield from self._receive(worker)  # what it said before it ended
        if worker not in self._workers or (worker.ready and worker.task < 0 and alive):
            return
        how = "timeout" if alive else _exit(worker.process)
        item, phase = int(worker.slot[_ITEM]), int(worker.slot[_PHASE])
        self._replace(worker)
        log = _tail(worker.log)
        if item < 0:
            self._failures += 1
            if self._failures > 2:
                raise InternalError(f"workers do not start: {how}", hint=log)
        if worker.task >= 0:
            yield Lost(worker.task, item, phase, how, log)

    def _replace(self, worker: _Worker) -> None:
        self._kill(worker)
        at = self._workers.index(worker)
        if self._stopping:
            del self._workers[at]
        else:
            self._workers[at] = self._spawn()

    def _kill(self, worker: _Worker) -> None:
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join()
        worker.pipe.close()


def _after(seconds: float) -> int:
    return time.monotonic_ns() + int(seconds * 1e9)


def _exit(process: Any) -> str:
    process.join()
    code = process.exitcode
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit {code}"


def _tail(path: Path, size: int = 4000) -> str:
    with contextlib.suppress(OSError):
        return path.read_bytes()[-size:].decode("utf-8", "replace").strip()
    return ""


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables while a process is started."""
    before = {k: os.environ.get(k) for k in values}
    os.environ.update({k: v for k, v in values.items() if before[k] is None})
    try:
        yield
    finally:
        for k, v in before.items():
            if v is None:
                os.environ.pop(k, None)


# ---- in the worker ------------------------------------------------------------------------------


class _Report:
    """The worker's side of :class:`verify.engines.Report`."""

    __slots__ = ("_pipe", "_slot")

    def __init__(self, pipe: Connection, slot: Any) -> None:
        self._pipe = pipe
        self._slot = slot

    def begin(self, item: int, phase: int, seconds: float) -> None:
        slot = self._slot
        slot[_DEADLINE] = _after(seconds)
        slot[_PHASE] = phase
        slot[_ITEM] = item

    def emit(self, content: Any) -> None:
        self._pipe.send(("message", content))

    @property
    def stopping(self) -> bool:
        return bool(self._slot[_STOP])


def _main(job: Job, pipe: Connection, slot: Any, log: str) -> None:
    """Life of a worker: start, then one task after the other until the supervisor says so or is
    gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's; it asks us to stop
    _log_to(log)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        job.start()
        collect_seldom()
        pipe.send(("ready", None))
        report = _Report(pipe, slot)
        while True:
            payload = pipe.recv()
            if payload is None:
                return
            job.run(payload, report)
            if _resident_bytes() > RETIRE_BYTES:
                pipe.send(("retire", None))
                return
            pipe.send(("done", None))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the supervisor is gone
    except Exception:
        with contextlib.suppress(OSError):
            pipe.send(("failed", traceback.format_exc()))


def collect_seldom() -> None:
    """Set the garbage collector for a long run: what is loaded stays, and immutable graphs make few
    cycles. Worth a tenth of a campaign's speed (bench/loop.py).
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _log_to(path: str) -> None:
    """Send standard error to a file: what a compiler says last belongs to the finding."""
    import faulthandler
    import resource

    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 2)
    os.close(file)
    faulthandler.enable()
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _resident_bytes() -> int:
    """Resident memory; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0
