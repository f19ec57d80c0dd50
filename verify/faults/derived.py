"""Faults made mechanically from every rule, and which of them are none: shown by proof.

Names are ``rule~what``, such as ``layout/slice-slice~start_indices-plus-one``;
:mod:`verify.faults.mutants` has the operators. A mutant is left out, with a reason, where it is the
rule itself or a mutant that is there already (both by their terms on sampled instances), or where
it can match nothing that the rule does not (no other element type matches).

**When a mutant is equivalent.** A score is honest only if what counts as no bug is shown to be so.
Two things are asked:

1. *The altered rule is right*: :func:`verify.prove.prove` shows that wherever its left side is
   well-formed and its guard holds, the right side is well-formed, of the same type, and equal: bit
   for bit, or within the contract that the altered rule itself declares. That says the same of any
   program, since a program changes only where the rule is applied. A refuted mutant is a bug, and
   found by proof. ``unknown`` counts as a bug: what is not shown is not taken out of the score.
2. *Rewriting still ends*: a right rule may undo what another one does. Graphs are not wrong then,
   but the rewriter is stopped by its fuel, or by Python's limit on recursion, which is a crash. So
   the rules are run on the rule's own left sides and near-misses (:mod:`verify.faults.settle`);
   a mutant with which that does not end counts as a bug. This part is a test and no proof: a circle
   that needs more ops than a left side has stays unseen.

**By cases.** An altered rule may be wrong and yet change nothing: where it is wrong, an earlier
rule of the table is always applied in its place. So one that is not right as a whole is taken apart
by what may stand in the place that was set free, if that is finitely much
(:func:`verify.faults.cases.cases`). Each case is a rule; the altered rule fires just where one of
them would. It is equivalent if each of them is right, as in 1, or never fires, since it is shadowed
by a rule that the fault leaves alone (:mod:`verify.faults.shadow`). There is a note for each case.

What else a mutant may cost, such as a slower program, no oracle of results can see, and none of it
is a miscompilation. The prover looks at ranks up to 3, and so does equivalence. Over the reals
nothing overflows: so where a mutant drops what bounds a magnitude, that proof does not count. Nor
do the reals tell flags apart: beside an equation they are asked for NaN and the sign of zero only,
so a mutant that drops another flag than ``nnan`` and ``nsz`` needs a proof by bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

from compiler.dtypes import ALL, DType
from compiler.errors import AssayError, ConstraintError
from compiler.rewrite import Trace
from compiler.rules import RULES
from compiler.rules.greedy import indexed, rewrite_graph
from compiler.rules.term import Invertible, Rule
from verify.faults.base import Fault, exchanged
from verify.faults.cases import cases
from verify.faults.mutants import Mutant, mutants
from verify.faults.settle import unsettled
from verify.faults.shadow import APPLYING, shadow
from verify.gen.chooser import RandomChooser
from verify.gen.instance import Unfit, build
from verify.gen.sample import Sampler

if TYPE_CHECKING:
    from verify.prove import Proof

_RULES = dict(RULES)  # as declared, whatever fault is switched on later
_SAMPLES, _DRAWS = 100, 400
EQUIVALENT = ("bit-exact", "equal-over-reals")  # verdicts
LIMIT = 5_000_000  # of a query: what proofs of right rules take, and no more for wrong ones


def derived() -> dict[str, Fault]:
    """All derived faults by name, rule by rule in order of declaration."""
    return {name: fault for rule in _RULES for name, fault in _of(rule)[0].items()}


def left_out() -> dict[str, str]:
    """Names of mutants that are no faults, and the reason of each."""
    return {name: why for rule in _RULES for name, why in _of(rule)[1].items()}


def find_derived(name: str) -> Fault | None:
    """The derived fault called ``name``; only its own rule's mutants are made."""
    rule, mark, _ = name.partition("~")
    return _of(rule)[0].get(name) if mark and rule in _RULES else None


def altered_rule(fault: Fault) -> Rule:
    """The rule that a derived fault puts in place of its own."""
    with fault.install():
        return RULES[fault.rule]


@cache
def _of(name: str) -> tuple[dict[str, Fault], dict[str, str]]:
    """Faults of one rule, and what was left out."""
    rule = _RULES[name]
    samples = list(_instances(rule))
    seen = {_written(rule, samples): "the rule itself"}
    faults: dict[str, Fault] = {}
    reasons: dict[str, str] = {}
    for mutant in mutants(rule):
        if mutant.operator.on_right:
            text = _written(mutant.rule, samples)
            if text in seen:
                reasons[mutant.name] = f"the same as {seen[text]}"
                continue
            seen[text] = mutant.name
        elif mutant.rule.dtypes != rule.dtypes:
            dtypes = tuple(d for d in ALL if d in rule.dtypes or _matches(rule, d))
            if set(dtypes) == set(rule.dtypes):
                reasons[mutant.name] = "no other element type matches"
                continue
            mutant = replace(mutant, rule=replace(mutant.rule, dtypes=dtypes))
        faults[mutant.name] = _fault(mutant, rule)
    return faults, reasons


def _fault(mutant: Mutant, rule: Rule) -> Fault:
    where = tuple(name for name, applies in APPLYING.items() if applies(mutant.rule))
    return Fault(
        mutant.name,
        mutant.operator.kind,
        f"{rule.doc}: {mutant.words}",
        where[0],
        (rule.name,),
        exchanged(RULES, rule.name, lambda _: mutant.rule),
        source=mutant.operator.source,
        rule=rule.name,
        also=where[1:],
    )


