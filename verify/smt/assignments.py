"""Dtypes of a rule's variables: which ones must agree, and all choices of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TypeAlias

from compiler.dtypes import ALL, BF16, F16, F32, F64, I1, I32, I64, DType
from compiler.ops import OPS
from compiler.rules.term import Const, Opaque, Pred, Rule, Tensor, Term, Type
from compiler.rules.values import Blank

Group: TypeAlias = str | DType
Assignment: TypeAlias = Mapping[str, DType]


class _Groups:
    """Union-find over names of variables; a group may be fixed to a dtype."""

    def __init__(self) -> None:
        self.parent: dict[str, Group] = {}
        self.count = 0
        self.beside: list[tuple[Group, Group]] = []  # right operands of dots, and the left ones

    def fresh(self) -> str:
        self.count += 1
        return f"?{self.count}"

    def find(self, a: Group) -> Group:
        while isinstance(a, str) and a in self.parent:
            a = self.parent[a]
        return a

    def join(self, a: Group, b: Group) -> Group:
        """Make both one; of two different fixed dtypes the first stays (such an instance is never
        well-formed).
        """
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
            boolean = isinstance(term, Pred) or (
                isinstance(term, Const) and isinstance(term.value, bool)
            )
            return self.join(term.name or self.fresh(), I1 if boolean else self.fresh())
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
        if term.op == "dot_general":
            self.beside += [(a, args[0]) for a in args[1:]]
            return args[0]
        if term.op not in OPS or OPS[term.op].family in ("elementwise", "shape", "reduce"):
            return self._all(args)
        return args[0] if args else self.fresh()

    def _all(self, args: list[Group]) -> Group:
        for a in args[1:]:
            self.join(args[0], a)
        return self.find(args[0])


def groups(rule: Rule) -> tuple[dict[str, Group], dict[str, Group]]:
    """For each variable with an element type (and each dtype variable) its group; and the groups of
    right operands of dots, which may have another element type than the left ones, with the groups
    of these.
    """
    found = _Groups()
    top = found.of(rule.pattern)
    root = found.find(top)
    kinds = rule.variables
    names = [n for n, k in kinds.items() if issubclass(k, (Tensor, Const, Type))]
    out = {n: found.find(I1 if issubclass(kinds[n], Pred) else n) for n in names}
    beside: dict[str, Group] = {}
    for right, left in ((found.find(a), found.find(b)) for a, b in found.beside):
        if isinstance(right, str) and right not in beside and _leftmost(left, beside) != right:
            beside[right] = left
    return out | {ROOT: root} if _untyped(rule.pattern) else out, beside


def _leftmost(group: Group, beside: Mapping[str, Group]) -> Group:
    while isinstance(group, str) and group in beside:
        group = beside[group]
    return group


def _untyped(term: Term) -> bool:
    """Whether a term computes from constants alone, so that only its place gives it a type."""
    if term.op == "select":
        return all(map(_untyped, term.args[1:]))
    if isinstance(term, Const):
        return not term.name
    return bool(term.args) and all(map(_untyped, term.args))


def has_dtype_variable(rule: Rule) -> bool:
    """Whether dtypes are among what a rule quantifies over explicitly."""
    return any(issubclass(k, Type) for k in rule.variables.values())


ROOT = "<result>"  # the dtype of a left side that no variable determines


def generic(rule: Rule) -> Iterator[Assignment]:
    """One float dtype for all that is free: with uninterpreted elements it stands for every dtype.

    The result of a dot_general, and its right operand, come in the dtype of the left operand, and
    in another one where values are computed beside it.
    """
    found, beside = groups(rule)
    bundles = [n for n, k in rule.variables.items() if issubclass(k, Opaque)]
    computes = any(
        t.op in OPS and OPS[t.op].family in ("elementwise", "convert") for t in rule.pattern.walk()
    )
    for other, result in product((F32, F64), repeat=2) if bundles and computes else [(F32, F32)]:
        dtypes = {n: other if g in beside else F32 for n, g in found.items()}
        base = {n: g if isinstance(g, DType) else dtypes[n] for n, g in found.items()}
        yield base | dict.fromkeys(bundles, result)


_WIDER = {I1: I32, F16: F32, BF16: F32, F32: F64, F64: F32}


def assignments(rule: Rule, only: Sequence[DType] | None = None) -> Iterator[Assignment]:
    """All choices of dtypes (of the subject: among ``only``, if given), cheap ones first."""
    found, beside = groups(rule)
    subject = found[rule.subject]
    allowed = [d for d in rule.dtypes if only is None or d in only]
    free = sorted({g for g in found.values() if isinstance(g, str)} - beside.keys())
    order = sorted(ALL, key=lambda d: (d.is_float, d.bits))
    choices = [[d for d in order if g != subject or d in allowed] for g in free]
    if isinstance(subject, DType) and subject not in allowed:
        return
    bundles = [n for n, k in rule.variables.items() if issubclass(k, Opaque)]
    for picked in product(*choices):
        for mixed in product((False, True), repeat=len(beside)):
            table: dict[Group, DType] = dict(zip(free, picked, strict=True))
            _settle(table, beside, dict(zip(beside, mixed, strict=True)))
            base = {n: g if isinstance(g, DType) else table[g] for n, g in found.items()}
            own = base[rule.subject]
            if own not in allowed:
                continue
            for result in (own, _another(own)) if bundles else (own,):
                yield base | dict.fromkeys(bundles, result)


def _settle(
    table: dict[Group, DType], beside: Mapping[str, Group], mixed: Mapping[str, bool]
) -> None:
    """Enter the dtypes of right operands: those of the left ones, or (``mixed``) another."""

    def settled(group: Group) -> DType:
        if isinstance(group, DType):
            return group
        if group not in table:
            dtype = settled(beside[group])
            table[group] = _another(dtype) if mixed[group] else dtype
        return table[group]

    for right in beside:
        settled(right)


def _another(dtype: DType) -> DType:
    """Another element type of the same kind for what stands beside one in a dot_general."""
    return _WIDER.get(dtype, I64 if dtype is not I64 else I32)
