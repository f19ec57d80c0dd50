"""Ops whose operands say what attributes say elsewhere: they become the static ones.

What an operand says must be known without inputs, or follow from the result type alone. Dimensions
of the result type that are negative are unknown: :mod:`compiler.specialise` comes here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compiler.dtypes import I1, I64
from compiler.errors import UnsupportedError, VerifyError
from compiler.expand.chlo_shaped import part
from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Node, TensorType

PADDINGS = ("edge_padding_low", "edge_padding_high", "interior_padding")
BOUNDS = ("start_indices", "limit_indices", "strides")
Ints = tuple[int, ...]


def _numbers(emit: Emit, x: Value) -> Ints | None:
    """The integers of a vector, if they are known."""
    found = emit.known(x)
    return None if found is None else tuple(int(n) for n in found.ravel())


def _type(emit: Emit, node: Node, x: Value, name: str) -> TensorType:
    """The result type, as its shape ``x`` or the type itself says."""
    stated, found = node.type.shape, _numbers(emit, x)
    if found is None:
        return TensorType(_static(node, name), node.type.dtype)
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
    """Without known paddings every result element looks for its source."""
    x, value, *paddings = operands
    found = [_numbers(emit, p) for p in paddings]
    if None not in found:
        attrs: dict[str, Any] = dict(zip(PADDINGS, found, strict=True))
        return _stated(node, emit.op("pad", x, value, **attrs))
    low, _, interior = (p.convert(I64) for p in paddings)
    return _placed(x, value, low, interior + 1, _static(node, "edge_padding_low"))


def _placed(x: Value, value: Value, low: Value, step: Value, shape: Ints) -> Value:
    """A tensor whose element ``low + i * step`` is element ``i`` of ``x``, the others ``value``."""
    emit = x.emit
    t = TensorType(shape, I64)
    out = emit.op(
        "broadcast_in_dim", value, types=[t._replace(dtype=x.dtype)], broadcast_dimensions=()
    )
    if not x.type.size:
        return out
    inside, places = emit.splat(t._replace(dtype=I1), True), []
    for d, n in enumerate(x.shape):
        from_low = emit.op("iota", types=[t], iota_dimension=d) - _element(low, d, t)
        place = from_low / _element(step, d, t)
        hit = from_low.eq(place * _element(step, d, t))
        inside = inside & hit & (from_low >= 0) & (place < n)
        places.append(place)
    return emit.select(inside, _read(x, places, shape), out)


def _element(vector: Value, d: int, t: TensorType) -> Value:
    """Entry ``d`` of a vector, everywhere in type ``t``."""
    one = part(vector, 0, d, d + 1)
    scalar = vector.emit.op("reshape", one, types=[TensorType((), vector.dtype)])
    return vector.emit.op("broadcast_in_dim", scalar, types=[t], broadcast_dimensions=())


def _read(x: Value, places: Sequence[Value], shape: Ints) -> Value:
    """The elements of ``x`` at the index that ``places`` say, a tensor of ``shape`` a dimension."""
    emit, rank, dims = x.emit, len(shape), tuple(range(len(places)))
    if not places:
        return x
    column = TensorType((*shape, 1), I64)
    columns = [emit.op("reshape", p, types=[column]) for p in places]
    index = emit.op("concatenate", *columns, dimension=rank)
    return emit.op(
        "gather",
        x,
        index,
        collapsed_slice_dims=dims,
        start_index_map=dims,
        index_vector_dim=rank,
        slice_sizes=(1,) * len(dims),
    )


def _static(node: Node, name: str) -> Ints:
    """The result's shape; UnsupportedError if the type leaves it open."""
    if min(node.type.shape, default=0) < 0:
        raise UnsupportedError(f"unsupported: {node.op} whose {name} depends on inputs")
    return node.type.shape


