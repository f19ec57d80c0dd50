"""Matching: patterns are compiled once to closures over value numbers.

A commutative op in a pattern matches in both orders of its operands: each order is a pattern of its
own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from compiler.dtypes import I1, DType
from compiler.ir import Literal, Node, TensorType
from compiler.ops import OPS
from compiler.rules.plant import body_op
from compiler.rules.term import (
    Binary,
    Const,
    Invertible,
    Opaque,
    PowerOfTwo,
    Rule,
    Tensor,
    Term,
    Type,
    Unary,
    Varying,
    exponent_of,
    scalar_bytes,
)
from compiler.rules.values import Blank, Shape

UNARY_OPS = frozenset(o.name for o in OPS.values() if o.elementwise and len(o.operands) == 1)
BINARY_OPS = frozenset(o.name for o in OPS.values() if o.elementwise and len(o.operands) == 2)


@dataclass(slots=True)
class State:
    """A graph under construction, and what one attempt has bound so far.

    Attributes:
        defs: for each value the node whose only result it is, else ``None``.
        types: the type of each value.
        uses: for each value how many users it had before the pass; empty if unknown.
        raw: bound so far: value numbers, literals, plain attribute values.
        computed: actual values of attributes that the pattern computes from variables, in pattern
            order.
    """

    defs: list[Node | None]
    types: list[TensorType]
    uses: list[int] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    computed: list[Any] = field(default_factory=list)


ValueMatcher: TypeAlias = Callable[[State, int], bool]
NodeMatcher: TypeAlias = Callable[[State, Node], bool]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fits: value numbers of its tensor variables, the matched term and the one to put
    in place.
    """

    rule: Rule
    leaves: dict[str, int]
    lhs: Term
    rhs: Term


@dataclass(frozen=True, slots=True)
class Pattern:
    """One operand order of a rule's left side, compiled.

    Attributes:
        rule: whose left side.
        term: the pattern with operands in this order.
        needs: (operand, op) pairs: what must make an operand; the test that fails first most often.
        fits: the whole test.
        computed: places (path in the rule's own order, attribute) of attributes that the rule
            computes.
    """

    rule: Rule
    term: Term
    needs: tuple[tuple[int, str], ...]
    fits: NodeMatcher
    computed: tuple[tuple[tuple[int, ...], str], ...]

    def may_match(self, state: State, node: Node) -> bool:
        """A quick test of the ops right below the root."""
        operands = node.operands
        if len(operands) != len(self.term.args):
            return False
        for i, wanted in self.needs:
            made = state.defs[operands[i]]
            if made is None or made.op != wanted:
                return False
        return True

    def match(self, state: State, node: Node) -> Match | None:
        """The match of this pattern at ``node``, if everything including the guard holds."""
        state.raw.clear()
        state.computed.clear()
        if not self.fits(state, node):
            return None
        rule = self.rule
        bound = {name: _bind(kind, name, state) for name, kind in rule.variables.items()}
        if bound[rule.subject].dtype not in rule.dtypes:
            return None
        lhs, rhs, guard = rule.instantiate(bound)
        if guard is not True:
            return None
        for (path, key), actual in zip(self.computed, state.computed, strict=True):
            if not _equal(_at(lhs, path).attr(key), actual):
                return None
        leaves = {n: v.value for n, v in bound.items() if isinstance(v, Tensor)}
        return Match(rule, leaves, lhs, rhs)


@lru_cache(maxsize=4096)
def compile_rule(rule: Rule) -> list[Pattern]:
    """All operand orders of the rule's left side; kept, so that to exchange one rule is cheap."""
    out, seen = [], set()
    for term, order in _orders(rule.pattern):
        key = _signature(term)
        if key not in seen:
            seen.add(key)
            computed: list[tuple[tuple[int, ...], str]] = []
            fits = _node_matcher(term, rule, order, (), computed)
            out.append(Pattern(rule, term, _needs(term), fits, tuple(computed)))
    return out


def roots(pattern: Pattern) -> frozenset[str]:
    """The ops at which the pattern can match."""
    op = pattern.term.op
    if op.startswith("?"):
        return UNARY_OPS if len(pattern.term.args) == 1 else BINARY_OPS
    return frozenset([op])


