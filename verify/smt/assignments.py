"""Dtypes of a rule's variables: which ones must agree, and all choices of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TypeAlias

from compiler.dtypes import ALL, F32, I1, DType
from compiler.ops import OPS
from compiler.rules.term import Const, Pred, Rule, Tensor, Term, Type
from compiler.rules.values import Blank

Group: TypeAlias = str | DType
Assignment: TypeAlias = Mapping[str, DType]


class _Groups:
    """Union-find over names of variables; a group may be fixed to a dtype."""

    def __init__(self) -> None:
        self.parent: dict[str, Group] = {}
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"?{self.count}"

    def find(self, a: Group) -> Group:
        while isinstance(a, str) and a in self.parent:
            a = self.parent[a]
        return a

    def join(self, a: Group, b: Group) -> Group:
        """Make both one; of two different fixed dtypes the first stays (such an instance is never well-formed)."""
        a, b = self.find(a), self.find(b)
        if isinstance(b, str):
            if a != b:
                self.parent[b] = a
            return a
        if isinstance(a, str):
            self.parent[a] = b
        return b

    def of(self, term: Term) -> Group:
        """The group of a term's element type."""
        if isinstance(term, (Tensor, Const)):
            return self.join(term.name or self.fresh(), I1 if isinstance(term, Pred) else self.fresh())
        args = [self.of(a) for a in term.args]
        if term.op in ("compare", "is_finite"):
            self._all(args)
            return I1
        if term.op == "select":
            self.join(args[0], I1)
            return self.join(args[1], args[2])
        if term.op in ("convert", "bitcast_convert"):
            dtype = dict(term.attrs).get("dtype")
            if isinstance(dtype, DType):
                return dtype
            named = type(dtype) is Blank and dtype.variable
            return self.find(named or self.fresh())
        if term.op not in OPS or OPS[term.op].family in ("elementwise", "shape", "reduce", "dot"):
            return self._all(args)
        return args[0] if args else self.fresh()

    def _all(self, args: list[Group]) -> Group:
        for a in args[1:]:
            self.join(args[0], a)
        return self.find(args[0])


def groups(rule: Rule) -> dict[str, Group]:
    """For each variable with an element type (and each dtype variable) its group."""
    found = _Groups()
    found.of(rule.pattern)
    kinds = rule.variables
    names = [n for n, k in kinds.items() if issubclass(k, (Tensor, Const, Type))]
    return {n: found.find(I1 if issubclass(kinds[n], Pred) else n) for n in names}


def has_dtype_variable(rule: Rule) -> bool:
    """Whether dtypes are among what a rule quantifies over explicitly."""
    return any(issubclass(k, Type) for k in rule.variables.values())


def generic(rule: Rule) -> Assignment:
    """One float dtype for all that is free: with uninterpreted elements it stands for every dtype."""
    return {n: g if isinstance(g, DType) else F32 for n, g in groups(rule).items()}


def assignments(rule: Rule) -> Iterator[Assignment]:
    """All choices of dtypes, cheap ones first."""
    found = groups(rule)
    subject = found[rule.subject]
    free = sorted({g for g in found.values() if isinstance(g, str)})
    order = sorted(ALL, key=lambda d: (d.is_float, d.bits))
    choices = [[d for d in order if g != subject or d in rule.dtypes] for g in free]
    if isinstance(subject, DType) and subject not in rule.dtypes:
        return
    for picked in product(*choices):
        table = dict(zip(free, picked, strict=True))
        yield {n: g if isinstance(g, DType) else table[g] for n, g in found.items()}
