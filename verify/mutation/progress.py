"""The live display of a mutation run on a terminal; a line now and then where there is none."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from verify.mutation.outcome import OURS
from verify.mutation.run import Progress as State

PLAIN_SECONDS = 30.0  # between two lines of a log that nobody watches
BARS = ("programs", "isolated", "proved")


class Display:
    """Shows :class:`~verify.mutation.run.Progress`; use as a context manager and call it with
    each.

    Args:
        console: where to draw; standard error by default, so that standard output stays clean.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bars = Progress(
            *columns,
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
            transient=True,
        )
        self._tasks = [self._bars.add_task(name, total=None, note="") for name in BARS]
        self._next_line = 0.0
        self._latest = ""

    def __enter__(self) -> Display:
        self._next_line = time.monotonic() + PLAIN_SECONDS
        if self.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.console.is_terminal:
            self._bars.stop()

    def __call__(self, state: State) -> None:
        """Draw the newest state."""
        if not self.console.is_terminal:
            if time.monotonic() >= self._next_line:
                self._next_line = time.monotonic() + PLAIN_SECONDS
                self.console.print(line(state), highlight=False)
            return
        counts = (
            (state.programs, state.count),
            (state.isolated, state.to_isolate),
            (state.proved, state.to_prove),
        )
        for task, (done, total) in zip(self._tasks, counts, strict=True):
            self._bars.update(task, completed=done, total=total)
        self._bars.update(self._tasks[0], note=f"{state.found[OURS]} of {state.faults} found")
        if state.latest and state.latest != self._latest:
            self._latest = state.latest
            self._bars.console.print(Text(state.latest))


def line(state: State) -> str:
    """The state in one line."""
    found = ", ".join(f"{judge} {n}" for judge, n in state.found.items())
    return (
        f"{state.programs:,} of {state.count:,} programs  found of {state.faults}: {found}  "
        f"isolated {state.isolated}  proved {state.proved} of {state.to_prove}"
    )
