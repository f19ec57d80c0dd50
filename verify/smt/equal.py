"""Are two terms equal? Z3 decides scalars; folds are compared by normal form.

Two folds are equal when they fold the same op from equal initial values over equal boxes, with equal elements under a
bijection of the boxes: the identity, and any permutation of the dimensions where the order of folding does not matter. What
this cannot show is ``unknown`` or, with a model, a candidate counterexample that somebody has to replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import z3

from verify.smt.integers import Bool, Int, equal, in_range, same
from verify.smt.tensor import Env, Fold, Index, Term

PROVED, REFUTED, UNKNOWN = "proved", "refuted", "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """``proved``, ``refuted`` (with a model, to be replayed) or ``unknown`` (with a reason)."""

    status: str
    model: Any = None
    reason: str = ""


_PROVED = Answer(PROVED)
_DEPTH = 4  # nesting of folds that is looked into


class Decider:
    """Decides claims under hypotheses; learns equalities of folds on the way.

    Args:
        env: where the terms were made; its facts count as hypotheses.
        hypotheses: assumptions of all claims.
        limit_ms: time limit of one query.
    """

    def __init__(self, env: Env, hypotheses: Sequence[Bool], limit_ms: int) -> None:
        self.env = env
        self.hypotheses = [h for h in hypotheses if h is not True]
        self.limit_ms = limit_ms
        self.queries = 0

    def check(self, *conditions: Bool) -> Answer:
        """Whether hypotheses, facts and ``conditions`` are satisfiable together: ``refuted`` means yes (with a model)."""
        if any(c is False for c in (*self.hypotheses, *conditions)):
            return _PROVED
        solver = z3.Solver()
        solver.set("timeout", self.limit_ms)
        solver.add(*self.hypotheses, *self.env.facts, *[c for c in conditions if c is not True])
        self.queries += 1
        found = solver.check()
        if found == z3.unsat:
            return _PROVED
        if found == z3.sat:
            return Answer(REFUTED, solver.model())
        return Answer(UNKNOWN, reason=solver.reason_unknown())

    def holds(self, claim: Bool, *assumptions: Bool) -> Answer:
        """Whether ``claim`` follows."""
        if claim is True:
            return _PROVED
        return self.check(*assumptions, True if claim is False else z3.Not(claim))

    def equal(self, a: Term, b: Term, *assumptions: Bool, depth: int = 0) -> Answer:
        """Whether ``a = b`` follows (floats: the same bits, with one NaN)."""
        if a.eq(b):
            return _PROVED
        if depth > _DEPTH:
            return Answer(UNKNOWN, reason="folds are nested too deep")
        if self.env.folds:
            self._match_folds(a, b, assumptions, depth)
        return self.check(*assumptions, a != b)

    def _match_folds(self, a: Term, b: Term, assumptions: Sequence[Bool], depth: int) -> None:
        """Add as facts the equalities of folds below ``a`` with folds below ``b``."""
        left, right = (self._normal(t, depth) for t in (a, b))
        done: set[int] = set()
        for f in left:
            for g in right:
                if f is g or g.consts[0].get_id() in done:
                    continue
                if self._folds_equal(f, g, assumptions, depth):
                    facts = [x == y for x, y in zip(f.consts, g.consts, strict=True)]
                    self.env.facts += [z3.Implies(z3.And(*map(_bool, assumptions)), e) for e in facts]
                    done.add(g.consts[0].get_id())
                    break

    def _normal(self, term: Term, depth: int) -> list[Fold]:
        """The folds below ``term``, after factors moved in and nested folds were joined; inner ones first."""
        found = self._below(term)
        if depth <= _DEPTH:
            for product_term, fold in list(_products(term, found)):
                found.append(self._absorb(product_term, fold))
            for fold in list(found):
                found += self._rewritten(fold)
        return found

    def _below(self, term: Term) -> list[Fold]:
        out: dict[int, Fold] = {}
        for t in subterms(term):
            fold = self.env.folds.get(t.get_id())
            if fold is not None:
                out[fold.consts[0].get_id()] = fold
        return list(out.values())

    def _absorb(self, term: Term, fold: Fold) -> Fold:
        """c * fold(e) is fold(c * e)."""
        const = fold.consts[0]

        def elements(inner: Index) -> tuple[Term, ...]:
            return (z3.substitute(term, (const, fold.elements(inner)[0])),)

        return self._enter(term, fold, fold.sizes, elements)

    def _enter(self, value: Term, like: Fold, sizes: Sequence[Int], elements: Any) -> Fold:
        """A new fold whose constant equals ``value``."""
        const = self.env.fresh("fold", value.sort())
        fold = Fold(like.key, (const,), like.inits, tuple(sizes), elements, like.exact, like.identity, like.ring)
        self.env.folds[const.get_id()] = fold
        self.env.facts.append(const == value)
        return fold

    def _rewritten(self, fold: Fold) -> list[Fold]:
        """Other forms of an exact fold: a fold of folds as one, a sum of sums as the sum of its parts."""
        if not fold.exact or len(fold.consts) != 1:
            return []
        inner_index = self.env.fresh_index(len(fold.sizes))
        (element,) = fold.elements(inner_index)
        joined = self._joined(fold, element)
        if joined is not None:
            return [joined, *self._rewritten(joined)]
        if fold.ring and z3.is_app(element) and element.decl().kind() in (z3.Z3_OP_ADD, z3.Z3_OP_BADD):
            return self._parts(fold, element.num_args())
        return []

    def _joined(self, fold: Fold, element: Term) -> Fold | None:
        """fold_j(fold_k(e)) is fold_jk(e), also with a factor at the inner one in a ring."""
        inner = next((f for f in self._below(element) if self._joins(fold, f, element)), None)
        if inner is None:
            return None
        split = len(fold.sizes)

        def elements(index: Index) -> tuple[Term, ...]:
            (outer,) = fold.elements(index[:split])
            below = next(f for f in self._below(outer) if self._joins(fold, f, outer))
            (deep,) = below.elements(index[split:])
            return (z3.substitute(outer, (below.consts[0], deep)),)

        return self._enter(fold.consts[0], fold, (*fold.sizes, *inner.sizes), elements)

    def _joins(self, outer: Fold, inner: Fold, element: Term) -> bool:
        """Whether ``element`` is ``inner`` or (in a ring) a product with it, so that both folds are one."""
        neutral = inner.identity is not None and inner.inits[0].eq(inner.identity)
        if inner.key != outer.key or not neutral:
            return False
        return bool(element.eq(inner.consts[0])) or (outer.ring and _is_factor(element, inner.consts[0]))

    def _parts(self, fold: Fold, count: int) -> list[Fold]:
        """fold(a + b) is fold(a) + fold(b), the first with the initial value."""
        parts, consts = [], []
        for k in range(count):
            const = self.env.fresh("fold", fold.consts[0].sort())
            init = fold.inits if k == 0 else (fold.identity,)
            elements = lambda inner, k=k: (fold.elements(inner)[0].arg(k),)  # noqa: E731
            part = Fold(fold.key, (const,), init, fold.sizes, elements, True, fold.identity, fold.ring)
            self.env.folds[const.get_id()] = part
            parts.append(part)
            consts.append(const)
        total = consts[0]
        for c in consts[1:]:
            total = total + c
        self.env.facts.append(fold.consts[0] == total)
        return [x for p in parts for x in (p, *self._rewritten(p))]

    def _folds_equal(self, f: Fold, g: Fold, assumptions: Sequence[Bool], depth: int) -> bool:
        if f.key != g.key or len(f.consts) != len(g.consts) or len(f.inits) != len(g.inits):
            return False
        kept_f, kept_g = _wide(f.sizes), _wide(g.sizes)
        if len(kept_f) != len(kept_g):
            return False
        for x, y in zip(f.inits, g.inits, strict=True):
            if self.equal(x, y, *assumptions, depth=depth + 1).status != PROVED:
                return False
        orders: Iterable[tuple[int, ...]] = permutations(range(len(kept_f))) if f.exact else [tuple(range(len(kept_f)))]
        return any(self._equal_under(f, g, kept_f, kept_g, order, assumptions, depth) for order in orders)

    def _equal_under(
        self,
        f: Fold,
        g: Fold,
        kept_f: list[int],
        kept_g: list[int],
        order: tuple[int, ...],
        assumptions: Sequence[Bool],
        depth: int,
    ) -> bool:
        """Whether g's k-th dimension runs as f's ``order[k]``-th (dimensions of size 1 left out)."""
        for k, o in enumerate(order):
            if self.holds(equal(g.sizes[kept_g[k]], f.sizes[kept_f[o]]), *assumptions).status != PROVED:
                return False
        inner = self.env.fresh_index(len(kept_f))
        at_f: list[Int] = [0] * len(f.sizes)
        at_g: list[Int] = [0] * len(g.sizes)
        for k, o in enumerate(order):
            at_f[kept_f[o]] = inner[o]
            at_g[kept_g[k]] = inner[o]
        inside = in_range(at_f, f.sizes)
        left, right = f.elements(tuple(at_f)), g.elements(tuple(at_g))
        pairs = [list(zip(left, right, strict=True))]
        if f.key[0] == "dot" and left[0].sort() == right[1].sort():
            pairs.append(list(zip(left, reversed(right), strict=True)))  # a product of two commutes
        return any(
            all(self.equal(x, y, *assumptions, inside, depth=depth + 1).status == PROVED for x, y in pair)
            for pair in pairs
        )


def _bool(condition: Bool) -> Any:
    return z3.BoolVal(condition) if isinstance(condition, bool) else condition


def _wide(sizes: Sequence[Int]) -> list[int]:
    return [k for k, n in enumerate(sizes) if not same(n, 1)]


def subterms(term: Term) -> list[Term]:
    """All subterms, operands first, each once."""
    out: list[Term] = []
    seen: set[int] = set()
    stack: list[tuple[Term, bool]] = [(term, False)]
    while stack:
        t, done = stack.pop()
        if done:
            out.append(t)
        elif t.get_id() not in seen:
            seen.add(t.get_id())
            stack.append((t, True))
            stack += [(c, False) for c in t.children()]
    return out


def _is_factor(term: Term, const: Term) -> bool:
    """Whether ``term`` is a product in which ``const`` is exactly one factor and occurs nowhere else."""
    if term.eq(const):
        return True
    if not z3.is_app(term) or term.decl().kind() not in (z3.Z3_OP_MUL, z3.Z3_OP_BMUL):
        return False
    holding = [c for c in term.children() if any(s.eq(const) for s in subterms(c))]
    return len(holding) == 1 and _is_factor(holding[0], const)


def _products(term: Term, folds: Sequence[Fold]) -> Iterable[tuple[Term, Fold]]:
    """Products below ``term`` with one ring fold as a factor."""
    rings = [f for f in folds if f.ring and f.identity is not None and f.inits[0].eq(f.identity)]
    for t in subterms(term):
        if z3.is_app(t) and t.decl().kind() in (z3.Z3_OP_MUL, z3.Z3_OP_BMUL):
            for f in rings:
                if _is_factor(t, f.consts[0]):
                    yield t, f


__all__ = ["PROVED", "REFUTED", "UNKNOWN", "Answer", "Decider", "subterms"]
