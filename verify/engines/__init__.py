"""Engines: where batches of work run.

A campaign hands tasks to an engine and consumes events; which process or machine does the work is
the engine's affair. :class:`verify.engines.local.LocalEngine` runs worker processes on this
machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol


class Report(Protocol):
    """What a job sees of its engine while it runs."""

    def begin(self, item: int, phase: int, seconds: float) -> None:
        """Say what is in flight, so that a crash or an endless loop is known to be ``item``'s;
        costs a microsecond.

        Args:
            item: number of the item, at least 0.
            phase: stage of the work on it, for the consumer's use.
            seconds: how long this may take before the worker is killed.
        """
        ...

    def emit(self, content: Any) -> None:
        """Send something to the consumer, as a :class:`Message`."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the job should return after the item in flight."""
        ...


class Job(Protocol):
    """Work that an engine's workers do: picklable, started once a worker."""

    def start(self) -> None:
        """Prepare a worker: imports, caches."""
        ...

    def run(self, payload: Any, report: Report) -> None:
        """Do one task."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A job emitted ``content``."""

    task: int
    content: Any


@dataclass(frozen=True, slots=True)
class Done:
    """A task has ended by itself."""

    task: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker died, or was killed because an item took too long; the task ends with it.

    Attributes:
        task: the task.
        item: the item in flight; -1 if there was none.
        phase: its phase.
        how: ``timeout``, a signal's name such as ``SIGSEGV``, or ``exit N``.
        log: the end of what the worker wrote to standard error.
    """

    task: int
    item: int
    phase: int
    how: str
    log: str


Event = Message | Done | Lost


class Engine(Protocol):
    """Runs tasks of one job."""

    def submit(self, payload: Any) -> int:
        """Queue a task; returns its number."""
        ...

    def as_completed(self) -> Iterator[Event | None]:
        """Events until nothing is queued or running; ``None`` now and then, so that the consumer
        gets a turn.
        """
        ...

    def stop(self) -> None:
        """Forget queued tasks and ask the running ones to return soon."""
        ...

    def shutdown(self) -> None:
        """End all workers."""
        ...


def workers(jobs: int) -> int:
    """How many workers ``--jobs`` means: one for each core that this process may use if 0."""
    if jobs:
        return jobs
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


__all__ = ["Done", "Engine", "Event", "Job", "Lost", "Message", "Report", "workers"]
