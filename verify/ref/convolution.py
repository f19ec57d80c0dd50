"""convolution (specification: *convolution*): a dot_general of windows of lhs with rhs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from compiler.ir import Array, Node, TensorType
from verify.ref.core import REF, Context, define
from verify.ref.window import padded, windows


class Form(NamedTuple):
    """A convolution as a product of matrices, one a group.

    Attributes:
        attrs: of the convolution.
        shape: of its result.
        groups: of features or of batch elements.
    """

    attrs: dict[str, Any]
    shape: tuple[int, ...]
    groups: int

    @property
    def space(self) -> tuple[int, ...]:
        """How many windows there are in each spatial dimension."""
        return tuple(self.shape[d] for d in self.attrs["output_spatial_dimensions"])

    def left(self, lhs: Array, zero: Array) -> Array:
        """[group, batch and window, element of the window and feature]; padding is ``zero``."""
        a = self.attrs
        order = (a["input_batch_dimension"], a["input_feature_dimension"])
        x = lhs.transpose(*order, *a["input_spatial_dimensions"])
        many = a["batch_group_count"] > 1
        batch, features = x.shape[0], x.shape[1]
        if many:
            x = x.reshape(self.groups, batch // self.groups, *x.shape[1:])
        else:
            x = x.reshape(batch, self.groups, features // self.groups, *x.shape[2:]).swapaxes(0, 1)
        sizes = a["window_dimensions"]
        keep = ((0, 0),) * 3
        x = padded(x, zero, (*keep, *a["padding"]), (1, 1, 1, *a["lhs_dilation"]))
        x = windows(
            x,
            (*x.shape[:3], *self.space),
            (1, 1, 1, *sizes),
            (1, 1, 1, *a["window_strides"]),
            (1, 1, 1, *a["rhs_dilation"]),
        )
        rank = len(sizes)
        x = x.reshape(*x.shape[: 3 + rank], *sizes)
        turned = [slice(None, None, -1 if r else 1) for r in a["window_reversal"]]
        x = x[(slice(None),) * (3 + rank) + tuple(turned)]
        x = np.moveaxis(x, 2, -1)  # features last
        group, batch, features = x.shape[0], x.shape[1], x.shape[-1]
        return x.reshape(group, batch * prod(self.space), prod(sizes) * features)

    def right(self, rhs: Array) -> Array:
        """[group, element of the window and feature, feature of the result]."""
        a = self.attrs
        inner, outer = a["kernel_input_feature_dimension"], a["kernel_output_feature_dimension"]
        x = rhs.transpose(*a["kernel_spatial_dimensions"], inner, outer)
        features = x.shape[-1] // self.groups
        x = x.reshape(prod(x.shape[:-1]), self.groups, features)
        return x.swapaxes(0, 1)

    def result(self, made: Array) -> Array:
        """The result, from [group, batch and window, feature]."""
        a = self.attrs
        batch = self.shape[a["output_batch_dimension"]]
        x = made.reshape(self.groups, batch, *self.space, made.shape[-1])
        x = np.moveaxis(x, 0, -2)
        x = x.reshape(batch, *self.space, self.shape[a["output_feature_dimension"]])
        dims = (
            a["output_batch_dimension"],
            *a["output_spatial_dimensions"],
            a["output_feature_dimension"],
        )
        return x.transpose(np.argsort(dims))

    def contraction(self, node: Node, left: tuple[int, ...], right: tuple[int, ...]) -> Node:
        """The dot_general of the matrices, which have these shapes."""
        attrs = (
            ("lhs_batching_dimensions", (0,)),
            ("rhs_batching_dimensions", (0,)),
            ("lhs_contracting_dimensions", (2,)),
            ("rhs_contracting_dimensions", (1,)),
            ("precision_config", self.attrs["precision_config"]),
            ("algorithm", None),
        )
        made = TensorType((self.groups, left[1], right[2]), node.type.dtype)
        return Node("dot_general", node.operands, attrs, (made,))


def form(node: Node, rhs: tuple[int, ...]) -> Form:
    """The matrix form of ``node``, whose rhs has this shape."""
    attrs = dict(node.attrs)
    attrs["window_dimensions"] = tuple(rhs[d] for d in attrs["kernel_spatial_dimensions"])
    return Form(attrs, node.type.shape, attrs["feature_group_count"] * attrs["batch_group_count"])


@define("convolution")
def _convolution(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """Groups of features or of batch elements each have a part of rhs to themselves."""
    f = form(node, args[1].shape)
    left, right = f.left(args[0], np.zeros((), args[0].dtype)), f.right(args[1])
    dot = f.contraction(node, left.shape, right.shape)
    return f.result(np.asarray(REF["dot_general"](ctx, dot, [left, right])))
