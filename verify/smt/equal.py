"""Are two terms equal? Z3 decides scalars; folds are compared by normal form.

Two folds are equal when they fold the same op from equal initial values over equal boxes, with
equal elements under a bijection of the boxes: the identity, and any permutation and reversal of
dimensions where the order of folding does not matter. What this cannot show is ``unknown`` or, with
a model, a candidate counterexample that somebody has to replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

import z3

from compiler.ops import OPS
from verify.smt.folds import Atom, atoms_of, forms, is_factor_of, products, subterms
from verify.smt.graphs import evaluate_graph
from verify.smt.integers import Bool, Int, equal, in_range, land, same
from verify.smt.queries import DECIDED, PROVED, REFUTED, UNKNOWN, Answer, Queries, conjuncts
from verify.smt.scalar import apply, sort_of
from verify.smt.solver import BRIEF, OUT_OF_WORK
from verify.smt.tensor import Env, Fold, Term, Unknown, constant_tensor

__all__ = ["PROVED", "REFUTED", "UNKNOWN", "Answer", "Decider", "conjuncts"]

_DEPTH, _DEPTH_OF_PROGRAMS = 4, 50  # nesting of folds that is looked into
_SMALL_PART = 40  # terms of a part that is given to the solver alone


class Decider(Queries):
    """Decides claims under hypotheses; learns equalities of folds on the way.

    Args:
        env: where the terms were made; its facts count as hypotheses.
        hypotheses: assumptions of all claims.
        limit: work of one query at most; see :mod:`verify.smt.solver`.
        total: work after which everything is unknown.
        descend: whether to look for equal parts first, for pairs of programs that agree in most
            places.
    """

    def __init__(
        self,
        env: Env,
        hypotheses: Sequence[Bool],
        limit: int,
        total: int | None = None,
        *,
        descend: bool = False,
    ) -> None:
        super().__init__(env, hypotheses, limit, total)
        self.descend = descend
        self._pairs: dict[tuple[Any, ...], Any] = {}  # terms and folds that were compared

    def equal(self, a: Term, b: Term, *assumptions: Bool, depth: int = 0) -> Answer:
        """Whether ``a = b`` follows (floats: the same bits, with one NaN)."""
        if a.eq(b):
            return DECIDED
        if depth > (_DEPTH_OF_PROGRAMS if self.descend else _DEPTH) or self.late:
            return Answer(UNKNOWN, reason=OUT_OF_WORK if self.late else "folds are nested too deep")
        if self.descend and self.congruent(a, b, assumptions, depth):
            return DECIDED
        if self.env.monoids and self._same_atoms(a, b, assumptions, depth):
            return DECIDED
        if self.env.folds:
            pairs = self._match_folds(a, b, assumptions, depth)
            if pairs and self.differ(a != b, *assumptions).status == PROVED:
                return DECIDED
            self._learn(
                [p for p in pairs if self._folds_equal(*p, assumptions, depth)], assumptions
            )
        return self.differ(a != b, *assumptions)

    def congruent(self, a: Term, b: Term, assumptions: Sequence[Bool], depth: int) -> bool:
        """Whether both are built alike from parts that are equal; small parts that are not built
        alike are solved for.
        """
        if a.eq(b):
            return True
        key = (a.get_id(), b.get_id(), _ids(assumptions))
        if key not in self._pairs:
            held = (a, b, *assumptions)  # kept, so that their ids stay theirs
            self._pairs[key] = (False, held)
            self._pairs[key] = (self._congruent(a, b, assumptions, depth), held)
        return bool(self._pairs[key][0])

    def _congruent(self, a: Term, b: Term, assumptions: Sequence[Bool], depth: int) -> bool:
        if not (z3.is_app(a) and z3.is_app(b)) or a.sort() != b.sort() or self.late:
            return False
        f, g = self.env.folds.get(a.get_id()), self.env.folds.get(b.get_id())
        if f is not None and g is not None:
            which = [
                k
                for k, (x, y) in enumerate(zip(f.consts, g.consts, strict=False))
                if x.eq(a) and y.eq(b)
            ]
            return bool(which) and self._folds_equal(f, g, assumptions, depth)
        count = a.num_args()
        if count and a.decl() == b.decl() and count == b.num_args():
            left, right = a.children(), b.children()
            if all(
                self.congruent(x, y, assumptions, depth) for x, y in zip(left, right, strict=True)
            ):
                return True
            if _commutes(a) and self._crossed(left, right, assumptions, depth):
                return True
        return self._solved(a, b, assumptions, depth)

    def _crossed(
        self, left: Sequence[Term], right: Sequence[Term], assumptions: Sequence[Bool], depth: int
    ) -> bool:
        """The last two arguments exchanged (the first one of an IEEE op is the rounding mode)."""
        swapped = [*right[:-2], right[-1], right[-2]]
        return all(
            self.congruent(x, y, assumptions, depth) for x, y in zip(left, swapped, strict=True)
        )

    def _solved(self, a: Term, b: Term, assumptions: Sequence[Bool], depth: int) -> bool:
        """Whether a small part is equal by itself: indices, constants, a handful of scalar ops."""
        if z3.is_int(a):
            plain = bool(z3.simplify(a == b).eq(z3.BoolVal(True)))
            return plain or self.check(*assumptions, a != b).status == PROVED
        if (
            self.env.reading == "abstract"
            and a.decl().kind() == b.decl().kind() == z3.Z3_OP_UNINTERPRETED
        ):
            return False
        parts = [subterms(a), subterms(b)]
        if len(parts[0]) + len(parts[1]) > _SMALL_PART:
            return False
        left, right = (
            [self.env.folds[t.get_id()] for t in p if t.get_id() in self.env.folds] for p in parts
        )
        pairs = [(f, g) for f in left for g in right if f is not g]
        same_folds = [p for p in pairs if self._folds_equal(*p, assumptions, depth)]
        self._learn(same_folds, assumptions)
        swaps = [(y, x) for f, g in same_folds for x, y in zip(f.consts, g.consts, strict=True)]
        b = z3.substitute(b, *swaps) if swaps else b
        limit, self.limit = self.limit, min(self.limit, BRIEF)
        try:
            return self.differ(a != b, *assumptions).status == PROVED
        finally:
            self.limit = limit

    def _match_folds(
        self, a: Term, b: Term, assumptions: Sequence[Bool], depth: int
    ) -> list[tuple[Fold, Fold]]:
        """Learn which folds below ``a`` are plainly folds below ``b``; returns the pairs that are
        left to decide.
        """
        left, right = (self._forms(t) for t in (a, b))
        pairs = [(f, g) for f in left for g in right if f is not g]
        plain = [p for p in pairs if self._folds_equal(*p, assumptions, depth, plain=True)]
        self._learn(plain, assumptions)
        done = {id(f) for p in plain for f in p}
        return [(f, g) for f, g in pairs if id(f) not in done and id(g) not in done]

    def _learn(self, pairs: Sequence[tuple[Fold, Fold]], assumptions: Sequence[Bool]) -> None:
        for f, g in pairs:
            for x, y in zip(f.consts, g.consts, strict=True):
                self.env.fact(land(*assumptions), x == y)

    def _forms(self, term: Term) -> list[Fold]:
        """The folds below ``term`` and their other forms, inner ones first."""
        found = [
            f for f in (self.env.folds.get(t.get_id()) for t in subterms(term)) if f is not None
        ]
        found += [products(self.env, p, f) for p, f in list(_factored(term, found))]
        return [x for f in found for x in (f, *forms(self.env, f))]

    def _same_atoms(self, a: Term, b: Term, assumptions: Sequence[Bool], depth: int) -> bool:
        """Whether both are the same op of the same atoms, in any order; see
        :func:`verify.smt.folds.atoms_of`.
        """

        def positive(fold: Fold) -> bool:
            """Whether the box of a fold is not empty."""
            return self.holds(land(*(n > 0 for n in fold.sizes)), *assumptions).status == PROVED

        for fold in list(self.env.monoids.values()):
            try:
                left, right = (atoms_of(self.env, t, fold, positive) for t in (a, b))
            except Unknown:
                continue
            if left is None or right is None:
                continue
            if self._matched(left, right, fold.idempotent, assumptions, depth):
                return True
        return False

    def _matched(
        self,
        left: list[Atom],
        right: list[Atom],
        idempotent: bool,
        assumptions: Sequence[Bool],
        depth: int,
    ) -> bool:
        def found(x: Atom, others: list[Atom]) -> int:
            tries = (k for k, y in enumerate(others) if self._atoms_equal(x, y, assumptions, depth))
            return next(tries, -1)

        if idempotent:
            return all(found(x, right) >= 0 for x in left) and all(
                found(y, left) >= 0 for y in right
            )
        if len(left) != len(right):
            return False
        rest = list(right)
        for x in left:
            k = found(x, rest)
            if k < 0:
                return False
            del rest[k]
        return True

    def _atoms_equal(self, x: Atom, y: Atom, assumptions: Sequence[Bool], depth: int) -> bool:
        if isinstance(x, Fold) and isinstance(y, Fold):
            return self._folds_equal(x, y, assumptions, depth)
        if isinstance(x, Fold) or isinstance(y, Fold):
            return False
        return self.equal(x, y, *assumptions, depth=depth + 1).status == PROVED

    def _folds_equal(
        self, f: Fold, g: Fold, assumptions: Sequence[Bool], depth: int, *, plain: bool = False
    ) -> bool:
        """Whether two folds are equal; ``plain``: only where their elements simplify to the same
        text.
        """
        if f is g:
            return True
        key = (id(f), id(g), plain, _ids(assumptions))
        if key not in self._pairs:
            self._pairs[key] = (
                self._compare_folds(f, g, assumptions, depth, plain),
                (f, g, *assumptions),
            )
        return bool(self._pairs[key][0])

    def _compare_folds(
        self, f: Fold, g: Fold, assumptions: Sequence[Bool], depth: int, plain: bool
    ) -> bool:
        if (
            not self._same_kind(f, g, depth)
            or len(f.consts) != len(g.consts)
            or len(f.inits) != len(g.inits)
        ):
            return False
        kept_f, kept_g = _wide(f.sizes), _wide(g.sizes)
        if len(kept_f) != len(kept_g):
            return False
        for x, y in zip(f.inits, g.inits, strict=True):
            if self.equal(x, y, *assumptions, depth=depth + 1).status != PROVED:
                return False
        count = len(kept_f)
        for order in permutations(range(count)) if f.exact else [tuple(range(count))]:
            sizes = [equal(g.sizes[kept_g[k]], f.sizes[kept_f[o]]) for k, o in enumerate(order)]
            if self.holds(land(*sizes), *assumptions).status != PROVED:
                continue
            ways = [
                list(zip(kept_g, (kept_f[o] for o in order), flips, strict=True))
                for flips in (
                    product((False, True), repeat=count) if f.exact else [(False,) * count]
                )
            ]
            # Most ways are wrong, and the right one mostly shows without a solver.
            if any(self._elements_equal(f, g, way, None, depth) for way in ways):
                return True
            if not plain and any(
                self._elements_equal(f, g, way, assumptions, depth) for way in ways
            ):
                return True
        return False

    def _same_kind(self, f: Fold, g: Fold, depth: int) -> bool:
        """Whether both fold the same op: equal keys, or bodies that compute the same."""
        if f.key == g.key:
            return True
        if (
            f.key[0] != "body"
            or g.key[0] != "body"
            or f.key[2:] != g.key[2:]
            or f.key[1].params != g.key[1].params
        ):
            return False
        args = [
            constant_tensor((), t.dtype, self.env.fresh("arg", sort_of(t.dtype, self.env.reading)))
            for t in f.key[1].params
        ]
        try:
            left, right = (evaluate_graph(self.env, k.key[1], args) for k in (f, g))
        except Unknown:
            return False
        return all(
            self.equal(x.at(()), y.at(()), depth=depth + 1).status == PROVED
            for x, y in zip(left, right, strict=True)
        )

    def _elements_equal(
        self,
        f: Fold,
        g: Fold,
        pairs: list[tuple[int, int, bool]],
        assumptions: Sequence[Bool] | None,
        depth: int,
    ) -> bool:
        """Whether elements agree when g's dimension runs as f's, backwards if flipped (sizes of 1
        left out).

        Without ``assumptions`` only terms that simplify to the same text count.
        """
        at_f: list[Int] = [0] * len(f.sizes)
        at_g: list[Int] = [0] * len(g.sizes)
        for (k, o, flip), j in zip(pairs, self.env.fresh_index(len(pairs)), strict=True):
            at_f[o] = j
            at_g[k] = g.sizes[k] - 1 - j if flip else j
        inside = in_range(at_f, f.sizes)
        left, right = f.elements(tuple(at_f)), g.elements(tuple(at_g))

        def agree(x: Term, y: Term) -> bool:
            if assumptions is None:
                return bool(z3.simplify(x).eq(z3.simplify(y)))
            return self.equal(x, y, *assumptions, inside, depth=depth + 1).status == PROVED

        return any(all(agree(x, y) for x, y in pair) for pair in self._pairings(f, left, right))

    def _pairings(
        self, f: Fold, left: Sequence[Term], right: Sequence[Term]
    ) -> Iterator[list[tuple[Term, Term]]]:
        """Ways in which equal elements make equal folds; of a dot the product commutes and loses
        two signs.
        """
        yield list(zip(left, right, strict=True))
        if f.key[0] != "dot":
            return
        if left[0].sort() == right[1].sort():
            yield list(zip(left, reversed(right), strict=True))
        (first, second), out = f.key[1], f.key[2]
        if first is second is out:  # -MIN is another number in a wider integer
            signs = [apply(self.env, "negate", {}, (out,), out, (t,)) for t in right]
            yield list(zip(left, signs, strict=True))


_COMMUTING = (
    z3.Z3_OP_FPA_ADD,
    z3.Z3_OP_FPA_MUL,
    z3.Z3_OP_ADD,
    z3.Z3_OP_MUL,
    z3.Z3_OP_BADD,
    z3.Z3_OP_BMUL,
)


def _commutes(term: Term) -> bool:
    """Whether a term's last two arguments may be exchanged."""
    kind = term.decl().kind()
    if kind != z3.Z3_OP_UNINTERPRETED:
        return kind in _COMMUTING and (term.num_args() == 2 or kind in _COMMUTING[:2])
    row = OPS.get(str(term.decl().name()).partition(".")[0])
    return row is not None and "commutative" in row.traits and term.num_args() == 2


def _ids(assumptions: Sequence[Bool]) -> tuple[int, ...]:
    """Names of assumptions: what holds under some (such as an empty range) need not hold under
    others.
    """
    return tuple(sorted(a.get_id() for a in assumptions if not isinstance(a, bool)))


def _factored(term: Term, folds: Sequence[Fold]) -> Iterable[tuple[Term, Fold]]:
    """Products below ``term`` with one sum in a ring as a factor."""
    rings = [f for f in folds if f.ring and f.identity is not None]
    for t in subterms(term):
        for f in rings:
            if not t.eq(f.consts[0]) and is_factor_of(t, f.consts[0]):
                yield t, f


def _wide(sizes: Sequence[Int]) -> list[int]:
    return [k for k, n in enumerate(sizes) if not same(n, 1)]
