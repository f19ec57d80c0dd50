"""Concrete instances of left-hand sides: what tests and the fuzzer plant in programs.

Variables are chosen from the operands up, so that each op is well-formed; what a rule computes from
them follows. The guard is not enforced: an instance whose guard is false is a near-miss, and as
welcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, cast

from compiler.build import Builder
from compiler.dtypes import ALL, F32, FLOATS, I1, DType
from compiler.errors import VerifyError
from compiler.ir import TensorType
from compiler.ops import OPS
from compiler.rules.match import BINARY_OPS, UNARY_OPS
from compiler.rules.plant import UNIFORM, plant
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
    Unary,
    blank,
)
from compiler.rules.values import Axes, Axis, Blank, Dims, Direction, Perm, Shape, Vec

Below = Callable[[int], int]
DIMS = (1, 2, 3, 2, 4, 0)
FLOAT_CONSTANTS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 10.0, float("inf"), float("nan"))
INT_CONSTANTS = (0, 1, 2, 3, 5, 8, -1, 100)


@dataclass(frozen=True, slots=True)
class Instance:
    """A left-hand side with concrete values.

    Attributes:
        rule: whose left side it is.
        values: of all variables.
        lhs: the term.
        holds: whether the rule applies: the guard holds, the subject's dtype fits, no constant is
            empty.
        params: types of the tensor variables, which the program must provide.
    """

    rule: Rule
    values: dict[str, Any]
    lhs: Term
    holds: bool
    params: dict[str, TensorType]


class Reject(Exception):
    """These choices lead nowhere."""


def sample(
    rule: Rule,
    below: Below,
    dtype: DType | None = None,
    tries: int = 8,
    dims: Sequence[int] = DIMS,
) -> Instance | None:
    """An instance of the rule's left side, or ``None`` if the choices did not make one.

    Args:
        rule: the rule.
        below: ``below(k)`` chooses one of 0..k-1.
        dtype: of the subject; by default one of the rule's.
        tries: how often to begin anew.
        dims: sizes of dimensions to choose from.
    """
    for _ in range(tries):
        try:
            return _Draw(rule, below, dtype or _pick(below, rule.dtypes), dims).instance()
        except (Reject, VerifyError):
            continue
    return None


def _pick(below: Below, items: Sequence[Any]) -> Any:
    return items[below(len(items))]


@dataclass(slots=True)
class _Draw:
    rule: Rule
    below: Below
    dtype: DType
    dims: Sequence[int]
    values: dict[str, Any] = field(default_factory=dict)
    types: dict[str, TensorType] = field(default_factory=dict)
    empty: bool = False  # whether a constant has no element, and so no value to match

    def instance(self) -> Instance:
        self._term(self.rule.pattern, (), None)
        lhs, _, guard = self.rule.instantiate(self.values)
        subject = self.values[self.rule.subject]
        holds = guard is True and subject.dtype in self.rule.dtypes and not self.empty
        self._build(lhs)  # well-formed, or VerifyError
        return Instance(self.rule, dict(self.values), lhs, holds, dict(self.types))

    def _build(self, lhs: Term) -> None:
        b = Builder(list(self.types.values()))
        plant(lhs, b, {n: k for k, n in enumerate(self.types)})

    # Types of terms, from the leaves up

    def _term(self, term: Term, path: tuple[int, ...], wanted: TensorType | None) -> TensorType:
        """Choose all variables of ``term``; its type."""
        if isinstance(term, Tensor):
            return self._tensor(term, wanted)
        if isinstance(term, Const):
            return self._const(term, wanted)
        operands: list[TensorType | None] = [None] * len(term.args)
        order = sorted(range(len(term.args)), key=lambda i: isinstance(term.args[i], Const))
        for i in order:
            want = self._wanted(term, i, operands, wanted)
            operands[i] = self._term(term.args[i], (*path, i), want)
        return self._apply(term, path, cast(list[TensorType], operands))

    def _wanted(
        self, term: Term, i: int, operands: Sequence[TensorType | None], wanted: TensorType | None
    ) -> TensorType | None:
        known = next((t for t in operands if t is not None), None)
        if term.op == "select":
            branch = operands[1] or operands[2] or (wanted if i else None)
            if i == 0 and branch:
                scalar = self.below(4) == 0
                return TensorType(() if scalar else branch.shape, I1)
            return branch or (TensorType(known.shape, I1) if known and i else None)
        if term.op == "clamp" and i != 1 and operands[1]:
            scalar = not isinstance(term.args[i], Const) and self.below(2) == 1
            return TensorType((), operands[1].dtype) if scalar else operands[1]
        if term.op in UNIFORM or term.op in ("compare", "concatenate") or _is_binary(term):
            return known or (wanted if term.op in UNIFORM else None)
        if term.op in ("pad", "reduce") and i == 1 and known:
            return TensorType((), known.dtype)
        if term.op == "dot_general" and known:
            return known
        return wanted if term.op in ("transpose", "reverse") and known is None else None

    def _tensor(self, term: Tensor, wanted: TensorType | None) -> TensorType:
        if term.name in self.values:
            return self.types[term.name]
        kind = type(term)
        shape = self._shape() if wanted is None else wanted.shape
        dtype = self.dtype if wanted is None else wanted.dtype
        if isinstance(term, Pred) and wanted is None:
            dtype = I1
        if isinstance(term, Scalar):
            shape = ()
        t = TensorType(shape, dtype)
        self.types[term.name] = t
        self.values[term.name] = kind(term.name, Shape(t.shape), t.dtype)
        return t

    def _const(self, term: Const, wanted: TensorType | None) -> TensorType:
        t = wanted or TensorType(tuple(max(n, 1) for n in self._shape()), self.dtype)
        self.empty |= t.size == 0
        if not term.name:
            return t
        if term.name in self.values:
            return TensorType(tuple(self.values[term.name].shape), self.values[term.name].dtype)
        kind: Any = type(term)
        value = self._scalar(kind, t.dtype)
        self.values[term.name] = kind(value, term.name, Shape(t.shape), t.dtype)
        return t

    def _scalar(self, kind: type, dtype: DType) -> Any:
        if issubclass(kind, PowerOfTwo):
            domain = PowerOfTwo.domain(dtype) if dtype is not I1 else range(0)
            if not domain:
                raise Reject
            small = [e for e in domain if -4 <= e <= 4]
            return _pick(self.below, small if self.below(4) else domain)
        if dtype.is_float:
            value = dtype.numpy.type(_pick(self.below, FLOAT_CONSTANTS))
            if issubclass(kind, Invertible) and not Invertible.admits(value, dtype):
                return dtype.numpy.type(3.0)
            return value
        number = _pick(self.below, INT_CONSTANTS)
        if dtype is I1:
            return dtype.numpy.type(number % 2)
        low = 0 if dtype.kind == "uint" else -128
        return dtype.numpy.type(min(max(number, low), 127))

    def _shape(self) -> tuple[int, ...]:
        known = [t.shape for t in self.types.values() if t.rank]
        if known and self.below(3):
            return known[-1]
        return tuple(_pick(self.below, self.dims) for _ in range(1 + self.below(3)))

    # Ops

    def _apply(self, term: Term, path: tuple[int, ...], operands: list[TensorType]) -> TensorType:
        if term.op.startswith("?"):
            self._function(term, operands)
        for key, want in term.attrs:
            self._attribute(term, key, want, operands)
        bound = self._partial(path)
        b = Builder(operands)
        names = [Tensor(f"_{i}", Shape(t.shape), t.dtype) for i, t in enumerate(operands)]
        flat = Term(bound.op, names, bound.attrs)
        return b.types[plant(flat, b, {n.name: i for i, n in enumerate(names)})]

    def _partial(self, path: tuple[int, ...]) -> Term:
        """The rule's own term at ``path``, with what is chosen so far; Reject if it depends on
        later choices.
        """
        kinds = self.rule.variables
        values = {n: self.values[n] if n in self.values else blank(n, k) for n, k in kinds.items()}
        term = self.rule.instantiate(values)[0]
        for i in path:
            term = term.args[i]
        if any(type(v) is Blank for _, v in term.attrs):
            raise Reject
        return term

    def _function(self, term: Term, operands: Sequence[TensorType]) -> None:
        name = term.op[1:]
        if name in self.values:
            return
        kind = self.rule.variables[name]
        dtype = operands[0].dtype
        pool = UNARY_OPS if len(operands) == 1 else BINARY_OPS
        if issubclass(kind, Monoid):
            pool = frozenset(kind.choices)
        fits = sorted(op for op in pool if dtype in OPS[op].dtypes)
        op = _pick(self.below, fits)
        attrs: tuple[tuple[str, Any], ...] = ()
        if op == "convert":
            attrs = (("dtype", _pick(self.below, ALL)),)
        elif op == "compare":
            attrs = (("comparison_direction", _pick(self.below, Direction.choices)),)
        elif op == "reduce_precision":
            attrs = (("exponent_bits", 5), ("mantissa_bits", 1 + self.below(8)))
        self.values[name] = kind(op, attrs)

    def _attribute(self, term: Term, key: str, want: Any, operands: Sequence[TensorType]) -> None:
        if isinstance(want, Unary) and want.op.startswith("?"):
            name, choices = (
                want.op[1:],
                cast(type[Monoid], self.rule.variables[want.op[1:]]).choices,
            )
            if name not in self.values:
                fits = [op for op in choices if operands[0].dtype in OPS[op].dtypes]
                self.values[name] = self.rule.variables[name](_pick(self.below, fits))
            return
        if type(want) is not Blank or not want.variable or want.variable in self.values:
            return
        make = CHOICES[(term.op, key)]
        kind: Any = self.rule.variables[want.variable]
        value = make(self, term, operands)
        keeps = isinstance(value, DType) or key == "rest"
        self.values[want.variable] = value if keeps else kind(value)

    def known(self, term: Term, key: str) -> Any:
        """The chosen value of another attribute of ``term``."""
        want = dict(term.attrs)[key]
        return self.values.get(want.variable) if type(want) is Blank else want


def _is_binary(term: Term) -> bool:
    return term.op.startswith("?") and len(term.args) == 2


# One function an attribute: a value that fits the operands.


def _permutation(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    left = list(range(operands[0].rank))
    return Perm(left.pop(draw.below(len(left))) for _ in range(len(left)))


def _new_shape(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    dims = list(operands[0].shape)
    for _ in range(draw.below(3)):
        choice = draw.below(3)
        if choice == 0:
            dims.insert(draw.below(len(dims) + 1), 1)
        elif choice == 1 and len(dims) > 1:
            at = draw.below(len(dims) - 1)
            dims[at : at + 2] = [dims[at] * dims[at + 1]]
        elif dims:
            at = draw.below(len(dims))
            if dims[at] % 2 == 0:
                dims[at : at + 1] = [2, dims[at] // 2]
    return Shape(dims)


def _broadcast_dims(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    rank = operands[0].rank
    total = list(range(rank + draw.below(3)))
    chosen = [total.pop(draw.below(len(total))) for _ in range(rank)]
    return Axes(chosen if draw.below(4) == 0 else sorted(chosen))


def _broadcast_shape(draw: _Draw, term: Term, operands: Sequence[TensorType]) -> Any:
    dims = draw.known(term, "broadcast_dimensions") or ()
    rank = max([*dims, -1]) + 1 + draw.below(2)
    if not dims:
        rank = draw.below(3)
    shape = [_pick(draw.below, draw.dims) for _ in range(rank)]
    for n, d in zip(operands[0].shape, dims, strict=True):
        shape[d] = _pick(draw.below, (1, 2, 3)) if n == 1 else n
    return Shape(shape)


def _starts(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    return Vec(draw.below(n + 1) if draw.below(3) == 0 else 0 for n in operands[0].shape)


def _limits(draw: _Draw, term: Term, operands: Sequence[TensorType]) -> Any:
    starts = draw.known(term, "start_indices")
    return Vec(
        n if draw.below(2) else lo + draw.below(n - lo + 1)
        for lo, n in zip(starts, operands[0].shape, strict=True)
    )


def _strides(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    return Vec(_pick(draw.below, (1, 1, 2, 3)) for _ in operands[0].shape)


def _padding(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    signed = (0, 0, 1, 2) if draw.below(3) else (0, 0, -1, 1)
    return Vec(_pick(draw.below, signed) for _ in operands[0].shape)


def _interior(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    some = draw.below(2)
    return Vec(draw.below(2) * some for _ in operands[0].shape)


def _axis(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    if not operands[0].rank:
        raise Reject
    return Axis(draw.below(operands[0].rank))


def _dims(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    return Dims(d for d in range(operands[0].rank) if draw.below(2))


def _dot_dims(draw: _Draw, term: Term, operands: Sequence[TensorType]) -> Any:
    """All four lists at once: batch and contracted dimensions by equal size."""
    x, y = operands
    free = list(range(y.rank))
    picked: dict[str, list[int]] = {"lb": [], "rb": [], "lc": [], "rc": []}
    for d in range(x.rank):
        partner = [e for e in free if y.shape[e] == x.shape[d]]
        use = draw.below(3)
        if partner and use:
            e = _pick(draw.below, partner)
            free.remove(e)
            side = "c" if use == 1 or len(picked["lb"]) else "b"
            picked["l" + side].append(d)
            picked["r" + side].append(e)
    names = {
        "lhs_batching_dimensions": "lb",
        "rhs_batching_dimensions": "rb",
        "lhs_contracting_dimensions": "lc",
        "rhs_contracting_dimensions": "rc",
    }
    for key, want in term.attrs:
        if key in names and type(want) is Blank and want.variable:
            draw.values[want.variable] = Axes(picked[names[key]])
    first = next(want.variable for key, want in term.attrs if key in names and type(want) is Blank)
    return draw.values[first]


def _rest(draw: _Draw, _term: Term, operands: Sequence[TensorType]) -> Any:
    dtype = operands[0].dtype
    if dtype in FLOATS and dtype.bits == 16 and draw.below(2):
        dtype = F32
    return (("dtype", dtype), ("precision_config", ()), ("algorithm", None))


def _dtype(draw: _Draw, _term: Term, _operands: Sequence[TensorType]) -> Any:
    return _pick(draw.below, ALL)


def _direction(draw: _Draw, _term: Term, _operands: Sequence[TensorType]) -> Any:
    return Direction(_pick(draw.below, Direction.choices))


CHOICES: dict[tuple[str, str], Callable[[_Draw, Term, Sequence[TensorType]], Any]] = {
    ("transpose", "permutation"): _permutation,
    ("reshape", "shape"): _new_shape,
    ("broadcast_in_dim", "broadcast_dimensions"): _broadcast_dims,
    ("broadcast_in_dim", "shape"): _broadcast_shape,
    ("slice", "start_indices"): _starts,
    ("slice", "limit_indices"): _limits,
    ("slice", "strides"): _strides,
    ("pad", "edge_padding_low"): _padding,
    ("pad", "edge_padding_high"): _padding,
    ("pad", "interior_padding"): _interior,
    ("concatenate", "dimension"): _axis,
    ("reverse", "dimensions"): _dims,
    ("reduce", "dimensions"): _dims,
    ("dot_general", "lhs_batching_dimensions"): _dot_dims,
    ("dot_general", "lhs_contracting_dimensions"): _dot_dims,
    ("dot_general", "rest"): _rest,
    ("convert", "dtype"): _dtype,
    ("compare", "comparison_direction"): _direction,
}

__all__ = ["Instance", "prod", "sample"]
