"""Legal evaluations drawn at random: any order of sums, any function value within the limits, and
with ``reassoc`` any circuit that ring identities reach. The bounds must hold every one of them.

Ring regions are expressions per element (object arrays); each use of an expression is rewritten and
evaluated anew, in the arithmetic of the dtype, with or without fused multiply-add.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from compiler.contract import Contract
from compiler.dtypes import F32, F64, DType, by_name, from_numpy
from compiler.ir import Array, Graph, Module, Node
from verify.bounds.limits import ULPS
from verify.ref import REF, Context
from verify.ref.bodies import kept_first, single_ops
from verify.ref.convert import convert_array
from verify.ref.dot import accumulator, plan
from verify.ref.elementwise import apply_binary
from verify.ref.rounding import round_to, wider

LAYOUT = frozenset(
    ["broadcast_in_dim", "reshape", "transpose", "slice", "pad", "concatenate", "reverse"]
)
FUNCTIONS = frozenset(
    [
        "atan2",
        "cbrt",
        "cosine",
        "exponential",
        "exponential_minus_one",
        "log",
        "log_plus_one",
        "logistic",
        "power",
        "rsqrt",
        "sine",
        "tan",
        "tanh",
    ]
)


@dataclass(frozen=True)
class Expr:
    """A node of a ring expression: ``leaf`` (value), ``sum``, ``prod`` (parts), ``neg`` (one
    part)."""

    kind: str
    parts: tuple[Any, ...]


def leaf(x: Any) -> Expr:
    return Expr("leaf", (x,))


class Legal:
    """One legal evaluation."""

    def __init__(self, module: Module, contract: Contract, seed: int) -> None:
        self.rng = random.Random(seed)
        self.module = module
        self.ref = Context(module)
        flags = contract.flags
        self.reassoc, self.fma = "reassoc" in flags, "contract" in flags
        self.nsz = "nsz" in flags  # a sum that cancels is +0, a factor or negation gives it a sign
        self.arcp, self.slack = "arcp" in flags, 4 if "afn" in flags else 1
        self.narrow = {p.op: by_name(p.narrow) for p in contract.precision}
        self.wild = self.rng.random()  # how eagerly this evaluation departs from the plain one

    def __call__(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        graph = self.module.main.graph
        with np.errstate(all="ignore"):
            values = self.run(graph, list(inputs))
            out = [self.concrete(values[v], graph.types[v].dtype) for v in graph.results]
        return tuple(out)

    def chance(self) -> bool:
        return self.rng.random() < self.wild

    def run(self, graph: Graph, args: list[Array]) -> list[Array]:
        values = list(args)
        for node in graph.nodes:
            out = self.step(node, [values[v] for v in node.uses])
            made = zip(out if isinstance(out, tuple) else (out,), node.types, strict=True)
            # Expressions tell their type, but there are none.
            values += [x if x.size else np.empty(t.shape, t.dtype.numpy) for x, t in made]
        return values

    # --- expressions ------------------------------------------------------------------------------

    def concrete(self, x: Array, dtype: DType) -> Array:
        """An object array evaluated, each element by a circuit of its own."""
        if x.dtype != object:
            return x
        out = np.empty(x.shape, dtype.numpy)
        for i in np.ndindex(x.shape):
            out[i] = self.value(self.rewrite(x[i], dtype), dtype)
        return out

    def lazy(self, x: Array) -> Array:
        if x.dtype == object:
            return x
        out = np.empty(x.shape, object)
        for i in np.ndindex(x.shape):
            out[i] = leaf(x[i])
        return out

    def value(self, e: Expr, dtype: DType) -> Any:
        """Evaluate with one rounding an op; sums in random pairs, products perhaps fused into
        sums."""
        number = dtype.numpy.type
        if e.kind == "leaf":
            return number(e.parts[0])
        if e.kind == "neg":
            return number(-self.value(e.parts[0], dtype))
        if e.kind == "prod":
            return self.tree([self.value(p, dtype) for p in e.parts], lambda a, b: number(a * b))
        parts = list(e.parts)
        self.rng.shuffle(parts)
        if not self.reassoc:
            parts = list(e.parts)
        if self.fma and self.chance():
            total = self.value(parts[0], dtype)
            for p in parts[1:]:
                total = self.fused(p, total, dtype)
            return total
        return self.tree([self.value(p, dtype) for p in parts], lambda a, b: number(a + b))

    def fused(self, p: Expr, total: Any, dtype: DType) -> Any:
        """p + total with one rounding if p is a product of two."""
        number = dtype.numpy.type
        sign, q = 1, p
        if q.kind == "neg":
            sign, q = -1, q.parts[0]
        if q.kind != "prod" or len(q.parts) != 2:
            return number(self.value(p, dtype) + total)
        a, b = (self.value(f, dtype) for f in q.parts)
        return fma(number(sign * a), b, total, dtype)

    def tree(self, parts: list[Any], fn: Callable[[Any, Any], Any]) -> Any:
        """Fold by pairing neighbours at random places."""
        if not self.reassoc:
            return _fold(fn, parts)
        while len(parts) > 1:
            i = self.rng.randrange(len(parts) - 1) if self.chance() else 0
            parts[i : i + 2] = [fn(parts[i], parts[i + 1])]
        return parts[0]

    def rewrite(self, e: Expr, dtype: DType) -> Expr:
        """A ring-equal expression: flattened, shuffled, distributed over one sum, factored."""
        if e.kind == "leaf" or not self.reassoc:
            return e
        parts = tuple(self.rewrite(p, dtype) for p in e.parts)
        e = Expr(e.kind, parts)
        if not self.chance():
            return e
        if e.kind == "neg" and parts[0].kind == "sum" and self.nsz:
            return Expr("sum", tuple(Expr("neg", (p,)) for p in parts[0].parts))
        if e.kind == "sum":
            return self.factor(flat(e)) if self.nsz else flat(e)
        if e.kind == "prod":
            return self.distribute(flat(e), dtype) if self.nsz else flat(e)
        return e

    def distribute(self, e: Expr, dtype: DType) -> Expr:
        """One sum is multiplied out; every other factor is one value."""
        parts = list(e.parts)
        self.rng.shuffle(parts)
        sums = [p for p in parts if p.kind == "sum"]
        if not sums or not self.chance():
            return Expr("prod", tuple(parts))
        chosen = sums[0]
        others = tuple(leaf(self.value(p, dtype)) for p in parts if p is not chosen)
        return Expr("sum", tuple(Expr("prod", (*others, t)) for t in chosen.parts))

    def factor(self, e: Expr) -> Expr:
        parts = list(e.parts)
        self.rng.shuffle(parts)
        for i, p in enumerate(parts):
            for q in parts[i + 1 :]:
                if p.kind == q.kind == "prod" and len(p.parts) == len(q.parts) == 2:
                    common = [f for f in p.parts if f in q.parts and f.kind == "leaf"]
                    if common and self.chance():
                        c = common[0]
                        rest = [
                            next(
                                f
                                for f in t.parts
                                if (f is not c and f != c) or t.parts[0] == t.parts[1]
                            )
                            for t in (p, q)
                        ]
                        left = [t for t in parts if t is not p and t is not q]
                        made = Expr("prod", (c, Expr("sum", tuple(rest))))
                        return Expr("sum", (made, *left)) if left else made
        return Expr("sum", tuple(parts))

    # --- ops --------------------------------------------------------------------------------------

    def step(self, node: Node, args: list[Array]) -> Any:
        t = node.types[0]
        ring = t.dtype.is_float and (self.reassoc or self.fma)
        if node.op in self.narrow:
            args = [self.narrowed(node, x) for x in args]
        if node.op in LAYOUT:
            if any(x.dtype == object for x in args):
                args = [self.lazy(x) for x in args]
                if node.op == "pad":
                    return pad_objects(node, args)
            return REF[node.op](self.ref, node, args)
        if ring and node.op in ("add", "subtract", "multiply", "negate"):
            return self.ring(node.op, [self.lazy(x) for x in args])
        if node.op in ("call", "composite"):
            graph = self.ref.callee(node.attr("callee") or node.attr("decomposition"))
            values = self.run(graph, args)
            return tuple(values[v] for v in graph.results)
        if node.op == "reduce":
            return self.reduce(node, args)
        if node.op == "dot_general":
            return self.dot(node, args)
        args = self.operands(node, args)
        if node.op == "divide" and t.dtype.is_float and self.arcp and self.chance():
            number = t.dtype.numpy.type
            inverse = apply_binary("divide", np.ones_like(args[1]), args[1]).astype(number)
            return (
                self.ring("multiply", [self.lazy(args[0]), self.lazy(inverse)])
                if ring
                else apply_binary("multiply", args[0], inverse)
            )
        out = REF[node.op](self.ref, node, args)
        if t.dtype.is_float and node.op in FUNCTIONS:
            return self.perturbed(node, args, np.asarray(out))
        return out if isinstance(out, tuple) else np.asarray(out)

    def operands(self, node: Node, args: list[Array]) -> list[Array]:
        """All evaluated; one that the op has twice is one value."""
        types = self.operand_dtypes(node, args)
        made = {id(x): self.concrete(x, d) for x, d in zip(args, types, strict=True)}
        return [made[id(x)] for x in args]

    def operand_dtypes(self, node: Node, args: list[Array]) -> list[DType]:
        """Object arrays stand for floats of the dtype that the op's type rule implies."""
        out = []
        for x in args:
            if x.dtype == object:
                first = next((e for e in x.flat), None)
                out.append(dtype_of(first) if first is not None else node.types[0].dtype)
            else:
                out.append(from_numpy(x.dtype))
        return out

    def ring(self, op: str, args: list[Array]) -> Array:
        x = args[0]
        if op == "negate":
            return each(lambda a: Expr("neg", (a,)), x)
        if op == "add":
            return each(lambda a, b: Expr("sum", (a, b)), x, args[1])
        if op == "subtract":
            return each(lambda a, b: Expr("sum", (a, Expr("neg", (b,)))), x, args[1])
        return each(lambda a, b: Expr("prod", (a, b)), x, args[1])

    def perturbed(self, node: Node, args: list[Array], out: Array) -> Array:
        """Each value moved by up to the limit, where the result is not fixed."""
        dtype = node.type.dtype
        limit = ULPS[dtype][node.op] * self.slack
        true = wide_value(node, args, dtype)
        result = out.copy()
        for i in np.ndindex(out.shape):
            z = true[i]
            ins = [float(x[i]) for x in args]
            if not np.isfinite(z) or not np.isfinite(out[i]) or not all(map(math.isfinite, ins)):
                continue
            if ins[0] == 0 and z == 0:
                continue
            if node.op == "power" and (ins[0] in (0, 1) or ins[1] == 0):
                continue
            if node.op == "atan2" and z == 0:
                continue
            result[i] = self.near(z, out[i], limit, dtype)
        return result

    def near(self, z: Any, rounded: Any, limit: float, dtype: DType) -> Any:
        eta = np.longdouble(2) ** (
            -1074 if dtype is F64 else {"f32": -149, "f16": -24, "bf16": -133}[dtype.name]
        )
        ulp = max(np.longdouble(2) ** (int(np.frexp(z)[1]) - dtype.precision), eta)
        steps = self.rng.randint(-int(limit), int(limit)) if self.chance() else 0
        x = rounded
        for _ in range(abs(steps)):
            moved = np.nextafter(x, dtype.numpy.type(math.copysign(math.inf, steps)))
            if not np.isfinite(moved) or abs(np.longdouble(float(moved)) - z) > limit * ulp:
                break
            x = moved
        return x

    def narrowed(self, node: Node, x: Array) -> Array:
        to = self.narrow[node.op]
        dtype = self.operand_dtypes(node, [x])[0]
        if dtype is not F32 or not self.chance():
            return x
        return convert_array(round_to(self.concrete(x, dtype), to), dtype)

    # --- sums -------------------------------------------------------------------------------------

    def reduce(self, node: Node, args: list[Array]) -> tuple[Array, ...]:
        count = len(node.types)
        ops = single_ops(node.regions[0], count)
        if ops is None:
            args = [
                self.concrete(x, d)
                for x, d in zip(args, self.operand_dtypes(node, args), strict=True)
            ]
            return self.fold(node, args, count)
        return tuple(
            self.reduce_one(node, op, args[i], args[count + i], node.types[i].dtype)
            for i, op in enumerate(ops)
        )

    def reduce_one(self, node: Node, op: str, x: Array, init: Array, dtype: DType) -> Array:
        order = kept_first(x.ndim, tuple(node.attr("dimensions")))
        kept = node.types[0].shape
        flat_shape = (
            *kept,
            math.prod(x.shape) // max(math.prod(kept), 1)
            if math.prod(kept)
            else math.prod(x.shape[d] for d in node.attr("dimensions")),
        )
        x = x.transpose(order).reshape(flat_shape)
        lazy = self.reassoc and dtype.is_float and op in ("add", "multiply")
        if lazy:
            x, init = self.lazy(x), self.lazy(init)
            kind = "sum" if op == "add" else "prod"
            out = np.empty(kept, object)
            for i in np.ndindex(kept):
                out[i] = Expr(kind, (init[()], *x[i])) if len(x[i]) else init[()]
            return out
        x, init = self.concrete(x, dtype), self.concrete(init, dtype)
        out = np.empty(kept, dtype.numpy)
        for i in np.ndindex(kept):
            parts = [init, *x[i]]
            self.rng.shuffle(parts)
            parts = [np.asarray(p) for p in parts]
            while len(parts) > 1:
                at = self.rng.randrange(len(parts) - 1) if self.chance() else 0
                parts[at : at + 2] = [np.asarray(apply_binary(op, parts[at], parts[at + 1]))]
            out[i] = parts[0]
        return out

    def fold(self, node: Node, args: list[Array], count: int) -> tuple[Array, ...]:
        inputs, inits, captures = args[:count], args[count : 2 * count], args[2 * count :]
        dims = tuple(node.attr("dimensions"))
        order = kept_first(inputs[0].ndim, dims)
        kept = node.types[0].shape
        k = math.prod(inputs[0].shape[d] for d in dims)
        inputs = [x.transpose(order).reshape(*kept, k) for x in inputs]
        outs = [np.empty(kept, t.dtype.numpy) for t in node.types]
        body = node.regions[0]
        for i in np.ndindex(kept):
            acc = list(inits)
            for j in range(k):
                values = self.run(
                    body, [*acc, *(np.asarray(x[(*i, j)]) for x in inputs), *captures]
                )
                acc = [
                    self.concrete(values[v], t.dtype)
                    for v, t in zip(body.results, node.types, strict=True)
                ]
            for out, a in zip(outs, acc, strict=True):
                out[i] = a
        return tuple(outs)

    def dot(self, node: Node, args: list[Array]) -> Array:
        t = node.type
        acc = accumulator(t.dtype)
        dtypes = self.operand_dtypes(node, args)
        p = plan(node, args[0].shape, args[1].shape)
        lazy = self.reassoc and t.dtype.is_float and all(d is t.dtype is acc for d in dtypes)
        if not lazy:
            args = [
                convert_array(self.concrete(x, d), acc) for x, d in zip(args, dtypes, strict=True)
            ]
        else:
            args = [self.lazy(x) for x in args]
        a = args[0].transpose(p.lhs_order).reshape(p.lhs_shape)
        b = args[1].transpose(p.rhs_order).reshape(p.rhs_shape)
        shape = (p.lhs_shape[0], p.lhs_shape[1], p.rhs_shape[2])
        out = np.empty(shape, object if lazy else t.dtype.numpy)
        for n, r, c in np.ndindex(shape):
            left, right = a[n, r], b[n, :, c]
            if lazy:
                terms = tuple(Expr("prod", (x, y)) for x, y in zip(left, right, strict=True))
                out[n, r, c] = Expr("sum", terms) if terms else leaf(t.dtype.numpy.type(0))
            else:
                out[n, r, c] = self.inner(left, right, acc, t.dtype)
        return out.reshape(t.shape)

    def inner(self, left: Array, right: Array, acc: DType, to: DType) -> Any:
        """A contraction in any order, fused or not (the canonical evaluation fuses)."""
        number = acc.numpy.type
        if not acc.is_float:
            kind = np.bool_ if acc.numpy == np.bool_ else None
            total = (left & right).any() if kind else np.multiply(left, right).sum(dtype=acc.numpy)
            return np.asarray(total).astype(acc.numpy)
        order = list(range(len(left)))
        self.rng.shuffle(order)
        if self.rng.random() < 0.5:
            total = number(0)
            for k in order:
                total = fma(left[k], right[k], total, acc)
        else:
            parts = [number(left[k] * right[k]) for k in order] or [number(0)]
            while len(parts) > 1:
                i = self.rng.randrange(len(parts) - 1) if self.chance() else 0
                parts[i : i + 2] = [number(parts[i] + parts[i + 1])]
            total = parts[0]
        return round_to(np.asarray(total), to)


