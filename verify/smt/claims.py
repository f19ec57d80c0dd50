"""One instance of a rule as a claim, and the attempt to decide it.

The claim: for all sizes >= 0, positions and elements, where the left side is well-formed (the
specification's constraints) and the guard holds, the right side is well-formed, has the same type,
and equals it at an arbitrary index in range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import z3

from compiler.dtypes import DType
from compiler.rules.term import Const, Rule, Tensor
from verify.prove import LIMIT
from verify.smt.assignments import ROOT, Assignment
from verify.smt.equal import PROVED, REFUTED, UNKNOWN, Answer, Decider, conjuncts
from verify.smt.folds import subterms
from verify.smt.instances import Binding
from verify.smt.integers import Bool, all_equal, in_range, land
from verify.smt.rounding import rounds_the_same
from verify.smt.symbols import Symbols, solved, specialised, symbols
from verify.smt.tensor import Env, SymTensor, Term, Unknown
from verify.smt.terms import evaluate_term

SKIPPED = "skipped"  # the left side is never well-formed here, or the guard is false


@dataclass(frozen=True, slots=True)
class Options:
    """How an attempt reads the claim.

    Attributes:
        limit: work of one query at most; see :mod:`verify.smt.solver`.
        reorder: whether float sums may be taken in any order.
        small: largest size and position, for counterexamples; ``None`` for no bound.
        least: smallest size, for counterexamples (the order of a sum of two shows nowhere).
        integers: whether real elements have to be small integers, for counterexamples.
        relax: flags of ``nsz nnan ninf`` that weaken "equal bits".
        one_rounding: use the lemma of :mod:`verify.smt.rounding` only; its second part is the
            caller's.
        claim: ``equal``; or of what the reals do not know, for elements that are small integers,
            zeros of either sign and NaN: ``nan`` (both sides are NaN or neither is), ``zero`` (of
            two zeros the signs agree).
    """

    limit: int = LIMIT
    reorder: bool = False
    small: int | None = None
    least: int = 0
    integers: bool = False
    relax: frozenset[str] = frozenset()
    claim: str = "equal"
    one_rounding: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome for one instance.

    Attributes:
        status: ``proved refuted unknown skipped``.
        symbols, model: of a candidate counterexample.
        reason: why it is unknown, or what is wrong with the right side.
        opaque: names of the uninterpreted functions that occur; ``folds``: whether reductions do.
    """

    status: str
    symbols: Symbols | None = None
    model: Any = None
    reason: str = ""
    opaque: frozenset[str] = frozenset()
    folds: bool = False


def attempt(
    rule: Rule, binding: Binding, dtypes: Assignment, reading: str, options: Options = Options()
) -> Attempt:
    """Decide one instance in one reading."""
    try:
        return _attempt(rule, binding, dtypes, reading, options)
    except Unknown as e:
        return Attempt(UNKNOWN, reason=str(e))
    except z3.Z3Exception as e:
        return Attempt(UNKNOWN, reason=f"z3: {e}")


def _attempt(
    rule: Rule, binding: Binding, dtypes: Assignment, reading: str, options: Options
) -> Attempt:
    env = Env(reading, options.reorder, zero_signs="nsz" not in options.relax)
    made = symbols(rule, binding, dtypes, reading)
    try:
        lhs, rhs, guard = rule.instantiate(made.values)
    except (ValueError, IndexError):
        return Attempt(SKIPPED)  # lengths do not fit: no such program
    parts = conjuncts(guard)
    if any(p is False for p in parts):
        return Attempt(SKIPPED)
    chosen = solved(parts)
    if chosen:
        made = specialised(made, rule, reading, chosen)
        lhs, rhs, _ = rule.instantiate(made.values)
        parts = [z3.simplify(z3.substitute(p, *chosen)) for p in parts if not isinstance(p, bool)]
    try:
        left = evaluate_term(env, lhs, made.tensors, _root(rule, lhs, made, dtypes), matched=True)
    except (ValueError, IndexError):
        return Attempt(SKIPPED)
    hypotheses = [*made.facts, *(c for _, _, c in env.valid), *parts]
    if land(*hypotheses) is False:
        return Attempt(SKIPPED)
    env.valid = []
    hypotheses += _bounds(made, options)
    decider = Decider(env, hypotheses, options.limit)
    try:
        right = evaluate_term(env, rhs, made.tensors, (left.shape, left.dtype))
    except (ValueError, IndexError) as e:
        found = Answer(REFUTED, decider.check().model, f"the right side is not well-formed: {e}")
    else:
        found = _decide(env, decider, left, right, options, made)
    opaque = frozenset(env.opaque)
    return Attempt(found.status, made, found.model, found.reason, opaque, bool(env.folds))


