"""Bugs in the lowering of windows: reduce_window, select_and_scatter, convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.ir import Node, TensorType
from compiler.lower import convolution as lower_convolution
from compiler.lower import window as lower_window
from verify.faults.base import changed, declare, lowered, patched


def _zero_padding(old: Callable[..., Any]) -> Callable[..., Any]:
    """Windows are padded with zero instead of the initial value."""

    def source(program: Any, v: int, _filler: Any, *borders: Any) -> Any:
        dtype = program.graph.types[v].dtype
        return old(program, v, lambda at: at.const(0, dtype), *borders)

    return source


def _padding_first(node: Node) -> Any:
    """All of the padding is put behind the elements."""
    return tuple((0, low + high) for low, high in node.attr("padding"))


def _interleaved_groups(old: Callable[..., None]) -> Callable[..., None]:
    """Feature f of group g is taken for number f * groups + g of the kernel."""

    def init(loops: Any, node: Node, lhs: TensorType, rhs: TensorType) -> None:
        old(loops, node, lhs, rhs)
        for way in loops.right:
            if "g" in way:
                way["f"], way["g"] = loops.size["g"], 1

    return init


def _square_kernel_turned(node: Node) -> Any:
    """The kernel's spatial dimensions in reverse order, if that leaves the types."""
    return tuple(reversed(node.attr("kernel_spatial_dimensions")))


def _if_square(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Apply a fault only where all spatial dimensions of the kernel have one size."""

    def wrap(old: Any) -> Any:
        broken = make(old)

        def run(program: Any, node: Node) -> None:
            shape = program.graph.types[node.operands[1]].shape
            square = len({shape[d] for d in node.attr("kernel_spatial_dimensions")}) == 1
            (broken if square else old)(program, node)

        return run

    return wrap


declare(
    "window-dilation-ignored",
    "wrong value",
    "reduce_window takes the elements of a dilated window without the gaps",
    blame=("lower", "reduce_window"),
    install=lowered(
        "reduce_window",
        changed(window_dilations=lambda n: tuple(1 for _ in n.attr("window_dilations"))),
    ),
    source="apache/tvm#6414: the stride of a slice was ignored",
)
declare(
    "window-padding-zero",
    "wrong value",
    "reduce_window pads with zero instead of the initial value",
    blame=("lower", "reduce_window"),
    install=patched(lower_window, "padded_source", _zero_padding),
    source="kasper0406/stablehlo-coreml#73: reduce_window dropped its init",
)
declare(
    "select-and-scatter-padding-high",
    "off by one",
    "select_and_scatter puts the low padding behind the elements",
    blame=("lower", "select_and_scatter"),
    install=lowered("select_and_scatter", changed(padding=_padding_first)),
    source="ROCm/AMDMIGraphX#1766: padding of a pooling window left out of account",
)
declare(
    "convolution-padding-swapped",
    "off by one",
    "convolution exchanges the padding before and behind",
    blame=("lower", "convolution"),
    install=lowered(
        "convolution", changed(padding=lambda n: tuple((b, a) for a, b in n.attr("padding")))
    ),
    source="openxla/xla#48713: negative low padding mishandled",
)
declare(
    "convolution-reversal-ignored",
    "wrong axis",
    "convolution does not turn windows round",
    blame=("lower", "convolution"),
    install=lowered(
        "convolution",
        changed(window_reversal=lambda n: tuple(False for _ in n.attr("window_reversal"))),
    ),
    source="ml-explore/mlx#2038: conv_general differs between back ends",
)
declare(
    "convolution-groups-interleaved",
    "wrong axis",
    "convolution deals features out to groups in turn instead of in blocks",
    blame=("lower", "convolution"),
    install=patched(lower_convolution.Loops, "__init__", _interleaved_groups),
    source="openxla/xla#49123: a grouped convolution returns a wrong channel",
)
declare(
    "convolution-square-kernel-turned",
    "wrong axis",
    "convolution reads a square kernel transposed",
    blame=("lower", "convolution"),
    install=lowered(
        "convolution", _if_square(changed(kernel_spatial_dimensions=_square_kernel_turned))
    ),
    source="Liu et al., NNSmith, ASPLOS 2023: wrong layouts of TVM's tensors",
)
declare(
    "convolution-dilation-of-kernel-ignored",
    "wrong value",
    "convolution takes the elements under a dilated kernel without the gaps",
    blame=("lower", "convolution"),
    install=lowered(
        "convolution", changed(rhs_dilation=lambda n: tuple(1 for _ in n.attr("rhs_dilation")))
    ),
    source="apache/tvm#6441: the stride of a slice was ignored",
)
