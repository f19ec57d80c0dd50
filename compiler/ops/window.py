"""reduce_window, and the arithmetic of windows."""

from __future__ import annotations

from typing import Any

from compiler.dtypes import ALL
from compiler.ir import TensorType
from compiler.ops.bodies import (
    check_reducer,
    require_length,
    require_pairs,
    require_positive,
    require_same_shape,
    require_scalars,
)
from compiler.ops.table import FILLED, Attr, Sig, Types, define, require


def dilated(size: int, factor: int) -> int:
    """The size of a dimension with ``factor - 1`` holes between its elements."""
    return (size - 1) * factor + 1 if size else 0


def windows(padded: int, window: int, stride: int) -> int:
    """How many windows fit into a dimension."""
    return 0 if padded == 0 or window > padded else (padded - window) // stride + 1


def window_shape(shape: tuple[int, ...], attrs: dict[str, Any]) -> tuple[int, ...]:
    """The number of windows in each dimension."""
    ones = (1,) * len(shape)
    rows = zip(
        shape,
        attrs["window_dimensions"],
        attrs["window_strides"],
        attrs.get("base_dilations", ones),
        attrs.get("window_dilations", ones),
        attrs["padding"],
        strict=True,
    )
    return tuple(
        windows(low + dilated(n, base) + high, dilated(size, hole), stride)
        for n, size, stride, base, hole, (low, high) in rows
    )


def check_window(rank: int, attrs: dict[str, Any], numbers: dict[str, tuple[str, str]]) -> None:
    """Attributes of a window must have an entry a dimension, all positive but the padding.

    ``numbers`` holds for each attribute the constraints of its length and of its entries.
    """
    for name, (length, positive) in numbers.items():
        values = attrs[name]
        if name == "padding":
            require_pairs(values, rank, name, length)
            continue
        require_length(values, rank, name, length)
        if positive:
            require_positive(values, name, positive)


def _reduce_window(sig: Sig) -> Types:
    require(
        len(sig.operands) >= 2 and len(sig.operands) % 2 == 0,
        "C1",
        "needs as many inputs as init_values, at least one",
    )
    half = len(sig.operands) // 2
    inputs, inits = sig.operands[:half], sig.operands[half:]
    require_same_shape(inputs, "inputs", "C2")
    require_scalars(inits, "init value", "I2")
    for x, i in zip(inputs, inits, strict=True):
        require(x.dtype is i.dtype, "C3", "element types of input {} and init {} differ", x, i)
    check_window(
        inputs[0].rank,
        sig.attrs,
        {
            "window_dimensions": ("C4", "C5"),
            "window_strides": ("C6", "C7"),
            "base_dilations": ("C8", "C9"),
            "window_dilations": ("C10", "C11"),
            "padding": ("C12", ""),
        },
    )
    results = check_reducer(sig, 0, inputs, inits, "C13")
    shape = window_shape(inputs[0].shape, sig.attrs)
    return tuple(TensorType(shape, t.dtype) for t in results)


define(
    "reduce_window",
    "window",
    ["inputs_and_inits*"],
    _reduce_window,
    attrs=[
        Attr("window_dimensions", "i64s"),
        Attr("window_strides", "i64s", FILLED),
        Attr("base_dilations", "i64s", FILLED),
        Attr("window_dilations", "i64s", FILLED),
        Attr("padding", "pairs", FILLED),
    ],
    dtypes=ALL,
    regions=1,
    result="C15",
    rank=lambda attrs: len(attrs["window_dimensions"]),
)