def _root(rule: Rule, lhs: Any, made: Symbols, dtypes: Assignment) -> tuple[Any, DType] | None:
    """The type of a left side whose constants nothing else gives a type (such as a select of two
    constants).
    """
    if ROOT not in dtypes:
        return None
    rank = next(len(v.shape) for v in made.values.values() if isinstance(v, Tensor))
    return tuple(z3.Int(f"{ROOT}.{k}") for k in range(rank)), dtypes[ROOT]


def _bounds(made: Symbols, options: Options) -> list[Bool]:
    limits: list[Bool] = [n >= options.least for n in made.sizes if options.least]
    if options.small is None:
        return limits
    small = options.small
    limits += [n <= small for n in made.sizes]
    return limits + [z3.And(-small - 2 <= p, p <= small + 2) for p in made.positions]


def _decide(
    env: Env, decider: Decider, left: SymTensor, right: SymTensor, options: Options, made: Symbols
) -> Answer:
    if left.rank != right.rank or left.dtype is not right.dtype:
        have = f"{left.dtype} of rank {left.rank} becomes {right.dtype} of rank {right.rank}"
        found = decider.check()
        return Answer(found.status, found.model, f"the type changes: {have}")
    formed = [(f"{op} ({number})", c) for op, number, c in env.valid]
    formed.append(("the shape", all_equal(left.shape, right.shape)))
    claim = land(*(c for _, c in formed))
    found = decider.holds(claim)
    if found.status != PROVED:
        return found
    index = tuple(z3.Int(f"i{k}") for k in range(left.rank))
    inside = in_range(index, left.shape)
    a, b = left.at(index), right.at(index)
    if options.one_rounding:
        same = rounds_the_same(a, b, made.inverses, options.limit)
        return Answer(
            PROVED if same else UNKNOWN, reason="" if same else "not one rounding on each side"
        )
    if options.claim != "equal":
        return _special_claim(decider, a, b, inside, options.claim)
    if options.integers:
        limits = [z3.And(z3.IsInt(t), t >= -8, t <= 8) for t in _elements_in(a, b)]
        return decider.check(inside, a != b, *limits)
    if options.relax:
        return decider.differ(
            z3.Not(_relaxed(a, b, options.relax)), inside, *_assumed(a, b, options.relax)
        )
    for symbol, values in made.cases:
        found = _each_case(decider, a, b, inside, symbol, values)
        if found.status != PROVED:
            return found
    return decider.equal(a, b, inside) if not made.cases else Answer(PROVED)


def _elements_in(a: Term, b: Term) -> list[Term]:
    """Elements of inputs that two real terms mention."""
    found = {t.get_id(): t for x in (a, b) for t in subterms(x)}.values()
    return [t for t in found if z3.is_real(t) and _is_input(t)]


def _is_input(term: Term) -> bool:
    if not z3.is_app(term) or term.decl().kind() != z3.Z3_OP_UNINTERPRETED:
        return False
    return str(term.decl().name()).endswith("[]") or term.num_args() == 0


