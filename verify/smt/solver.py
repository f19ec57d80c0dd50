"""The one place where Z3 is asked.

A query ends by its *work*, counted in Z3's resource units, never by the clock: so a verdict does
not depend on what else the machine does. A second has about one million units where integers are
decided, and 3 to 8 millions where bits are. The clock is a far-off last resort for a query that
counts no units, and says so: ``unknown (time)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from verify.prove import LAST_RESORT_SECONDS, OUT_OF_TIME

BRIEF = 5_000_000  # for questions that have another way out
OUT_OF_WORK = "out of work"


@dataclass(frozen=True, slots=True)
class Reply:
    """What Z3 said.

    Attributes:
        status: ``unsat``, ``sat`` or ``unknown``.
        model: for ``sat``.
        reason: for ``unknown``.
        work: resource units that the query took.
    """

    status: str
    model: Any = None
    reason: str = ""
    work: int = 0


def ask(
    formulas: Sequence[Any], limit: int, make: Callable[[], Any] = z3.Solver, *, count: bool = False
) -> Reply:
    """Whether the formulas can hold together.

    Args:
        limit: resource units after which the answer is ``unknown``.
        make: makes the solver.
        count: also measure the work.

    Raises KeyboardInterrupt: Z3 takes Ctrl-C for itself and gives up; we pass it on.
    """
    solver = make()
    solver.set("rlimit", limit)
    solver.set("timeout", int(1000 * LAST_RESORT_SECONDS))
    solver.add(*formulas)
    before = _units(z3.Solver()) if count else 0
    found = solver.check()
    work = _units(solver) - before if count else 0
    if found == z3.sat:
        return Reply("sat", solver.model(), work=work)
    if found == z3.unsat:
        return Reply("unsat", work=work)
    reason = solver.reason_unknown()
    if "interrupted" in reason:
        raise KeyboardInterrupt
    if "timeout" in reason:
        return Reply("unknown", None, OUT_OF_TIME, work)
    spent = "resource" in reason or "canceled" in reason
    return Reply("unknown", None, OUT_OF_WORK if spent else reason, work)


def _units(solver: Any) -> int:
    """The units that this process has used so far."""
    found = [value for name, value in solver.statistics() if name == "rlimit count"]
    return int(found[0]) if found else 0
