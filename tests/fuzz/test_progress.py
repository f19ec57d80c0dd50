from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from verify.fuzz import Progress
from verify.fuzz.progress import Display, line, render

STATE = Progress(1234, 5000, 10.0, None, 123.4, 2, 1, 0, 3, (55, 57), (180, 208))


def drawn(state):
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    console.print(render(state))
    return console.file.getvalue()


def test_the_display_tells_programs_rate_findings_and_coverage():
    text = drawn(STATE)
    for part in ("1,234 of 5,000 programs", "123/s", "3 findings", "2 violations", "1 crashes"):
        assert part in text
    assert "ops 55/57" in text
    assert "rewrites 180/208" in text
    assert "31 s left" in text


@pytest.mark.parametrize(
    "state",
    [
        replace(STATE, count=None),
        replace(STATE, count=None, limit=60.0),
        replace(STATE, programs=0, seconds=0.0),
        replace(STATE, errors=2),
    ],
)
def test_every_kind_of_campaign_can_be_drawn(state):
    assert "programs" in drawn(state)
    assert "programs" in line(state)


def test_without_a_terminal_only_news_is_printed():
    console = Console(file=io.StringIO(), width=120)
    with Display(console) as display:
        display(STATE)
        display(replace(STATE, latest="assay/fold:add/12"))
        display(replace(STATE, latest="assay/fold:add/12"))
    assert console.file.getvalue().splitlines() == ["finding 3: assay/fold:add/12"]


def test_a_terminal_gets_a_live_display():
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    with Display(console) as display:
        display(STATE)
    assert "1,234" in console.file.getvalue()
