"""Scalar claims without arrays: each element of an input becomes a plain constant, so that Z3's own
strategies for pure floating-point, bit-vector and real formulas apply (20 times faster than in the
presence of functions of indices).

Forgetting which element is which makes a claim harder: what is proved here holds. A model found
here is offered again to the full claim before anybody believes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import z3

from verify.smt.solver import Reply, ask
from verify.smt.tensor import Term


@dataclass(frozen=True, slots=True)
class Pure:
    """A formula over plain constants.

    Attributes:
        formula: to be refuted.
        atoms: (original term, constant in its place).
    """

    formula: Any
    atoms: tuple[tuple[Term, Any], ...]

    @property
    def text(self) -> str:
        """The formula as text: equal claims of different instances have equal texts."""
        return str(self.formula.sexpr())


def purify(claim: Any, facts: Sequence[Any]) -> Pure | None:
    """``facts and claim`` with elements as constants and facts about indices left out; ``None`` if
    indices remain.
    """
    goal = z3.simplify(claim)
    atoms: list[tuple[Term, Any]] = []
    body = _replace(goal, atoms)
    if body is None:
        return None
    kept = [
        f
        for f in (_replace(z3.simplify(f), atoms) for f in _relevant(goal, facts))
        if f is not None
    ]
    for k, f in enumerate(kept):
        if z3.is_eq(f) and all(
            z3.is_const(t) and t.decl().kind() == z3.Z3_OP_UNINTERPRETED for t in f.children()
        ):
            # Bit-blasting makes little of equations of whole floats: one name for both does it.
            x, y = f.children()
            body = z3.substitute(body, (y, x))
            kept[k + 1 :] = [z3.substitute(g, (y, x)) for g in kept[k + 1 :]]
    whole = z3.simplify(z3.And(body, *kept)) if kept else body
    return Pure(whole, tuple(atoms))


def related(goal: Any, facts: Sequence[Any]) -> list[Any]:
    """The facts that share an unknown with the goal, or with such a fact."""
    return _closure(_unknowns(goal), [(f, _unknowns(f)) for f in facts])


def _unknowns(term: Any) -> frozenset[int]:
    """Names of the uninterpreted constants in a term."""
    out, seen, stack = set(), set(), [term]
    while stack:
        t = stack.pop()
        if t.get_id() in seen or not z3.is_app(t):
            continue
        seen.add(t.get_id())
        if t.num_args():
            stack += t.children()
        elif t.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            out.add(t.get_id())
    return frozenset(out)


def _relevant(goal: Any, facts: Sequence[Any]) -> list[Any]:
    """The facts that speak of something in the goal, or of something in such a fact (leaving facts
    out is safe).
    """
    return _closure(_atoms(goal), [(f, _atoms(f)) for f in facts if not isinstance(f, bool)])


def _closure(known: frozenset[int], rest: list[tuple[Any, frozenset[int]]]) -> list[Any]:
    out: list[Any] = []
    while True:
        near = [(f, a) for f, a in rest if a & known]
        if not near:
            return out
        out += [f for f, _ in near]
        known = known.union(*(a for _, a in near))
        rest = [(f, a) for f, a in rest if not a & known]


_ATOMS: dict[int, tuple[Any, frozenset[int]]] = {}


def _atoms(term: Any) -> frozenset[int]:
    """Names of the largest uninterpreted applications in a term (integers aside)."""
    found = _ATOMS.get(term.get_id())
    if found is None or not found[0].eq(term):
        if len(_ATOMS) > 50_000:
            _ATOMS.clear()
        atoms, seen, stack = set(), set(), [term]
        while stack:
            t = stack.pop()
            if t.get_id() in seen or not z3.is_app(t):
                continue
            seen.add(t.get_id())
            if t.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                if not z3.is_int(t):
                    atoms.add(t.get_id())
            else:
                stack += t.children()
        found = _ATOMS[term.get_id()] = (term, frozenset(atoms))
    return found[1]


def _replace(term: Term, atoms: list[tuple[Term, Any]]) -> Any:
    """``term`` with its largest uninterpreted applications replaced; ``None`` where an integer is
    left.
    """
    found: list[tuple[Term, Any]] = []
    seen: set[int] = set()
    stack = [term]
    while stack:
        t = stack.pop()
        if t.get_id() in seen:
            continue
        seen.add(t.get_id())
        if not z3.is_app(t) or z3.is_int(t):
            return None
        if t.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            known = next((c for a, c in atoms if a.eq(t)), None)
            if known is None:
                known = z3.Const(f"e{len(atoms)}", t.sort())
                atoms.append((t, known))
            found.append((t, known))
        else:
            stack += reversed(t.children())
    return z3.substitute(term, *found) if found else term


def solve(pure: Pure, limit: int, *, count: bool = False) -> Reply:
    """Decide the formula by itself; arguments as in :func:`verify.smt.solver.ask`."""
    bits = all(z3.is_fp(c) or z3.is_bv(c) or z3.is_bool(c) for _, c in pure.atoms)
    return ask([pure.formula], limit, _circuits if bits else z3.Solver, count=count)


def _circuits() -> Any:
    """A solver for floats and bit-vectors: as circuits with equal gates shared, then as clauses (a
    third faster than Z3's own choice).
    """
    steps = ("simplify", "propagate-values", "fpa2bv", "simplify", "solve-eqs", "bit-blast")
    return z3.Then(*steps, "aig", "sat").solver()


def pinned(pure: Pure, model: Any) -> list[Any]:
    """The model's values as equations of the original terms."""
    return [term == model.eval(const, model_completion=True) for term, const in pure.atoms]
