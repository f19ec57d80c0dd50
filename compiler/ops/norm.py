"""Batch normalisation: inference, training, gradient."""

from __future__ import annotations

from compiler.dtypes import FLOATS
from compiler.ir import TensorType
from compiler.ops.table import Attr, Sig, Types, define, require

_ATTRS = [Attr("epsilon", "f32"), Attr("feature_index", "i64")]


def _features(sig: Sig, names: tuple[str, ...]) -> TensorType:
    """The type of the vectors; ``names`` says which operands behind the first are vectors."""
    x, axis = sig.operands[0], sig.attrs["feature_index"]
    require(0 <= axis < x.rank, "C1", "feature_index {} is not in [0, {})", axis, x.rank)
    vector = TensorType((x.shape[axis],), x.dtype)
    for name, t in zip(names, sig.operands[1:], strict=False):
        require(
            t.dtype is x.dtype, "C2", "element types of {} {} and operand {} differ", name, t, x
        )
        require(t == vector, "C3", "{} has type {}, not {}", name, t, vector)
    return vector


def _inference(sig: Sig) -> Types:
    _features(sig, ("scale", "offset", "mean", "variance"))
    return (sig.operands[0],)


def _training(sig: Sig) -> Types:
    vector = _features(sig, ("scale", "offset"))
    return (sig.operands[0], vector, vector)


def _grad(sig: Sig) -> Types:
    vector = _features(sig, ("scale", "mean", "variance"))
    x, grad = sig.operands[0], sig.operands[4]
    require(grad == x, "C3", "grad_output {} and operand {} differ", grad, x)
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
