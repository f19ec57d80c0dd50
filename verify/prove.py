"""Proofs of rewrite rules: every declared rule, for all sizes, positions and elements.

A rule is taken apart into instances (concrete ranks up to 3, permutations and axes; sizes,
positions and elements symbolic), and each instance is decided in the weakest reading that settles
it:

1. *abstract*: elements of any dtype, ops as uninterpreted functions. Proves layout rules once for
   all dtypes.
2. *ring*: for integers and only + - * and sums: a polynomial identity holds modulo 2**bits.
3. *bits*: IEEE floats and bit-vectors, dtype by dtype.
4. For a rule with a contract: bits up to what ``nsz nnan ninf`` allow, then the reals (``reassoc
   arcp afn contract``).

A rule without contract that holds over the reals only is refuted, and the verdict says which
contract it needs. A counterexample counts once the reference interpreter has confirmed it; a
solver that gives up is ``unknown``, never "proved". It gives up after a certain work, whatever the
clock says; see :mod:`verify.smt.solver`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.rules.term import Rule
    from verify.engines import Report
    from verify.smt.replay import Counterexample

VERDICTS = ("bit-exact", "equal-over-reals", "refuted", "unknown")
LIMIT = 50_000_000  # ten times what the hardest shipped rule takes for one query
LAST_RESORT_SECONDS = 1800.0  # of the clock, for one rule
OUT_OF_TIME = "unknown (time)"


@dataclass(frozen=True, slots=True)
class Proof:
    """What holds of one rule.

    Attributes:
        name, family, contract, source: of the rule; ``contract`` in words.
        verdict: one of :data:`VERDICTS`.
        needs: the contract under which it holds, in words; empty for ``bit-exact`` and where none
            is known.
        ms: time taken.
        counterexample: for ``refuted``; replayed in the reference interpreter.
        instances: how many choices of ranks, axes and dtypes were decided.
        notes: what else was found, such as a guard that is not needed, or why the verdict is
            unknown.
    """

    name: str
    family: str
    contract: str
    verdict: str
    needs: str
    ms: float
    counterexample: Counterexample | None
    source: str
    instances: int = 0
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A JSON form."""
        return {
            "name": self.name,
            "family": self.family,
            "contract": self.contract,
            "verdict": self.verdict,
            "needs": self.needs,
            "ms": round(self.ms, 1),
            "source": self.source,
            "instances": self.instances,
            "notes": list(self.notes),
            "counterexample": self.counterexample.to_json() if self.counterexample else None,
        }


def prove(rule: Rule, *, limit: int = LIMIT, audit: bool = False) -> Proof:
    """Decide one rule.

    Args:
        limit: work of one solver query at most, in Z3's resource units.
        audit: also look for conjuncts of the guard without which the rule still holds.
    """
    from verify.smt.strategy import decide

    start = time.perf_counter()
    found = decide(rule, limit, audit)
    ms = 1000 * (time.perf_counter() - start)
    return Proof(
        rule.name,
        rule.family,
        str(rule.contract),
        found.verdict,
        found.needs,
        ms,
        found.counterexample,
        rule.source,
        found.instances,
        tuple(found.notes),
    )


def load_rules(path: str | Path) -> dict[str, Rule]:
    """The rules that a Python file declares with ``@rule``; they do not join the shipped ones.

    Raises InputError where the file is missing or cannot be run.
    """
    import runpy

    from compiler.errors import InputError
    from compiler.rules import RULES

    if not Path(path).is_file():
        raise InputError(f"there is no file {path}")
    shipped = dict(RULES)
    RULES.clear()
    try:
        runpy.run_path(str(path))
        return dict(RULES)
    except Exception as e:
        raise InputError(f"{path}: {type(e).__name__}: {e}") from e
    finally:
        RULES.clear()
        RULES.update(shipped)


