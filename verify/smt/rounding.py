"""The lemma of one rounding: a claim about a wide float format from the same claim about a narrow
one.

Two terms that each round one exact number once (an arithmetic op of inputs, constants and their
negations, perhaps negated; or an input itself) are equal in every format if (1) the exact numbers
are equal as reals, so that one correctly rounded result serves both, and (2) the claim holds bit
for bit in f16: that settles infinities, NaNs, zero divisors and the signs of zeros, whose rules
speak of classes and signs of operands only, never of the format. Source: IEEE 754-2019, 4.3 (every
operation rounds as if from an exact intermediate result; to nearest is symmetric), 6.1-6.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import z3

from verify.smt.solver import ask
from verify.smt.tensor import Term

_OPS: dict[int, Callable[..., Any]] = {
    z3.Z3_OP_FPA_ADD: lambda a, b: a + b,
    z3.Z3_OP_FPA_SUB: lambda a, b: a - b,
    z3.Z3_OP_FPA_MUL: lambda a, b: a * b,
    z3.Z3_OP_FPA_DIV: lambda a, b: a / b,
}


class _Reals:
    """Real counterparts of float inputs."""

    def __init__(self, inverses: Sequence[tuple[Term, Term]]) -> None:
        self.known: list[tuple[Term, Any]] = []
        self.facts: list[Any] = []
        for k, (value, inverse) in enumerate(inverses):
            p, q = z3.Real(f"power{k}"), z3.Real(f"inverse{k}")
            self.known += [(value, p), (inverse, q)]
            self.facts += [p > 0, p * q == 1]

    def operand(self, x: Term) -> Any:
        """The exact value of an input, constant or negation of one; ``None`` for anything else."""
        for term, real in self.known:
            if term.eq(x):
                return real
        if z3.is_fp_value(x):
            finite = not (
                z3.is_true(z3.simplify(z3.fpIsNaN(x))) or z3.is_true(z3.simplify(z3.fpIsInf(x)))
            )
            return z3.simplify(z3.fpToReal(x)) if finite else None
        if x.decl().kind() == z3.Z3_OP_FPA_NEG:
            inner = self.operand(x.arg(0))
            return None if inner is None else -inner
        if x.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            real = z3.Real(f"x{len(self.known)}")
            self.known.append((x, real))
            return real
        return None

    def value(self, x: Term) -> Any:
        """The exact number that ``x`` rounds once; ``None`` if it is built otherwise."""
        kind = x.decl().kind()
        if kind == z3.Z3_OP_FPA_NEG:
            inner = self.value(x.arg(0))
            return None if inner is None else -inner
        if kind not in _OPS:
            return self.operand(x)
        args = [self.operand(a) for a in x.children()[1:]]
        if any(a is None for a in args):
            return None
        if kind == z3.Z3_OP_FPA_DIV:
            self.facts.append(args[1] != 0)
        return _OPS[kind](*args)


def rounds_the_same(a: Term, b: Term, inverses: Sequence[tuple[Term, Term]], limit: int) -> bool:
    """Part (1) of the lemma. ``inverses``: pairs of powers of two whose product is 1."""
    if not z3.is_fp(a):
        return False
    reals = _Reals(inverses)
    left, right = reals.value(a), reals.value(b)
    if left is None or right is None:
        return False
    return ask([*reals.facts, left != right], limit).status == "unsat"
