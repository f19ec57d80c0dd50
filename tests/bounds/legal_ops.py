"""Random legal evaluations of the ops that are composed of others: windows, convolutions, scatters,
norms, linear algebra, branches, and the functions of chlo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bounds_legal import Legal as Plain
from bounds_legal import fma
from bounds_reals import FUNCTIONS as REAL
from bounds_reals import scalar

from compiler.contract import Contract
from compiler.dtypes import F64, DType
from compiler.ir import Array, Module, Node
from verify.bounds.limits import ULPS
from verify.ref import REF
from verify.ref.bodies import single_ops
from verify.ref.convolution import form
from verify.ref.linalg import solution, triangle
from verify.ref.scatter import selected_index
from verify.ref.window import lines

Rule = Callable[["Legal", Node, list[Array]], Any]
RULES: dict[str, Rule] = {}


def rule(*ops: str) -> Callable[[Rule], Rule]:
    """Enter the decorated evaluation of ``ops``."""

    def enter(fn: Rule) -> Rule:
        RULES.update(dict.fromkeys(ops, fn))
        return fn

    return enter


class Legal(Plain):
    """One legal evaluation, of all ops."""

    def __init__(self, module: Module, contract: Contract, seed: int) -> None:
        super().__init__(module, contract, seed)
        self.plainly = 0

    def step(self, node: Node, args: list[Array]) -> Any:
        """One op: by a rule of this file, or as the plain evaluator does it."""
        fn = RULES.get(node.op)
        if fn is None or (not node.types[0].dtype.is_float and node.op not in BRANCHES):
            return super().step(node, args)
        return fn(self, node, self.operands(node, args))

    def region(self, graph: Any, args: Sequence[Array]) -> tuple[Array, ...]:
        """What a region returns."""
        values = self.run(graph, list(args))
        return tuple(self.concrete(values[v], graph.types[v].dtype) for v in graph.results)

    # One rounded operation of the dtype, on scalars or arrays.

    def sum(self, terms: Sequence[Any], dtype: DType) -> Any:
        """Sum in a random order, in random pairs."""
        parts = list(terms)
        self.rng.shuffle(parts)
        number = dtype.numpy.type
        while len(parts) > 1:
            at = self.rng.randrange(len(parts) - 1) if self.chance() else 0
            parts[at : at + 2] = [number(parts[at] + parts[at + 1])]
        return parts[0] if parts else number(0)

    def less(self, start: Any, pairs: Sequence[tuple[Any, Any]], dtype: DType) -> Any:
        """``start`` less the products of pairs: summed first, or one after the other, or fused."""
        number = dtype.numpy.type
        way = self.rng.randrange(3)
        if way == 0 or not pairs:
            return number(start - self.sum([number(a * b) for a, b in pairs], dtype))
        for a, b in pairs:
            start = fma(number(-a), b, start, dtype) if way == 1 else number(start - number(a * b))
        return start


# --- functions ------------------------------------------------------------------------------------


@rule(*(op for op in REAL if op.startswith("chlo.") and op != "chlo.tan"))
def _function(legal: Legal, node: Node, args: list[Array]) -> Array:
    """The true value, off by up to the limit."""
    dtype = node.type.dtype
    out = np.array(REF[node.op](legal.ref, node, args))
    limit = ULPS[dtype][node.op] * legal.slack
    for i in np.ndindex(out.shape):
        row = [x[i] for x in args]
        z = scalar(node.op, row) if np.isfinite(out[i]) and out[i] != 0 else None
        if z is not None and row[0] != 0 and abs(z) < 2**1000 and abs(z) > 2.0**-1000:
            wide = (
                np.longdouble(z.numerator) / np.longdouble(z.denominator)
                if dtype is F64
                else float(z)
            )
            out[i] = legal.near(np.longdouble(wide), out[i], limit, dtype)
    return out


# --- sums -----------------------------------------------------------------------------------------


@rule("convolution")
def _convolution(legal: Legal, node: Node, args: list[Array]) -> Array:
    f = form(node, args[1].shape)
    left, right = f.left(args[0], np.zeros((), args[0].dtype)), f.right(args[1])
    dot = f.contraction(node, left.shape, right.shape)
    return f.result(legal.concrete(legal.dot(dot, [left, right]), node.type.dtype))


@rule("reduce_window")
def _reduce_window(legal: Legal, node: Node, args: list[Array]) -> Any:
    count = len(node.types)
    made = [lines(node, x, i) for x, i in zip(args[:count], args[count : 2 * count], strict=True)]
    attrs = (("dimensions", (len(node.type.shape),)),)
    return legal.step(node._replace(op="reduce", attrs=attrs), [*made, *args[count:]])


@rule("scatter")
def _scatter(legal: Legal, node: Node, args: list[Array]) -> Any:
    """The updates in another order: indices and updates moved alike along the scatter dims."""
    count, updates = len(node.types), args[len(node.types) + 1 :][: len(node.types)]
    indices, vector = args[count], node.attr("index_vector_dim")
    window = node.attr("update_window_dims")
    scatter_dims = [d for d in range(updates[0].ndim) if d not in window]
    index_dims = [d for d in range(indices.ndim) if d != vector]
    if node.attr("indices_are_sorted"):
        return REF["scatter"](legal.ref, node, args)
    for k, (to, of) in enumerate(zip(scatter_dims, index_dims, strict=True)):
        if k in [d - (d > vector) for d in node.attr("scatter_indices_batching_dims")]:
            continue
        order = list(range(indices.shape[of]))
        legal.rng.shuffle(order)
        indices = np.take(indices, order, of)
        updates = [np.take(u, order, to) for u in updates]
    return REF["scatter"](
        legal.ref, node, [*args[:count], indices, *updates, *args[2 * count + 1 :]]
    )


@rule("select_and_scatter")
def _select_and_scatter(legal: Legal, node: Node, args: list[Array]) -> Array:
    operand, source, init, *captures = args
    dtype = node.type.dtype
    ops = single_ops(node.regions[1], 1)
    if ops != ("add",) and ops != ["add"]:
        return np.asarray(REF[node.op](legal.ref, node, args)[0])
    places = selected_index(legal.ref, node, operand, captures).reshape(-1)
    out = np.full(node.type.shape, init.astype(dtype.numpy))
    flat, new = out.reshape(-1), source.astype(dtype.numpy).reshape(-1)
    for at in np.unique(places[places >= 0]):
        flat[at] = legal.sum([flat[at], *new[places == at]], dtype)
    return flat.reshape(node.type.shape)


# --- norms ----------------------------------------------------------------------------------------


class Norm:
    """Arithmetic of one evaluation of a norm: in the dtype, or in a wider one throughout."""

    def __init__(self, legal: Legal, node: Node, x: Array) -> None:
        self.legal, self.dtype = legal, node.type.dtype
        wide = legal.chance() and self.dtype is not F64
        self.number = np.dtype(np.float64) if wide else self.dtype.numpy
        axis = node.attr("feature_index")
        self.axes = tuple(d for d in range(x.ndim) if d != axis)
        self.shape = [n if d == axis else 1 for d, n in enumerate(x.shape)]
        self.count = self.cast(np.asarray(x.size // max(x.shape[axis], 1), np.float32))
        epsilon = np.asarray(node.attr("epsilon")).astype(self.dtype.numpy)
        self.epsilon = self.cast(epsilon)

    def cast(self, x: Any) -> Any:
        return np.asarray(
            np.asarray(x).astype(np.float64) if self.number == np.float64 else x
        ).astype(self.number)

    def feature(self, x: Any) -> Any:
        return np.asarray(x).reshape(self.shape)

    def total(self, x: Any) -> Any:
        features = x.shape[next(d for d in range(x.ndim) if d not in self.axes)]
        rows = int(np.prod([x.shape[d] for d in self.axes]))
        moved = np.moveaxis(x, self.axes, range(len(self.axes))).reshape(rows, features)
        parts = list(moved) or [np.zeros(features, self.number)]
        self.legal.rng.shuffle(parts)
        while len(parts) > 1:
            at = self.legal.rng.randrange(len(parts) - 1)
            parts[at : at + 2] = [self.cast(parts[at] + parts[at + 1])]
        return parts[0]

    def over_root(self, x: Any, variance: Any) -> Any:
        """``x / sqrt(variance)``, or times the reciprocal root."""
        root = self.cast(np.sqrt(variance))
        if self.legal.chance():
            return x * self.cast(1 / root)
        return x / root

    def ratio(self, factors: Sequence[Any], divisors: Sequence[Any]) -> Any:
        """Factors and divisors met in any order; divisors meet with ``arcp``."""
        parts = [(x, False) for x in factors] + [(x, True) for x in divisors]
        while len(parts) > 1:
            at = self.legal.rng.sample(range(len(parts)), 2)
            (a, below), (b, other) = (parts[i] for i in at)
            if below and other and not self.legal.arcp:
                continue
            made = a * b if below == other else b / a if below else a / b
            rest = [p for i, p in enumerate(parts) if i not in at]
            parts = [*rest, (self.cast(made), below and other)]
        return parts[0][0]

    def normal(self, x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> Any:
        f = self.feature
        shifted = self.cast(variance + self.epsilon)
        if self.legal.reassoc and self.legal.chance():
            made = self.ratio([f(scale), self.cast(x - f(mean))], [f(self.cast(np.sqrt(shifted)))])
        else:
            made = f(scale) * self.over_root(x - f(mean), f(shifted))
        return made + f(offset)

    def out(self, *made: Any) -> tuple[Array, ...]:
        return tuple(np.asarray(x).astype(self.dtype.numpy) for x in made)


@rule("batch_norm_inference")
def _inference(legal: Legal, node: Node, args: list[Array]) -> Array:
    n = Norm(legal, node, args[0])
    return n.out(n.normal(*map(n.cast, args)))[0]


@rule("batch_norm_training")
def _training(legal: Legal, node: Node, args: list[Array]) -> tuple[Array, ...]:
    n = Norm(legal, node, args[0])
    x, scale, offset = map(n.cast, args)
    mean = n.total(x) / n.count
    centered = x - n.feature(mean)
    variance = n.total(centered * centered) / n.count
    if legal.reassoc and legal.chance():
        variance = n.total(x * x) / n.count - mean * mean
    return n.out(n.normal(x, scale, offset, mean, variance), mean, variance)


@rule("batch_norm_grad")
def _grad(legal: Legal, node: Node, args: list[Array]) -> tuple[Array, ...]:
    n = Norm(legal, node, args[0])
    x, scale, mean, variance, grad = map(n.cast, args)
    f = n.feature
    centered = x - f(mean)
    shifted = n.cast(variance + n.epsilon)
    total, product = n.total(grad), n.total(grad * centered)
    if legal.reassoc and legal.chance():
        factors, divisors = [f(scale)], [f(n.cast(np.sqrt(shifted))), n.count]
        operand = n.ratio([*factors, n.count, grad], divisors)
        operand = operand - n.ratio([*factors, f(total)], divisors)
        more = n.ratio([*factors, f(product), centered], [*divisors, f(shifted)])
        by_scale = n.total(n.ratio([grad, centered], divisors[:1]))
        return n.out(operand - more, by_scale, total)
    inner = n.count * grad - f(total) - f(product) * centered / f(shifted)
    operand = f(n.over_root(scale, shifted) / n.count) * inner
    by_scale = n.total(grad * n.over_root(centered, f(shifted)))
    return n.out(operand, by_scale, total)


# --- linear algebra -------------------------------------------------------------------------------


@rule("cholesky")
def _cholesky(legal: Legal, node: Node, args: list[Array]) -> Array:
    lower, dtype = node.attr("lower"), node.type.dtype
    a = args[0] if lower else args[0].swapaxes(-1, -2)
    out = np.zeros(a.shape, dtype.numpy)
    number, n = dtype.numpy.type, a.shape[-1]
    for at in np.ndindex(a.shape[:-2]):
        m, r = a[at], out[at]
        for k in range(n):
            for i in range(k, n):
                pairs = list(zip(r[i, :k], r[k, :k], strict=True))
                rest = legal.less(m[i, k], pairs, dtype)
                r[i, k] = number(np.sqrt(rest)) if i == k else number(rest / r[k, k])
    return out if lower else out.swapaxes(-1, -2)


@rule("triangular_solve")
def _triangular_solve(legal: Legal, node: Node, args: list[Array]) -> Array:
    dtype = node.type.dtype
    a, b = triangle(node, *args[:2])
    a, b = np.asarray(a).astype(dtype.numpy), np.asarray(b)
    x = np.zeros(b.shape, dtype.numpy)
    number = dtype.numpy.type
    inverse = legal.chance()
    for at in np.ndindex(b.shape[:-2]):
        m, r, s = a[at], b[at], x[at]
        for k in range(m.shape[-1]):
            for c in range(b.shape[-1]):
                rest = legal.less(r[k, c], list(zip(m[k, :k], s[:k, c], strict=True)), dtype)
                by = number(rest * number(1 / m[k, k])) if inverse else number(rest / m[k, k])
                s[k, c] = by
    return solution(node, x)


# --- regions, and ops that are other ops ----------------------------------------------------------


@rule("if", "case")
def _branch(legal: Legal, node: Node, args: list[Array]) -> tuple[Array, ...]:
    last = len(node.regions) - 1
    if node.op == "if":
        chosen = 0 if args[0] else 1
    else:
        chosen = int(args[0]) if 0 <= int(args[0]) <= last else last
    return legal.region(node.regions[chosen], args[1:])


@rule("while")
def _while(legal: Legal, node: Node, args: list[Array]) -> tuple[Array, ...]:
    count = len(node.types)
    carried, captures = tuple(args[:count]), args[count:]
    for _ in range(1000):
        if not legal.region(node.regions[0], [*carried, *captures])[0]:
            break
        carried = legal.region(node.regions[1], [*carried, *captures])
    return carried


BRANCHES = frozenset(["if", "case", "while"])


@rule("map")
def _map(legal: Legal, node: Node, args: list[Array]) -> Array:
    count = len(node.operands)
    out = np.empty(node.type.shape, node.type.dtype.numpy)
    for i in np.ndindex(out.shape):
        scalars = [np.asarray(x[i]) for x in args[:count]]
        (out[i],) = legal.region(node.regions[0], [*scalars, *args[count:]])
    return out


def _broadcasting(legal: Legal, node: Node, args: list[Array]) -> Any:
    op = node.op.removeprefix("chlo.broadcast_")
    op = f"chlo.{op}" if f"chlo.{op}" in REF else op
    attrs = tuple((k, v) for k, v in node.attrs if k != "broadcast_dimensions")
    whole = [np.broadcast_to(x, node.type.shape) for x in args]
    return legal.step(node._replace(op=op, attrs=attrs), whole)


for _op in REF:
    if _op.startswith("chlo.broadcast_"):
        RULES[_op] = _broadcasting


@rule("chlo.square")
def _square(legal: Legal, node: Node, args: list[Array]) -> Any:
    return legal.step(node._replace(op="multiply", operands=node.operands * 2), args * 2)


@rule("chlo.tan")
def _tan(legal: Legal, node: Node, args: list[Array]) -> Any:
    return legal.step(node._replace(op="tan"), args)


@rule("chlo.scan")
def _scan(legal: Legal, node: Node, args: list[Array]) -> tuple[Array, ...]:
    count, dim = node.attr("inputs"), node.attr("dimension")
    given, captures = args[: len(node.operands)], args[len(node.operands) :]
    inputs, carries = given[:count], tuple(given[count:])
    outs = [np.zeros(t.shape, t.dtype.numpy) for t in node.types[: len(node.types) - len(carries)]]
    places = range(inputs[0].shape[dim])
    for k in reversed(places) if node.attr("is_reverse") else places:
        slices = [np.take(x, k, dim) for x in inputs]
        made = legal.region(node.regions[0], [*slices, *carries, *captures])
        for out, x in zip(outs, made, strict=False):
            out[(slice(None),) * dim + (k,)] = x
        carries = made[len(outs) :]
    return (*outs, *carries)