def prove_all(
    names: Iterable[str] | None = None,
    *,
    path: str | Path | None = None,
    jobs: int = 1,
    limit: int = LIMIT,
    audit: bool = False,
    progress: Callable[[Proof], None] | None = None,
) -> list[Proof]:
    """Decide many rules, in ``jobs`` worker processes.

    Args:
        names: rules to decide (also ``family/*`` patterns); all if ``None``.
        path: a file of rules to use instead of the shipped ones.
        progress: called with each proof as it is finished.
    Raises InputError for a pattern that no rule fits.
    """
    rules = _selected(_rules(path), names)
    done: dict[str, Proof] = {}
    for proof in _in_workers(rules, Prover(path, limit, audit), jobs):
        done[proof.name] = proof
        if progress:
            progress(proof)
    return [done[n] for n in rules]


def prove_file(path: str | Path, **options: Any) -> list[Proof]:
    """Decide the rules of a file; see :func:`prove_all`."""
    return prove_all(path=path, **options)


def _rules(path: str | Path | None) -> dict[str, Rule]:
    from compiler.rules import RULES

    return dict(RULES) if path is None else load_rules(path)


def _selected(rules: Mapping[str, Rule], names: Iterable[str] | None) -> dict[str, Rule]:
    from fnmatch import fnmatchcase

    from compiler.errors import InputError

    if names is None:
        return dict(rules)
    out: dict[str, Rule] = {}
    for pattern in names:
        found = {n: r for n, r in rules.items() if fnmatchcase(n, pattern) or r.family == pattern}
        if not found:
            raise InputError(f"there is no rule {pattern}", hint="assay show rules lists them")
        out |= found
    return out


@dataclass
class Prover:
    """The job of the workers: one rule a task."""

    path: str | Path | None
    limit: int
    audit: bool
    rules: dict[str, Rule] = field(default_factory=dict)

    def start(self) -> None:
        """Load the rules and the solver, which leaves Ctrl-C to the supervisor."""
        import z3

        import verify.smt.strategy  # noqa: F401

        z3.set_param("ctrl_c", False)
        self.rules = _rules(self.path)

    def run(self, payload: str, report: Report) -> None:
        """Decide the rule named ``payload``."""
        report.begin(0, 0, LAST_RESORT_SECONDS)
        report.emit(prove(self.rules[payload], limit=self.limit, audit=self.audit))


def _in_workers(rules: Mapping[str, Rule], prover: Prover, jobs: int) -> Iterator[Proof]:
    """Proofs as they are finished; none of the workers outlives the caller."""
    from verify.engines import Lost, Message
    from verify.engines.local import LocalEngine

    with LocalEngine(prover, min(jobs, len(rules))) as engine:
        names = {engine.submit(name): name for name in rules}
        for event in engine.as_completed():
            if isinstance(event, Message):
                yield event.content
            elif isinstance(event, Lost):
                yield _lost(rules[names[event.task]], event.how)


def _lost(rule: Rule, how: str) -> Proof:
    """What is known of a rule whose prover died or was given up."""
    slow = how == "timeout"
    note = OUT_OF_TIME if slow else f"the prover died: {how}"
    ms = 1000 * LAST_RESORT_SECONDS if slow else 0.0
    contract = str(rule.contract)
    return Proof(
        rule.name, rule.family, contract, "unknown", "", ms, None, rule.source, notes=(note,)
    )


def to_json(proofs: Sequence[Proof]) -> dict[str, Any]:
    """The document of ``assay prove --json``."""
    return {"rules": [p.to_json() for p in proofs]}


COLUMNS = ("rule", "family", "contract", "verdict", "needs", "instances", "ms")


def rows(proofs: Sequence[Proof]) -> list[tuple[str, ...]]:
    """One row of text a rule, under :data:`COLUMNS`."""
    return [
        (p.name, p.family, p.contract, p.verdict, p.needs, str(p.instances), f"{p.ms:.0f}")
        for p in proofs
    ]


def summary(proofs: Sequence[Proof]) -> str:
    """One sentence."""
    counts = {v: sum(p.verdict == v for p in proofs) for v in VERDICTS}
    parts = [f"{n} {v}" for v, n in counts.items() if n]
    seconds = sum(p.ms for p in proofs) / 1000
    return f"{len(proofs)} rules in {seconds:.1f} s: {', '.join(parts) or 'none'}"
