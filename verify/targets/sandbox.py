"""A supervised worker process for code that may crash, hang or exit: real compilers do.

A :class:`Worker` runs one request at a time in a fresh Python process of its own and survives
whatever happens there: a signal, an exit, a time-out and an exception all come back as values. The
process is started at the first call and again after each death. Requests name a top-level function,
so nothing but its arguments is pickled.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any, TypeAlias

from compiler.errors import AssayError

TAIL = 4000  # bytes of standard error that are kept
_HEADER = 8
_BOOT = """
import sys
sys.path[:] = {path!r}
from verify.targets.sandbox import serve
serve({parent})
"""


@dataclass(frozen=True, slots=True)
class Returned:
    """The function returned ``value``."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """The function raised: type name, message and traceback as text; ``error`` where it is one of
    Assay's own.
    """

    kind: str
    message: str
    trace: str
    error: AssayError | None = None


@dataclass(frozen=True, slots=True)
class Crash:
    """The process died. ``code`` is its exit status, or minus the number of the signal that killed
    it.
    """

    code: int
    stderr: str

    @property
    def reason(self) -> str:
        """``SIGSEGV`` or ``exit status 3``."""
        if self.code < 0:
            try:
                return signal.Signals(-self.code).name
            except ValueError:
                return f"signal {-self.code}"
        return f"exit status {self.code}"


@dataclass(frozen=True, slots=True)
class Timeout:
    """The function did not return within ``seconds``; the process was killed."""

    seconds: float
    stderr: str


Outcome: TypeAlias = Returned | Raised | Crash | Timeout


class Worker:
    """One worker process. Safe to call from several threads: requests wait for each other.

    Args:
        env: environment variables that the process gets in addition.
        setup: ``module:function`` called once in each new process, before the first request.
        arguments: of ``setup``.
    """

    def __init__(
        self, env: dict[str, str] | None = None, setup: str = "", arguments: tuple[Any, ...] = ()
    ) -> None:
        self._env = env or {}
        self._setup = setup, arguments
        self._lock = threading.Lock()
        self._process: _Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None while no process runs."""
        return self._process.popen.pid if self._process else None

    def call(self, function: str, *args: Any, timeout: float | None = None) -> Outcome:
        """Run ``module:function`` with ``args`` in the process; ``timeout`` in seconds, None for no
        limit.
        """
        with self._lock:
            process = self._running()
            try:
                outcome = process.ask((function, args), timeout)
            except BaseException:  # an interrupted request leaves a reply that nobody awaits
                self._stop()
                raise
            if isinstance(outcome, (Crash, Timeout)):
                self._stop()
            return outcome

    def close(self) -> None:
        """End the process; the next call starts a new one."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running(self) -> _Process:
        alive = self._process is not None and self._process.popen.poll() is None
        if not alive or self._process is None or self._process.owner != os.getpid():
            self._stop()
            self._process = _Process(self._env)
            if self._setup[0]:
                self._process.ask(self._setup, None)
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.owner == os.getpid():
            process.end()


class _Process:
    """The process behind a worker: pipes for requests and replies, a file for its errors."""

    def __init__(self, env: dict[str, str]) -> None:
        self.owner = os.getpid()
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        boot = _BOOT.format(path=sys.path, parent=self.owner)
        self.popen = subprocess.Popen(
            [sys.executable, "-c", boot],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, **env},
            start_new_session=True,  # Ctrl-C on the terminal is for the parent alone
        )
        self._ready = False
        self._finish = weakref.finalize(self, _end, self.popen, self.errors)

    def ask(self, request: tuple[str, tuple[Any, ...]], timeout: float | None) -> Outcome:
        """One request, one reply. A timer kills the process at the deadline, ending both pipes."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        data = pickle.dumps(request, pickle.HIGHEST_PROTOCOL)
        if not self._ready and not self._greeted(self.popen.stdout):
            return Crash(self.popen.wait(), self._tail())
        late = threading.Event()
        timer = threading.Timer(timeout, self._expire, [late]) if timeout is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            _write(self.popen.stdin, data)
            reply = _read(self.popen.stdout)
        except (BrokenPipeError, EOFError):
            reply = None
        finally:
            if timer is not None:
                timer.cancel()
        if reply is not None:
            outcome: Outcome = pickle.loads(reply)
            return outcome
        code = self.popen.wait()
        if late.is_set():
            return Timeout(timeout or 0.0, self._tail())
        return Crash(code, self._tail())

    def _greeted(self, replies: IO[bytes]) -> bool:
        """Wait until the process has started: no time limit of a request pays for that."""
        with contextlib.suppress(EOFError):
            self._ready = _read(replies) == b""
        return self._ready

    def _expire(self, late: threading.Event) -> None:
        late.set()
        _kill(self.popen)

    def _tail(self) -> str:
        size = self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, size - TAIL))
        return self.errors.read().decode("utf-8", "replace")

    def end(self) -> None:
        """Kill the process, if it still runs, and free what it held."""
        self._finish()


def _end(popen: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    """Kill and reap; also run when the worker is collected or the interpreter ends."""
    _kill(popen)
    popen.wait()
    for stream in (popen.stdin, popen.stdout, errors):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):  # a request that was never read
                stream.close()


def _kill(popen: subprocess.Popen[bytes]) -> None:
    """Kill the process and those it started: one that lives on would hold the pipes open."""
    if popen.returncode is None:  # not reaped: the number of the group is still its own
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.kill()


def _write(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(_HEADER, "little"))
    stream.write(data)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    header = stream.read(_HEADER)
    if len(header) < _HEADER:
        raise EOFError
    size = int.from_bytes(header, "little")
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


# what runs in the worker process


def serve(parent: int) -> None:
    """Answer requests from standard input until it ends. Whatever the requests print goes to
    standard error.
    """
    import faulthandler

    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    faulthandler.enable()
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    _write(replies, b"")
    while True:
        try:
            function, args = pickle.loads(_read(requests))
        except EOFError:
            return
        _write(replies, _answer(function, args))


def _answer(function: str, args: tuple[Any, ...]) -> bytes:
    """The pickled outcome of one call."""
    try:
        return pickle.dumps(Returned(_resolve(function)(*args)), pickle.HIGHEST_PROTOCOL)
    except BaseException as e:
        own = e if isinstance(e, AssayError) else None
        return pickle.dumps(Raised(type(e).__name__, str(e), traceback.format_exc(), own))


def _resolve(function: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def _follow(parent: int) -> None:
    """End this process when its parent is gone, even in the middle of a request."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
