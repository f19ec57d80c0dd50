"""The instances of a rule: concrete ranks, permutations and axes; symbolic sizes, positions and
elements.

The left side's pattern is walked once: each op relates the ranks of its operands and result to the
lengths of its attribute variables, and each variable is bound where it is first met. Ranks go from
0 to :data:`MAX_RANK`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any, TypeAlias

from compiler.ops import OPS
from compiler.rules.term import (
    Const,
    Monoid,
    Opaque,
    Rule,
    Scalar,
    Tensor,
    Term,
    Type,
    Unary,
    blank,
)
from compiler.rules.values import Axes, Axis, Blank, Dims, Direction, Perm, Vec

MAX_RANK = 3


@dataclass(frozen=True, slots=True)
class Rank:
    """Binding of a tensor, constant, vector or shape: how many entries it has."""

    rank: int


Binding: TypeAlias = Mapping[str, Any]
Step: TypeAlias = tuple[
    Binding, int | None
]  # bindings so far, and the rank of the term (None: takes any)
_LAYOUT = frozenset(
    [
        "transpose",
        "reshape",
        "broadcast_in_dim",
        "slice",
        "pad",
        "concatenate",
        "reverse",
        "reduce",
        "dot_general",
    ]
)


def is_elementwise(rule: Rule) -> bool:
    """Whether both sides only compute at each index: then one rank stands for all."""
    terms = [t for side in (rule.pattern, right_pattern(rule)) for t in side.walk()]
    return not any(t.op in _LAYOUT for t in terms)


def right_pattern(rule: Rule) -> Term:
    """The right side with blanks for attributes."""
    blanks = {name: blank(name, kind) for name, kind in rule.variables.items()}
    return rule.fn(**blanks)[1]


def bindings(rule: Rule) -> Iterator[Binding]:
    """All choices of ranks, permutations, axes, directions and folding ops; dtypes are chosen
    elsewhere.
    """
    want = 1 if is_elementwise(rule) else None
    for found, _ in _walk(rule, rule.pattern, want, {}):
        yield from _leftover(rule, found, [n for n in rule.variables if n not in found])


def _leftover(rule: Rule, found: Binding, names: list[str]) -> Iterator[Binding]:
    """Bind variables that stand on the left side only inside computed attributes."""
    if not names:
        yield found
        return
    for value in _all_values(rule.variables[names[0]]):
        yield from _leftover(rule, {**found, names[0]: value}, names[1:])


def _all_values(kind: type) -> Iterator[Any]:
    if issubclass(kind, Axis):
        yield from map(Axis, range(MAX_RANK))
    elif issubclass(kind, Perm):
        for r in range(MAX_RANK + 1):
            yield from map(Perm, permutations(range(r)))
    elif issubclass(kind, Dims):
        for r in range(MAX_RANK + 1):
            yield from map(Dims, combinations(range(MAX_RANK), r))
    elif issubclass(kind, Axes):
        for r in range(MAX_RANK + 1):
            yield from map(Axes, permutations(range(MAX_RANK), r))
    elif issubclass(kind, Direction):
        yield from map(Direction, Direction.choices)
    elif issubclass(kind, Monoid):
        yield kind("add" if "add" in kind.choices else "maximum")
    elif issubclass(kind, Unary):
        yield kind("f")
    elif issubclass(kind, (Type, Opaque)):
        yield kind
    else:
        yield from map(Rank, range(MAX_RANK + 1))


def _walk(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    """All ways to bind the variables of ``term`` so that it has rank ``want`` (``None``: any)."""
    if isinstance(term, (Tensor, Const)):
        yield from _leaf(rule, term, want, found)
        return
    op = "function" if term.op.startswith("?") else term.op
    if op == "function" or OPS[op].elementwise:
        yield from _elementwise(rule, term, want, found)
        return
    yield from _LAYOUTS[op](rule, term, want, found)


def _leaf(rule: Rule, term: Tensor | Const, want: int | None, found: Binding) -> Iterator[Step]:
    if not term.name:
        yield found, want
        return
    if term.name in found:
        rank = found[term.name].rank
        if want in (None, rank):
            yield found, rank
        return
    scalar = isinstance(term, Scalar)
    ranks = [0] if scalar else [want] if want is not None else list(range(MAX_RANK + 1))
    for r in ranks:
        if want in (None, r):
            yield {**found, term.name: Rank(r)}, r


def _elementwise(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    if term.op.startswith("?") and term.op[1:] not in found:
        name = term.op[1:]
        kind = rule.variables[name]
        folds = issubclass(kind, Monoid)
        for value in _monoids(rule, kind) if folds else [kind("f" if _only(rule) else f"f.{name}")]:
            yield from _elementwise(rule, term, want, {**found, name: value})
        return
    loose = {"select": (0,), "clamp": (0, 2)}.get(term.op, ())
    if term.op == "select" and all(isinstance(a, Const) for a in term.args[1:]):
        loose = ()  # nothing else would say what shape the result has
    order = [k for k in range(len(term.args)) if k not in loose] + list(loose)

    def rest(at: int, rank: int | None, now: Binding) -> Iterator[Step]:
        if at == len(order):
            yield now, rank
            return
        arg = term.args[order[at]]
        wanted = [rank]
        if order[at] in loose and rank not in (0, None):
            wanted = [rank, 0]
        for w in wanted:
            for then, got in _walk(rule, arg, w, now):
                yield from rest(at + 1, rank if rank is not None else got, then)

    for now in _with_attrs(rule, term, found):
        yield from rest(0, want, now)


def _only(rule: Rule) -> bool:
    return sum(issubclass(k, Unary) for k in rule.variables.values()) == 1


def _with_attrs(rule: Rule, term: Term, found: Binding) -> Iterator[Binding]:
    """Bind what is a free choice among the attributes: directions, dtypes, folding ops, bundles."""
    todo = [
        v.variable
        for _, v in term.attrs
        if type(v) is Blank and v.variable and v.variable not in found
    ]
    todo += [
        v.op[1:]
        for _, v in term.attrs
        if isinstance(v, Monoid) and v.op.startswith("?") and v.op[1:] not in found
    ]

    def rest(names: list[str], now: Binding) -> Iterator[Binding]:
        if not names:
            yield now
            return
        for value in _all_values(rule.variables[names[0]]):
            yield from rest(names[1:], {**now, names[0]: value})

    yield from rest(todo, found)


def _bind(found: Binding, attr: Any, values: Iterator[Any]) -> Iterator[Binding]:
    """Bind the attribute variable that ``attr`` stands for to each of ``values``; a bound one must
    be among them.
    """
    if type(attr) is not Blank or not attr.variable:
        yield found
        return
    if attr.variable in found:
        if any(found[attr.variable] == v for v in values):
            yield found
        return
    for v in values:
        yield {**found, attr.variable: v}


def _transpose(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    for now, r in _walk(rule, term.args[0], want, found):
        perms = map(Perm, permutations(range(r or 0)))
        for then in _bind(now, term.attr("permutation"), perms):
            yield then, r


def _reshape(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    for now, _ in _walk(rule, term.args[0], None, found):
        yield from _shaped(now, term.attr("shape"), want)


def _shaped(found: Binding, attr: Any, want: int | None, least: int = 0) -> Iterator[Step]:
    """Bind a result shape."""
    if type(attr) is Blank and attr.variable:
        ranks = [want] if want is not None else list(range(least, MAX_RANK + 1))
        for then in _bind(found, attr, iter([Rank(r) for r in ranks])):
            yield then, then[attr.variable].rank
    elif isinstance(attr, Vec):
        if want in (None, len(attr)):
            yield found, len(attr)
    else:
        yield found, want


def _broadcast(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    for now, r in _walk(rule, term.args[0], None, found):
        least = r or 0
        for then, rank in _shaped(now, term.attr("shape"), want, least):
            if rank is not None and rank < least:
                continue
            total = MAX_RANK if rank is None else rank
            dims = map(Axes, permutations(range(total), least))
            for last in _bind(then, term.attr("broadcast_dimensions"), dims):
                yield last, rank


def _vectors(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    """Slice and pad: one entry per dimension in each vector."""
    for now, r in _walk(rule, term.args[0], want, found):
        steps: list[Binding] = [now]
        for _, value in term.attrs:
            steps = [x for s in steps for x in _bind(s, value, iter([Rank(r or 0)]))]
        for s in steps:
            if len(term.args) == 1:
                yield s, r
            else:
                yield from ((then, r) for then, _ in _walk(rule, term.args[1], 0, s))


def _concatenate(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    def rest(at: int, rank: int | None, now: Binding) -> Iterator[Step]:
        if at == len(term.args):
            yield now, rank
            return
        for then, got in _walk(rule, term.args[at], rank, now):
            yield from rest(at + 1, rank if rank is not None else got, then)

    for now, r in rest(0, want, found):
        total = MAX_RANK if r is None else r
        for then in _bind(now, term.attr("dimension"), map(Axis, range(total))):
            yield then, r


def _reverse(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    for now, r in _walk(rule, term.args[0], want, found):
        for then in _bind(now, term.attr("dimensions"), _subsets(r)):
            yield then, r


def _subsets(rank: int | None) -> Iterator[Dims]:
    total = MAX_RANK if rank is None else rank
    for k in range(total + 1):
        for chosen in combinations(range(total), k):
            yield Dims(chosen)
            if k > 1:
                yield Dims(reversed(chosen))  # programs need not list axes in order


def _reduce(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    dims = term.attr("dimensions")
    for start in _with_monoid(rule, term, found):
        for now, r in _walk(rule, term.args[0], None, start):
            for then in _bind(now, dims, _subsets(r)):
                chosen = then.get(dims.variable) if type(dims) is Blank else dims
                left = None if chosen is None or r is None else r - len(chosen)
                if None not in (want, left) and want != left:
                    continue
                yield from ((last, left) for last, _ in _walk(rule, term.args[1], 0, then))


def _with_monoid(rule: Rule, term: Term, found: Binding) -> Iterator[Binding]:
    name = term.attr("body").op
    if not name.startswith("?") or name[1:] in found:
        yield found
        return
    for value in _monoids(rule, rule.variables[name[1:]]):
        yield {**found, name[1:]: value}


def _monoids(rule: Rule, kind: type) -> Iterator[Any]:
    """Ops to fold with. Abstractly all of a kind are one, unless a constant in the rule happens to
    be one's identity, or the rule folds with two that may differ.
    """
    literals = any(
        isinstance(t, Const) and not t.name
        for s in (rule.pattern, right_pattern(rule))
        for t in s.walk()
    )
    several = sum(issubclass(k, Monoid) for k in rule.variables.values()) > 1
    choices: tuple[str, ...] = getattr(kind, "choices", ())
    yield from map(kind, choices) if literals or several else _all_values(kind)


_DOT_AXES = (
    "lhs_batching_dimensions",
    "rhs_batching_dimensions",
    "lhs_contracting_dimensions",
    "rhs_contracting_dimensions",
)


def _dot(rule: Rule, term: Term, want: int | None, found: Binding) -> Iterator[Step]:
    """At most two batch dimensions and two contracted ones; ranks up to 3."""
    names = [term.attr(k) for k in _DOT_AXES]
    rest = term.attr("rest")
    for now, rx in _walk(rule, term.args[0], None, found):
        for then, ry in _walk(rule, term.args[1], None, now):
            x, y = rx or 0, ry or 0
            for axes in _dot_axes(x, y):
                rank = x + y - len(axes[0]) - 2 * len(axes[2])
                if rank > MAX_RANK + 1 or want not in (None, rank):
                    continue
                steps: list[Binding] = [then]
                for name, value in zip(names, axes, strict=True):
                    steps = [b for s in steps for b in _bind(s, name, iter([value]))]
                steps = [b for s in steps for b in _bind(s, rest, iter([Opaque]))]
                yield from ((s, rank) for s in steps)


def _dot_axes(x: int, y: int) -> Iterator[tuple[Axes, Axes, Axes, Axes]]:
    """Axes of a dot; of two tensors of rank 3 only those that rhs lists as lhs does or mirrored."""
    for batch in range(min(2, x, y) + 1):
        for count in range(min(2, x - batch, y - batch) + 1):
            for left in permutations(range(x), batch + count):
                if list(left[batch:]) != sorted(left[batch:]):
                    continue  # contracted pairs in the order of lhs; their order on rhs is free
                mirrored = tuple(y - 1 - a for a in left)
                all_right = permutations(range(y), batch + count)
                for right in {left, mirrored} if x == y == MAX_RANK else all_right:
                    yield (
                        Axes(left[:batch]),
                        Axes(right[:batch]),
                        Axes(left[batch:]),
                        Axes(right[batch:]),
                    )


_LAYOUTS = {
    "transpose": _transpose,
    "reshape": _reshape,
    "broadcast_in_dim": _broadcast,
    "slice": _vectors,
    "pad": _vectors,
    "concatenate": _concatenate,
    "reverse": _reverse,
    "reduce": _reduce,
    "dot_general": _dot,
}
