"""Every numbered constraint of the specification: a program that keeps it and one that breaks it.

``VALID`` holds a good instance of each op. ``BROKEN`` says, op by op, which change of it breaks
which constraint; what a change does not name stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from compiler.build import Builder, infer
from compiler.dtypes import by_name
from compiler.errors import UnsupportedError, VerifyError
from compiler.ir import Graph, TensorType
from compiler.ops import OPS
from compiler.text import parse


def t(text: str) -> TensorType:
    """``2x3xf32`` as a type."""
    *dims, dtype = text.split("x")
    return TensorType(tuple(map(int, dims)), by_name(dtype))


def types(text: str) -> tuple[TensorType, ...]:
    """``2xf32 i32`` as types."""
    return tuple(map(t, text.split()))


def body(signature: str) -> Graph:
    """``f32 f32 -> f32`` as a region that returns constants."""
    params, _, results = signature.partition("->")
    b = Builder(types(params))
    return b.graph([b.splat(r, 0) for r in types(results)])


@dataclass(frozen=True)
class Case:
    """An instance of an op."""

    operands: str
    results: str
    attrs: dict[str, Any] = field(default_factory=dict)
    regions: tuple[str, ...] = ()

    def infer(self, op: str) -> tuple[TensorType, ...]:
        row = OPS[op]
        attrs = row.fill({a.name: self.attrs.get(a.name, a.default) for a in row.attrs})
        assert set(self.attrs) <= set(attrs), op
        regions = tuple(map(body, self.regions))
        return infer(op, types(self.operands), attrs, regions=regions, results=types(self.results))


_GATHER = {
    "offset_dims": (2,),
    "collapsed_slice_dims": (1,),
    "operand_batching_dims": (0,),
    "start_indices_batching_dims": (0,),
    "start_index_map": (2,),
    "index_vector_dim": 2,
}
_SCATTER = {
    "update_window_dims": (2,),
    "inserted_window_dims": (1,),
    "input_batching_dims": (0,),
    "scatter_indices_batching_dims": (0,),
    "scatter_dims_to_operand_dims": (2,),
    "index_vector_dim": 2,
}
_CONVOLUTION = {
    "window_strides": (4, 4),
    "padding": ((1, 1), (1, 1)),
    "lhs_dilation": (2, 2),
    "rhs_dilation": (1, 1),
    "window_reversal": (False, False),
    "input_batch_dimension": 0,
    "input_feature_dimension": 3,
    "input_spatial_dimensions": (1, 2),
    "kernel_input_feature_dimension": 2,
    "kernel_output_feature_dimension": 3,
    "kernel_spatial_dimensions": (0, 1),
    "output_batch_dimension": 0,
    "output_feature_dimension": 3,
    "output_spatial_dimensions": (1, 2),
    "feature_group_count": 2,
    "batch_group_count": 1,
}
_DYNAMIC_CONV = {k: v for k, v in _CONVOLUTION.items() if k != "padding"}
_WINDOW = {
    "window_dimensions": (2, 1),
    "window_strides": (4, 1),
    "base_dilations": (2, 1),
    "window_dilations": (3, 1),
    "padding": ((2, 1), (0, 0)),
}
_SELECT = {
    "window_dimensions": (3, 1),
    "window_strides": (2, 1),
    "padding": ((0, 1), (0, 0)),
}
_NORM = {"epsilon": 0.0, "feature_index": 1}
_SOLVE = {"left_side": True, "lower": True, "unit_diagonal": False, "transpose_a": "NO_TRANSPOSE"}

VALID = {
    "batch_norm_grad": Case("2x3xf32 3xf32 3xf32 3xf32 2x3xf32", "2x3xf32 3xf32 3xf32", _NORM),
    "batch_norm_inference": Case("2x3xf32 3xf32 3xf32 3xf32 3xf32", "2x3xf32", _NORM),
    "batch_norm_training": Case("2x3xf32 3xf32 3xf32", "2x3xf32 3xf32 3xf32", _NORM),
    "case": Case("i32", "f32 i8", {}, ("-> f32 i8", "-> f32 i8")),
    "cholesky": Case("5x3x3xf64", "5x3x3xf64"),
    "convolution": Case("1x4x4x4xf32 3x3x2x6xf32", "1x2x2x6xf32", _CONVOLUTION),
    "dynamic_broadcast_in_dim": Case(
        "2x1xf32 3xi64",
        "2x5x3xf32",
        {
            "broadcast_dimensions": (0, 2),
            "known_expanding_dimensions": (1,),
            "known_nonexpanding_dimensions": (0,),
        },
    ),
    "dynamic_conv": Case("1x4x4x4xf32 3x3x2x6xf32 2x2xi64", "1x2x2x6xf32", _DYNAMIC_CONV),
    "dynamic_gather": Case("2x3x4xi32 2x5x1xi64 3xi64", "2x5x2xi32", _GATHER),
    "dynamic_iota": Case("2xi64", "3x4xf32", {"iota_dimension": 1}),
    "dynamic_pad": Case("2x3xi8 i8 2xi64 2xi64 2xi64", "4x5xi8"),
    "dynamic_reshape": Case("2x3xi8 1xi64", "6xi8"),
    "dynamic_slice": Case("4x4xf32 i64 i64", "2x3xf32", {"slice_sizes": (2, 3)}),
    "dynamic_update_slice": Case("4x4xf32 2x3xf32 i64 i64", "4x4xf32"),
    "gather": Case("2x3x4xi32 2x5x1xi64", "2x5x2xi32", {**_GATHER, "slice_sizes": (1, 1, 2)}),
    "get_dimension_size": Case("2x3xf32", "i32", {"dimension": 1}),
    "if": Case("i1", "f32", {}, ("-> f32", "-> f32")),
    "imag": Case("4xf32", "4xf32"),
    "map": Case("2x3xf32 2x3xi8", "2x3xi1", {"dimensions": (0, 1)}, ("f32 i8 -> i1",)),
    "optimization_barrier": Case("f32 2xi8", "f32 2xi8"),
    "real": Case("4xf32", "4xf32"),
    "real_dynamic_slice": Case("4x4xf32 2xi64 2xi64 2xi64", "2x3xf32"),
    "reduce": Case(
        "2x3xi8 2x3xf32 i8 f32",
        "2xi32 2xf32",
        {"dimensions": (1,)},
        ("i32 f32 i32 f32 -> i32 f32",),
    ),
    "reduce_window": Case(
        "3x2xi8 3x2xf32 i8 f32", "2x2xi32 2x2xf32", _WINDOW, ("i32 f32 i32 f32 -> i32 f32",)
    ),
    "rng_bit_generator": Case("2xui64", "2xui64 3x4xui32", {"rng_algorithm": "THREE_FRY"}),
    "scatter": Case("2x3x4xi8 2x5x1xi64 2x5x2xi8", "2x3x4xi32", _SCATTER, ("i32 i32 -> i32",)),
    "select_and_scatter": Case(
        "4x2xi8 2x2xi8 i8", "4x2xi32", _SELECT, ("i8 i8 -> i1", "i32 i32 -> i32")
    ),
    "sort": Case("3x4xf16 3x4xi8", "3x4xf16 3x4xi8", {"dimension": -2}, ("f16 f16 i8 i8 -> i1",)),
    "triangular_solve": Case("5x3x3xf32 5x3x4xf32", "5x3x4xf32", _SOLVE),
    "while": Case("i32 4xf32", "i32 4xf32", {}, ("i32 4xf32 -> i1", "i32 4xf32 -> i32 4xf32")),
}


def attrs(**changes: Any) -> dict[str, Any]:
    """A change of attributes alone."""
    return {"attrs": changes}


_BATCHED = [
    ("C1", attrs(collapsed_slice_dims=())),
    ("C2", attrs(index_vector_dim=-1)),
    ("C2", attrs(index_vector_dim=4)),
    ("C3", attrs(start_index_map=(1, 2))),
    ("C5", attrs(offset_dims=(3,))),
    ("C5", attrs(offset_dims=(-1,))),
    ("C6", attrs(collapsed_slice_dims=(0,))),
    ("C8", attrs(collapsed_slice_dims=(3,))),
    ("C8", attrs(collapsed_slice_dims=(-1,))),
    ("C11", attrs(operand_batching_dims=(3,))),
    ("C13", attrs(start_indices_batching_dims=(0, 0))),
    ("C14", attrs(start_indices_batching_dims=(3,))),
    ("C15", attrs(start_indices_batching_dims=(2,))),
    ("C16", attrs(start_indices_batching_dims=())),
    ("C17", attrs(start_indices_batching_dims=(1,))),
    ("C18", attrs(start_index_map=(0,))),
    ("C19", attrs(start_index_map=(3,))),
    ("C19", attrs(start_index_map=(-1,))),
]
_WINDOWED = [
    ("C1", {"operands": "1x4x4x4xf32 3x3x2xf32"}),
    ("C2", attrs(window_strides=(4,))),
    ("C3", attrs(window_strides=(4, 0))),
    ("C5", attrs(lhs_dilation=(2, 2, 2))),
    ("C6", attrs(lhs_dilation=(0, 2))),
    ("C7", attrs(rhs_dilation=())),
    ("C8", attrs(rhs_dilation=(1, -1))),
    ("C9", attrs(window_reversal=(True,))),
    ("C10", attrs(feature_group_count=1, batch_group_count=3)),
    ("C11", attrs(feature_group_count=3)),
    ("C12", attrs(input_spatial_dimensions=(1,))),
    ("C13", attrs(input_spatial_dimensions=(1, 3))),
    ("C13", attrs(input_spatial_dimensions=(1, 4))),
    ("C14", {"operands": "1x4x4x4xf32 3x3x1x6xf32"}),
    ("C16", {"operands": "1x4x4x4xf32 3x3x2x5xf32"}),
    ("C17", attrs(kernel_spatial_dimensions=(0, 1, 4))),
    ("C18", attrs(kernel_spatial_dimensions=(0, 0))),
    ("C18", attrs(kernel_output_feature_dimension=-1)),
    ("C19", attrs(output_spatial_dimensions=(1,))),
    ("C20", attrs(output_batch_dimension=3)),
    ("C20", attrs(output_spatial_dimensions=(1, 7))),
    ("C21", attrs(feature_group_count=0)),
    ("C22", attrs(batch_group_count=0)),
    ("C23", attrs(batch_group_count=2)),
    ("C24", attrs(precision_config=("HIGH",) * 3)),
    ("C25", {"results": "1x2x2x5xf32"}),
    ("C27", {"operands": "1x4x4x4xf32 3x3x2x6xf16"}),
]

BROKEN: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "batch_norm_grad": [
        ("C1", attrs(feature_index=2)),
        ("C1", attrs(feature_index=-1)),
        ("C2", {"operands": "2x3xf32 3xf16 3xf32 3xf32 2x3xf32"}),
        ("C2", {"operands": "2x3xf32 3xf32 3xf32 3xf32 2x3xf64"}),
        ("C3", {"operands": "2x3xf32 3xf32 3xf32 3xf32 3x2xf32"}),
        ("C3", {"results": "3x2xf32 3xf32 3xf32"}),
        ("C4", {"operands": "2x3xf32 3xf32 2xf32 3xf32 2x3xf32"}),
        ("C4", {"operands": "2x3xf32 3xf32 3xf32 4xf32 2x3xf32"}),
        ("C5", {"operands": "2x3xf32 2xf32 3xf32 3xf32 2x3xf32"}),
        ("I1", {"operands": "2x3xi32 3xi32 3xi32 3xi32 2x3xi32"}),
    ],
    "batch_norm_inference": [
        ("C1", attrs(feature_index=2)),
        ("C2", {"operands": "2x3xf32 3xf32 3xf32 3xf32 3xf64"}),
        ("C3", {"operands": "2x3xf32 2xf32 3xf32 3xf32 3xf32"}),
        ("C4", {"operands": "2x3xf32 3xf32 2xf32 3xf32 3xf32"}),
        ("C5", {"operands": "2x3xf32 3xf32 3xf32 2xf32 3xf32"}),
        ("C6", {"operands": "2x3xf32 3xf32 3xf32 3xf32 3x1xf32"}),
        ("C7", {"results": "2x3xf64"}),
    ],
    "batch_norm_training": [
        ("C1", attrs(feature_index=2)),
        ("C2", {"operands": "2x3xf32 3xbf16 3xf32"}),
        ("C3", {"operands": "2x3xf32 2xf32 3xf32"}),
        ("C4", {"operands": "2x3xf32 3xf32 2xf32"}),
        ("C7", {"results": "3x2xf32 3xf32 3xf32"}),
    ],
    "case": [
        ("C1", {"regions": ()}),
        ("C2", {"regions": ("-> f32 i8", "f32 -> f32 i8")}),
        ("C3", {"regions": ("-> f32 i8", "-> f32")}),
        ("C4", {"results": "f32 i16"}),
        ("I1", {"operands": "1xi32"}),
        ("I1", {"operands": "i64"}),
    ],
    "cholesky": [
        ("C1", {"results": "5x3x3xf32"}),
        ("C2", {"operands": "3xf64"}),
        ("C3", {"operands": "3x5xf64"}),
        ("I1", {"operands": "3x3xi32"}),
    ],
    "convolution": [
        *_WINDOWED,
        ("C4", attrs(padding=((1, 1),))),
        ("C4", attrs(padding=((1, 1, 1), (1, 1, 1)))),
        (
            "C15",
            {
                "operands": "4x4x4x2xf32 3x3x2x6xf32",
                **attrs(feature_group_count=1, batch_group_count=4),
            },
        ),
    ],
    "dynamic_broadcast_in_dim": [
        ("C1", {"results": "2x5x3xf16"}),
        ("C2", attrs(broadcast_dimensions=(0,))),
        ("C3", attrs(broadcast_dimensions=(0, 3))),
        ("C4", attrs(broadcast_dimensions=(0, 0))),
        ("C5", attrs(broadcast_dimensions=(1, 2))),
        ("C6", {"operands": "2x1xf32 2xi64"}),
        ("C7", attrs(known_expanding_dimensions=(0,))),
        ("C8", attrs(known_expanding_dimensions=(2,))),
        ("C9", attrs(known_nonexpanding_dimensions=(-1,))),
    ],
    "dynamic_conv": [
        *[
            (n, {k: f"{v} 2x2xi64" if k == "operands" else v for k, v in c.items()})
            for n, c in _WINDOWED
        ],
        ("C4", {"operands": "1x4x4x4xf32 3x3x2x6xf32 2x3xi64"}),
        ("C26", {"results": "1x2x2xf32"}),
    ],
    "dynamic_gather": [
        *[
            (n, {k: f"{v} 3xi64" if k == "operands" else v for k, v in c.items()})
            for n, c in _BATCHED
        ],
        ("C20", {"operands": "2x3x4xi32 2x5x1xi64 2xi64"}),
        ("C21", {"results": "2x5x9xi32"}),
        ("C22", {"results": "2x4x2xi32"}),
        ("I2", {"operands": "2x3x4xi32 2x5x1xf32 3xi64"}),
    ],
    "dynamic_iota": [
        ("C1", attrs(iota_dimension=2)),
        ("C1", attrs(iota_dimension=-1)),
        ("C2", {"operands": "3xi64"}),
    ],
    "dynamic_pad": [
        ("C1", {"operands": "2x3xi8 i16 2xi64 2xi64 2xi64"}),
        ("C1", {"results": "4x5xi16"}),
        ("C2", {"operands": "2x3xi8 i8 2xi64 3xi64 2xi64"}),
        ("C4", {"results": "4xi8"}),
        ("I2", {"operands": "2x3xi8 1xi8 2xi64 2xi64 2xi64"}),
    ],
    "dynamic_reshape": [
        ("C1", {"results": "6xi16"}),
        ("C2", {"results": "7xi8"}),
        ("C3", {"operands": "2x3xi8 2xi64"}),
    ],
    "dynamic_slice": [
        ("C1", {"results": "2x3xf16"}),
        ("C2", {"operands": "4x4xf32 i64"}),
        ("C2", attrs(slice_sizes=(2,))),
        ("C3", {"operands": "4x4xf32 i64 i32"}),
        ("C4", attrs(slice_sizes=(2, 5))),
        ("C4", attrs(slice_sizes=(-1, 3))),
        ("C5", {"results": "3x3xf32"}),
        ("I2", {"operands": "4x4xf32 i64 1xi64"}),
        ("I2", {"operands": "4x4xf32 f32 f32"}),
    ],
    "dynamic_update_slice": [
        ("C1", {"results": "4x5xf32"}),
        ("C2", {"operands": "4x4xf32 2x3xf16 i64 i64"}),
        ("C3", {"operands": "4x4xf32 2xf32 i64 i64"}),
        ("C4", {"operands": "4x4xf32 2x3xf32 i64"}),
        ("C5", {"operands": "4x4xf32 2x3xf32 i64 i8"}),
        ("C6", {"operands": "4x4xf32 2x5xf32 i64 i64"}),
        ("I3", {"operands": "4x4xf32 2x3xf32 2xi64 2xi64"}),
    ],
    "gather": [
        *_BATCHED,
        (
            "C4",
            {
                "operands": "4x4xi32 5x1xi64",
                "results": "4x5x4xi32",
                **attrs(
                    offset_dims=(2, 0),
                    collapsed_slice_dims=(),
                    operand_batching_dims=(),
                    start_indices_batching_dims=(),
                    start_index_map=(0,),
                    index_vector_dim=1,
                    slice_sizes=(4, 4),
                ),
            },
        ),
        ("C7", attrs(offset_dims=(), collapsed_slice_dims=(2, 1))),
        ("C9", attrs(slice_sizes=(1, 2, 2))),
        (
            "C10",
            attrs(
                collapsed_slice_dims=(),
                operand_batching_dims=(1, 0),
                start_indices_batching_dims=(1, 0),
            ),
        ),
        ("C12", attrs(slice_sizes=(2, 1, 2))),
        ("C20", attrs(slice_sizes=(1, 1))),
        ("C21", attrs(slice_sizes=(1, 1, 5))),
        ("C21", attrs(slice_sizes=(1, 1, -1))),
        ("C22", {"results": "2x5x3xi32"}),
        ("C23", {"results": "2x5x2xi16"}),
        ("I2", {"operands": "2x3x4xi32 2x5x1xf32"}),
    ],
    "get_dimension_size": [
        ("C1", attrs(dimension=2)),
        ("C1", attrs(dimension=-1)),
    ],
    "if": [
        ("C1", {"regions": ("i8 -> f32", "-> f32")}),
        ("C1", {"regions": ("-> f32", "i8 -> f32")}),
        ("C2", {"regions": ("-> f32", "-> f16")}),
        ("C3", {"results": "f16"}),
        ("I1", {"operands": "1xi1"}),
        ("I1", {"operands": "i8"}),
    ],
    "imag": [("C1", {"results": "5xf32"}), ("I1", {"operands": "4xi32"})],
    "map": [
        ("C1", {"operands": "2x3xf32 2xi8"}),
        ("C2", {"operands": ""}),
        ("C3", attrs(dimensions=(1, 0))),
        ("C3", attrs(dimensions=(0,))),
        ("C4", {"regions": ("f32 -> i1",)}),
        ("C4", {"regions": ("f32 i16 -> i1",)}),
        ("C4", {"regions": ("f32 1xi8 -> i1",)}),
        ("C4", {"regions": ("f32 i8 -> i1 i1",)}),
        ("C4", {"regions": ("f32 i8 -> 2xi1",)}),
        ("C4", {"results": "2xi1"}),
    ],
    "optimization_barrier": [("C1", {"results": "f32"}), ("C1", {"results": "f32 3xi8"})],
    "real": [("C1", {"results": "5xf32"}), ("I1", {"operands": "4xi32"})],
    "real_dynamic_slice": [
        ("", {"operands": "4x4xf32 3xi64 3xi64 3xi64"}),
        ("", {"operands": "4x4xf32 2xi64 2xi32 2xi64"}),
        ("", {"results": "2xf32"}),
        ("", {"results": "2x3xf16"}),
    ],
    "reduce": [
        ("C1", {"operands": "2x3xi8 3x2xf32 i8 f32"}),
        ("C2", {"operands": "2x3xi8 2x3xf32 i16 f32"}),
        ("C3", {"operands": "2x3xi8 2x3xf32 i8"}),
        ("C3", {"operands": ""}),
        ("C4", attrs(dimensions=(2,))),
        ("C4", attrs(dimensions=(-1,))),
        ("C5", attrs(dimensions=(1, 1))),
        ("C6", {"regions": ("i32 f32 i32 -> i32 f32",)}),
        ("C6", {"regions": ("i32 f32 i32 f32 -> i32",)}),
        ("C6", {"regions": ("i32 f16 i32 f16 -> i32 f16",)}),
        ("C6", {"regions": ("i32 f32 i8 f32 -> i32 f32",)}),
        ("C6", {"regions": ("1xi32 f32 1xi32 f32 -> 1xi32 f32",)}),
        ("C6", {"regions": ("f32 f32 f32 f32 -> f32 f32",)}),
        ("C7", {"results": "3xi32 2xf32"}),
        ("C8", {"results": "2xi8 2xf32"}),
        ("I2", {"operands": "2x3xi8 2x3xf32 1xi8 f32"}),
    ],
    "reduce_window": [
        ("C1", {"operands": "3x2xi8 3x2xf32 i8"}),
        ("C2", {"operands": "3x2xi8 2x3xf32 i8 f32"}),
        ("C3", {"operands": "3x2xi8 3x2xf32 i8 f16"}),
        ("C4", attrs(window_dimensions=(2,))),
        ("C5", attrs(window_dimensions=(2, 0))),
        ("C6", attrs(window_strides=(4, 1, 1))),
        ("C7", attrs(window_strides=(4, 0))),
        ("C8", attrs(base_dilations=(2,))),
        ("C9", attrs(base_dilations=(0, 1))),
        ("C10", attrs(window_dilations=(3,))),
        ("C11", attrs(window_dilations=(3, 0))),
        ("C12", attrs(padding=((2, 1),))),
        ("C12", attrs(padding=((2,), (0,)))),
        ("C13", {"regions": ("i32 f32 -> i32 f32",)}),
        ("C13", {"regions": ("i32 f32 i32 f32 ->",)}),
        ("C13", {"regions": ("i32 f16 i32 f16 -> i32 f16",)}),
        ("C14", {"results": "2x2xi32 2x3xf32"}),
        ("C15", {"results": "3x2xi32 3x2xf32"}),
        ("C16", {"results": "2x2xi8 2x2xf32"}),
        ("I2", {"operands": "3x2xi8 3x2xf32 i8 1xf32"}),
    ],
    "rng_bit_generator": [
        ("C1", {"results": "3xui64 3x4xui32"}),
        ("C2", {"operands": "3xui64", "results": "3xui64 3x4xui32"}),
        ("C2", {"operands": "4xui64", **attrs(rng_algorithm="PHILOX")}),
        ("I1", {"operands": "2xi64"}),
        ("I2", {"operands": "1x2xui64"}),
    ],
    "scatter": [
        ("C1", {"operands": "2x3x4xi8 2x3x5xi8 2x5x1xi64 2x5x2xi8 2x5x2xi8"}),
        ("C2", attrs(inserted_window_dims=())),
        ("C3", {"operands": "2x3x4xi8 2x3x4xi8 2x5x1xi64 2x5x2xi8 2x5x3xi8"}),
        ("C4", {"operands": "2x3x4xi8 2x5x1xi64 2x5x5xi8"}),
        ("C4", {"operands": "2x3x4xi8 2x5x1xi64 2x4x2xi8"}),
        ("C4", {"operands": "2x3x4xi8 2x5x1xi64 2x5x2x1xi8"}),
        ("C5", {"operands": "2x3x4xi8 2x5x1xi64"}),
        ("C5", {"operands": "2x3x4xi8 2x3x4xi8 2x5x1xi64 2x5x2xi8"}),
        ("C6", {"operands": "2x3x4xi8 2x5x1xi64 2x5x2xi16"}),
        ("C7", attrs(update_window_dims=(2, 1), inserted_window_dims=())),
        ("C7", attrs(update_window_dims=(2, 2), inserted_window_dims=())),
        ("C8", attrs(update_window_dims=(3,))),
        ("C8", attrs(update_window_dims=(-1,))),
        ("C9", attrs(inserted_window_dims=(0,))),
        ("C10", attrs(update_window_dims=(), inserted_window_dims=(2, 1))),
        ("C11", attrs(inserted_window_dims=(3,))),
        (
            "C12",
            attrs(
                inserted_window_dims=(),
                input_batching_dims=(1, 0),
                scatter_indices_batching_dims=(1, 0),
            ),
        ),
        ("C13", attrs(input_batching_dims=(3,))),
        ("C14", attrs(scatter_indices_batching_dims=(0, 0))),
        ("C15", attrs(scatter_indices_batching_dims=(3,))),
        ("C16", attrs(scatter_indices_batching_dims=(2,))),
        ("C17", attrs(scatter_indices_batching_dims=())),
        ("C18", attrs(scatter_indices_batching_dims=(1,))),
        ("C19", attrs(scatter_dims_to_operand_dims=(1, 2))),
        ("C20", attrs(scatter_dims_to_operand_dims=(0,))),
        ("C21", attrs(scatter_dims_to_operand_dims=(3,))),
        ("C22", attrs(index_vector_dim=4)),
        ("C22", attrs(index_vector_dim=-1)),
        ("C23", {"regions": ("i32 -> i32",)}),
        ("C23", {"regions": ("i32 i32 -> i32 i32",)}),
        ("C23", {"regions": ("i32 i16 -> i32",)}),
        ("C23", {"regions": ("f32 f32 -> f32",)}),
        ("C24", {"results": "2x3x5xi32"}),
        ("C25", {"results": "2x3x4xi8"}),
        ("I2", {"operands": "2x3x4xi8 2x5x1xf32 2x5x2xi8"}),
    ],
    "select_and_scatter": [
        ("C1", {"operands": "4x2xi8 2x2xi16 i8"}),
        ("C2", {"operands": "4x2xi8 3x2xi8 i8"}),
        ("C3", {"operands": "4x2xi8 2x2xi8 i16"}),
        ("C4", attrs(window_dimensions=(3,))),
        ("C5", attrs(window_dimensions=(0, 1))),
        ("C6", attrs(window_strides=(2,))),
        ("C7", attrs(window_strides=(2, 0))),
        ("C8", attrs(padding=((0, 1),))),
        ("C8", attrs(padding=((0, 1, 2), (0, 0, 0)))),
        ("C9", {"regions": ("i8 -> i1", "i32 i32 -> i32")}),
        ("C9", {"regions": ("i32 i32 -> i1", "i32 i32 -> i32")}),
        ("C9", {"regions": ("i8 i8 -> i8", "i32 i32 -> i32")}),
        ("C9", {"regions": ("i8 i8 -> 1xi1", "i32 i32 -> i32")}),
        ("C10", {"regions": ("i8 i8 -> i1", "i32 -> i32")}),
        ("C10", {"regions": ("i8 i8 -> i1", "i32 i32 ->")}),
        ("C10", {"regions": ("i8 i8 -> i1", "f32 f32 -> f32")}),
        ("C11", {"results": "4x3xi32"}),
        ("C12", {"results": "4x2xi8"}),
        ("I3", {"operands": "4x2xi8 2x2xi8 1xi8"}),
    ],
    "sort": [
        ("C1", {"operands": "", "results": ""}),
        ("C2", {"results": "3x4xf16 3x4xi16"}),
        ("C3", {"operands": "3x4xf16 4x3xi8"}),
        ("C4", attrs(dimension=2)),
        ("C4", attrs(dimension=-3)),
        ("C5", {"regions": ("f16 f16 -> i1",)}),
        ("C5", {"regions": ("f16 i8 f16 i8 -> i1",)}),
        ("C5", {"regions": ("f16 f16 i8 i8 -> i1 i1",)}),
        ("C5", {"regions": ("f16 f16 i8 i8 -> i8",)}),
    ],
    "triangular_solve": [
        ("C1", {"operands": "5x3x3xf32 5x3x4xf64"}),
        ("C2", {"operands": "3xf32 3xf32"}),
        ("C2", {"operands": "5x3x3xf32 3x4xf32"}),
        ("C3", {"operands": "5x3x3xf32 6x3x4xf32"}),
        ("C3", {"operands": "5x3x2xf32 5x3x4xf32"}),
        ("C3", {"operands": "5x3x3xf32 5x4x3xf32"}),
        ("C3", attrs(left_side=False)),
        ("C4", {"results": "5x3x4xf64"}),
        ("I1", {"operands": "5x3x3xi32 5x3x4xi32"}),
    ],
    "while": [
        ("C1", {"regions": ("i32 -> i1", "i32 4xf32 -> i32 4xf32")}),
        ("C1", {"regions": ("i32 4xf32 -> 1xi1", "i32 4xf32 -> i32 4xf32")}),
        ("C1", {"regions": ("i32 4xf32 -> i1 i1", "i32 4xf32 -> i32 4xf32")}),
        ("C2", {"regions": ("i32 4xf32 -> i1", "i32 5xf32 -> i32 4xf32")}),
        ("C2", {"regions": ("i32 4xf32 -> i1", "i32 4xf32 -> i32")}),
        ("C3", {"results": "i32 5xf32"}),
    ],
}

# Constraints of one result type that are checked by one comparison, under the number of the first.
TOGETHER = {
    "gather": {"C23": "C22"},
    "reduce": {"C8": "C7"},
    "reduce_window": {"C14": "C15", "C16": "C15"},
    "scatter": {"C25": "C24"},
    "select_and_scatter": {"C12": "C11"},
    "dynamic_slice": {"C1": "C5"},
}


@pytest.mark.parametrize("op", sorted(VALID))
def test_a_good_instance_is_accepted(op: str) -> None:
    case = VALID[op]
    assert case.infer(op) == types(case.results)


@pytest.mark.parametrize(
    ("op", "number", "change"), [(op, n, c) for op, rows in BROKEN.items() for n, c in rows]
)
def test_each_constraint_is_enforced_by_number(
    op: str, number: str, change: dict[str, Any]
) -> None:
    change = dict(change)
    case = VALID[op]
    if "attrs" in change:
        change["attrs"] = case.attrs | change["attrs"]
    wanted = TOGETHER.get(op, {}).get(number, number)
    with pytest.raises(VerifyError) as e:
        replace(case, **change).infer(op)
    assert e.value.message.startswith(f"{op}: ({wanted}) " if wanted else f"{op}: ")


def test_every_op_of_these_families_is_here() -> None:
    families = {"control", "dynamic", "gather", "linalg", "norm", "random", "scatter", "sort"}
    families |= {"window", "convolution"}
    assert {o.name for o in OPS.values() if o.family in families} | {"reduce"} == set(VALID)
    assert set(BROKEN) == set(VALID)


def test_without_stated_results_the_types_are_inferred() -> None:
    for op in ("convolution", "gather", "scatter", "sort", "while", "reduce_window", "case"):
        case = VALID[op]
        row = OPS[op]
        full = {a.name: case.attrs.get(a.name, a.default) for a in row.attrs}
        regions = tuple(map(body, case.regions))
        found = infer(op, types(case.operands), row.fill(full), regions=regions)
        assert found == types(case.results)


def test_captured_values_are_no_block_arguments() -> None:
    """The last parameters of a body are outer values; without them it has too many arguments."""
    region = body("f32 f32 i8 -> f32")
    full = {"dimensions": (0,)}
    assert infer("reduce", types("4xf32 f32"), full, regions=[region], captures=1) == types("f32")
    with pytest.raises(VerifyError, match=r"\(C6\)"):
        infer("reduce", types("4xf32 f32"), full, regions=[region])


@pytest.mark.parametrize(
    ("algorithm", "error"),
    [
        ("lhs_component_count = 0", r"\(C22\)"),
        ("rhs_component_count = 0", r"\(C23\)"),
        ("num_primitive_operations = 0", r"\(C24\)"),
        ("lhs_precision_type = f32", "there is no algorithm"),
        ("accumulation_type = f16", "there is no algorithm"),
        ("allow_imprecise_accumulation = true", "there is no algorithm"),
    ],
)
def test_algorithms_of_dot_general(algorithm: str, error: str) -> None:
    fields = {
        "lhs_precision_type": "tf32",
        "rhs_precision_type": "tf32",
        "accumulation_type": "f32",
        "lhs_component_count": "1",
        "rhs_component_count": "1",
        "num_primitive_operations": "3",
        "allow_imprecise_accumulation": "false",
    }
    name, value = algorithm.split(" = ")
    fields[name] = value
    spelled = ", ".join(f"{k} = {v}" for k, v in fields.items())
    text = (
        "func.func @main(%a: tensor<4xf32>) -> tensor<f32> {\n"
        '  %0 = "stablehlo.dot_general"(%a, %a) <{dot_dimension_numbers = #stablehlo.dot<'
        "lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>,\n"
        f"    algorithm = #stablehlo.dot_algorithm<{spelled}>}}> "
        ": (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>\n"
        "  return %0 : tensor<f32>\n}\n"
    )
    with pytest.raises((VerifyError, UnsupportedError), match=error) as e:
        parse(text)
    assert e.value.where is not None
    assert e.value.where.line == 3