def _instances(rule: Rule) -> Iterator[dict[str, Any]]:
    """Values of the rule's variables for which it applies."""
    chooser = RandomChooser(crc32(rule.name.encode()))
    found = 0
    for _ in range(_DRAWS):
        sampler = Sampler(rule, chooser, rule.dtypes[chooser.below(len(rule.dtypes))])
        try:
            holds = sampler.run().holds
        except Unfit:
            continue
        if holds:
            found += 1
            yield dict(sampler.bound)
        if found == _SAMPLES:
            return


def _written(rule: Rule, samples: list[dict[str, Any]]) -> str:
    """The right sides for sampled values, as text; what cannot be made is text too."""
    return "\n".join(_right(rule, values) for values in samples)


def _right(rule: Rule, values: Mapping[str, Any]) -> str:
    try:
        return repr(rule.instantiate(values)[1])
    except (ValueError, IndexError, TypeError) as e:  # the fault is that this compiler crashes
        return f"{type(e).__name__}: {e}"


def _matches(rule: Rule, dtype: DType) -> bool:
    """Whether the rule, asked for no element type, fires on a subject of this one."""
    freed = replace(rule, dtypes=(dtype,))
    index = indexed([freed])
    chooser = RandomChooser(crc32(rule.name.encode()))
    for _ in range(_DRAWS // 10):
        trace = Trace(limit=1)
        try:
            instance = Sampler(freed, chooser, dtype).run()
            graph = build(instance.lhs, instance.leaves)
        except Unfit:
            continue
        try:
            rewrite_graph(graph, index, "", trace, lambda _: None)
        except (AssayError, ConstraintError, TypeError, ValueError):
            return True  # it fires, and makes nothing that is well-formed
        if trace.applications:
            return True
    return False


def equivalence(fault: Fault, *, limit: int = LIMIT) -> Proof:
    """Whether a derived fault is one, by proof; see above.

    ``bit-exact`` and ``equal-over-reals`` say that it is equivalent to the unbroken compiler,
    ``refuted`` and ``unknown`` that it counts as a bug. ``name`` is the fault's.

    Args:
        limit: work of one solver query at most, in Z3's resource units.
    """
    rule = altered_rule(fault)
    shipped = _RULES[fault.rule]
    proof = _worst(_proved(claim, shipped, limit) for claim in _claims(fault, rule))
    if proof.verdict not in EQUIVALENT:
        proof = _by_cases(rule, shipped, limit, proof)
    return _doubted(proof, unsettled(fault)) if proof.verdict in EQUIVALENT else proof


def _by_cases(rule: Rule, shipped: Rule, limit: int, whole: Proof) -> Proof:
    """The proof by cases of an altered rule; ``whole``, the one without, where that does not show
    more: no case is shadowed, or one that is not is not shown to be right.
    """
    names = list(_RULES)
    earlier = [_RULES[name] for name in names[: names.index(shipped.name)]]
    parts = cases(rule, shipped)
    shadows = {label: by for label, case in parts.items() if (by := shadow(case, earlier))}
    if not shadows:
        return whole
    right = replace(whole, verdict="bit-exact", needs="", counterexample=None, instances=0)
    proofs, notes = [right], []
    for label, case in parts.items():
        if label in shadows:
            notes.append(f"case {label}: shadowed by {shadows[label].name}")
            continue
        proofs.append(_proved(replace(case, name=whole.name), shipped, limit))
        if proofs[-1].verdict not in EQUIVALENT:
            return whole
        notes.append(f"case {label}: {proofs[-1].verdict}")
    ms, instances = sum(p.ms for p in proofs), sum(p.instances for p in proofs)
    return replace(_worst(proofs), ms=ms, instances=instances, notes=tuple(notes))


def _proved(claim: Rule, shipped: Rule, limit: int) -> Proof:
    """What the prover says of an altered rule, ``unknown`` where its reals do not settle it."""
    from verify.prove import prove

    proof = prove(claim, limit=limit)
    over_reals = proof.verdict == "equal-over-reals"
    return _doubted(proof, _doubt_of_reals(claim, shipped) if over_reals else "")


def _doubted(proof: Proof, doubt: str) -> Proof:
    return replace(proof, verdict="unknown", notes=(*proof.notes, doubt)) if doubt else proof


def _worst(proofs: Iterable[Proof]) -> Proof:
    return min(proofs, key=lambda p: _ORDER.index(p.verdict))


_ORDER = ("refuted", "unknown", "equal-over-reals", "bit-exact")


def _claims(fault: Fault, rule: Rule) -> list[Rule]:
    """What is to be proved: the altered rule, under the fault's name; where it only takes more
    element types, the rule for these, class by class (for its own it is proved as every rule is).
    """
    named = replace(rule, name=fault.name)
    more = [d for d in rule.dtypes if d not in _RULES[fault.rule].dtypes]
    classes = [[d for d in more if d.is_float], [d for d in more if d.is_integer]]
    classes.append([d for d in more if not (d.is_float or d.is_integer)])
    return [replace(named, dtypes=tuple(c)) for c in classes if c] or [named]


def _doubt_of_reals(altered: Rule, shipped: Rule) -> str:
    """Why a proof over the reals does not settle what became of a rule; empty if it does."""
    if _ranges(altered) != _ranges(shipped):
        return "over the reals every number but 0 has an inverse: that says nothing of overflow"
    lost = shipped.contract.flags - altered.contract.flags - {"nnan", "nsz"}
    if lost:
        return f"over the reals nothing says whether {' '.join(sorted(lost))} is needed"
    return ""


def _ranges(rule: Rule) -> list[str]:
    """Variables whose kind bounds their magnitude."""
    return [name for name, kind in rule.variables.items() if issubclass(kind, Invertible)]
