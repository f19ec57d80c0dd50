"""From a model to a program: both sides of a rule as modules, inputs, and what the reference
interpreter says of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np
import z3

from compiler.build import Builder
from compiler.dtypes import I1, DType
from compiler.errors import AssayError, ConstraintError
from compiler.ir import Array, Module, TensorType, module
from compiler.rules.plant import plant
from compiler.rules.term import Binary, Const, Monoid, PowerOfTwo, Rule, Tensor, Unary
from compiler.rules.values import Shape, Vec
from verify.arrays import canonical_bits, same_bits
from verify.smt.assignments import Assignment
from verify.smt.instances import Binding
from verify.smt.symbols import Symbols

LARGEST = 4096  # elements of a tensor that is worth replaying
# What terms raise that are not well-formed.
_ILL_FORMED = (
    *(AssayError, ConstraintError, AssertionError, ValueError),
    *(IndexError, TypeError, OverflowError),
)


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A program that a rule changes.

    Attributes:
        before, after: modules of both sides; ``after`` is ``None`` where the right side is not
            well-formed.
        inputs: of both.
        left, right: their outputs in the reference interpreter.
        replayed: whether the interpreter confirmed that they differ.
        why: what differs, in words.
    """

    before: Module
    after: Module | None
    inputs: tuple[Array, ...] = field(repr=False)
    left: tuple[Array, ...] = field(default=(), repr=False)
    right: tuple[Array, ...] = field(default=(), repr=False)
    replayed: bool = False
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Texts of both modules, inputs and outputs as nested lists."""
        from compiler.text import print_module

        return {
            "before": print_module(self.before),
            "after": print_module(self.after) if self.after is not None else None,
            "inputs": [_plain(x) for x in self.inputs],
            "left": [_plain(x) for x in self.left],
            "right": [_plain(x) for x in self.right],
            "replayed": self.replayed,
            "why": self.why,
        }

    def __str__(self) -> str:
        from compiler.text import print_module

        lines = [print_module(self.before).rstrip(), "  becomes"]
        lines.append(
            print_module(self.after).rstrip()
            if self.after is not None
            else "  nothing that is well-formed"
        )
        lines += [f"  in{k} = {_show(x)}" for k, x in enumerate(self.inputs)]
        lines += [f"  before: {_show(x)}" for x in self.left]
        lines += [f"  after:  {_show(x)}" for x in self.right]
        return "\n".join([*lines, f"  {self.why}" if self.why else ""]).rstrip()


def _plain(x: Array) -> Any:
    return (
        np.vectorize(str, otypes=[object])(x).tolist() if x.dtype.kind not in "biu" else x.tolist()
    )


def _show(x: Array) -> str:
    return np.array2string(x, separator=", ", threshold=64).replace("\n", " ")


def same_numbers(a: Array, b: Array) -> bool:
    """Equal shape, dtype and numbers; zeros of either sign are equal, and so are NaNs."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool(np.all((a == b) | ((a != a) & (b != b))))


def run(
    before: Module,
    after: Module,
    inputs: Sequence[Array],
    exact: bool = True,
    canonical: bool = True,
) -> Counterexample | None:
    """Both modules in the reference interpreter: a counterexample if any output differs.

    The interpreter takes float sums in higher precision, so the order of a sum never shows there.
    Where bits count and there are sums, the canonical evaluation (machine code at -O0) is asked
    too. Where a loop does not end nothing is said.
    """
    from verify.ref import EndlessError, evaluate

    try:
        with np.errstate(all="ignore"):
            sides = [(evaluate(before, list(inputs)), evaluate(after, list(inputs)), "")]
    except EndlessError:
        return None
    if (
        exact
        and canonical
        and any(n.op in ("reduce", "dot_general") for n in before.main.graph.nodes)
    ):
        sides.append(
            (_canonical(before, inputs), _canonical(after, inputs), " in the canonical evaluation")
        )
    same = same_bits if exact else same_numbers
    for left, right, where in sides:
        for k, (a, b) in enumerate(zip(left, right, strict=True)):
            if not same(a, b):
                return Counterexample(
                    before, after, tuple(inputs), left, right, True, _difference(k, a, b) + where
                )
    return None


def _canonical(program: Module, inputs: Sequence[Array]) -> tuple[Array, ...]:
    from compiler.executable import compile_module
    from compiler.pipeline import Options

    return compile_module(program, Options(level=0))(*inputs)


def _difference(output: int, a: Array, b: Array) -> str:
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"output {output}: {a.dtype}{list(a.shape)} becomes {b.dtype}{list(b.shape)}"
    unequal = canonical_bits(a) != canonical_bits(b)
    where = tuple(int(i) for i in np.argwhere(unequal)[0])
    return f"output {output} at {list(where)}: {a[where]} becomes {b[where]}"


