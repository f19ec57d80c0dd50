"""Symbolic values for the variables of a rule: sizes, positions, elements, constants."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import z3

from compiler.dtypes import DType
from compiler.rules.term import Const, Invertible, Opaque, PowerOfTwo, Rule, Tensor, Type
from compiler.rules.values import Shape, Vec
from verify.smt.assignments import Assignment
from verify.smt.folds import subterms
from verify.smt.instances import Binding, Rank
from verify.smt.integers import Bool
from verify.smt.scalar import sort_of
from verify.smt.scalar_bits import sort as float_sort
from verify.smt.tensor import Index, SymTensor, Term, Unknown


class SymbolicPower(PowerOfTwo):
    """2**k for every k of the dtype's domain at once.

    Attributes:
        facts: what is known of the symbols.
    """

    __slots__ = ("_inverse", "_mask", "facts")

    def __init__(self, name: str, shape: Any, dtype: DType) -> None:
        Const.__init__(self, None, name, shape, dtype)
        self._inverse = self._mask = None
        if dtype.is_float:
            self._float(name, dtype)
        else:
            self.exponent = z3.BitVec(f"{name}.exponent", dtype.bits)
            self.value = z3.BitVecVal(1, dtype.bits) << self.exponent
            self._mask = self.value - 1
            self.facts = [z3.ULT(self.exponent, dtype.bits)]

    def _float(self, name: str, dtype: DType) -> None:
        width = dtype.bits - dtype.precision
        emax = 2 ** (width - 1) - 1
        biased = z3.BitVec(f"{name}.exponent", width)
        domain = PowerOfTwo.domain(dtype)
        self.exponent = biased
        self.value = _normal(biased, dtype)
        self._inverse = _normal(2 * emax - biased, dtype)
        self.facts = [z3.UGE(biased, domain.start + emax), z3.ULE(biased, domain.stop - 1 + emax)]

    @property
    def inverse(self) -> Any:
        """2**-k (floats)."""
        return self._known(self._inverse)

    @property
    def mask(self) -> Any:
        """2**k - 1 (integers)."""
        return self._known(self._mask)

    def _known(self, value: Any) -> Any:
        if value is None:
            raise Unknown(f"{self.dtype} has no such power of two")
        return value


def _normal(biased: Any, dtype: DType) -> Any:
    """The normal float with this biased exponent and significand 1."""
    zeros = z3.BitVecVal(0, dtype.precision - 1)
    return z3.fpBVToFP(z3.Concat(z3.BitVecVal(0, 1), biased, zeros), float_sort(dtype))


@dataclass(slots=True)
class Symbols:
    """The symbolic values of a rule's variables.

    Attributes:
        values: for ``Rule.instantiate``.
        tensors: symbolic tensors by variable name.
        facts: sizes >= 0 and the like.
        sizes, positions: the integer unknowns, to be kept small in counterexamples.
        scalars: symbols of constants by variable name.
        cases: symbols whose few values are better tried one by one.
        inverses: float powers of two and their inverses.
    """

    values: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, SymTensor] = field(default_factory=dict)
    facts: list[Bool] = field(default_factory=list)
    sizes: list[Any] = field(default_factory=list)
    positions: list[Any] = field(default_factory=list)
    scalars: dict[str, Any] = field(default_factory=dict)
    cases: list[tuple[Any, range]] = field(default_factory=list)
    inverses: list[tuple[Any, Any]] = field(default_factory=list)


def symbols(rule: Rule, binding: Binding, dtypes: Assignment, reading: str) -> Symbols:
    """Symbolic values for one choice of ranks, axes and dtypes."""
    out = Symbols()
    for name, kind in rule.variables.items():
        bound = binding[name]
        if issubclass(kind, Tensor):
            shape = _sizes(out, name, bound.rank)
            out.values[name] = kind(name, shape, dtypes[name])
            out.tensors[name] = input_tensor(name, shape, dtypes[name], reading)
        elif issubclass(kind, PowerOfTwo):
            if reading != "bits" and dtypes[name].is_float:
                raise Unknown("powers of two need the reading of bits")
            power = SymbolicPower(name, _sizes(out, name, bound.rank), dtypes[name])
            out.values[name] = power
            out.facts += power.facts
            out.scalars[name] = power.exponent
            if dtypes[name].is_float:
                out.inverses.append((power.value, power.inverse))
            else:
                out.cases.append((power.exponent, PowerOfTwo.domain(dtypes[name])))
        elif issubclass(kind, Const):
            value = z3.Const(name, sort_of(dtypes[name], reading))
            out.values[name] = kind(value, name, _sizes(out, name, bound.rank), dtypes[name])
            out.scalars[name] = value
            if issubclass(kind, Invertible):
                out.facts.append(_invertible(value, dtypes[name]))
        elif issubclass(kind, Shape):
            out.values[name] = _sizes(out, name, bound.rank)
        elif issubclass(kind, Vec):
            entries = [z3.Int(f"{name}.{k}") for k in range(bound.rank)]
            out.positions += entries
            out.values[name] = Vec(entries)
        elif issubclass(kind, Type):
            out.values[name] = dtypes[name]
        elif issubclass(kind, Opaque):
            out.values[name] = (
                ("dtype", dtypes[name]),
                ("precision_config", ()),
                ("algorithm", None),
            )
        else:
            assert not isinstance(bound, Rank)
            out.values[name] = bound
    return out


def _invertible(value: Any, dtype: DType) -> Any:
    """Value and inverse are normal numbers; as a real number: it is not 0."""
    if z3.is_real(value):
        return value != 0
    if not z3.is_fp(value):
        raise Unknown("inverses need floats")
    inverse = z3.fpDiv(z3.RNE(), z3.FPVal(1, float_sort(dtype)), value)
    return z3.And(z3.fpIsNormal(value), z3.fpIsNormal(inverse))


def _sizes(out: Symbols, name: str, rank: int) -> Shape:
    sizes, facts = _lengths(name, rank)
    out.sizes += sizes
    out.facts += facts
    return Shape(sizes)


@cache
def _lengths(name: str, rank: int) -> tuple[list[Any], list[Bool]]:
    """Unknown sizes and what is known of them; every instance of a rule uses the same ones."""
    sizes = [z3.Int(f"{name}.{k}") for k in range(rank)]
    return sizes, [n >= 0 for n in sizes]


def input_tensor(name: str, shape: Any, dtype: DType, reading: str) -> SymTensor:
    """A tensor of unknown elements: an uninterpreted function of the index."""
    sort = sort_of(dtype, reading)
    if not shape:
        value = z3.Const(f"{name}[]", sort)
        return SymTensor((), dtype, lambda _: value, splat=value)
    function = _elements(f"{name}[]", len(shape), sort)

    def element(index: Index) -> Term:
        return function(*(z3.IntVal(i) if isinstance(i, int) else i for i in index))

    return SymTensor(shape, dtype, element)


@cache
def _elements(name: str, rank: int, sort: Any) -> Any:
    """The uninterpreted function of an input's elements."""
    return z3.Function(name, *([z3.IntSort()] * rank), sort)


