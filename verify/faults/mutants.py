"""Mutation operators for rules: what is weakened or perturbed, and where the operator is from.

Each operator takes a rule and yields altered ones, as terms: no source is edited. Half of them
leave out a part of the precondition, which is the guard, the element types, the kinds of operands,
what the left side spells out, what it demands to be equal, and the contract. The others perturb the
replacement. The result shape of reshape and broadcast_in_dim is left alone: the rewriter's own type
check stops each such slip at once. So are ``single_use``, which is a matter of cost, and the
domain of :class:`~compiler.rules.term.PowerOfTwo`: without it there is no exponent.

Sources: [OLRUZ96] Offutt, Lee, Rothermel, Untch, Zapf, *An experimental determination of
sufficient mutant operators*, TOSEM 5(2), 1996 (AOR, LCR, ROR, UOI and their kin); [KO91] King,
Offutt, *A Fortran language system for mutation-based software testing*, SPE 21(7), 1991 (CRP, SVR);
[DOA14] Delamaro, Offutt, Ammann, *Designing deletion mutation operators*, ICST 2014 (ODL, VDL, CDL:
an operator, variable or constant left out); [LMNR15] Lopes, Menendez, Nagarakatte, Regehr,
*Provably correct peephole optimizations with Alive*, PLDI 2015 (of eight wrong rewrites of LLVM,
most had a precondition or attribute that was too weak).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compiler.rules.term import Rule
from verify.faults import perturb, weaken
from verify.faults.surgery import Change


@dataclass(frozen=True, slots=True)
class Operator:
    """A way to alter a rule.

    Attributes:
        name: of the operator.
        kind: class of bug, as of :class:`verify.faults.Fault`.
        source: where it is from; see the module's docstring.
        make: yields the altered rules.
        on_right: whether it perturbs the replacement, and not the precondition.
    """

    name: str
    kind: str
    source: str
    make: Callable[[Rule], Iterator[Change]]
    on_right: bool = False


OPERATORS: tuple[Operator, ...] = (
    Operator(
        "condition dropped", "dropped guard", "[LMNR15], [DOA14] ODL", weaken.conditions_dropped
    ),
    Operator("bound widened", "off by one", "[OLRUZ96] ROR", weaken.bounds_widened),
    Operator("any element type", "wrong dtype", "[LMNR15]", weaken.any_dtype),
    Operator("any kind of operand", "dropped guard", "[LMNR15]", weaken.any_kind),
    Operator("any constant or attribute", "dropped guard", "[DOA14] CDL", weaken.any_literal),
    Operator("equality dropped", "dropped guard", "[DOA14] VDL", weaken.equalities_dropped),
    Operator("contract weakened", "missing contract", "[LMNR15]", weaken.contract_weakened),
    Operator(
        "operands swapped", "operands swapped", "[OLRUZ96] AOR", perturb.operands_swapped, True
    ),
    Operator("sibling op", "wrong op", "[OLRUZ96] AOR, LCR", perturb.ops_replaced, True),
    Operator("constant changed", "wrong value", "[KO91] CRP", perturb.constants_changed, True),
    Operator(
        "attribute changed",
        "wrong attribute",
        "[KO91] CRP, [OLRUZ96] ROR",
        perturb.attributes_changed,
        True,
    ),
    Operator("op dropped", "lost op", "[DOA14] ODL", perturb.ops_dropped, True),
    Operator("variable replaced", "wrong operand", "[KO91] SVR", perturb.variables_replaced, True),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one thing wrong.

    Attributes:
        name: ``rule~what``.
        words: what is wrong.
        operator: that made it.
        rule: the altered rule.
    """

    name: str
    words: str
    operator: Operator
    rule: Rule


def mutants(rule: Rule) -> list[Mutant]:
    """All mutants of one rule, in an order that depends on the rule alone."""
    found: dict[str, Mutant] = {}
    for operator in OPERATORS:
        for label, words, altered in operator.make(rule):
            name, number = f"{rule.name}~{label}", 1
            while name in found:
                number += 1
                name = f"{rule.name}~{label}-{number}"
            found[name] = Mutant(name, words, operator, altered)
    return list(found.values())