def concrete(
    rule: Rule, binding: Binding, dtypes: Assignment, made: Symbols, model: Any
) -> Iterator[dict[str, Any]]:
    """Values for ``Rule.instantiate`` as the model has them; functions of which nothing is known
    become real ops.
    """

    def integer(term: Any) -> int:
        return (
            int(term)
            if isinstance(term, int)
            else int(model.eval(term, model_completion=True).as_long())
        )

    values: dict[str, Any] = {}
    functions: list[list[tuple[str, Any]]] = []
    for name, kind in rule.variables.items():
        have = made.values[name]
        if issubclass(kind, Tensor):
            values[name] = kind(name, Shape(map(integer, have.shape)), dtypes[name])
        elif issubclass(kind, PowerOfTwo):
            at = integer(made.scalars[name])
            if dtypes[name].is_float:
                at -= 2 ** (dtypes[name].bits - dtypes[name].precision - 1) - 1
            values[name] = kind(at, name, Shape(map(integer, have.shape)), dtypes[name])
        elif issubclass(kind, Const):
            value = scalar_value(
                model.eval(made.scalars[name], model_completion=True), dtypes[name]
            )
            values[name] = kind(value, name, Shape(map(integer, have.shape)), dtypes[name])
        elif issubclass(kind, Vec):
            values[name] = kind(map(integer, have))
        elif issubclass(kind, Unary) and not issubclass(kind, Monoid):
            functions.append([(name, kind(op)) for op in _candidates(kind, dtypes[rule.subject])])
        else:
            values[name] = have
    for chosen in product(*functions):
        yield values | dict(chosen)


def _candidates(kind: type, dtype: DType) -> list[str]:
    """Ops to stand for any op: not commutative, not idempotent."""
    if dtype is I1:
        return ["or", "and"] if issubclass(kind, Binary) else ["not"]
    return (
        ["subtract", "divide"]
        if issubclass(kind, Binary)
        else ["negate", "not" if dtype.is_integer else "abs"]
    )


