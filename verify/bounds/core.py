"""The column ``BOUNDS``, the context of one enclosure, and the walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

import numpy as np

from compiler.contract import EXACT, Contract
from compiler.dtypes import F32, F64, DType, by_name, from_numpy
from compiler.errors import UnsupportedError
from compiler.ir import Array, Graph, Module, Node
from verify.bounds import ring
from verify.bounds.excess import unrounded
from verify.bounds.format import FLUSHED, FORMATS, Format, carrier_of
from verify.bounds.leeway import take
from verify.bounds.limits import fused_roundings, roundings
from verify.bounds.value import Enclosure, Value, enclosure
from verify.ref.core import Context as RefContext
from verify.ref.core import check_inputs, meaning
from verify.ref.rounding import round_to, up

Outputs: TypeAlias = "Value | list[Value]"

# Which float ops a flag lets a compiler evaluate otherwise, although their operands are exact.
TOUCHED: dict[str, tuple[str, ...]] = {
    "reassoc": ("add", "subtract", "multiply", "divide"),
    "contract": ("multiply",),
    "arcp": ("divide",),
    "afn": ("sqrt", "add", "subtract"),
    "nsz": ("divide",),
    "nnan": (),
    "ninf": (),
}

# Ops that hand a polynomial on unrounded, some of them only where they do nothing.
MOVES = frozenset(
    [
        "broadcast_in_dim",
        "concatenate",
        "dynamic_broadcast_in_dim",
        "dynamic_gather",
        "dynamic_pad",
        "dynamic_reshape",
        "dynamic_slice",
        "dynamic_update_slice",
        "gather",
        "pad",
        "real",
        "real_dynamic_slice",
        "reshape",
        "reverse",
        "slice",
        "transpose",
        "abs",
        "clamp",
        "maximum",
        "minimum",
        "negate",
        "select",
    ]
)


class Context:
    """One enclosure: what is allowed, and in which dtype values are carried.

    Attributes:
        flags: the contract's flags.
        carrier: float64, or longdouble where the program holds an f64.
        eps: the carrier's machine epsilon.
        loose_zero: whether the sign of a zero is not fixed.
        flush: whether subnormals may be read and written as zero.
        excess: names of the dtypes whose values may stay unrounded inside a fused group.
        leeways: names out of :data:`verify.bounds.leeway.LEEWAYS` that are taken.
        afn: whether functions may be approximated, and expressions replaced by the function that
            computes them at once: exp(x) - 1, log(1 + x), 1 / (1 + exp(-x)), 1 / sqrt(x), x ** 2.
    """

    def __init__(
        self,
        module: Module | None,
        contract: Contract,
        carrier: Any,
        leeways: frozenset[str] = frozenset(),
    ) -> None:
        self.module = module
        self.ref = RefContext(module)
        self.flags = contract.flags
        self.carrier = carrier
        # A longdouble stays one: 1 + eps must not become 1.
        eps = np.finfo(carrier).eps
        self.eps: Any = float(eps) if carrier is np.float64 else eps
        self.reassoc = "reassoc" in self.flags
        self.contract = "contract" in self.flags
        self.arcp = "arcp" in self.flags
        self.loose_zero = "nsz" in self.flags
        self.afn = "afn" in self.flags
        self.flush = contract.flush
        self.excess = contract.excess
        self.limits = {(limit.op, limit.dtype): limit.ulps for limit in contract.limits}
        self.leeways = tuple(sorted(leeways))
        self.narrow: dict[str, list[DType]] = {}
        for precision in sorted(contract.precision):
            self.narrow.setdefault(precision.op, []).append(by_name(precision.narrow))
        self.touched = frozenset(op for flag in self.flags for op in TOUCHED[flag])
        self.touched |= {op for op, _ in self.limits}
        self.poison = bool(self.flags & {"nnan", "ninf"}) or self.flush

    def callee(self, name: str) -> Graph:
        """The body of function ``name`` of the module."""
        return self.ref.callee(name)

    def center(self, x: Value) -> Array:
        """The float value ``x`` in the carrier; an integer or boolean one too."""
        if x.center is None:
            assert x.bits is not None
            bits = x.bits
            x.center = np.asarray(up(bits).astype(self.carrier))  # ml_dtypes knows no longdouble
        return x.center

    def leaf(self, x: Value) -> ring.Ring:
        """The float value ``x`` as a polynomial: its own, or a leaf."""
        if x.ring is not None:
            return x.ring
        if x.leaf is None:
            x.leaf = self.new_leaf(x.dtype, self.center(x), x.error)
        return x.leaf

    def new_leaf(self, dtype: DType, center: Array, error: Array | None) -> ring.Ring:
        """A leaf of a polynomial; sums of flushed numbers lose what they do not lose otherwise."""
        made = ring.leaf(center, error)
        if self.flush:
            made.loss = FLUSHED[dtype].half
        return made

    def format(self, dtype: DType) -> Format:
        """The format of the steps of an op that has several."""
        return FLUSHED[dtype] if self.flush else FORMATS[dtype]

    def factor(self, x: Value) -> ring.Ring:
        """The float value ``x`` as a factor of a product or contraction."""
        a = self.leaf(x)
        return a if a.chain == 1 else ring.factor(a, self.format(x.dtype), self.unit(x.dtype))

    def unit(self, dtype: DType) -> float:
        """The unit roundoff of a ring op, with slack for the carrier.

        With ``afn`` an expression over functions may become one function, with that one's limit.
        """
        u = FORMATS[dtype].u + 8 * self.eps
        return float(u * fused_roundings(dtype) if self.afn else u)

    def roundings(self, op: str, dtype: DType) -> float:
        """The limit of function ``op`` as a number of roundings of unit u."""
        stated = self.limits.get((op, dtype.name), 0.0) if self.limits else 0.0
        return roundings(op, dtype, self.afn, stated)

    def reference(self, node: Node, operands: Sequence[Value]) -> Array:
        """What the reference makes of the operands' bits (meaningful where all their errors are
        0).
        """
        out = meaning(node.op)(self.ref, node, [x.as_bits() for x in operands])
        assert not isinstance(out, tuple)
        return np.asarray(out)

    def run(self, graph: Graph, args: Sequence[Value]) -> list[Value]:
        """All values of ``graph``, by number."""
        values = list(args)
        known: dict[Any, Outputs] = {}
        for node in graph.nodes:
            operands = [values[v] for v in node.uses]
            out: Outputs | None = None
            if self.reassoc:
                # Equal nodes are one value: max(a * b, a * b) is a * b to a compiler that finds
                # that out.
                key = (node.op, node.attrs, node.regions, node.types, *map(id, operands))
                out = known.get(key)
            if out is None:
                out = (
                    self.narrow_step(node, operands)
                    if node.op in self.narrow
                    else self.step(node, operands)
                )
                if self.excess:
                    out = unrounded(self, node, operands, out)
                if self.leeways:
                    out = take(self, node, operands, out if isinstance(out, list) else [out])
                if self.reassoc:
                    known[key] = out
            if type(out) is list:
                values.extend(out)
            else:
                values.append(out)  # type: ignore[arg-type]
        return values

    def narrow_step(self, node: Node, operands: list[Value]) -> Outputs:
        """One op whose operands may be rounded to a narrow format."""
        out = self.step(node, [narrowed(self, node, x) for x in operands])
        for x in out if isinstance(out, list) else [out]:
            if x.ring is not None and x.dtype is F32:
                x.ring.narrow = min(d.precision for d in self.narrow[node.op])
        return out

    def step(self, node: Node, operands: list[Value]) -> Outputs:
        """One op. Exact operands of an op that the specification determines: what the reference
        gives, nothing more.
        """
        dtype = node.types[0].dtype
        if node.op in DETERMINED and not (dtype.precision and node.op in self.touched):
            for x in operands:
                if x.error is not None or (x.ring is not None and node.op in MOVES):
                    break
            else:
                out = meaning(node.op)(self.ref, node, [x.as_bits() for x in operands])
                made = Value(dtype, np.asarray(out))
                return deviate(self, made) if self.poison else made
        fn = BOUNDS.get(node.op)
        if fn is None:
            raise UnsupportedError(f"unsupported op {node.op} in the error bounds")
        result = fn(self, node, operands)
        if self.poison:
            return (
                [deviate(self, x) for x in result]
                if isinstance(result, list)
                else deviate(self, result)
            )
        return result


Rule: TypeAlias = Callable[[Context, Node, list[Value]], Outputs]
R = TypeVar("R", bound=Rule)
BOUNDS: dict[str, Rule] = {}
DETERMINED: set[str] = set()


def define(*names: str, determined: bool = False) -> Callable[[R], R]:
    """Enter the decorated rule under each of ``names``; it takes (context, node, operands then
    captures).

    ``determined``: on exact operands the specification fixes every bit of the result, so the
    reference is asked instead.
    """

    def enter(fn: R) -> R:
        for name in names:
            assert name not in BOUNDS, name
            BOUNDS[name] = fn
            if determined:
                DETERMINED.add(name)
        return fn

    return enter


def narrowed(ctx: Context, node: Node, x: Value) -> Value:
    """``x`` as an operand of an op that may round it to a narrow format first, or not.

    Only f32 is narrowed. Where the value is exact and representable in the narrow format nothing
    changes; else the error grows by u_n (abs(x) + e) + eta_n / 2. With ``reassoc`` the rounding
    counts as u_n / u roundings on the way of each monomial.
    """
    for to in ctx.narrow[node.op]:
        if x.dtype is not F32:
            continue
        small, center, error = FORMATS[to], ctx.center(x), 0.0 if x.error is None else x.error
        fits = round_to(center.astype(np.float64), to).astype(np.float64) == center
        if x.ring is None and x.error is None and (fits | ~np.isfinite(center)).all():
            continue
        own = FORMATS[x.dtype]
        size = np.abs(center) + error
        grown = error + size * (small.u + 8 * ctx.eps) + small.half
        grown = np.where(fits & (error == 0), 0.0, grown)
        special = ~np.isfinite(center) & (error == 0)  # exact NaN and infinity stay
        fine = size + grown < min(small.top, own.top)
        grown = np.where(fine, grown, np.where(special, 0.0, np.inf))
        polynomial = None
        if ctx.reassoc:
            polynomial = _narrowed_ring(ctx.factor(x), small, own.u, np.isfinite(grown))
        x = Value(x.dtype, x.bits, center, grown, x.hull, polynomial)
    return x


def _narrowed_ring(a: ring.Ring, small: Format, u: float, fine: Array) -> ring.Ring:
    p = small.precision
    whole = a.grain is not None and a.grain >= small.eta_exponent
    if whole and (a.mag <= min(2.0 ** min(p + (a.grain or 0), 1000), small.top / 2)).all():
        # Exact in the narrow format too; but an intermediate of another order must fit it as well.
        return replace(a, narrow=p, precision=min(p, a.precision or p)) if a.roundings else a
    gain = ring.growth(a.roundings + small.u / u, u)
    return replace(
        a,
        depth=a.depth + small.u / u,
        loss=a.loss + small.half,
        grain=None,
        center=np.where(fine & (a.big * (1 + gain) < small.top), a.center, np.nan),
    )


def deviate(ctx: Context, x: Value) -> Value:
    """``nnan``, ``ninf``: a NaN or infinity makes the result undecided. Flushed subnormals: they
    may be read as zero.
    """
    if not x.dtype.precision:
        return x
    center = ctx.center(x)
    error = np.zeros(center.shape, ctx.carrier) if x.error is None else x.error
    bad: Any = False
    if "nnan" in ctx.flags:
        bad = bad | np.isnan(center)
    if "ninf" in ctx.flags:
        bad = bad | np.isinf(center)
    new = np.where(bad, np.inf, error)
    span = None if "ninf" in ctx.flags else x.span
    if ctx.flush:
        normal = FORMATS[x.dtype].normal
        span = None if span is None else (span[0] - normal, span[1] + normal)
        # The smallest normal number too: it may have been rounded up, and x86 looks before that.
        low = (np.abs(center) - error <= normal) & ((center != 0) | (error != 0))
        new = np.where(low, new + normal, new)
    if not (new != error).any() and span is x.span:
        return x
    polynomial = x.ring
    if ctx.reassoc:
        polynomial = (
            ctx.new_leaf(x.dtype, center, new)
            if polynomial is None
            else _loosen(polynomial, new, error, bad)
        )
    return Value(x.dtype, x.bits, center, new, x.hull, polynomial, span)


def _loosen(a: ring.Ring, new: Array, old: Array, bad: Any) -> ring.Ring:
    more = np.where(np.isfinite(new), new - old, 0.0)
    spread = more if a.spread is None else a.spread + more
    center = np.where(bad, np.nan, a.center)
    return replace(a, center=center, spread=spread, mag=a.mag + more, big=a.big + more, grain=None)


def _holds_f64(module: Module) -> bool:
    def within(graph: Graph) -> bool:
        if any(t.dtype is F64 for t in graph.params):
            return True
        return any(
            any(t.dtype is F64 for t in n.types) or any(map(within, n.regions)) for n in graph.nodes
        )

    return any(within(f.graph) for f in module.functions)


def enclose(
    module: Module,
    inputs: Sequence[Array],
    contract: Contract = EXACT,
    leeways: frozenset[str] = frozenset(),
) -> tuple[Enclosure, ...]:
    """For each output of the entry function: value and error of everything that is legal.

    Args:
        module: the program as its author wrote it.
        inputs: arrays of the entry's types; InputError where they do not fit.
        contract: what the compiler may have done; empty: only what the specification leaves open
            (the order of float sums, the accuracy of transcendental functions).
        leeways: names out of :data:`verify.bounds.leeway.LEEWAYS`: what a target may leave open
            beyond that.
    """
    graph = module.main.graph
    arrays = check_inputs(graph.params, inputs)
    carrier = carrier_of(_holds_f64(module))
    with np.errstate(all="ignore"):
        ctx = Context(module, contract, carrier, leeways)
        args = [Value(from_numpy(x.dtype), x) for x in arrays]
        if ctx.poison:
            args = [deviate(ctx, x) for x in args]
        values = ctx.run(graph, args)
        return tuple(
            enclosure(values[v], t) for v, t in zip(graph.results, graph.result_types, strict=True)
        )