def _fold(fn: Callable[[Any, Any], Any], parts: list[Any]) -> Any:
    total = parts[0]
    for p in parts[1:]:
        total = fn(total, p)
    return total


def dtype_of(e: Expr) -> DType:
    while e.kind != "leaf":
        e = e.parts[0]
    return from_numpy(np.asarray(e.parts[0]).dtype)


def flat(e: Expr) -> Expr:
    parts: list[Expr] = []
    for p in e.parts:
        parts.extend(p.parts if p.kind == e.kind else (p,))
    return Expr(e.kind, tuple(parts))


def each(fn: Callable[..., Expr], *arrays: Array) -> Array:
    arrays = tuple(np.broadcast_arrays(*arrays))
    out = np.empty(arrays[0].shape, object)
    for i in np.ndindex(out.shape):
        out[i] = fn(*(a[i] for a in arrays))
    return out


def pad_objects(node: Node, args: list[Array]) -> Array:
    """pad through positions, because NumPy cannot fill with an object."""
    x, value = args
    places = np.arange(x.size, dtype=np.int64).reshape(x.shape)
    where = np.asarray(REF["pad"](Context(None), node, [places, np.asarray(-1)]))
    out = np.empty(where.shape, object)
    for i in np.ndindex(where.shape):
        out[i] = value[()] if where[i] < 0 else x.flat[where[i]]
    return out