@expansion("dynamic_gather")
def _dynamic_gather(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Without known sizes: those of the result's offset dimensions, 1 in dropped dimensions."""
    x, starts, sizes = operands
    found = _numbers(emit, sizes)
    if found is None:
        stated = _static(node, "slice_sizes")
        dropped = {*node.attr("collapsed_slice_dims"), *node.attr("operand_batching_dims")}
        offsets = iter([stated[d] for d in node.attr("offset_dims")])
        found = tuple(1 if d in dropped else next(offsets) for d in range(len(x.shape)))
    return _stated(node, emit.op("gather", x, starts, slice_sizes=found, **dict(node.attrs)))


@expansion("dynamic_conv")
def _dynamic_conv(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Without known padding: lhs is padded first, and no further than the windows reach."""
    lhs, rhs, padding = operands
    attrs, numbers = dict(node.attrs), _numbers(emit, padding)
    if numbers is not None:
        attrs["padding"] = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    else:
        lhs = _padded(lhs, rhs, padding.convert(I64), _static(node, "padding"), attrs)
        attrs["padding"] = ((0, 0),) * padding.shape[0]
        attrs["lhs_dilation"] = (1,) * padding.shape[0]
    out = emit.op("convolution", lhs, rhs, **attrs)
    if out.dtype is not node.type.dtype:  # then it must be stated, which takes the shape
        t = TensorType(out.shape, node.type.dtype)
        out = emit.op("convolution", lhs, rhs, types=[t], **attrs)
    return _stated(node, out)


def _padded(lhs: Value, rhs: Value, padding: Value, result: Ints, attrs: dict[str, Any]) -> Value:
    """The dilated ``lhs`` of a convolution behind its padding, as far as ``result`` looks at it."""
    emit, shape = lhs.emit, list(lhs.shape)
    zero, one = (emit.splat(TensorType((1, 1), I64), n) for n in (0, 1))
    rows = {d: k for k, d in enumerate(attrs["input_spatial_dimensions"])}
    low, step = [zero] * len(shape), [one] * len(shape)
    for d, k in rows.items():
        low[d] = part(part(padding, 0, k, k + 1), 1, 0, 1)
        step[d] = emit.splat(one.type, attrs["lhs_dilation"][k])
        count = result[attrs["output_spatial_dimensions"][k]]
        size = rhs.shape[attrs["kernel_spatial_dimensions"][k]]
        reach = (size - 1) * attrs["rhs_dilation"][k] + 1
        shape[d] = max(count - 1, 0) * attrs["window_strides"][k] + (reach if count else 0)
    vector = TensorType((len(shape),), I64)
    low_vector, step_vector = (
        emit.op("reshape", emit.op("concatenate", *parts, dimension=0), types=[vector])
        for parts in (low, step)
    )
    filler = emit.splat(TensorType((), lhs.dtype), 0)
    return _placed(lhs, filler, low_vector, step_vector, tuple(shape))


@expansion("real_dynamic_slice")
def _real_dynamic_slice(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Without known bounds every result element is read at ``start + index * stride``."""
    x, *vectors = operands
    found = [_numbers(emit, v) for v in vectors]
    if None not in found:
        attrs: dict[str, Any] = dict(zip(BOUNDS, found, strict=True))
        return _stated(node, emit.op("slice", x, **attrs))
    shape = _lengths(emit, *vectors)
    t = TensorType(_static(node, "bounds") if shape is None else shape, I64)
    if not x.type.size:
        return emit.splat(t._replace(dtype=x.dtype), 0)
    start, _, strides = (v.convert(I64) for v in vectors)
    places = [
        _element(start, d, t)
        + emit.op("iota", types=[t], iota_dimension=d) * _element(strides, d, t)
        for d in range(t.rank)
    ]
    return _read(x, places, t.shape)


def _lengths(emit: Emit, start: Value, limit: Value, strides: Value) -> Ints | None:
    """How long a slice is that goes from ``start`` to ``start + n``, where n is known."""
    node = emit.maker(limit)
    if node is None or node.op != "add" or start.id not in node.operands:
        return None
    (other,) = [v for v in node.operands if v != start.id] or [start.id]
    counts, steps = _numbers(emit, emit.value(other)), _numbers(emit, strides)
    if counts is None or steps is None or min(steps, default=1) < 1:
        return None
    return tuple(-(-n // step) for n, step in zip(counts, steps, strict=True))


@expansion("real")
def _real(_emit: Emit, _node: Node, operands: Sequence[Value]) -> Value:
    """A float is its own real part."""
    return operands[0]


@expansion("imag")
def _imag(emit: Emit, node: Node, _operands: Sequence[Value]) -> Value:
    """A float has no imaginary part."""
    return emit.splat(node.type, 0)