def solved(parts: list[Bool]) -> list[tuple[Any, Any]]:
    """Equations ``unknown = term`` among the conjuncts, as substitutions to make all at once."""
    out: list[tuple[Any, Any]] = []
    for p in parts:
        if isinstance(p, bool) or not z3.is_eq(p) or not z3.is_int(p.arg(0)):
            continue
        a, b = (z3.substitute(t, *out) if out else t for t in p.children())
        for x, y in ((a, b), (b, a)):
            if z3.is_const(x) and not z3.is_int_value(x) and not any(t.eq(x) for t in subterms(y)):
                out = [(u, z3.substitute(v, (x, y))) for u, v in out] + [(x, y)]
                break
    return out


def specialised(made: Symbols, rule: Rule, reading: str, chosen: list[tuple[Any, Any]]) -> Symbols:
    """The same symbols with some of them replaced by what the guard makes of them."""

    def new(entry: Any) -> Any:
        if isinstance(entry, int):
            return entry
        found = z3.simplify(z3.substitute(entry, *chosen))
        return found.as_long() if z3.is_int_value(found) else found

    values = dict(made.values)
    tensors = dict(made.tensors)
    for name, v in values.items():
        if isinstance(v, Tensor):
            values[name] = type(v)(name, Shape(map(new, v.shape)), v.dtype)
            tensors[name] = input_tensor(name, values[name].shape, v.dtype, reading)
        elif isinstance(v, Const):
            v.shape = Shape(map(new, v.shape))
        elif isinstance(v, Vec):
            values[name] = type(v)(map(new, v))
    facts = [
        f if isinstance(f, bool) else z3.simplify(z3.substitute(f, *chosen)) for f in made.facts
    ]
    # The replaced unknowns stay tied to their values, for models.
    ties = [x == y for x, y in chosen]
    return replace(made, values=values, tensors=tensors, facts=[*facts, *ties])
