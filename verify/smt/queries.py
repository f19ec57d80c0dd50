"""Queries to the solver: one claim under hypotheses, taken apart or made pure where that helps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import z3

from verify.smt.integers import Bool, land, lnot
from verify.smt.pure import pinned, purify, related, solve
from verify.smt.tensor import Env, Term

PROVED, REFUTED, UNKNOWN = "proved", "refuted", "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """``proved``, ``refuted`` (with a model, to be replayed) or ``unknown`` (with a reason)."""

    status: str
    model: Any = None
    reason: str = ""


DECIDED = Answer(PROVED)
_AT_ONCE_MS = 300  # time for a claim about indices before it is taken apart
_KNOWN: dict[str, str] = {}  # pure claims decided in this process, by text


class Queries:
    """Decides claims of scalars under hypotheses.

    Args:
        env: where the terms were made; its facts count as hypotheses.
        hypotheses: assumptions of all claims.
        limit_ms: time limit of one query.
        total_ms: time after which everything is unknown.
    """

    def __init__(
        self, env: Env, hypotheses: Sequence[Bool], limit_ms: int, total_ms: int | None = None
    ) -> None:
        self.env = env
        self.hypotheses = [h for h in hypotheses if h is not True]
        self.limit_ms = limit_ms
        self.deadline = None if total_ms is None else time.monotonic() + total_ms / 1000
        self.queries = 0

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def check(self, *conditions: Bool, limit_ms: int | None = None) -> Answer:
        """Whether hypotheses, facts and ``conditions`` exclude each other; ``refuted`` if not, with
        a model.
        """
        if any(c is False for c in (*self.hypotheses, *conditions)):
            return DECIDED
        if self.late:
            return Answer(UNKNOWN, reason="out of time")
        solver = z3.Solver()
        solver.set("timeout", min(self.limit_ms, limit_ms or self.limit_ms))
        solver.add(*self.hypotheses, *self.env.facts, *[c for c in conditions if c is not True])
        self.queries += 1
        found = solver.check()
        if found == z3.unsat:
            return DECIDED
        if found == z3.sat:
            return Answer(REFUTED, solver.model())
        return Answer(UNKNOWN, reason=solver.reason_unknown())

    def holds(self, claim: Bool, *assumptions: Bool) -> Answer:
        """Whether ``claim`` follows.

        What is not settled at once is taken apart: conjuncts one by one, from what speaks of the
        same unknowns. Dimensions mostly have nothing to do with one another, and products of
        unknowns are hard together.
        """
        known = {h.get_id() for h in self.hypotheses if not isinstance(h, bool)}
        parts = [c for c in conjuncts(claim) if isinstance(c, bool) or c.get_id() not in known]
        whole = land(*parts)
        if whole is True:
            return DECIDED
        found = self.check(*assumptions, lnot(whole), limit_ms=_AT_ONCE_MS)
        if found.status != UNKNOWN:
            return found
        for part in parts:
            found = self._follows(part, assumptions)
            if found.status != PROVED:
                return found
        return DECIDED

    def _follows(self, part: Bool, assumptions: Sequence[Bool]) -> Answer:
        """Whether one conjunct follows."""
        if isinstance(part, bool):
            return self.check(*assumptions)
        stated = [c for h in (*self.hypotheses, *assumptions) for c in conjuncts(h)]
        near = related(part, [c for c in stated if not isinstance(c, bool)])
        if len(near) < len(stated):
            solver = z3.Solver()
            solver.set("timeout", self.limit_ms)
            solver.add(*near, z3.Not(part))
            self.queries += 1
            if solver.check() == z3.unsat:
                return DECIDED
        return self.check(*assumptions, z3.Not(part))

    def _same_arguments(self, a: Term, b: Term, assumptions: Sequence[Bool]) -> bool:
        """Whether both are one input's element, at indices that are equal."""
        if not (z3.is_app(a) and z3.is_app(b)) or a.decl() != b.decl() or not a.num_args():
            return False
        pairs = list(zip(a.children(), b.children(), strict=True))
        if not all(z3.is_int(x) for x, _ in pairs):
            return False
        return all(x.eq(y) or self._follows(x == y, assumptions).status == PROVED for x, y in pairs)

    def differ(self, difference: Any, *assumptions: Bool) -> Answer:
        """Whether a difference of scalars is impossible; the pure form is tried first."""
        pure = None
        if self.env.reading != "abstract":
            pure = purify(difference, [*self.hypotheses, *assumptions, *self.env.facts])
        if pure is None:
            found = self.check(*assumptions, difference, limit_ms=_AT_ONCE_MS)
            if found.status != UNKNOWN:
                return found
            sides = difference.children()
            if z3.is_distinct(difference) and self._same_arguments(sides[0], sides[1], assumptions):
                return DECIDED
            return self.check(*assumptions, difference)
        status = _KNOWN.get(pure.text)
        model = None
        if status is None:
            self.queries += 1
            status, model = solve(pure, self.limit_ms)
            if status != "unknown":
                _KNOWN[pure.text] = status
        if status == "unsat":
            return DECIDED
        if status == "unknown":
            return Answer(UNKNOWN, reason="timeout")
        if model is not None:
            found = self.check(*assumptions, *pinned(pure, model))
            if found.status == REFUTED:
                return found
        return self.check(*assumptions, difference)


def conjuncts(claim: Bool) -> list[Bool]:
    """The parts of a conjunction."""
    if not isinstance(claim, bool) and z3.is_and(claim):
        return [c for g in claim.children() for c in conjuncts(g)]
    return [claim]
