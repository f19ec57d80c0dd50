"""The live display of ``assay conform``; plain lines now and then where there is no terminal."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from verify.conform.report import sound
from verify.conform.run import Run

PLAIN_SECONDS = 30.0


class Display:
    """Shows how far a run is; use as a context manager and call it with the run."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bar: Progress | None = None
        self._seen = 0
        self._verdicts: Counter[str] = Counter()
        self._findings = 0
        self._next_line = 0.0

    def __enter__(self) -> Display:
        self._next_line = time.monotonic() + PLAIN_SECONDS
        if self.console.is_terminal:
            columns = (
                TextColumn("conform"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}"),
            )
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.add_task("", total=None)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, run: Run) -> None:
        """Draw the newest state."""
        for record in run.records[self._seen :]:
            self._verdicts[record.outcome.verdict] += 1
            self._findings += not sound(record)
        self._seen = len(run.records)
        counts = ", ".join(f"{n:,} {verdict}" for verdict, n in self._verdicts.most_common())
        text = f"{self._findings:,} findings ({counts})"
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, completed=self._seen, total=run.count, description=text)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + PLAIN_SECONDS
            line = f"{self._seen:,} of {run.count:,} verdicts, {text}"
            self.console.print(line, highlight=False, soft_wrap=True)