def scalar_value(term: Any, dtype: DType) -> Any:
    """A numeral of a model as a NumPy scalar; 0 where the sort says nothing about numbers."""
    kind = dtype.numpy.type
    if z3.is_true(term) or z3.is_false(term):
        return kind(z3.is_true(term))
    if z3.is_bv_value(term):
        raw = int(term.as_long()).to_bytes(dtype.bits // 8, "little")
        return np.frombuffer(raw, dtype.numpy)[0]
    if z3.is_fp(term):
        if z3.is_true(z3.simplify(z3.fpIsNaN(term))):
            return kind(np.nan)
        bits = z3.simplify(z3.fpToIEEEBV(term))
        return np.frombuffer(int(bits.as_long()).to_bytes(dtype.bits // 8, "little"), dtype.numpy)[
            0
        ]
    if z3.is_rational_value(term):
        return np.asarray(float(term.as_fraction())).astype(dtype.numpy)[()]
    if z3.is_algebraic_value(term):
        return np.asarray(float(term.approx(20).as_fraction())).astype(dtype.numpy)[()]
    return kind(0)


def modules(rule: Rule, values: Mapping[str, Any]) -> tuple[Module, Module | None, str] | None:
    """Both sides as modules over the tensor variables, and why there is no right one; ``None`` if
    the rule does not apply.
    """
    lhs, rhs, guard = rule.instantiate(values)
    if guard is not True:
        return None
    leaves = [v for v in values.values() if isinstance(v, Tensor)]
    params = [TensorType(tuple(v.shape), v.dtype) for v in leaves]
    numbers = {v.name: k for k, v in enumerate(leaves)}
    place = next(
        (
            TensorType(tuple(v.shape), v.dtype)
            for v in values.values()
            if isinstance(v, (Tensor, Const))
        ),
        None,
    )
    try:
        b = Builder(params)
        root = plant(lhs, b, numbers, place)
        before, wanted = module(b.graph([root])), b.types[root]
    except _ILL_FORMED:
        return None
    b = Builder(params)
    try:
        root = plant(rhs, b, numbers, wanted)
    except _ILL_FORMED as e:
        return before, None, f"the right side is not well-formed: {e}"
    return before, module(b.graph([root])), ""


def from_model(
    rule: Rule,
    binding: Binding,
    dtypes: Assignment,
    made: Symbols,
    model: Any,
    *,
    exact: bool,
    elements: bool,
) -> Counterexample | None:
    """The counterexample that a model stands for, if the interpreter confirms it.

    Args:
        exact: whether bits count, or numbers.
        elements: whether the model says what the elements are; otherwise all are different, then
            random.
    """
    for values in concrete(rule, binding, dtypes, made, model):
        leaves = [v for v in values.values() if isinstance(v, Tensor)]
        if any(prod(v.shape) > LARGEST for v in leaves):
            return None
        sides = modules(rule, values)
        if sides is None:
            continue
        before, after, why = sides
        inputs = [_elements(v, made, model) if elements else None for v in leaves]
        if after is None:
            given = tuple(
                _distinct(v, k) if x is None else x
                for k, (v, x) in enumerate(zip(leaves, inputs, strict=True))
            )
            return Counterexample(before, None, given, replayed=True, why=why)
        found = _first_difference(before, after, leaves, inputs, exact)
        if found is not None:
            return found
    return None


def special_difference(
    rule: Rule, binding: Binding, dtypes: Assignment, made: Symbols, model: Any, claim: str
) -> Counterexample | None:
    """Sizes and constants as in a model, and elements drawn from those with which arithmetic is
    exact: a counterexample where one side alone is NaN (``claim`` is ``nan``), or where both are
    zero and differ in sign (``zero``).
    """
    from verify.ref import evaluate

    choices = _EXACT if claim == "zero" else (*_EXACT, np.nan)
    rng = np.random.default_rng(0)
    for values in concrete(rule, binding, dtypes, made, model):
        before, after, _ = modules(rule, values) or (None, None, "")
        if before is None or after is None:
            continue
        for _ in range(_DRAWS):
            inputs = [
                rng.choice(choices, t.shape).astype(t.dtype.numpy)
                if t.dtype.is_float
                else random_elements(rng, t)
                for t in before.main.graph.params
            ]
            with np.errstate(all="ignore"):
                left, right = evaluate(before, inputs), evaluate(after, inputs)
            if not _alike(left[0], right[0], claim):
                why = _difference(0, left[0], right[0])
                return Counterexample(before, after, tuple(inputs), left, right, True, why)
    return None


_EXACT = (-2.0, -1.0, -0.0, 0.0, 1.0, 2.0)
_DRAWS = 16


def _alike(a: Array, b: Array, claim: str) -> bool:
    if claim == "nan":
        return bool(np.array_equal(a != a, b != b))
    zeros = (a == 0) & (b == 0)
    return bool(np.array_equal(np.signbit(a[zeros]), np.signbit(b[zeros])))


def _first_difference(
    before: Module,
    after: Module,
    leaves: Sequence[Tensor],
    inputs: Sequence[Array | None],
    exact: bool,
) -> Counterexample | None:
    """Try the model's elements, then distinct ones, then random ones (the model may rest on an
    unknown function).
    """
    if all(x is not None for x in inputs):
        found = run(before, after, [x for x in inputs if x is not None], exact)
        if found is not None:
            return found
    rng = np.random.default_rng(0)
    tries = [[_distinct(v, k) for k, v in enumerate(leaves)]]
    if exact:
        types = [TensorType(tuple(v.shape), v.dtype) for v in leaves]
        tries += [[random_elements(rng, t, 0.3 * (k % 2)) for t in types] for k in range(8)]
    return next((c for c in (run(before, after, t, exact) for t in tries) if c is not None), None)


def _elements(leaf: Tensor, made: Symbols, model: Any) -> Array:
    tensor = made.tensors[leaf.name]
    out = np.zeros(tuple(leaf.shape), leaf.dtype.numpy)
    for index in np.ndindex(*out.shape):
        out[index] = scalar_value(model.eval(tensor.at(index), model_completion=True), leaf.dtype)
    return out


def _distinct(leaf: Tensor, k: int) -> Array:
    """Elements that all differ, also from those of other inputs (as far as the dtype can)."""
    size = prod(leaf.shape)
    flat = np.arange(size) % 2 if leaf.dtype is I1 else np.arange(size) + 1 + 37 * k
    return flat.astype(leaf.dtype.numpy).reshape(tuple(leaf.shape))


_SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, np.inf, -np.inf, np.nan, 3.0, 1e-3)


def random_elements(rng: np.random.Generator, t: TensorType, special: float = 0.3) -> Array:
    """Elements for refuting: special values (of floats: that share), small and large numbers."""
    if t.dtype is I1:
        return rng.integers(0, 2, t.shape).astype(bool)
    if not t.dtype.is_float:
        info = np.iinfo(t.dtype.numpy)
        ends = rng.choice(
            np.array([info.min, info.max, 0, 1, info.max // 2], t.dtype.numpy), t.shape
        )
        wide = rng.integers(info.min, info.max, t.shape, dtype=t.dtype.numpy, endpoint=True)
        small = rng.integers(0, 8, t.shape, dtype=t.dtype.numpy)
        return np.choose(rng.integers(0, 3, t.shape), [ends, wide, small])
    with np.errstate(all="ignore"):
        odd = rng.choice(_SPECIAL, t.shape)
        normal = rng.standard_normal(t.shape) * 2.0 ** rng.integers(-4, 5, t.shape)
        return np.where(rng.random(t.shape) < special, odd, normal).astype(t.dtype.numpy)
