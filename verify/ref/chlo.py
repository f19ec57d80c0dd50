"""Ops of chlo, from their descriptions in the CHLO dialect.

Numerical functions are computed to 160 bits and rounded once. Broadcasting ops broadcast as NumPy
does and then are the plain op.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from compiler.dtypes import from_numpy
from compiler.errors import UnsupportedError
from compiler.ir import Array, Node, TensorType
from verify.ref import special
from verify.ref.core import REF, Context, define

# Plain ops that have a broadcasting form: of StableHLO, and of chlo.
BROADCASTING = (
    *("add", "and", "atan2", "compare", "divide", "maximum", "minimum", "multiply", "or", "power"),
    *("remainder", "select", "shift_left", "shift_right_arithmetic", "shift_right_logical"),
    *("subtract", "xor"),
)
BROADCASTING_CHLO = ("next_after", "polygamma", "zeta")


def broadcast_form(op: str) -> str:
    """The plain op that the broadcasting op ``op`` applies; any other op itself."""
    name = op.removeprefix("chlo.broadcast_")
    return f"chlo.{name}" if name in BROADCASTING_CHLO else name


@define(*special.FUNCTIONS)
def _function(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return function(node.op, args)


def function(op: str, args: Sequence[Array]) -> Array:
    """A numerical function at every element; equal arguments are computed once."""
    dtype = from_numpy(args[0].dtype)
    info: Any = ml_dtypes.finfo(dtype.numpy)  # type: ignore[no-untyped-call]
    smallest = round(float(np.log2(float(info.smallest_normal)))) - dtype.precision + 1
    largest = float(info.max)
    columns = [x.astype(np.float64).ravel().tolist() for x in args]
    out = []
    for row in zip(*columns, strict=True):
        y = special.rounded(special.value(op, *row), dtype, smallest, largest)
        out.append(special.signed(op, row[0], y))
    return np.array(out, np.float64).reshape(args[0].shape).astype(dtype.numpy)


@define("chlo.square")
def _square(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    x = args[0]
    return plain(ctx, node, "multiply", [x, x])


@define("chlo.tan")
def _tan(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return plain(ctx, node, "tan", args)


def plain(ctx: Context, node: Node, op: str, args: Sequence[Array]) -> Array:
    """Another op on ``args``, with the attributes of ``node``."""
    out = REF[op](ctx, node._replace(op=op), args)
    return np.asarray(out)


PREDICATES: dict[str, Callable[[Array], Array]] = {
    "chlo.is_inf": np.isinf,
    "chlo.is_pos_inf": lambda x: np.isinf(x) & ~np.signbit(x),
    "chlo.is_neg_inf": lambda x: np.isinf(x) & np.signbit(x),
}


@define(*PREDICATES)
def _predicate(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return PREDICATES[node.op](args[0])


@define("chlo.next_after")
def _next_after(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    """C's nextafter, also from and to subnormal numbers; of equal values the second."""
    x, y = args[:2]
    return np.where(x == y, y, np.nextafter(x, y))