Order: TypeAlias = Mapping[int, bool]


def _commutes(term: Term) -> bool:
    return term.op in OPS and "commutative" in OPS[term.op].traits


def _orders(term: Term) -> Iterator[tuple[Term, dict[int, bool]]]:
    """All ways to exchange operands of commutative ops: the term, and by identity which of its ops
    were exchanged.
    """
    if not term.args:
        yield term, {}
        return
    for choice in product(*(list(_orders(a)) for a in term.args)):
        args = [c[0] for c in choice]
        below: dict[int, bool] = {}
        for c in choice:
            below |= c[1]
        straight = Term(term.op, args, term.attrs)
        yield straight, below
        if _commutes(term):
            turned = Term(term.op, args[::-1], term.attrs)
            yield turned, {**below, id(turned): True}


def _signature(term: Term) -> str:
    """The pattern up to the names of its tensor variables."""
    names: dict[str, str] = {}

    def show(t: Term) -> str:
        if isinstance(t, Tensor | Const) and t.name:
            kind = type(t).__name__
            return names.setdefault(t.name, f"{kind}{len(names)}")
        return (
            f"{t.op}({','.join(map(show, t.args))}){t!r}"
            if not t.args
            else (f"{t.op}({','.join(map(show, t.args))}){t.attrs!r}")
        )

    return show(term)


def _node_matcher(
    term: Term,
    rule: Rule,
    turned: Order,
    path: tuple[int, ...],
    computed: list[tuple[tuple[int, ...], str]],
) -> NodeMatcher:
    """Matcher of an op. ``path`` leads to the term in the rule's own operand order."""
    op, arity = term.op, len(term.args)
    checks = [_attr_matcher(rule, key, want, path, computed) for key, want in term.attrs]
    own = range(arity)[::-1] if id(term) in turned else range(arity)
    subs = [
        _value_matcher(a, rule, turned, (*path, i), computed)
        for a, i in zip(term.args, own, strict=True)
    ]
    if op.startswith("?"):
        checks.append(_function_matcher(op[1:], rule.variables[op[1:]]))
        allowed = UNARY_OPS if arity == 1 else BINARY_OPS
    else:
        allowed = frozenset([op])
    if op == "compare":
        checks.append(lambda _s, n: n.attr("compare_type") != "TOTALORDER")
    if op == "select" and all(isinstance(a, Const) for a in term.args[1:]):
        checks.append(lambda s, n: s.types[n.operands[0]].shape == n.type.shape)
    needs = _needs(term)

    def fits(state: State, node: Node) -> bool:
        operands = node.operands
        if node.op not in allowed or len(operands) != arity:
            return False
        defs = state.defs
        for i, wanted in needs:
            made = defs[operands[i]]
            if made is None or made.op != wanted:
                return False
        if not all(check(state, node) for check in checks):
            return False
        return all(sub(state, v) for sub, v in zip(subs, operands, strict=True))

    return fits


def _needs(term: Term) -> tuple[tuple[int, str], ...]:
    return tuple(
        (i, "constant" if isinstance(a, Const) else a.op)
        for i, a in enumerate(term.args)
        if isinstance(a, Const) or (a.args and not a.op.startswith("?"))
    )


def _value_matcher(
    term: Term,
    rule: Rule,
    turned: Order,
    path: tuple[int, ...],
    computed: list[tuple[tuple[int, ...], str]],
) -> ValueMatcher:
    if isinstance(term, Tensor):
        return _tensor_matcher(term.name, isinstance(term, Varying))
    if isinstance(term, Const):
        return _const_matcher(term)
    inner = _node_matcher(term, rule, turned, path, computed)
    single = rule.single_use

    def fits(state: State, value: int) -> bool:
        node = state.defs[value]
        if node is None or (single and state.uses[value] > 1):
            return False
        return inner(state, node)

    return fits


def _tensor_matcher(name: str, varying: bool) -> ValueMatcher:
    def fits_varying(state: State, value: int) -> bool:
        node = state.defs[value]
        return (node is None or node.op != "constant") and fits(state, value)

    def fits(state: State, value: int) -> bool:
        return bool(state.raw.setdefault(name, value) == value)

    return fits_varying if varying else fits


