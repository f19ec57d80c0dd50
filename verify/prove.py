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
solver's time-out is ``unknown``, never "proved".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.rules.term import Rule
    from verify.smt.replay import Counterexample

VERDICTS = ("bit-exact", "equal-over-reals", "refuted", "unknown")
LIMIT_MS = 30_000


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


def prove(rule: Rule, *, limit_ms: int = LIMIT_MS, audit: bool = False) -> Proof:
    """Decide one rule.

    Args:
        limit_ms: time limit of one solver query.
        audit: also look for conjuncts of the guard without which the rule still holds.
    """
    from verify.smt.strategy import decide

    start = time.perf_counter()
    found = decide(rule, limit_ms, audit)
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
    limit_ms: int = LIMIT_MS,
    audit: bool = False,
    progress: Callable[[Proof], None] | None = None,
) -> list[Proof]:
    """Decide many rules, in worker processes where ``jobs`` > 1.

    Args:
        names: rules to decide (also ``family/*`` patterns); all if ``None``.
        path: a file of rules to use instead of the shipped ones.
        progress: called with each proof as it is finished.
    Raises InputError for a pattern that no rule fits.
    """
    rules = _selected(_rules(path), names)
    done: dict[str, Proof] = {}

    def finish(proof: Proof) -> None:
        done[proof.name] = proof
        if progress:
            progress(proof)

    if jobs <= 1:
        for r in rules.values():
            finish(prove(r, limit_ms=limit_ms, audit=audit))
    else:
        _in_workers(list(rules), path, jobs, limit_ms, audit, finish)
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


def _in_workers(
    names: Sequence[str],
    path: str | Path | None,
    jobs: int,
    limit_ms: int,
    audit: bool,
    finish: Callable[[Proof], None],
) -> None:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_prove_named, n, path, limit_ms, audit) for n in names]
        for future in as_completed(waiting):
            finish(future.result())


def _prove_named(name: str, path: str | Path | None, limit_ms: int, audit: bool) -> Proof:
    return prove(_rules(path)[name], limit_ms=limit_ms, audit=audit)


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
