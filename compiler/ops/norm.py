"""Batch normalisation: inference, training, gradient."""

from __future__ import annotations

from compiler.dtypes import FLOATS
from compiler.ir import TensorType
from compiler.ops.table import Attr, Sig, Types, define, require

_ATTRS = [Attr("epsilon", "f32"), Attr("feature_index", "i64")]


def _vector(sig: Sig, operands: dict[str, TensorType], numbers: tuple[str, ...]) -> TensorType:
    """The type of a vector with an element a feature, after checking that the operands have it."""
    x, axis = sig.operands[0], sig.attrs["feature_index"]
    require(0 <= axis < x.rank, "C1", "feature_index {} is not in [0, {})", axis, x.rank)
    vector = TensorType((x.shape[axis],), x.dtype)
    for (name, t), number in zip(operands.items(), numbers, strict=True):
        require(
            t.dtype is x.dtype, "C2", "element types of {} {} and operand {} differ", name, t, x
        )
        require(t == vector, number, "{} has type {}, not {}", name, t, vector)
    return vector


def _inference(sig: Sig) -> Types:
    x, scale, offset, mean, variance = sig.operands
    vectors = {"scale": scale, "offset": offset, "mean": mean, "variance": variance}
    _vector(sig, vectors, ("C3", "C4", "C5", "C6"))
    return (x,)


def _training(sig: Sig) -> Types:
    x, scale, offset = sig.operands
    vector = _vector(sig, {"scale": scale, "offset": offset}, ("C3", "C4"))
    return (x, vector, vector)


def _grad(sig: Sig) -> Types:
    x, scale, mean, variance, grad = sig.operands
    vectors = {"scale": scale, "mean": mean, "variance": variance}
    vector = _vector(sig, vectors, ("C5", "C4", "C4"))
    require(grad.dtype is x.dtype, "C2", "element types of {} and operand {} differ", grad, x)
    require(grad.shape == x.shape, "C3", "shapes of grad_output {} and operand {} differ", grad, x)
    return (x, vector, vector)


define(
    "batch_norm_inference",
    "norm",
    ["operand", "scale", "offset", "mean", "variance"],
    _inference,
    attrs=_ATTRS,
    dtypes=FLOATS,
    result="C7",
)
define(
    "batch_norm_training",
    "norm",
    ["operand", "scale", "offset"],
    _training,
    attrs=_ATTRS,
    dtypes=FLOATS,
    result="C7",
)
define(
    "batch_norm_grad",
    "norm",
    ["operand", "scale", "mean", "variance", "grad_output"],
    _grad,
    attrs=_ATTRS,
    dtypes=FLOATS,
    result="C3",
)
