"""Single ops on operands that carry errors: drawn at random, with choices that lie inside.

Any concrete choice of operands, evaluated in any legal way, and the true value of the op on it,
must lie inside what the bounds make of the operands. Membership is decided in exact arithmetic.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from bounds_legal import LAYOUT
from bounds_legal_ops import Legal
from bounds_reals import exactly, fraction, rounded, true

from compiler.contract import EXACT, Contract
from compiler.dtypes import F64, FLOATS, DType, from_numpy
from compiler.errors import UnsupportedError
from compiler.ir import Array, Function, Module, Node
from verify.bounds.core import Context
from verify.bounds.format import carrier_of
from verify.bounds.value import Value
from verify.gen import RandomChooser, draw_inputs
from verify.gen.draft import Draft, Library
from verify.gen.graphs import GEN
from verify.ref import REF
from verify.ref.core import Context as Reference

MODES = ("normal", "special", "exact", "wide")
# Ops some of whose integer operands are shapes or counts: they must be known.
KNOWN = frozenset(["while", "chlo.ragged_dot", "chlo.polygamma", "rng_bit_generator"])
_TOP = {d: Fraction(float(np.finfo(d.numpy).max)) if d.name != "bf16" else None for d in FLOATS}


@dataclass
class Operand:
    """One operand: what the bounds are told, and a source of choices inside of it."""

    value: Value
    choose: Callable[[], Array]


@dataclass
class Question:
    """One op of a generated program and its operands."""

    module: Module
    node: Node
    args: list[Array]


def questions(op: str, dtypes: Sequence[DType], seeds: Iterable[int]) -> Iterator[Question]:
    """Nodes of ``op`` in small programs, with the operands that the reference gives them."""
    for seed in seeds:
        chooser = RandomChooser(seed)
        library = Library()
        draft = Draft(chooser, tuple(dtypes), 24, library, (GEN["add"], GEN["multiply"]))
        GEN[op](draft)
        if not draft.nodes:
            continue
        module = Module((Function("main", draft.graph(draft.results())), *library.functions))
        inputs = draw_inputs(chooser, module, MODES[seed % len(MODES)])
        graph = module.main.graph
        with np.errstate(all="ignore"):
            values = Reference(module).run(graph, inputs)
        for node in graph.nodes:
            if node.op == op:
                yield Question(module, node, [values[v] for v in node.uses])


def operand(rng: random.Random, x: Array, carrier: Any, known: bool = False) -> Operand:
    """``x`` with errors at some elements; ``known``: an integer or boolean must stay as it is."""
    dtype = from_numpy(x.dtype)
    if dtype.is_float:
        return _float(rng, x, dtype, carrier) if dtype in FLOATS else _exact(dtype, x)
    if known or rng.random() < 0.7 or dtype.narrow:
        return _exact(dtype, x)
    open_ = np.array([rng.random() < 0.2 for _ in range(x.size)], bool).reshape(x.shape)

    def choose() -> Array:
        out = np.array(x)
        for i in map(tuple, np.argwhere(open_)):
            out[i] = rng.choice([0, 1, 2, 3]) if dtype.is_integer else rng.random() < 0.5
        return out

    return Operand(Value(dtype, x, error=open_ if open_.any() else None), choose)


def _exact(dtype: DType, x: Array) -> Operand:
    return Operand(Value(dtype, x), lambda: x)


def _float(rng: random.Random, x: Array, dtype: DType, carrier: Any) -> Operand:
    share = rng.choice([0.0, 0.3, 0.8, 1.0])
    wide = (x.astype(np.float32) if dtype.bits == 16 else x).astype(carrier)
    center, error = np.array(wide), np.zeros(x.shape, carrier)
    for i in np.ndindex(x.shape):
        if rng.random() < share and np.isfinite(wide[i]):
            center[i], error[i] = _around(rng, wide[i], dtype, carrier)
    if not error.any():
        return _exact(dtype, x)

    def choose() -> Array:
        out = np.array(x)
        for i in map(tuple, np.argwhere(error)):
            out[i] = _inside(rng, x[i], center[i], error[i], dtype)
        return out

    return Operand(Value(dtype, None, center, error), choose)


def _around(rng: random.Random, v: Any, dtype: DType, carrier: Any) -> tuple[Any, Any]:
    """A center and an error that hold ``v``; no error where they would reach beyond the format."""
    eta = carrier(float(np.nextafter(dtype.numpy.type(0), dtype.numpy.type(1))))
    kind = rng.randrange(8)
    if kind < 5:  # relative, from half a rounding to a quarter
        radius = abs(v) * carrier(2.0 ** -rng.uniform(2, dtype.precision + 1))
    elif kind == 5:  # across zero
        radius = abs(v) * carrier(rng.uniform(1.0, 3.0))
    elif kind == 6:
        radius = eta * carrier(rng.choice([0.25, 1.0, 4.0, 100.0]))
    else:
        radius = carrier(rng.choice([1e-3, 0.1, 1.0, 4.0]))
    center = v + radius * carrier(rng.choice([0.0, 0.0, 0.9, -0.9, rng.uniform(-0.9, 0.9)]))
    reach = abs(center) + 2 * radius
    if radius == 0 or not np.isfinite(reach) or reach > carrier(_largest(dtype)):
        return v, carrier(0)
    inside = abs(fraction(v) - fraction(center)) <= fraction(radius)  # center was rounded
    return (center, radius) if inside else (v, carrier(0))


def _largest(dtype: DType) -> float:
    top = _TOP[dtype]
    return float(top) if top is not None else 3.3895313892515355e38


def _inside(rng: random.Random, v: Any, center: Any, error: Any, dtype: DType) -> Any:
    """A number of the format inside: an end, zero, one somewhere, or the one it was drawn for."""
    t = rng.choice([-1.0, 1.0, 0.0, rng.uniform(-1, 1), rng.uniform(-1, 1)])
    target = center + error * type(error)(t)
    x = dtype.numpy.type(target if dtype.bits == 64 else float(target))
    if rng.random() < 0.1:
        x = dtype.numpy.type(rng.choice([0.0, -0.0]))
    middle, reach = fraction(center), fraction(error)
    for _ in range(2):
        at = fraction(x)
        if at is not None and middle is not None and abs(at - middle) <= reach:
            return x
        x = np.nextafter(x, dtype.numpy.type(float(center)))
    return v


# --- membership -----------------------------------------------------------------------------------


def outside(got: Array, x: Value, carrier: Any, loose_zero: bool) -> str:
    """Where a legal result does not lie inside; empty if all is well."""
    dtype = x.dtype
    if not dtype.is_float:
        bits = x.as_bits()
        bad = (got != bits) & ~np.broadcast_to(x.undecided(), bits.shape)
        return f"{got[bad][0]} instead of {bits[bad][0]}" if bad.any() else ""
    center, error = middle(x, carrier)
    for i in np.ndindex(got.shape):
        g, c, e = got[i], center[i], error[i]
        if e == math.inf:
            continue
        if e == 0:
            wide = carrier(float(g))
            same = (g != g and c != c) or (
                wide == c and (wide != 0 or loose_zero or np.signbit(wide) == np.signbit(c))
            )
            if not same:
                return f"at {i}: {g!r} instead of {c!r}"
            continue
        at = fraction(g)
        if at is None or abs(at - fraction(c)) > fraction(e):
            return f"at {i}: {g!r} is not within {e!r} of {c!r}"
    return ""


def beside(wanted: Array, x: Value, carrier: Any) -> str:
    """Where a true value does not lie inside. Where the result is exact it must be the true value
    rounded.
    """
    center, error = middle(x, carrier)
    for i in np.ndindex(wanted.shape):
        t, c, e = wanted[i], center[i], error[i]
        if t is None or e == math.inf:
            continue
        if e > 0:
            if abs(t - fraction(c)) > fraction(e):
                return f"at {i}: true {float(t)!r} is not within {e!r} of {c!r}"
        elif rounded(t, x.dtype) != c:
            return f"at {i}: true {float(t)!r} is not {c!r}"
    return ""


def middle(x: Value, carrier: Any) -> tuple[Array, Array]:
    """Center and error as arrays of the carrier."""
    center = x.center
    if center is None:
        bits = x.as_bits()
        center = (bits.astype(np.float32) if bits.dtype.itemsize < 4 else bits).astype(carrier)
    error = np.zeros(center.shape, carrier) if x.error is None else x.error
    return center, error


def check(question: Question, contract: Contract, seed: int, choices: int = 3) -> tuple[int, int]:
    """Ask the bounds once, then hold some choices of the operands against the answer.

    Returns how many elements were decided but not exact, and how many true values were looked at.
    Raises AssertionError where something lies outside.
    """
    rng = random.Random(seed)
    node, module = question.node, question.module
    dtypes = {t.dtype for t in node.types} | {from_numpy(x.dtype) for x in question.args}
    carrier = carrier_of(F64 in dtypes)
    known = node.op in KNOWN or "dynamic" in node.op
    with np.errstate(all="ignore"):
        operands = [operand(rng, x, carrier, known) for x in question.args]
        ctx = Context(module, contract, carrier)
        try:
            out = ctx.step(node, [o.value for o in operands])
        except UnsupportedError:
            return 0, 0
        results = out if isinstance(out, list) else [out]
        looked = 0
        for k in range(choices):
            args = [o.choose() for o in operands]
            legal = Legal(module, contract, seed * 101 + k)
            made = legal.step(node, args)
            got = list(made) if isinstance(made, tuple) else [made]
            got = [legal.concrete(x, t.dtype) for x, t in zip(got, node.types, strict=True)]
            for x, g in zip(results, got, strict=True):
                wrong = outside(np.asarray(g), x, carrier, ctx.loose_zero)
                assert not wrong, f"{node.op} {contract}, seed {seed}: {wrong}"
            wanted = true(node, args)
            if wanted is not None and contract == EXACT:
                for x, t in zip(results, wanted, strict=True):
                    wrong = beside(t, x, carrier)
                    assert not wrong, f"{node.op}, seed {seed}: {wrong}"
                    looked += sum(v is not None for v in t.flat)
    decided = 0
    for x in results:
        if x.dtype.is_float and x.error is not None:
            decided += int(((x.error > 0) & np.isfinite(x.error)).sum())
    return decided, looked


def walk(module: Module, inputs: Sequence[Array], contract: Contract, seed: int) -> int:
    """The true value of a whole program, element by element, on inputs that carry errors.

    What is exact has been rounded on the way, as the specification says: there the true value is
    rounded, too. Returns how many true values were looked at; AssertionError if one lies outside.
    """
    rng = random.Random(seed)
    graph = module.main.graph
    carrier = carrier_of(any(t.dtype is F64 for t in graph.types))
    operands = [operand(rng, x, carrier, known=True) for x in inputs]
    looked = 0
    with np.errstate(all="ignore"):
        values = Context(module, contract, carrier).run(graph, [o.value for o in operands])
        wanted: list[Array | None] = [exactly(o.choose()) for o in operands]
        for node in graph.nodes:
            made = _true_results(module, node, [wanted[v] for v in node.uses])
            for t in node.types:
                x, w = values[len(wanted)], made.pop(0) if made else None
                if w is not None and t.dtype.is_float:
                    wrong = beside(w, x, carrier)
                    assert not wrong, f"{node.op} {contract}, seed {seed}: {wrong}"
                    w = _as_rounded(w, x, carrier)
                    looked += sum(v is not None for v in w.flat)
                wanted.append(w)
    return looked


def _true_results(module: Module, node: Node, args: list[Array | None]) -> list[Array]:
    if any(x is None for x in args):
        return []
    if node.op == "constant":
        return [exactly(np.asarray(REF[node.op](Reference(module), node, [])))]
    if node.op in LAYOUT and node.op != "pad":
        return [np.asarray(REF[node.op](Reference(module), node, args))]
    return list(true(node, args) or [])


def _as_rounded(wanted: Array, x: Value, carrier: Any) -> Array:
    """The true values, those of exact elements rounded."""
    center, error = middle(x, carrier)
    out = np.array(wanted, object)
    for i in np.ndindex(out.shape):
        if error[i] == 0 and out[i] is not None:
            out[i] = fraction(center[i])
    return out