@define("chlo.mulhi")
def _mulhi(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    """The upper half of the exact product of twice the width."""
    x, y = args[:2]
    bits = 8 * x.dtype.itemsize
    high = (x.astype(object) * y.astype(object)) >> bits
    return np.asarray(high).astype(x.dtype)


@define(*(f"chlo.broadcast_{op}" for op in (*BROADCASTING, *BROADCASTING_CHLO)))
def _broadcasting(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    whole = [np.broadcast_to(x, node.type.shape) for x in args]
    return plain(ctx, node, broadcast_form(node.op), whole)


@define("chlo.top_k")
def _top_k(_ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The largest first, of equal ones the one with the lower index; NaN is above infinity."""
    x = args[0]
    keys = order(x)
    numbers = np.arange(x.shape[-1])
    ranks = np.empty(x.shape, np.int32)
    for line in np.ndindex(x.shape[:-1]):
        row = keys[line].tolist()
        ranks[line] = sorted(numbers.tolist(), key=lambda i: -row[i])
    ranks = ranks[..., : node.attr("k")]
    return np.take_along_axis(x, ranks.astype(np.int64), -1), ranks


def order(x: Array) -> Array:
    """Python integers in the order of the elements: -0 below +0, every NaN above infinity."""
    if x.dtype.kind in "biu":
        return np.asarray(x.astype(object)) * 1
    signed = np.dtype(f"i{x.dtype.itemsize}")
    top = int(np.iinfo(signed).max)
    bits = np.ascontiguousarray(x).view(signed).reshape(x.shape)
    keys = np.where(bits < 0, bits ^ signed.type(top), bits)
    return np.where(np.isnan(x), signed.type(top), keys).astype(object)


@define("chlo.ragged_dot")
def _ragged_dot(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """Rows of a group are multiplied with the group's matrix; rows of no group are 0."""
    lhs, rhs, sizes = args[:3]
    out = np.zeros(node.type.shape, node.type.dtype.numpy)
    for block in blocks(node, lhs, rhs, sizes):
        out[block.rows] = np.asarray(
            REF["dot_general"](ctx, block.node, [lhs[block.left], rhs[block.right]])
        )
    return out


class Block:
    """The contraction of one group.

    Attributes:
        left: the rows of lhs.
        right: the matrix of rhs.
        rows: the rows of the result.
        node: the dot_general of the two.
    """

    def __init__(self, left: Any, right: Any, rows: Any, node: Node) -> None:
        self.left, self.right, self.rows, self.node = left, right, rows, node


def blocks(node: Node, lhs: Array, rhs: Array, sizes: Array) -> list[Block]:
    """The groups of a ragged_dot whose ragged dimension is one of rows. UnsupportedError else, and
    for sizes that are negative or more than the rows: what they mean is said nowhere (CHLO and
    JAX's ``ragged_dot``: "the size of the i-th group").
    """
    attrs = dict(node.attrs)
    (ragged,) = attrs.pop("lhs_ragged_dimensions")
    groups = attrs.pop("rhs_group_dimensions")
    batch, contracted = attrs["lhs_batching_dimensions"], attrs["lhs_contracting_dimensions"]
    if ragged in (*batch, *contracted) or len(groups) != 1 or sizes.ndim != 1:
        raise UnsupportedError("unsupported form of chlo.ragged_dot in the reference interpreter")
    if any(n < 0 for n in sizes.tolist()) or sum(sizes.tolist()) > lhs.shape[ragged]:
        raise UnsupportedError("chlo.ragged_dot: group_sizes that are no sizes of groups of rows")
    group = groups[0]
    for name in ("rhs_batching_dimensions", "rhs_contracting_dimensions"):
        attrs[name] = tuple(d - (d > group) for d in attrs[name])
    free = [d for d in range(lhs.ndim) if d not in (*batch, *contracted)]
    at = len(batch) + free.index(ragged)
    out, start = [], 0
    for g, size in enumerate(sizes.tolist()):
        rows = slice(start, start + size)
        start += size
        left = tuple(rows if d == ragged else slice(None) for d in range(lhs.ndim))
        right = tuple(g if d == group else slice(None) for d in range(rhs.ndim))
        place = tuple(rows if d == at else slice(None) for d in range(len(node.type.shape)))
        shape = list(node.type.shape)
        shape[at] = len(range(*rows.indices(lhs.shape[ragged])))
        types = (TensorType(tuple(shape), node.type.dtype),)
        out.append(Block(left, right, place, dot_node(attrs, types)))
    return out


def dot_node(attrs: dict[str, Any], types: tuple[TensorType, ...]) -> Node:
    """A dot_general with these dimensions."""
    return Node("dot_general", (0, 1), (*attrs.items(), ("algorithm", ())), types)


@define("chlo.scan")
def _scan(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The body at each place along the dimension, in order or from the end; carries go along."""
    count, dim = node.attr("inputs"), node.attr("dimension")
    operands, captures = args[: len(node.operands)], args[len(node.operands) :]
    inputs, carries = operands[:count], list(operands[count:])
    types = node.types[: len(node.types) - len(carries)]
    outputs = [np.zeros(t.shape, t.dtype.numpy) for t in types]
    places = range(inputs[0].shape[dim])
    body = node.regions[0]
    for k in reversed(places) if node.attr("is_reverse") else places:
        slices = [np.take(x, k, dim) for x in inputs]
        values = ctx.run(body, [*slices, *carries, *captures])
        made = [values[v] for v in body.results]
        for out, x in zip(outputs, made, strict=False):
            out[(slice(None),) * dim + (k,)] = x
        carries = made[len(outputs) :]
    return (*outputs, *carries)
