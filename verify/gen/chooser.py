"""Where the generator's choices come from: a random source, a tape, or Hypothesis.

Every choice is one call ``below(k)`` that gives an integer in ``0 .. k-1``. By convention 0 is the
simplest choice, so that Hypothesis' shrinker and a tape that has run out both lead to small
programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


class Chooser(Protocol):
    """A source of choices."""

    def below(self, k: int) -> int:
        """An integer in ``0 .. k-1``; ``k`` is at least 1."""
        ...


class RandomChooser:
    """Uniform choices from a seeded Mersenne twister: the fast source that campaigns use.

    Attributes:
        below: as :meth:`Chooser.below`, uniform up to a bias of ``k / 2**53``. A closure: a program
            takes about sixty choices, and a method costs half as much again.
    """

    __slots__ = ("below",)

    def __init__(self, seed: int) -> None:
        random = Random(seed).random

        def below(k: int) -> int:
            return int(random() * k)

        self.below = below


class TapeChooser:
    """Choices read from a tape, then zeros. Foreign entries are taken modulo ``k``."""

    __slots__ = ("_next",)

    def __init__(self, tape: Iterable[int]) -> None:
        self._next = iter(tape)

    def below(self, k: int) -> int:
        """The next entry of the tape."""
        return next(self._next, 0) % k


class Recorder:
    """Passes choices through and keeps them; ``TapeChooser(recorder.tape)`` replays the same
    program.
    """

    __slots__ = ("_source", "tape")

    def __init__(self, source: Chooser) -> None:
        self._source = source
        self.tape: list[int] = []

    def below(self, k: int) -> int:
        """A choice of the source, recorded."""
        choice = self._source.below(k)
        self.tape.append(choice)
        return choice


class HypothesisChooser:
    """Choices drawn from Hypothesis, so that a property test shrinks them.

    Args:
        draw: the ``draw`` of ``@st.composite``, or the ``draw`` method of ``st.data()``.
    """

    __slots__ = ("_draw",)

    def __init__(self, draw: Callable[[SearchStrategy[int]], int]) -> None:
        self._draw = draw

    def below(self, k: int) -> int:
        """One drawn integer; nothing is drawn where there is no choice."""
        return self._draw(_integers(k)) if k > 1 else 0


@lru_cache(maxsize=4096)
def _integers(k: int) -> Any:
    """Cached, since building a strategy costs more than drawing from it."""
    from hypothesis import strategies as st

    return st.integers(0, k - 1)


def program_seed(campaign: int, index: int) -> int:
    """The seed of program ``index`` of a campaign: independent of how programs are spread over
    workers.
    """
    return int.from_bytes(blake2b(f"{campaign}:{index}".encode(), digest_size=8).digest(), "little")
