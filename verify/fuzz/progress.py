"""The live display of a campaign on a terminal; plain lines now and then where there is none."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from verify.fuzz.campaign import Progress

PLAIN_SECONDS = 30.0  # between two lines of a log that nobody watches


class Display:
    """Shows :class:`Progress`; use as a context manager and call it with each.

    Args:
        console: where to draw; standard error by default, so that standard output stays clean.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._live: Live | None = None
        self._next_line = 0.0
        self._latest = ""

    def __enter__(self) -> Display:
        self._next_line = time.monotonic() + PLAIN_SECONDS
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, p: Progress) -> None:
        """Draw the newest state."""
        if p.latest and p.latest != self._latest:
            self._latest = p.latest
            self.console.print(Text(f"finding {p.findings}: {p.latest}", style="bold red"))
        if self._live is not None:
            self._live.update(render(p))
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + PLAIN_SECONDS
            self.console.print(line(p), highlight=False)


def line(p: Progress) -> str:
    """The state in one line."""
    return (
        f"{p.seconds:6.0f} s  {p.programs:,} programs  {p.rate:.0f}/s  {p.findings} findings  "
        f"ops {p.ops[0]}/{p.ops[1]}  rewrites {p.rewrites[0]}/{p.rewrites[1]}"
    )


def render(p: Progress) -> Group:
    """The state as a bar with a line of counts below it."""
    share, left = _share(p)
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text("fuzz", style="bold"),
        ProgressBar(total=1.0, completed=max(share, 0.0), width=30, pulse=share < 0),
        f"{p.programs:,}" + (f" of {p.count:,}" if p.count is not None else "") + " programs",
        f"{p.rate:.0f}/s",
        left,
    )
    bad = p.violations + p.crashes + p.errors
    counts = Table.grid(padding=(0, 2))
    counts.add_row(
        Text(f"{p.findings} findings", style="bold red" if p.findings else "green"),
        Text(
            f"{p.violations} violations, {p.crashes} crashes"
            + (f", {p.errors} own faults" if p.errors else ""),
            style="red" if bad else "dim",
        ),
        Text(f"ops {p.ops[0]}/{p.ops[1]}", style="dim"),
        Text(f"rewrites {p.rewrites[0]}/{p.rewrites[1]}", style="dim"),
    )
    return Group(head, counts)


def _share(p: Progress) -> tuple[float, str]:
    """How much is done (-1 if there is no end), and what is left in words."""
    shares = []
    if p.count:
        shares.append(min(p.programs / p.count, 1.0))
    if p.limit:
        shares.append(min(p.seconds / p.limit, 1.0))
    if not shares:
        return -1.0, f"{p.seconds:.0f} s, Ctrl-C to stop"
    share = max(shares)
    if share <= 0:
        return share, ""
    return share, f"{max(p.seconds / share - p.seconds, 0):.0f} s left"
