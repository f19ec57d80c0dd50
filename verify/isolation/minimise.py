"""Delta debugging of lists: the smallest part of a list that keeps a property.

Source: Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input* (ddmin), with the
complement step first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def minimise(items: Sequence[T], keeps: Callable[[list[T]], bool]) -> list[T]:
    """A part of ``items`` with the property from which no single item can be taken away.

    ``keeps`` must hold for all of ``items``; it is asked only about parts in the original order.
    """
    rest = list(items)
    chunk = max(len(rest) // 2, 1)
    while rest:
        at, removed = 0, False
        while at < len(rest):
            without = rest[:at] + rest[at + chunk :]
            if keeps(without):
                rest, removed = without, True
            else:
                at += chunk
        if chunk == 1 and not removed:
            break
        chunk = max(chunk // 2, 1) if not removed or chunk > len(rest) else chunk
    return rest
