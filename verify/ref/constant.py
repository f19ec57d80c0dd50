"""constant and iota (specification: *constant*, *iota*)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.ir import Array, Literal, Node
from verify.ref.convert import convert_array
from verify.ref.core import Context, define


@define("constant")
def _constant(_ctx: Context, node: Node, _args: Sequence[Array]) -> Array:
    value: Literal = node.attrs[0][1]
    return value.array()


@define("iota")
def _iota(_ctx: Context, node: Node, _args: Sequence[Array]) -> Array:
    """Values 0, 1, ... along one dimension, converted to the element type (integers wrap, floats
    round once).
    """
    t, dim = node.type, node.attr("iota_dimension")
    line = convert_array(np.arange(t.shape[dim], dtype=np.int64), t.dtype)
    return np.broadcast_to(line.reshape([-1 if i == dim else 1 for i in range(t.rank)]), t.shape)
