"""Ops whose operands say what attributes say elsewhere: they become the static ones.

What an operand says must be known without inputs, or follow from the result type alone. Dimensions
of the result type that are negative are unknown: :mod:`compiler.specialise` comes here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.errors import UnsupportedError, VerifyError
from compiler.expand.chlo_shaped import part
from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Node, TensorType

Ints = tuple[int, ...]


def _numbers(emit: Emit, x: Value) -> Ints | None:
    """The integers of a vector, if they are known."""
    found = emit.known(x)
    return None if found is None else tuple(int(n) for n in found.ravel())


def _needed(emit: Emit, node: Node, x: Value, name: str) -> Ints:
    """The integers of a vector; UnsupportedError if they depend on inputs."""
    found = _numbers(emit, x)
    if found is None:
        raise UnsupportedError(f"unsupported: {node.op} whose {name} depends on inputs")
    return found


def _type(emit: Emit, node: Node, x: Value, name: str) -> TensorType:
    """The result type, as its shape ``x`` or the type itself says."""
    stated, found = node.type.shape, _numbers(emit, x)
    if found is None:
        if min(stated, default=0) < 0:
            raise UnsupportedError(f"unsupported: {node.op} whose {name} depends on inputs")
        return node.type
    fits = len(found) == len(stated)
    fits = fits and all(m in (n, -1) for m, n in zip(stated, found, strict=True))
    if not fits or min(found, default=0) < 0:
        raise VerifyError(f"{node.op}: {name} is {list(found)}, the result type {node.type}")
    return TensorType(found, node.type.dtype)


def _stated(node: Node, out: Value) -> Value:
    """``out``; VerifyError if its type is not the node's."""
    pairs = zip(node.type.shape, out.shape, strict=True)
    if not all(m in (n, -1) for m, n in pairs):
        raise VerifyError(f"{node.op}: result type is {out.type}, not {node.type}")
    return out


@expansion("get_dimension_size")
def _get_dimension_size(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """A constant."""
    size = operands[0].shape[node.attr("dimension")]
    return emit.splat(node.type, size)


@expansion("dynamic_iota")
def _dynamic_iota(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    t = _type(emit, node, operands[0], "output_shape")
    return emit.op("iota", types=[t], iota_dimension=node.attr("iota_dimension"))


@expansion("dynamic_reshape")
def _dynamic_reshape(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    return emit.op("reshape", operands[0], types=[_type(emit, node, operands[1], "output_shape")])


@expansion("dynamic_broadcast_in_dim")
def _dynamic_broadcast_in_dim(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    t = _type(emit, node, operands[1], "output_dimensions")
    dims = node.attr("broadcast_dimensions")
    return emit.op("broadcast_in_dim", operands[0], types=[t], broadcast_dimensions=dims)


@expansion("dynamic_pad")
def _dynamic_pad(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    x, value, *paddings = operands
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    attrs: dict[str, Any] = {
        name: _needed(emit, node, p, name) for name, p in zip(names, paddings, strict=True)
    }
    return _stated(node, emit.op("pad", x, value, **attrs))


@expansion("dynamic_gather")
def _dynamic_gather(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Without known sizes: those of the result's offset dimensions, 1 in dropped dimensions."""
    x, starts, sizes = operands
    found = _numbers(emit, sizes)
    if found is None:
        dropped = {*node.attr("collapsed_slice_dims"), *node.attr("operand_batching_dims")}
        offsets = iter([node.type.shape[d] for d in node.attr("offset_dims")])
        found = tuple(1 if d in dropped else next(offsets) for d in range(len(x.shape)))
        if min(found, default=0) < 0:
            raise UnsupportedError(f"unsupported: {node.op} whose slice_sizes depends on inputs")
    return _stated(node, emit.op("gather", x, starts, slice_sizes=found, **dict(node.attrs)))


@expansion("dynamic_conv")
def _dynamic_conv(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    lhs, rhs, padding = operands
    numbers = _needed(emit, node, padding, "padding")
    attrs = {**dict(node.attrs), "padding": tuple(zip(numbers[::2], numbers[1::2], strict=True))}
    out = emit.op("convolution", lhs, rhs, **attrs)
    if out.dtype is not node.type.dtype:  # then it must be stated, which takes the shape
        t = TensorType(out.shape, node.type.dtype)
        out = emit.op("convolution", lhs, rhs, types=[t], **attrs)
    return _stated(node, out)


@expansion("real_dynamic_slice")
def _real_dynamic_slice(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Where the start is not known, but every stride is 1: a dynamic_slice of the result's size."""
    x, *vectors = operands
    start, limit, strides = (_numbers(emit, v) for v in vectors)
    if start is not None and limit is not None and strides is not None:
        attrs: dict[str, Any] = {"start_indices": start, "limit_indices": limit, "strides": strides}
        return _stated(node, emit.op("slice", x, **attrs))
    sizes = node.type.shape
    if strides is None or set(strides) - {1} or min(sizes, default=0) < 0:
        raise UnsupportedError(f"unsupported: {node.op} whose bounds depend on inputs")
    scalar = TensorType((), vectors[0].dtype)
    starts = [
        emit.op("reshape", part(vectors[0], 0, d, d + 1), types=[scalar]) for d in range(len(sizes))
    ]
    return emit.op("dynamic_slice", x, *starts, slice_sizes=sizes)


@expansion("real")
def _real(_emit: Emit, _node: Node, operands: Sequence[Value]) -> Value:
    """A float is its own real part."""
    return operands[0]


@expansion("imag")
def _imag(emit: Emit, node: Node, _operands: Sequence[Value]) -> Value:
    """A float has no imaginary part."""
    return emit.splat(node.type, 0)
