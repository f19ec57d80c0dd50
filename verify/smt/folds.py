"""Other forms of folds whose order does not matter, and the atoms of an associative and commutative
op.

A fold of folds is one fold; a fold of ``op(a, b)`` is the op of two folds; in a ring a factor moves
in, a sign moves out, and the sum of n equal terms is n times the term.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import z3

from verify.smt.integers import Int, product
from verify.smt.scalar import abstract_name, apply, literal
from verify.smt.tensor import Env, Fold, Index, Term, Unknown

Atom: TypeAlias = Any  # a term, or a Fold
_ADDS = (z3.Z3_OP_ADD, z3.Z3_OP_BADD)
_PRODUCTS = (z3.Z3_OP_MUL, z3.Z3_OP_BMUL)
_NEGATIONS = (z3.Z3_OP_UMINUS, z3.Z3_OP_BNEG)


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


def _mentions(term: Term, atoms: Sequence[Any]) -> bool:
    ids = {a.get_id() for a in atoms if not isinstance(a, int)}
    return any(t.get_id() in ids for t in subterms(term))


def _kind(term: Term) -> int:
    return int(term.decl().kind()) if z3.is_app(term) else -1


def is_factor_of(term: Term, const: Term) -> bool:
    """Whether ``term`` is a product in which ``const`` is exactly one factor and occurs nowhere
    else.
    """
    if term.eq(const):
        return True
    if _kind(term) not in _PRODUCTS:
        return False
    holding = [c for c in term.children() if _mentions(c, [const])]
    return len(holding) == 1 and is_factor_of(holding[0], const)


def _enter(env: Env, value: Term | None, like: Fold, sizes: Sequence[Int], elements: Any) -> Fold:
    """A new fold from the identity whose constant equals ``value``, if that is given."""
    const = env.fresh("fold", like.consts[0].sort())
    inits = (like.identity,)
    fold = Fold(
        like.key,
        (const,),
        inits,
        tuple(sizes),
        elements,
        like.exact,
        like.identity,
        like.ring,
        like.idempotent,
    )
    env.folds[const.get_id()] = fold
    if value is not None:
        env.facts.append(const == value)
    return fold


def products(env: Env, term: Term, fold: Fold) -> Fold:
    """C * fold(e) is fold(c * e); ``term`` is the product."""
    const = fold.consts[0]

    def elements(inner: Index) -> tuple[Term, ...]:
        return (z3.substitute(term, (const, fold.elements(inner)[0])),)

    return _enter(env, term, fold, fold.sizes, elements)


def forms(env: Env, fold: Fold, depth: int = 4) -> list[Fold]:
    """Other forms of a fold from its identity, tied to it by facts."""
    if not fold.exact:
        return _odd(env, fold)
    if fold.identity is None or depth == 0:
        return []
    index = env.fresh_index(len(fold.sizes))
    (element,) = fold.elements(index)
    whole = joined(env, fold, element)
    if whole is not None:
        env.facts.append(whole.consts[0] == fold.consts[0])
        return [whole, *forms(env, whole, depth - 1)]
    if not fold.ring:
        return []
    if not _mentions(element, index):
        env.facts.append(fold.consts[0] == _times(product(fold.sizes), element))
        return []
    if _kind(element) in _NEGATIONS:
        part = _enter(env, None, fold, fold.sizes, _argument(fold, element, 0))
        env.facts.append(fold.consts[0] == -part.consts[0])
        return [part, *forms(env, part, depth - 1)]
    if _kind(element) in _ADDS:
        parts = [
            _enter(env, None, fold, fold.sizes, _argument(fold, element, k))
            for k in range(element.num_args())
        ]
        total = parts[0].consts[0]
        for p in parts[1:]:
            total = total + p.consts[0]
        env.facts.append(fold.consts[0] == total)
        return [x for p in parts for x in (p, *forms(env, p, depth - 1))]
    return []


def _odd(env: Env, fold: Fold) -> list[Fold]:
    """Rounding is symmetric: the sum of -x from 0 is minus the sum of x from 0, but for the sign of
    a zero.
    """
    if env.zero_signs or env.reading != "abstract" or fold.key[0] != "add":
        return []
    dtype = fold.key[1]
    (element,) = fold.elements(env.fresh_index(len(fold.sizes)))
    zeros = [literal(env, dtype.numpy.type(z), dtype) for z in (0.0, -0.0)]
    negated = z3.is_app(element) and element.decl().name() == abstract_name("negate", dtype)
    if not negated or not any(fold.inits[0].eq(z) for z in zeros):
        return []
    const = env.fresh("fold", element.sort())
    part = Fold(fold.key, (const,), fold.inits, fold.sizes, _argument(fold, element, 0))
    env.folds[const.get_id()] = part
    env.facts.append(fold.consts[0] == apply(env, "negate", {}, (dtype,), dtype, (const,)))
    return [part]


def _times(count: Int, element: Term) -> Term:
    number = z3.IntVal(count) if isinstance(count, int) else count
    if z3.is_bv(element):
        return z3.Int2BV(number, element.size()) * element
    return z3.ToReal(number) * element


def _argument(fold: Fold, like: Term, k: int) -> Callable[[Index], tuple[Term, ...]]:
    """The k-th argument of the element, which must be built alike at every index."""

    def elements(index: Index) -> tuple[Term, ...]:
        (element,) = fold.elements(index)
        if (
            not z3.is_app(element)
            or element.decl() != like.decl()
            or element.num_args() != like.num_args()
        ):
            raise Unknown("the elements of a fold are not built alike")
        return (element.arg(k),)

    return elements


def joined(env: Env, fold: Fold, element: Term) -> Fold | None:
    """fold_j(fold_k(e)) is fold_jk(e), in a ring also with a factor at the inner one."""
    inner = _inner(env, fold, element)
    if inner is None:
        return None
    split = len(fold.sizes)

    def elements(index: Index) -> tuple[Term, ...]:
        (outer,) = fold.elements(index[:split])
        below = _inner(env, fold, outer)
        if below is None:
            raise Unknown("the elements of a fold are not built alike")
        (deep,) = below.elements(index[split:])
        return (z3.substitute(outer, (below.consts[0], deep)),)

    return _enter(env, None, fold, (*fold.sizes, *inner.sizes), elements)


def _inner(env: Env, outer: Fold, element: Term) -> Fold | None:
    """The fold that ``element`` is, or (in a ring) is a multiple of, if both folds are one."""
    for t in subterms(element):
        f = env.folds.get(t.get_id())
        if f is None or f.key != outer.key or f.identity is None:
            continue
        if element.eq(f.consts[0]) or (outer.ring and is_factor_of(element, f.consts[0])):
            return f
    return None


def atoms_of(
    env: Env, term: Term, like: Fold, positive: Callable[[Fold], bool]
) -> list[Atom] | None:
    """``term`` as the atoms that the op of fold ``like`` combines; ``None`` where the op has no
    plain application here.

    An atom is a term that is no application of the op, or a fold from the identity. Identities
    vanish; a fold of one repeated term under an idempotent op is the term, or nothing if the box
    may be empty and the term stands elsewhere.
    """
    op, dtype, reading = like.key[0], like.key[1], like.key[2]
    if reading != "abstract":
        return None
    name = abstract_name(op, dtype)
    plain = _flatten(env, term, like, name)
    if not like.idempotent:
        return plain
    out: list[Atom] = []
    for atom in plain:
        repeated = _repeated(env, atom)
        if repeated is None:
            out.append(atom)
        elif positive(atom):
            out += _flatten(env, repeated, like, name)
        elif not any(not isinstance(a, Fold) and a.eq(repeated) for a in plain):
            out.append(atom)
    return out


def _repeated(env: Env, atom: Atom) -> Term | None:
    """The element of a fold whose elements are all one term."""
    if not isinstance(atom, Fold):
        return None
    index = env.fresh_index(len(atom.sizes))
    (element,) = atom.elements(index)
    return None if _mentions(element, index) else element


def _flatten(env: Env, term: Term, like: Fold, name: str) -> list[Atom]:
    if term.eq(like.identity):
        return []
    if z3.is_app(term) and term.decl().name() == name and term.num_args() == 2:
        return [a for c in term.children() for a in _flatten(env, c, like, name)]
    fold = env.folds.get(term.get_id())
    if fold is None or fold.key != like.key:
        return [term]
    return _fold_atoms(env, fold, like, name)


def _fold_atoms(env: Env, fold: Fold, like: Fold, name: str) -> list[Atom]:
    """A fold of op(a, b) as the folds of a and of b; a fold of folds as one."""
    index = env.fresh_index(len(fold.sizes))
    (element,) = fold.elements(index)
    if z3.is_app(element) and element.decl().name() == name and element.num_args() == 2:
        parts = [_enter(env, None, fold, fold.sizes, _argument(fold, element, k)) for k in range(2)]
        return [a for p in parts for a in _fold_atoms(env, p, like, name)]
    whole = joined(env, fold, element)
    return [fold] if whole is None else _fold_atoms(env, whole, like, name)
