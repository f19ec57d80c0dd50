"""Which readings are tried for a rule, in which order, and what their outcomes mean. See
:mod:`verify.prove`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.dtypes import BF16, F16, F32, F64, I1, DType
from compiler.ops import OPS
from compiler.rules.term import Const, Extreme, Opaque, PowerOfTwo, Rule, Term
from verify.conditions import conditions, without
from verify.smt.assignments import Assignment, assignments, generic, has_dtype_variable
from verify.smt.claims import SKIPPED, Attempt, Options, attempt, satisfiable, witness, written
from verify.smt.equal import PROVED, REFUTED, UNKNOWN
from verify.smt.instances import Binding, bindings, right_pattern
from verify.smt.replay import Counterexample, from_model, special_difference
from verify.smt.solver import BRIEF

RELAXING = frozenset(["nsz", "nnan", "ninf"])
REAL = frozenset(["reassoc", "arcp", "afn", "contract"])
_RING = frozenset(
    {"add", "subtract", "multiply", "negate", "reduce", "dot_general", "tensor", "const"}
)
_RING |= {"transpose", "reshape", "broadcast_in_dim", "slice", "reverse", "concatenate"}
_SMALL = (2, 4, 9, None)  # bounds of sizes and positions in counterexamples


def _searches(rule: Rule, options: Options) -> list[Options]:
    """Where to look for counterexamples, small ones first; sums of three and more where there are
    sums.
    """
    out = [replace(options, small=n) for n in _SMALL]
    if any(t.op in ("reduce", "dot_general") for t in rule.pattern.walk()):
        out.insert(2, replace(options, small=5, least=3))
    return out


@dataclass(slots=True)
class Outcome:
    """What was found so far about one rule."""

    verdict: str = "bit-exact"
    needs: str = ""
    counterexample: Counterexample | None = None
    instances: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """One decision under way."""

    rule: Rule
    limit: int
    out: Outcome = field(default_factory=Outcome)
    exact: bool = True  # whether all instances so far hold bit for bit
    sound: bool = False  # whether some left side can be well-formed
    unmet: list[tuple[Binding, Assignment]] = field(
        default_factory=list
    )  # instances whose guard is false

    @property
    def flags(self) -> frozenset[str]:
        return self.rule.contract.flags

    @property
    def floats(self) -> bool:
        return any(d.is_float for d in self.rule.dtypes)


def decide(rule: Rule, limit: int, audit: bool) -> Outcome:
    """The verdict on one rule."""
    run = _Run(rule, limit)
    if rule.contract.precision:
        run.out.verdict, run.out.notes = (
            "unknown",
            ["precision contracts are not statements about equality"],
        )
        return run.out
    patience = 12
    for binding in bindings(rule):
        if not _instance(run, binding):
            # What does not replay here may replay elsewhere (a sum over a minor dimension has
            # another order than others).
            patience -= 1
            if run.out.verdict == "refuted" or not patience:
                break
    out = run.out
    if out.verdict not in ("refuted", "unknown"):
        if not run.sound:
            out.verdict = "unknown"
            out.notes.append("vacuous: the left side is never well-formed with the guard fulfilled")
        elif not run.exact:
            out.verdict, out.needs = "equal-over-reals", str(rule.contract)
        elif rule.contract:
            out.notes.append(f"contract not needed: {rule.contract}")
    if audit and out.verdict in ("bit-exact", "equal-over-reals"):
        out.notes += _audit(run)
    return out


def _instance(run: _Run, binding: Binding) -> bool:
    """Decide one choice of ranks and axes; ``False`` ends the search."""
    rule = run.rule
    if has_dtype_variable(rule) or any(issubclass(k, PowerOfTwo) for k in rule.variables.values()):
        return all(_concrete(run, binding, d) for d in assignments(rule))
    settled = False
    for dtypes in generic(rule):
        status = _generic(run, binding, dtypes)
        if status == SKIPPED:
            continue
        run.out.instances += 1
        if status != PROVED and not _every_dtype(run, binding):
            return False
        settled |= status == PROVED
    return not reads_dtypes(rule) or _special_dtypes(run, binding, settled)


def reads_dtypes(rule: Rule) -> bool:
    """Whether a rule's body, or a helper that it calls, looks at dtypes: then it may mean different
    things.
    """
    fn = inspect.unwrap(rule.fn)
    code = fn.__code__
    helpers = [
        inspect.unwrap(f) for f in map(fn.__globals__.get, code.co_names) if inspect.isfunction(f)
    ]
    return any("dtype" in c.co_names for c in (code, *(h.__code__ for h in helpers)))


def _special_dtypes(run: _Run, binding: Binding, settled: bool) -> bool:
    """Decide those dtypes for which the rule is not the one that stands for all (or that had no
    such one).
    """
    rule = run.rule
    common = {written(rule, binding, d) for d in generic(rule)} if settled else set()
    for dtypes in assignments(rule):
        text = written(rule, binding, dtypes)
        if text and text not in common and not _concrete(run, binding, dtypes):
            return False
    return True


def _note_sound(run: _Run, binding: Binding, dtypes: Assignment, reading: str) -> None:
    if not run.sound:
        run.sound = satisfiable(run.rule, binding, dtypes, reading, run.limit)


def _generic(run: _Run, binding: Binding, dtypes: Assignment) -> str:
    """Try to settle all dtypes at once."""
    rule, options = run.rule, Options(run.limit, reorder=not run.floats)
    if all(d.is_integer for d in rule.dtypes) and is_ring(rule) and not _mixes(rule, dtypes):
        found = attempt(rule, binding, dtypes, "reals", replace(options, reorder=True))
        if found.status in (PROVED, SKIPPED):
            _note_sound(run, binding, dtypes, "reals")
            return found.status
    if run.exact or not run.flags:
        found = attempt(rule, binding, dtypes, "abstract", options)
        if found.status in (PROVED, SKIPPED):
            _note_sound(run, binding, dtypes, "abstract")
            return found.status
        if found.status == REFUTED and not run.flags:
            _replay_any(run, binding, found)
            if run.out.verdict == "refuted":
                return UNKNOWN
    if run.flags and all(d.is_float for d in rule.dtypes):
        return _generic_reals(run, binding, dtypes, options)
    return UNKNOWN


def _generic_reals(run: _Run, binding: Binding, dtypes: Assignment, options: Options) -> str:
    """A rule of floats under a contract, all float dtypes at once."""
    rule = run.rule
    if run.exact and _exact_in(run, binding, F16):
        return UNKNOWN  # perhaps the contract is not needed: dtype by dtype
    run.exact = False
    relaxed = replace(options, relax=run.flags & RELAXING, reorder="reassoc" in run.flags)
    if not is_ring(rule):
        found = attempt(rule, binding, dtypes, "abstract", relaxed)
        if found.status in (PROVED, SKIPPED):
            _note_sound(run, binding, dtypes, "abstract")
            return found.status
    if run.flags & REAL and _plain_constants(rule):
        found = attempt(rule, binding, dtypes, "reals", replace(options, reorder=True))
        if found.status == SKIPPED:
            return SKIPPED
        if found.status == PROVED and not _mixes(rule, dtypes) and _keeps_specials(run, binding):
            _note_sound(run, binding, dtypes, "reals")
            return PROVED
    if is_ring(rule):
        found = attempt(rule, binding, dtypes, "abstract", relaxed)
        if found.status in (PROVED, SKIPPED):
            _note_sound(run, binding, dtypes, "abstract")
            return found.status
    return UNKNOWN


def _mixes(rule: Rule, dtypes: Assignment) -> bool:
    """Whether a dot's operands and result differ in element type: a value of the narrower one wraps
    or overflows where one of the wider one does not, so what holds in one ring says nothing.
    """
    dots = any(issubclass(k, Opaque) for k in rule.variables.values())
    return dots and len({d for d in dtypes.values() if d is not I1}) > 1


def _exact_in(run: _Run, binding: Binding, dtype: DType) -> bool:
    tries = [
        attempt(run.rule, binding, d, "bits", Options(min(run.limit, BRIEF))).status
        for d in assignments(run.rule, [dtype])
    ]
    return bool(tries) and all(t in (PROVED, SKIPPED) for t in tries)


def _every_dtype(run: _Run, binding: Binding) -> bool:
    if run.out.verdict == "refuted":
        return False
    return all(_concrete(run, binding, d) for d in assignments(run.rule))


def _concrete(run: _Run, binding: Binding, dtypes: Assignment) -> bool:
    """Decide one instance in one choice of dtypes; ``False`` ends the search."""
    rule = run.rule
    options = Options(run.limit)
    if run.exact or not run.flags or not dtypes[rule.subject].is_float:
        found = _bits(run, binding, dtypes, options)
        if found.status == SKIPPED:
            return True
        run.out.instances += 1
        _note_sound(run, binding, dtypes, "bits")
        if found.status == PROVED:
            return True
    else:
        found = Attempt(REFUTED)
    if run.flags and dtypes[rule.subject].is_float:
        return _under_contract(run, binding, dtypes, options)
    return _failed(run, binding, dtypes, found, "bits", options)


def _bits(run: _Run, binding: Binding, dtypes: Assignment, options: Options) -> Attempt:
    """The reading of bits; for other formats than f16 the lemma of one rounding first."""
    floats = {d for d in dtypes.values() if d.is_float}
    if floats in ({BF16}, {F32}, {F64}):
        narrow = {n: F16 if d.is_float else d for n, d in dtypes.items()}
        found = attempt(run.rule, binding, dtypes, "bits", replace(options, one_rounding=True))
        if found.status == SKIPPED:
            return found
        if (
            found.status == PROVED
            and attempt(run.rule, binding, narrow, "bits", options).status == PROVED
        ):
            return found
    return attempt(run.rule, binding, dtypes, "bits", options)


def _under_contract(run: _Run, binding: Binding, dtypes: Assignment, options: Options) -> bool:
    """The bits differ: is that within the contract?"""
    run.exact = False
    rule = run.rule
    _note_sound(run, binding, dtypes, "bits")
    found = Attempt(UNKNOWN)
    if run.flags & RELAXING:
        found = _bits(run, binding, dtypes, replace(options, relax=run.flags & RELAXING))
        if found.status in (PROVED, SKIPPED):
            return True
    if run.flags & REAL:
        own = replace(options, reorder=True)
        found = attempt(rule, binding, dtypes, "reals", own)
        proved = found.status == PROVED and not _mixes(rule, dtypes)
        if found.status == SKIPPED or (proved and _keeps_specials(run, binding)):
            return True
        if found.status == REFUTED:
            return _failed(run, binding, dtypes, found, "reals", own)
        reason = found.reason or "over the reals, but NaN and the sign of zero are not settled"
        return _failed(run, binding, dtypes, Attempt(UNKNOWN, reason=reason), "bits", options)
    return _failed(
        run, binding, dtypes, found, "bits", replace(options, relax=run.flags & RELAXING)
    )


def _keeps_specials(run: _Run, binding: Binding) -> bool:
    """The reals know no NaN and no sign of zero: unless the contract does without them, NaN in must
    be NaN out, and an exact zero keeps its sign.
    """
    return all(
        _keeps(run, binding, dtypes, claim, flag)
        for claim, flag in (("nan", "nnan"), ("zero", "nsz"))
        if flag not in run.flags
        for dtypes in assignments(run.rule, [F16])
    )


def _keeps(run: _Run, binding: Binding, dtypes: Assignment, claim: str, flag: str) -> bool:
    """Whether no counterexample to ``claim`` replays; without ``flag`` it has to hold. Settled in
    f16 where possible, and then a solver that gives up settles nothing; folds and uninterpreted
    functions, which have no model there, are tried out.
    """
    rule, limit = run.rule, min(run.limit, BRIEF)
    found = Attempt(UNKNOWN, folds=True)
    if not any(t.op in ("reduce", "dot_general") for t in rule.pattern.walk()):
        found = attempt(rule, binding, dtypes, "bits", Options(limit, claim=claim))
    if found.folds or found.opaque:
        sized = witness(rule, binding, dtypes, "abstract", Options(limit, small=3, least=2))
        example = sized and special_difference(rule, binding, dtypes, *sized, claim)
    elif found.status == REFUTED and found.symbols is not None:
        example = from_model(
            rule, binding, dtypes, found.symbols, found.model, exact=True, elements=True
        )
    else:
        return found.status in (PROVED, SKIPPED)
    if example is None:
        return True
    run.out.verdict, run.out.counterexample = "refuted", example
    run.out.needs = str(replace(rule.contract, flags=run.flags | {flag}))
    return False


def _failed(
    run: _Run, binding: Binding, dtypes: Assignment, found: Attempt, reading: str, options: Options
) -> bool:
    """Not proved: find a counterexample that replays, else the verdict is unknown. Ends the
    search.
    """
    if run.out.verdict == "refuted":
        return False
    if found.status == REFUTED:
        example = _smallest(run, binding, dtypes, reading, options)
        if example is not None:
            run.out.verdict, run.out.counterexample, run.out.notes = "refuted", example, []
            if not run.flags:
                run.out.needs = _needed(run, binding)
            return False
    reason = found.reason or "a model was found, but it does not replay in the interpreter"
    if run.out.verdict != "unknown":
        run.out.notes.append(f"{_words(binding, dtypes)}: {reason}")
    run.out.verdict = "unknown"
    return False


def _smallest(
    run: _Run, binding: Binding, dtypes: Assignment, reading: str, options: Options
) -> Counterexample | None:
    """A replayed counterexample with sizes as small as they come."""
    exact = reading == "bits" and not options.relax
    for search in _searches(run.rule, replace(options, integers=reading == "reals")):
        found = attempt(run.rule, binding, dtypes, reading, search)
        if found.status == REFUTED and found.symbols is not None and found.model is not None:
            example = from_model(
                run.rule,
                binding,
                dtypes,
                found.symbols,
                found.model,
                exact=exact,
                elements=reading != "abstract",
            )
            if example is not None:
                return example
    return None


def _replay_any(run: _Run, binding: Binding, found: Attempt) -> None:
    """A layout claim failed with abstract elements: replay it in one dtype of the rule."""
    for dtypes in _favourites(run.rule):
        for options in _searches(run.rule, Options(run.limit, reorder=not run.floats))[:3]:
            # Positions and sizes are integers in every reading, so the model carries over to
            # concrete dtypes.
            model = attempt(run.rule, binding, next(iter(generic(run.rule))), "abstract", options)
            if model.status != REFUTED or model.symbols is None or model.model is None:
                continue
            example = from_model(
                run.rule, binding, dtypes, model.symbols, model.model, exact=True, elements=False
            )
            if example is not None:
                run.out.verdict, run.out.counterexample, run.out.notes = "refuted", example, []
                if run.floats:
                    run.out.needs = _needed(run, binding)
                return


def _favourites(rule: Rule) -> Iterator[Assignment]:
    """One float and one integer choice of dtypes."""
    names = [d for d in rule.dtypes if d.name in ("f32", "i32", "ui8", "i1")]
    for d in sorted(names, key=lambda d: ("f32", "i32", "ui8", "i1").index(d.name))[:2]:
        yield next(iter(assignments(rule, [d])))


_CANDIDATES = (["nsz"], ["nnan"], ["nnan", "ninf"], ["nsz", "nnan", "ninf"])


def _needed(run: _Run, binding: Binding) -> str:
    """Which contract a refuted rule of floats would hold under, in words; empty if unknown."""
    for flags in _CANDIDATES:
        options = Options(min(run.limit, BRIEF), relax=frozenset(flags))
        tries = [
            attempt(run.rule, binding, d, "bits", options).status
            for d in assignments(run.rule, [F16])
        ]
        if tries and all(t in (PROVED, SKIPPED) for t in tries):
            return " ".join(flags)
    options = Options(min(run.limit, BRIEF), reorder=True)
    tries = [
        attempt(run.rule, binding, d, "reals", options).status for d in assignments(run.rule, [F64])
    ]
    if PROVED not in tries or any(t not in (PROVED, SKIPPED) for t in tries):
        return ""
    used = {
        t.op for side in (run.rule.pattern, right_pattern(run.rule)) for t in side.walk()
    } & OPS.keys()
    if any("transcendental" in OPS[op].traits for op in used):
        return "afn"
    return "arcp" if "divide" in used else "reassoc"


def is_ring(rule: Rule) -> bool:
    """Whether both sides are built of + - * sums and layout only, over integer constants."""
    for side in (rule.pattern, right_pattern(rule)):
        for t in side.walk():
            if t.op not in _RING:
                return False
            if t.op == "reduce" and t.attr("body").op != "add":
                return False
            if isinstance(t, Const) and not t.name and not _is_integer(t.value):
                return False
    return True


def _is_integer(value: Any) -> bool:
    """Whether a constant means the same number in every dtype; values computed from sizes do."""
    if isinstance(value, Extreme):
        return False
    return not isinstance(value, (int, float)) or (float(value).is_integer() and abs(value) < 128)


def _plain_constants(rule: Rule) -> bool:
    """Whether constants have the same value in every float dtype."""
    terms: list[Term] = [t for side in (rule.pattern, right_pattern(rule)) for t in side.walk()]
    return all(_is_integer(t.value) for t in terms if isinstance(t, Const) and not t.name)


def _audit(run: _Run) -> list[str]:
    """Conjuncts of the guard that can go. A guard about dtypes says nothing of the one dtype that
    stands for all, so those rules are not looked at.
    """
    if reads_dtypes(run.rule) and not has_dtype_variable(run.rule):
        return []
    count = conditions(run.rule)
    if count and _holds(run, without(run.rule)):
        return ["not needed: the guard"]
    single = range(count) if count > 1 else ()
    return [
        f"not needed: conjunct {k + 1} of the guard"
        for k in single
        if _holds(run, without(run.rule, k))
    ]


def _holds(run: _Run, rule: Rule) -> bool:
    """Whether all instances of a rule with a weaker guard hold."""
    reading = "reals" if not run.exact or is_ring(rule) else "abstract"
    options = Options(min(run.limit, BRIEF), reorder=bool(run.flags) or not run.floats)
    free = has_dtype_variable(rule)
    return all(
        attempt(rule, binding, dtypes, "bits" if free else reading, options).status
        in (PROVED, SKIPPED)
        for binding in bindings(rule)
        for dtypes in (assignments(rule) if free else generic(rule))
    )


def _words(binding: Binding, dtypes: Assignment) -> str:
    ranks = ", ".join(f"{k}: {getattr(v, 'rank', v)}" for k, v in binding.items())
    return f"{ranks} ({', '.join(sorted({d.name for d in dtypes.values()}))})"
