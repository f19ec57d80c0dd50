"""Queries to the solver: one claim under hypotheses, taken apart or made pure where that helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import z3

from verify.smt.integers import Bool, land, lnot
from verify.smt.pure import pinned, purify, related, solve
from verify.smt.solver import OUT_OF_WORK, Reply, ask
from verify.smt.tensor import Env, Term

PROVED, REFUTED, UNKNOWN = "proved", "refuted", "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """``proved``, ``refuted`` (with a model, to be replayed) or ``unknown`` (with a reason)."""

    status: str
    model: Any = None
    reason: str = ""


DECIDED = Answer(PROVED)
_AT_ONCE = 1_000_000  # work on a claim about indices before it is taken apart
_STEP = 1_000  # work that a step of ours counts as
_KNOWN: dict[str, str] = {}  # pure claims decided in this process, by text


class Queries:
    """Decides claims of scalars under hypotheses.

    Args:
        env: where the terms were made; its facts count as hypotheses.
        hypotheses: assumptions of all claims.
        limit: work of one query at most; see :mod:`verify.smt.solver`.
        total: work after which everything is unknown.
    """

    def __init__(
        self, env: Env, hypotheses: Sequence[Bool], limit: int, total: int | None = None
    ) -> None:
        self.env = env
        self.hypotheses = [h for h in hypotheses if h is not True]
        self.limit = limit
        self.total = total
        self.work = 0
        self.queries = 0

    @property
    def late(self) -> bool:
        """Whether the work in all is used up; asking counts as a step."""
        self.work += _STEP
        return self.total is not None and self.work > self.total

    def _ask(self, formulas: Sequence[Any], limit: int) -> Reply:
        """One query, counted."""
        self.queries += 1
        reply = ask(formulas, limit, count=self.total is not None)
        self.work += reply.work
        return reply

    def check(self, *conditions: Bool, limit: int | None = None) -> Answer:
        """Whether hypotheses, facts and ``conditions`` exclude each other; ``refuted`` if not, with
        a model.
        """
        if any(c is False for c in (*self.hypotheses, *conditions)):
            return DECIDED
        if self.late:
            return Answer(UNKNOWN, reason=OUT_OF_WORK)
        asked = [c for c in conditions if c is not True]
        formulas = [*self.hypotheses, *self.env.facts, *asked]
        reply = self._ask(formulas, min(self.limit, limit or self.limit))
        if reply.status == "unsat":
            return DECIDED
        if reply.status == "sat":
            return Answer(REFUTED, reply.model)
        return Answer(UNKNOWN, reason=reply.reason)

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
        found = self.check(*assumptions, lnot(whole), limit=_AT_ONCE)
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
        alone = len(near) < len(stated)
        if alone and self._ask([*near, z3.Not(part)], self.limit).status == "unsat":
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
            found = self.check(*assumptions, difference, limit=_AT_ONCE)
            if found.status != UNKNOWN:
                return found
            sides = difference.children()
            if z3.is_distinct(difference) and self._same_arguments(sides[0], sides[1], assumptions):
                return DECIDED
            return self.check(*assumptions, difference)
        reply = Reply(_KNOWN.get(pure.text, ""))
        if not reply.status:
            self.queries += 1
            reply = solve(pure, self.limit, count=self.total is not None)
            self.work += reply.work
            if reply.status != "unknown":
                _KNOWN[pure.text] = reply.status
        if reply.status == "unsat":
            return DECIDED
        if reply.status == "unknown":
            return Answer(UNKNOWN, reason=reply.reason)
        if reply.model is not None:
            found = self.check(*assumptions, *pinned(pure, reply.model))
            if found.status == REFUTED:
                return found
        return self.check(*assumptions, difference)


def conjuncts(claim: Bool) -> list[Bool]:
    """The parts of a conjunction."""
    if not isinstance(claim, bool) and z3.is_and(claim):
        return [c for g in claim.children() for c in conjuncts(g)]
    return [claim]