def wide_value(node: Node, args: list[Array], dtype: DType) -> Array:
    from verify.ref.elementwise import TRANSCENDENTAL

    wide = [x.astype(np.float64).astype(np.longdouble) for x in args]
    if node.op == "power":
        return np.asarray(np.power(*wide))
    if node.op == "atan2":
        return np.asarray(np.arctan2(*wide))
    return np.asarray(TRANSCENDENTAL[node.op](wide[0]))


def fma(a: Any, b: Any, c: Any, dtype: DType) -> Any:
    """a * b + c with one rounding."""
    number = dtype.numpy.type
    if not all(map(math.isfinite, map(float, (a, b, c)))):
        return number(number(a * b) + c)
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return number(number(a * b) + c) if float(a) * float(b) == 0 else number(0)
    try:
        near = float(exact)  # correctly rounded to float64
    except OverflowError:
        return number(math.inf if exact > 0 else -math.inf)
    if dtype is F64:
        return number(near)
    # Round to odd, so that the second rounding is the only one that counts.
    if Fraction(near) != exact:
        toward = math.nextafter(near, -math.inf if Fraction(near) > exact else math.inf)
        low = near if abs(Fraction(near)) < abs(exact) else toward
        bits = np.float64(low).view(np.int64) | 1
        near = float(np.int64(bits).view(np.float64))
    return round_to(np.asarray(near), dtype)[()]


__all__ = ["Legal", "wider"]