def _const_matcher(term: Const) -> ValueMatcher:
    name = term.name
    accepts: Callable[[Any, DType], bool] | None = None
    if isinstance(term, PowerOfTwo):
        accepts = _is_power_of_two
    elif isinstance(term, Invertible):
        accepts = Invertible.admits

    def fits(state: State, value: int) -> bool:
        node = state.defs[value]
        if node is None or node.op != "constant":
            return False
        have: Literal = node.attrs[0][1]
        if not have.is_splat:
            return False
        dtype = have.type.dtype
        if not name:
            if isinstance(term.value, bool) and dtype is not I1:
                return False
            return have.data == _bytes(term.value, dtype)
        if accepts is not None and not accepts(have.item(), dtype):
            return False
        known: Literal = state.raw.setdefault(name, have)
        return known.data == have.data and known.type.dtype is dtype

    return fits


def _is_power_of_two(value: Any, dtype: DType) -> bool:
    return exponent_of(value, dtype) is not None


def _attr_matcher(
    rule: Rule,
    key: str,
    want: Any,
    path: tuple[int, ...],
    computed: list[tuple[tuple[int, ...], str]],
) -> NodeMatcher:
    get = _GETTERS.get(key) or (lambda node: node.attr(key))
    choices: tuple[str, ...] = ()
    if isinstance(want, Unary):
        if not want.op.startswith("?"):
            return lambda _s, n: bool(get(n) == want.op)
        name = want.op[1:]
        choices = rule.variables[name].choices  # type: ignore[attr-defined]
    elif type(want) is Blank:
        name = want.variable
    else:
        return lambda _s, n: _equal(want, get(n))
    if not name:
        computed.append((path, key))

        def note(state: State, node: Node) -> bool:
            state.computed.append(get(node))
            return True

        return note

    def bind(state: State, node: Node) -> bool:
        have = get(node)
        if have is None or (choices and have not in choices):
            return False
        return bool(state.raw.setdefault(name, have) == have)

    return bind


def _function_matcher(name: str, kind: type) -> NodeMatcher:
    def bind(state: State, node: Node) -> bool:
        attrs = (*node.attrs, ("dtype", node.type.dtype)) if node.op == "convert" else node.attrs
        have = kind(node.op, attrs)
        return bool(state.raw.setdefault(name, have) == have)

    return bind


_GETTERS: dict[str, Callable[[Node], Any]] = {
    "shape": lambda n: n.type.shape,
    "dtype": lambda n: n.type.dtype,
    "body": lambda n: body_op(n.regions[0]),
    "rest": lambda n: (
        ("dtype", n.type.dtype),
        ("precision_config", n.attr("precision_config")),
        ("algorithm", n.attr("algorithm")),
    ),
}


def _bind(kind: type, name: str, state: State) -> Any:
    """The value of a variable as its kind."""
    have = state.raw[name]
    if issubclass(kind, Tensor):
        t = state.types[have]
        return kind(name, Shape(t.shape), t.dtype, have)
    if issubclass(kind, Const):
        t = have.type
        value = have.item()
        if issubclass(kind, PowerOfTwo):
            value = exponent_of(value, t.dtype)
        return kind(value, name, Shape(t.shape), t.dtype)
    make: Callable[[Any], Any] = kind
    return have if kind in (Type, Opaque, Unary, Binary) else make(have)


def _at(term: Term, path: Sequence[int]) -> Term:
    for i in path:
        term = term.args[i]
    return term


def _equal(a: Any, b: Any) -> bool:
    return (tuple(a) == tuple(b)) if isinstance(a, tuple) and isinstance(b, tuple) else bool(a == b)


@lru_cache(maxsize=1024)
def _cached_bytes(value: Any, _sign: float, dtype: DType) -> bytes:
    return scalar_bytes(value, dtype)


def _bytes(value: Any, dtype: DType) -> bytes:
    """``scalar_bytes``, cached; 0.0 and -0.0 are equal keys and kept apart by their sign."""
    sign = float(np.copysign(1, value)) if isinstance(value, float) else 0.0
    return _cached_bytes(value, sign, dtype)