def _special_claim(decider: Decider, a: Term, b: Term, inside: Bool, claim: str) -> Answer:
    """NaN or zero alike on both sides, for elements with which arithmetic is exact."""
    if not z3.is_fp(a):
        return Answer(PROVED)
    nans = z3.fpIsNaN(a) != z3.fpIsNaN(b)
    zeros = z3.And(z3.fpIsZero(a), z3.fpIsZero(b), a != b)
    limits = []
    for t in subterms(z3.And(z3.fpIsNaN(a), z3.fpIsNaN(b))):
        if z3.is_fp(t) and z3.is_app(t) and t.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            values = [z3.FPVal(v, t.sort()) for v in (-2.0, -1.0, -0.0, 0.0, 1.0, 2.0)]
            odd = [z3.fpIsNaN(t)] if claim == "nan" else []
            limits.append(z3.Or(*odd, *(t == v for v in values)))
    return decider.differ(z3.And(nans if claim == "nan" else zeros, *limits), inside)


def _each_case(
    decider: Decider, a: Term, b: Term, inside: Bool, symbol: Any, values: range
) -> Answer:
    """One query a value: with it known, shifts and divisions by a power of two are simple."""
    for value in values:
        chosen = (symbol, z3.BitVecVal(value, symbol.size()))
        left, right = (z3.simplify(z3.substitute(t, chosen)) for t in (a, b))
        found = decider.equal(left, right, inside, symbol == chosen[1])
        if found.status != PROVED:
            return found
    return Answer(PROVED)


def _relaxed(a: Term, b: Term, flags: frozenset[str]) -> Any:
    """Equality under flags: results that a flag excludes count as equal."""
    if not z3.is_fp(a):
        return a == b
    ways = [a == b]
    if "nsz" in flags:
        ways = [z3.fpEQ(a, b), z3.And(z3.fpIsNaN(a), z3.fpIsNaN(b))]
    if "nnan" in flags:
        ways.append(z3.Or(z3.fpIsNaN(a), z3.fpIsNaN(b)))
    if "ninf" in flags:
        ways.append(z3.Or(z3.fpIsInf(a), z3.fpIsInf(b)))
    return z3.Or(*ways)


def _assumed(a: Term, b: Term, flags: frozenset[str]) -> list[Any]:
    """What flags say of the inputs: no NaN, no infinity."""
    inputs = {
        t.get_id(): t for x in (a, b) for t in subterms(x) if z3.is_fp(t) and _is_input(t)
    }.values()
    out = [z3.Not(z3.fpIsNaN(t)) for t in inputs if "nnan" in flags]
    return out + [z3.Not(z3.fpIsInf(t)) for t in inputs if "ninf" in flags]


def written(rule: Rule, binding: Binding, dtypes: Assignment) -> str:
    """Both sides and the guard as text, without result dtypes; empty where the guard is false."""
    try:
        lhs, rhs, guard = rule.instantiate(symbols(rule, binding, dtypes, "abstract").values)
    except (ValueError, IndexError):
        return ""
    if guard is False:
        return ""
    bare = [
        [(t.op, [(k, str(v)) for k, v in t.attrs if k != "rest"]) for t in s.walk()]
        for s in (lhs, rhs)
    ]
    return f"{bare} {guard}"


def satisfiable(rule: Rule, binding: Binding, dtypes: Assignment, reading: str, limit: int) -> bool:
    """Whether the left side can be well-formed with the guard fulfilled: else a proof says
    nothing.
    """
    return witness(rule, binding, dtypes, reading, Options(limit)) is not None


def witness(
    rule: Rule, binding: Binding, dtypes: Assignment, reading: str, options: Options
) -> tuple[Symbols, Any] | None:
    """Symbols and a model of a left side that is well-formed with the guard fulfilled, with sizes
    as the options say; ``None`` where none is found.
    """
    env = Env(reading)
    try:
        made = symbols(rule, binding, dtypes, reading)
        lhs, _, guard = rule.instantiate(made.values)
        evaluate_term(env, lhs, made.tensors, _root(rule, lhs, made, dtypes), matched=True)
    except (ValueError, IndexError, Unknown):
        return None
    hypotheses = [*made.facts, *(c for _, _, c in env.valid), guard, *_bounds(made, options)]
    found = Decider(env, hypotheses, options.limit).check()
    return (made, found.model) if found.status == REFUTED else None


def names(values: Mapping[str, Any]) -> str:
    """The concrete choices of an instance in words."""
    return ", ".join(f"{k}={v}" for k, v in values.items() if not isinstance(v, (Tensor, Const)))
