"""reduce (specification: *reduce*; the order of a float sum is implementation-defined there)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from compiler.ir import Array, Graph, Node
from verify.ref.bodies import is_scalar_code, kept_first, single_ops
from verify.ref.convert import convert_array
from verify.ref.core import Context, define
from verify.ref.elementwise import apply_binary
from verify.ref.rounding import SMALL_FLOATS


@define("reduce")
def _reduce(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """One fold an output element, over the reduced indices in row-major order, starting from the
    init values.
    """
    count = len(node.types)
    captures = args[2 * count :]
    # The body may compute in a wider type than the inputs have: that of the results.
    wide = [convert_array(x, node.types[k % count].dtype) for k, x in enumerate(args[: 2 * count])]
    inputs, inits = wide[:count], wide[count:]
    body = node.regions[0]
    dims = node.attr("dimensions")
    order = kept_first(inputs[0].ndim, dims)
    inputs = [x.transpose(order) for x in inputs]
    kept = node.type.shape
    inputs = [x.reshape(*kept, prod(x.shape[len(kept) :])) for x in inputs]
    ops = single_ops(body, count)
    if ops is not None:
        return tuple(reduce_last(op, x, i) for op, x, i in zip(ops, inputs, inits, strict=True))
    if is_scalar_code(body):
        return tuple(_fold(ctx, body, inputs, inits, captures, kept))
    return _fold_each(ctx, body, inputs, inits, captures, kept)


def reduce_last(op: str, x: Array, init: Array) -> Array:
    """``init op x[..., 0] op x[..., 1] ...``, in this order; float sums and products are rounded
    after each step, as those of dot_general and reduce_window are.
    """
    if x.shape[-1] == 0:
        return np.broadcast_to(init, x.shape[:-1])
    if x.dtype.kind in "biu":
        if op in ("add", "multiply") and x.dtype.kind != "b":
            fn = np.add if op == "add" else np.multiply
            return fn(init, fn.reduce(x, axis=-1, dtype=x.dtype))
        return apply_binary(op, init, _UFUNC[op].reduce(x, axis=-1))
    if op in ("add", "multiply"):
        first = np.broadcast_to(init, x.shape[:-1])[..., None]
        fn = np.add if op == "add" else np.multiply
        return fn.accumulate(np.concatenate([first, x], axis=-1), axis=-1)[..., -1]
    y = x.astype(np.float32) if x.dtype in SMALL_FLOATS else x
    best = np.asarray(_UFUNC[op].reduce(y, axis=-1))
    # NumPy does not say which zero it returns: +0 wins a maximum, -0 a minimum.
    if (best == 0).any():
        wins = (y == 0) & (np.signbit(y) == (op == "minimum"))
        zero = np.where(wins.any(axis=-1) == (op == "minimum"), -0.0, 0.0).astype(best.dtype)
        best = np.where(best == 0, zero, best)
    return apply_binary(op, init, best.astype(x.dtype))


_UFUNC: dict[str, np.ufunc] = {
    "add": np.logical_or,
    "multiply": np.logical_and,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}


def _fold(
    ctx: Context,
    body: Graph,
    inputs: Sequence[Array],
    inits: Sequence[Array],
    captures: Sequence[Array],
    kept: tuple[int, ...],
) -> list[Array]:
    """All output elements at once: one evaluation of the body per reduced index."""
    acc: list[Array] = list(inits)
    for k in range(inputs[0].shape[-1]):
        values = ctx.run(body, [*acc, *(x[..., k] for x in inputs), *captures], check=False)
        acc = [values[v] for v in body.results]
    return [np.broadcast_to(x, kept) for x in acc]


def _fold_each(
    ctx: Context,
    body: Graph,
    inputs: Sequence[Array],
    inits: Sequence[Array],
    captures: Sequence[Array],
    kept: tuple[int, ...],
) -> tuple[Array, ...]:
    """One output element after the other, for bodies with ops that need true scalars."""
    outs = [np.empty(kept, x.dtype) for x in inputs]
    for index in np.ndindex(kept):
        acc: list[Array] = list(inits)
        for k in range(inputs[0].shape[-1]):
            values = ctx.run(body, [*acc, *(np.asarray(x[(*index, k)]) for x in inputs), *captures])
            acc = [values[v] for v in body.results]
        for out, x in zip(outs, acc, strict=True):
            out[index] = x
    return tuple(outs)
