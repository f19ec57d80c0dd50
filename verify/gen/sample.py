"""Concrete instances of a rule's left side: types, attributes and constants chosen along its
pattern.

The pattern is walked once, operands first; each op relates the type of its result to those of its
operands, and each variable is bound where it is met first. Attributes that a rule computes from its
variables are guessed on the way (no padding, stride 1) and become exact when the rule is
instantiated; a choice that comes out ill-typed is made anew. That happens only while the templates
of :mod:`verify.gen.plants` are made, never per program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from compiler.dtypes import ALL, F32, FLOATS, I1, DType
from compiler.ir import TensorType
from compiler.ops import OPS
from compiler.rules.term import (
    Const,
    Invertible,
    Monoid,
    PowerOfTwo,
    Pred,
    Rule,
    Scalar,
    Tensor,
    Term,
)
from compiler.rules.values import Axes, Axis, Blank, Dims, Direction, Perm, Shape, Vec
from verify.gen.chooser import Chooser
from verify.gen.draft import tensor
from verify.gen.elementwise import compare_attrs
from verify.gen.instance import MAX_RANK, WRONG, Instance, Unfit
from verify.gen.pool import splats
from verify.gen.shape import reshapes

_SIZES = (2, 3, 1, 5, 4, 6, 3, 7, 1, 3, 2, 5, 17, 8, 4, 0)
_RANKS = (1, 2, 2, 3, 2, 1, 3, 3, 2, 0)
UNARY = tuple(o.name for o in OPS.values() if o.elementwise and len(o.operands) == 1)
BINARY = tuple(o.name for o in OPS.values() if o.elementwise and len(o.operands) == 2)


@dataclass
class Sampler:
    """Binds the variables of one rule.

    Attributes:
        rule: the rule.
        chooser: the source of choices.
        dtype: element type of the rule's subject.
        alike: whether a vector often differs from an earlier one in one entry only, which some
            guards ask for.
        shape: what tensors look like unless their place says otherwise.
        bound: values of variables so far.
    """

    rule: Rule
    chooser: Chooser
    dtype: DType
    alike: bool = False
    shape: tuple[int, ...] = ()
    bound: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Instance:
        """One instance; Unfit where the choices do not work out."""
        below = self.chooser.below
        rank = _RANKS[below(len(_RANKS))]
        few = (self._size(), self._size())  # few sizes, so that dimensions fit each other
        if not below(3):  # all alike: the wrong axis then goes unnoticed by the types
            few = (few[0], few[0])
        self.shape = tuple(few[below(2)] for _ in range(rank))
        try:
            self.walk(self.rule.pattern, None)
            for name, kind in self.rule.variables.items():
                if name not in self.bound:
                    self.bound[name] = self._leftover(name, kind, rank)
        except WRONG as e:
            raise Unfit(str(e)) from None
        return self.instance({})

    def instance(self, changes: dict[str, Any]) -> Instance:
        """The instance for the bound variables with ``changes``; Unfit where they clash."""
        bound = {**self.bound, **changes}
        try:
            lhs, _, guard = self.rule.instantiate(bound)
        except WRONG as e:
            raise Unfit(str(e)) from None
        tensors = {n: v for n, v in bound.items() if isinstance(v, Tensor)}
        leaves = {n: tensor(tuple(v.shape), v.dtype) for n, v in tensors.items()}
        return Instance(lhs, leaves, guard is True)

    def _size(self) -> int:
        return _SIZES[self.chooser.below(len(_SIZES))]

    def _pick(self, choices: Sequence[Any]) -> Any:
        return choices[self.chooser.below(len(choices))]

    # ---- terms ----------------------------------------------------------------------------------

    def walk(self, term: Term, want: TensorType | None) -> TensorType:
        """The type of ``term``, of type ``want`` where that can be had."""
        if isinstance(term, Tensor):
            return self._tensor(term, want)
        if isinstance(term, Const):
            return self._const(term, want)
        handler = getattr(self, f"_{term.op}", None)
        return handler(term, want) if handler else self._uniform(term, want)

    def _tensor(self, term: Tensor, want: TensorType | None) -> TensorType:
        found = self.bound.get(term.name)
        if found is None:
            t = want or tensor(self.shape, self.dtype)
            if isinstance(term, Scalar):
                t = tensor((), t.dtype)
            elif isinstance(term, Pred):
                t = tensor(t.shape if self.chooser.below(3) else (), I1)
            found = type(term)(term.name, Shape(t.shape), t.dtype)
            self.bound[term.name] = found
        return tensor(tuple(found.shape), found.dtype)

    def _const(self, term: Const, want: TensorType | None) -> TensorType:
        t = want or tensor(self.shape, self.dtype)
        if not term.name:
            return t
        found = self.bound.get(term.name)
        if found is None:
            if isinstance(term, PowerOfTwo):
                domain = PowerOfTwo.domain(t.dtype)
                exponents = [e for e in (0, 1, 2, 3, -1, -2, 5, 10) if e in domain]
                exponent = self._pick([*exponents, self._pick(domain)])
                found = PowerOfTwo(exponent, term.name, Shape(t.shape), t.dtype)
            else:
                value = np.frombuffer(self._pick(splats(t.dtype)), t.dtype.numpy)[0]
                if isinstance(term, Invertible) and not Invertible.admits(value, t.dtype):
                    value = np.asarray(3).astype(t.dtype.numpy)[()]
                found = type(term)(value, term.name, Shape(t.shape), t.dtype)
            self.bound[term.name] = found
        return tensor(tuple(found.shape), found.dtype)

    def _operands(self, terms: Sequence[Term], want: TensorType | None) -> TensorType:
        """The one type of several operands: compound terms decide it, variables follow, constants
        last.
        """
        order = sorted(terms, key=lambda t: 2 * isinstance(t, Const) + isinstance(t, Tensor))
        for t in order:
            want = self.walk(t, want)
        assert want is not None
        return want

    def _uniform(self, term: Term, want: TensorType | None) -> TensorType:
        if not term.op.startswith("?"):
            return self._operands(term.args, want)
        t = self._operands(term.args, want)
        name = term.op[1:]
        if name not in self.bound:
            names = [
                o for o in (UNARY if len(term.args) == 1 else BINARY) if t.dtype in OPS[o].dtypes
            ]
            # Half of the time one that most rules speak of.
            plain = [
                o
                for o in names
                if o in ("add", "subtract", "multiply", "negate", "abs", "and", "maximum")
            ]
            op = self._pick(plain if plain and self.chooser.below(2) else names)
            self.bound[name] = self.rule.variables[name](op, self._function_attrs(op, t.dtype))
        found = self.bound[name]
        if found.op == "convert":
            return tensor(t.shape, dict(found.attrs)["dtype"])
        return tensor(t.shape, I1) if found.op in ("compare", "is_finite") else t

    def _function_attrs(self, op: str, dtype: DType) -> tuple[tuple[str, Any], ...]:
        """Attributes of an op that a function variable stands for."""
        if op == "compare":
            return compare_attrs(dtype, self.chooser.below(6), 0)
        if op == "convert":
            return (("dtype", self._pick(ALL)),)
        if op == "reduce_precision":
            return (("exponent_bits", 5), ("mantissa_bits", 1 + self.chooser.below(8)))
        return ()

    def _compare(self, term: Term, want: TensorType | None) -> TensorType:
        self._value(term, "comparison_direction", lambda: Direction(self._pick(Direction.choices)))
        inner = tensor(want.shape, self.dtype) if want else None
        return tensor(self._operands(term.args, inner).shape, I1)

    def _is_finite(self, term: Term, want: TensorType | None) -> TensorType:
        inner = tensor(want.shape, self.dtype) if want else None
        return tensor(self.walk(term.args[0], inner).shape, I1)

    def _select(self, term: Term, want: TensorType | None) -> TensorType:
        t = self._operands(term.args[1:], want)
        self.walk(term.args[0], tensor(t.shape, I1))
        return t

    def _convert(self, term: Term, want: TensorType | None) -> TensorType:
        t = self.walk(term.args[0], tensor(want.shape, self.dtype) if want else None)
        near = (want.dtype,) if want else (self.dtype, t.dtype, F32, *ALL, *ALL)
        return tensor(t.shape, self._value(term, "dtype", lambda: self._pick(near)))

    # ---- layout ---------------------------------------------------------------------------------

    def _transpose(self, term: Term, want: TensorType | None) -> TensorType:
        if want is not None and isinstance(term.args[0], Tensor):
            p = self._value(term, "permutation", lambda: self._perm(len(want.shape)))
            shape = [0] * len(want.shape)
            for i, a in enumerate(p):
                shape[a] = want.shape[i]
            t = self.walk(term.args[0], tensor(tuple(shape), want.dtype))
        else:
            t = self.walk(term.args[0], None)
            p = self._value(term, "permutation", lambda: self._perm(len(t.shape)))
        return tensor(tuple(t.shape[a] for a in p), t.dtype)

    def _perm(self, rank: int) -> Perm:
        return Perm(self._pick((*permutations(range(rank)), tuple(range(rank))[::-1])))

    def _reshape(self, term: Term, want: TensorType | None) -> TensorType:
        if want is not None:
            inner = tensor(self._pick(reshapes(want.shape)), want.dtype)
            t = self.walk(term.args[0], inner if isinstance(term.args[0], Tensor) else None)
            choices: Sequence[Any] = (want.shape,)
        else:
            t = self.walk(term.args[0], None)
            choices = (t.shape, *reshapes(t.shape))
        return tensor(self._value(term, "shape", lambda: Shape(self._pick(choices))), t.dtype)

    def _broadcast_in_dim(self, term: Term, want: TensorType | None) -> TensorType:
        known = self._known(term, "shape")
        if want is None and known is not None:
            want = tensor(tuple(known), self.dtype)
        if want is not None and isinstance(term.args[0], Tensor):
            dims = self._value(
                term, "broadcast_dimensions", lambda: self._embedding(len(want.shape))
            )
            inner = tuple(want.shape[d] for d in dims)
            t = self.walk(term.args[0], tensor(inner, want.dtype))
            shape = want.shape
        else:
            t = self.walk(term.args[0], None)
            wide = len(t.shape) + self.chooser.below(3)
            dims = self._value(
                term,
                "broadcast_dimensions",
                lambda: Axes(
                    self._pick(
                        (tuple(range(len(t.shape))), *permutations(range(wide), len(t.shape)))
                    )
                ),
            )
            new = [self._size() for _ in range(max([wide, *(d + 1 for d in dims)]))]
            for i, d in enumerate(dims):
                new[d] = t.shape[i] if t.shape[i] != 1 or self.chooser.below(2) else new[d]
            shape = want.shape if want else tuple(new)
        return tensor(self._value(term, "shape", lambda: Shape(shape)), t.dtype)

    def _embedding(self, wide: int) -> Axes:
        rank = self.chooser.below(wide + 1)
        return Axes(sorted(self._pick(tuple(permutations(range(wide), rank)))))

    def _slice(self, term: Term, want: TensorType | None) -> TensorType:
        below = self.chooser.below
        before = None
        if isinstance(term.args[0], Tensor):
            # With room, so that starts and strides matter.
            roomy = tensor(tuple(d + 2 * below(4) for d in self.shape), self.dtype)
            before = self._before_slice(term, want) if want is not None else roomy
        t = self.walk(term.args[0], before)
        n, rank = t.shape, len(t.shape)
        least = 2 if below(8) else 0  # elements left of a dimension, if it has as many
        lo = self._value(
            term, "start_indices", lambda: Vec(min(below(3), max(d - least, 0)) for d in n)
        )
        hi = self._value(
            term,
            "limit_indices",
            lambda: Vec(max(min(a + least, d), d - below(3)) for a, d in zip(lo, n, strict=True)),
        )
        step = self._value(
            term, "strides", lambda: Vec((1, 1, 2, 3)[below(4)] for _ in n), fill=1, rank=rank
        )
        return tensor(
            tuple(-(-(b - a) // s) for a, b, s in zip(lo, hi, step, strict=True)), t.dtype
        )

    def _before_slice(self, term: Term, want: TensorType) -> TensorType:
        """An operand of which a slice can have type ``want``: as large or a little larger."""
        hi = self._known(term, "limit_indices")
        below = self.chooser.below
        shape = tuple(hi) if hi is not None else tuple(d + below(2) for d in want.shape)
        return tensor(shape, want.dtype)

    def _pad(self, term: Term, want: TensorType | None) -> TensorType:
        t = self.walk(term.args[0], None)
        self.walk(term.args[1], tensor((), t.dtype))
        below, n = self.chooser.below, t.shape
        # Only growing, only cropping, or of mixed signs: what one pad cuts off, another puts back.
        amounts = ((0, 1, 2), (1, -1, 2), (0, -1, -2), (2, -1, -2))[below(4)]
        edges = [
            self._value(term, name, lambda: Vec(self._pick(amounts) for _ in n), 0, len(n))
            for name in ("edge_padding_low", "edge_padding_high")
        ]
        mid = self._value(
            term, "interior_padding", lambda: Vec(below(4) // 3 for _ in n), fill=0, rank=len(n)
        )
        sizes = zip(edges[0], n, edges[1], mid, strict=True)
        return tensor(tuple(lo + d + max(d - 1, 0) * m + hi for lo, d, hi, m in sizes), t.dtype)

    def _concatenate(self, term: Term, want: TensorType | None) -> TensorType:
        first = self.walk(term.args[0], None)
        if not first.shape:
            raise Unfit("scalars do not concatenate")
        k = self._value(term, "dimension", lambda: Axis(self.chooser.below(len(first.shape))))
        total = first.shape[k]
        for other in term.args[1:]:
            size = first.shape[k] if self.chooser.below(2) else self._size()
            shape = (*first.shape[:k], size, *first.shape[k + 1 :])
            total += self.walk(other, tensor(shape, first.dtype)).shape[k]
        return tensor((*first.shape[:k], total, *first.shape[k + 1 :]), first.dtype)

    def _reverse(self, term: Term, want: TensorType | None) -> TensorType:
        t = self.walk(term.args[0], want)
        self._value(term, "dimensions", lambda: self._subset(len(t.shape)))
        return t

    def _subset(self, rank: int) -> Dims:
        """Some dimensions; mostly neither none nor, if there are more, all."""
        few, many = min(rank, 1), max(rank - 1, min(rank, 1))
        count = self.chooser.below(rank + 1)
        if self.chooser.below(8):
            count = min(max(count, few), many)
        rest = list(range(rank))
        return Dims(sorted(rest.pop(self.chooser.below(len(rest))) for _ in range(count)))

    # ---- folds ----------------------------------------------------------------------------------

    def _reduce(self, term: Term, want: TensorType | None) -> TensorType:
        t = self.walk(term.args[0], None)
        body = term.attr("body")
        name = body.op.removeprefix("?")
        if name != body.op and name not in self.bound:
            kind = self.rule.variables[name]
            assert issubclass(kind, Monoid)
            self.bound[name] = kind(
                self._pick([o for o in kind.choices if t.dtype in OPS[o].dtypes])
            )
        self.walk(term.args[1], tensor((), t.dtype))
        dims = self._value(term, "dimensions", lambda: self._subset(len(t.shape)))
        return tensor(tuple(n for i, n in enumerate(t.shape) if i not in dims), t.dtype)

    def _dot_general(self, term: Term, want: TensorType | None) -> TensorType:
        x, y = (
            self.walk(t, None if self.chooser.below(3) else self._of_other_rank())
            for t in term.args
        )
        pairs = self._pairs(x.shape, y.shape)
        cut = max(self.chooser.below(len(pairs) + 1) - self.chooser.below(2), 0)
        batch, contract = pairs[:cut], pairs[cut:]
        lb = self._value(term, "lhs_batching_dimensions", lambda: Axes(a for a, _ in batch))
        rb = self._value(term, "rhs_batching_dimensions", lambda: Axes(b for _, b in batch))
        lc = self._value(term, "lhs_contracting_dimensions", lambda: Axes(a for a, _ in contract))
        rc = self._value(term, "rhs_contracting_dimensions", lambda: Axes(b for _, b in contract))
        wide = (
            F32 if x.dtype in FLOATS and x.dtype.bits == 16 and self.chooser.below(2) else x.dtype
        )
        rest = (("dtype", wide), ("precision_config", ()), ("algorithm", None))
        rest = self._value(term, "rest", lambda: rest)
        shape = [x.shape[d] for d in lb]
        shape += [n for i, n in enumerate(x.shape) if i not in (*lb, *lc)]
        shape += [n for i, n in enumerate(y.shape) if i not in (*rb, *rc)]
        return tensor(tuple(shape), dict(rest)["dtype"])

    def _of_other_rank(self) -> TensorType:
        """A type that shares sizes with the others."""
        rank = 1 + self.chooser.below(MAX_RANK)
        return tensor(tuple(self._pick(self.shape or (3,)) for _ in range(rank)), self.dtype)

    def _pairs(self, x: Sequence[int], y: Sequence[int]) -> list[tuple[int, int]]:
        """Dimensions of equal size, each used once, in random order; one to three pairs if there
        are any.
        """
        free = list(range(len(y)))
        out = []
        start = self.chooser.below(len(x) or 1)
        for i in range(len(x)):
            a = (i + start) % len(x)
            fits = [b for b in free if y[b] == x[a]]
            if fits:
                b = self._pick(fits)
                free.remove(b)
                out.append((a, b))
        return out[: 1 + self.chooser.below(3)]

    # ---- attributes -----------------------------------------------------------------------------

    def _known(self, term: Term, name: str) -> Any:
        """The value of an attribute, if it is written down or its variable is bound."""
        value = dict(term.attrs).get(name)
        if type(value) is not Blank:
            return value
        return self.bound.get(value.variable) if value.variable else None

    def _value(
        self, term: Term, name: str, choose: Any, fill: int | None = None, rank: int = 0
    ) -> Any:
        """The value of an attribute; chosen and bound where it is a free variable, guessed where it
        is computed.
        """
        known = self._known(term, name)
        if known is not None:
            return known
        value = term.attr(name)
        if not value.variable:
            return Vec((fill,) * rank) if fill is not None else choose()
        chosen = choose()
        kind = self.rule.variables[value.variable]
        if issubclass(kind, Vec | Axes) and not isinstance(chosen, kind):
            chosen = kind(chosen)
        if kind is Vec and self.alike and self.chooser.below(2):
            chosen = self._like_another(chosen)
        self.bound[value.variable] = chosen
        return chosen

    def _like_another(self, chosen: Vec) -> Vec:
        """An earlier vector of the same length with one entry exchanged, by that of another one or
        of ``chosen``.
        """
        others = [v for v in self.bound.values() if type(v) is Vec and len(v) == len(chosen)]
        if not others or not len(chosen):
            return chosen
        at = self.chooser.below(len(chosen))
        return Vec(self._pick(others).put(at, self._pick((*others, chosen))[at]))

    def _leftover(self, name: str, kind: type, rank: int) -> Any:
        """A variable that stands on the left side only inside computed attributes."""
        below = self.chooser.below
        if issubclass(kind, Axis):
            return Axis(below(max(rank, 1)))
        if issubclass(kind, Perm):
            return self._perm(rank)
        if issubclass(kind, Dims):
            return self._subset(rank)
        if issubclass(kind, Axes):
            return Axes(range(rank))
        if issubclass(kind, Vec):
            return kind(below(3) for _ in range(rank))
        if issubclass(kind, Direction):
            return Direction(self._pick(Direction.choices))
        if issubclass(kind, Monoid):
            return kind(self._pick(kind.choices))
        if issubclass(kind, DType):
            return self._pick(ALL)
        raise Unfit(f"no value for {name}")
