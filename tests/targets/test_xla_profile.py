"""Each entry of XLA's profile that is not a choice of the specification, with the smallest program
that shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest

from verify.bounds.leeway import LEEWAYS
from verify.examine import Examination
from verify.targets.xla_profile import PROFILE

pytest.importorskip("jaxlib")
Ask: TypeAlias = Callable[..., Examination]

SHOWN = {
    "folds-i1-sum-as-xor": (
        "() -> tensor<1xi1>",
        """%c = stablehlo.constant dense<true> : tensor<1xi1>
        %0 = stablehlo.add %c, %c : tensor<1xi1>
        return %0 : tensor<1xi1>""",
        (),
    ),
    "folds-i1-clamp-as-signed": (
        "() -> tensor<1xi1>",
        """%t = stablehlo.constant dense<true> : tensor<1xi1>
        %f = stablehlo.constant dense<false> : tensor<1xi1>
        %0 = stablehlo.clamp %t, %t, %f : tensor<1xi1>
        return %0 : tensor<1xi1>""",
        (),
    ),
    "folder-divides-by-zero": (
        "() -> tensor<1xi32>",
        """%c = stablehlo.constant dense<0> : tensor<1xi32>
        %0 = stablehlo.remainder %c, %c : tensor<1xi32>
        return %0 : tensor<1xi32>""",
        (),
    ),
    "folder-empties-concatenation": (
        "(%a: tensor<1xi32>, %b: tensor<0xi32>) -> tensor<0xi32>",
        """%0 = stablehlo.concatenate %a, %b, dim = 0
          : (tensor<1xi32>, tensor<0xi32>) -> tensor<1xi32>
        %1 = stablehlo.slice %0 [1:1] : (tensor<1xi32>) -> tensor<0xi32>
        return %1 : tensor<0xi32>""",
        (np.zeros(1, np.int32), np.zeros(0, np.int32)),
    ),
    "reverses-maps": (
        "(%a: tensor<2xf32>) -> tensor<2xf32>",
        """%c = stablehlo.constant dense<0.0> : tensor<2xf32>
        %0 = "stablehlo.map"(%a, %c) ({
          ^bb0(%x: tensor<f32>, %y: tensor<f32>):
            %2 = stablehlo.atan2 %x, %y : tensor<f32>
            %3 = stablehlo.minimum %2, %y : tensor<f32>
            stablehlo.return %3 : tensor<f32>
          }) {dimensions = array<i64: 0>} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
        %1 = stablehlo.reverse %0, dims = [0] : tensor<2xf32>
        return %1 : tensor<2xf32>""",
        (np.ones(2, np.float32),),
    ),
    "folds-negative-leading-zeros": (
        "() -> tensor<1xi32>",
        """%c = stablehlo.constant dense<-3> : tensor<1xi32>
        %0 = stablehlo.count_leading_zeros %c : tensor<1xi32>
        return %0 : tensor<1xi32>""",
        (),
    ),
    "assumes-no-signed-overflow": (
        "(%a: tensor<1xi8>) -> tensor<1xi1>",
        """%c = stablehlo.constant dense<0> : tensor<1xi8>
        %0 = stablehlo.multiply %a, %a : tensor<1xi8>
        %1 = stablehlo.compare GE, %0, %c : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi1>
        return %1 : tensor<1xi1>""",
        (np.array([12], np.int8),),
    ),
    "folds-reduction-to-scalar": (
        "(%a: tensor<1x1xi1>, %i: tensor<i1>) -> tensor<1xi1>",
        """%0 = stablehlo.reduce(%a init: %i) across dimensions = [1]
          : (tensor<1x1xi1>, tensor<i1>) -> tensor<1xi1>
          reducer(%x: tensor<i1>, %y: tensor<i1>) {
            %1 = stablehlo.or %x, %y : tensor<i1>
            %c = stablehlo.constant dense<true> : tensor<i1>
            %2 = stablehlo.or %1, %c : tensor<i1>
            stablehlo.return %2 : tensor<i1>
          }
        return %0 : tensor<1xi1>""",
        (np.zeros((1, 1), bool), np.zeros((), bool)),
    ),
    "skips-partial-windows": (
        "(%a: tensor<3xi32>, %i: tensor<1xi32>, %u: tensor<2xi32>) -> tensor<3xi32>",
        """%0 = "stablehlo.scatter"(%a, %i, %u) ({
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.add %x, %y : tensor<i32>
            stablehlo.return %1 : tensor<i32>
          }) {scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [0],
            scatter_dims_to_operand_dims = [0]>}
          : (tensor<3xi32>, tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
        return %0 : tensor<3xi32>""",
        (np.zeros(3, np.int32), np.array([2], np.int32), np.array([1, 2], np.int32)),
    ),
    "rejects-wider-scatter": (
        "(%a: tensor<3xi8>, %i: tensor<1xi32>, %u: tensor<i8>) -> tensor<3xi32>",
        """%0 = "stablehlo.scatter"(%a, %i, %u) ({
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.add %x, %y : tensor<i32>
            stablehlo.return %1 : tensor<i32>
          }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
            scatter_dims_to_operand_dims = [0]>}
          : (tensor<3xi8>, tensor<1xi32>, tensor<i8>) -> tensor<3xi32>
        return %0 : tensor<3xi32>""",
        (np.zeros(3, np.int8), np.array([2], np.int32), np.array(1, np.int8)),
    ),
    "folds-select-and-scatter-without-windows": (
        "(%s: tensor<0xi32>) -> tensor<1xi32>",
        """%c = stablehlo.constant dense<1> : tensor<i32>
        %a = stablehlo.constant dense<5> : tensor<1xi32>
        %0 = "stablehlo.select_and_scatter"(%a, %s, %c) ({
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.compare GE, %x, %y : (tensor<i32>, tensor<i32>) -> tensor<i1>
            stablehlo.return %1 : tensor<i1>
          }, {
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.multiply %x, %y : tensor<i32>
            stablehlo.return %1 : tensor<i32>
          }) {window_dimensions = array<i64: 2>}
          : (tensor<1xi32>, tensor<0xi32>, tensor<i32>) -> tensor<1xi32>
        return %0 : tensor<1xi32>""",
        (np.zeros(0, np.int32),),
    ),
    "applies-indexless-updates-once": (
        "(%a: tensor<i32>, %i: tensor<2x0xi32>, %u: tensor<2xi32>) -> tensor<i32>",
        """%0 = "stablehlo.scatter"(%a, %i, %u) ({
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            stablehlo.return %y : tensor<i32>
          }) {scatter_dimension_numbers = #stablehlo.scatter<index_vector_dim = 1>}
          : (tensor<i32>, tensor<2x0xi32>, tensor<2xi32>) -> tensor<i32>
        return %0 : tensor<i32>""",
        (np.array(0, np.int32), np.zeros((2, 0), np.int32), np.array([7, 7], np.int32)),
    ),
    "fuses-mulhi": (
        "(%a: tensor<2xi32>) -> tensor<2xi32>",
        """%0 = stablehlo.iota dim = 0 : tensor<2xi32>
        %1 = chlo.mulhi %a, %0 : tensor<2xi32>, tensor<2xi32> -> tensor<2xi32>
        return %1 : tensor<2xi32>""",
        (np.zeros(2, np.int32),),
    ),
    "broadcasts-nothing": (
        "(%a: tensor<0x1x1xf32>) -> tensor<0x1x2xf32>",
        """%0 = stablehlo.transpose %a, dims = [2, 0, 1]
          : (tensor<0x1x1xf32>) -> tensor<1x0x1xf32>
        %1 = stablehlo.broadcast_in_dim %0, dims = [2, 0, 1]
          : (tensor<1x0x1xf32>) -> tensor<0x1x2xf32>
        return %1 : tensor<0x1x2xf32>""",
        (np.zeros((0, 1, 1), np.float32),),
    ),
    "ignores-negative-padding": (
        "(%a: tensor<2x2x4xf32>) -> tensor<2x1x2xf32>",
        """%0 = stablehlo.convolution(%a, %a) dim_numbers = [0, b, f]x[o, 0, i]->[b, 0, f],
          window = {pad = [[-1, 1]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
          : (tensor<2x2x4xf32>, tensor<2x2x4xf32>) -> tensor<2x1x2xf32>
        return %0 : tensor<2x1x2xf32>""",
        (np.ones((2, 2, 4), np.float32),),
    ),
    "folds-convolution-saturating": (
        "() -> tensor<1x1x2xui8>",
        """%0 = stablehlo.constant dense<16> : tensor<2x2x1xui8>
        %1 = stablehlo.constant dense<[[[7]], [[15]]]> : tensor<2x1x1xui8>
        %2 = stablehlo.convolution(%0, %1) dim_numbers = [b, f, 0]x[i, o, 0]->[0, f, b],
          window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
          : (tensor<2x2x1xui8>, tensor<2x1x1xui8>) -> tensor<1x1x2xui8>
        return %2 : tensor<1x1x2xui8>""",
        (),
    ),
    "miscounts-unsigned-loops": (
        "(%a: tensor<f32>) -> tensor<ui8>",
        """%0 = stablehlo.constant dense<2> : tensor<ui8>
        %1 = stablehlo.constant dense<0> : tensor<ui8>
        %2:2 = stablehlo.while(%i = %0, %b = %a) : tensor<ui8>, tensor<f32>
        cond {
          %3 = stablehlo.compare GT, %i, %1 : (tensor<ui8>, tensor<ui8>) -> tensor<i1>
          stablehlo.return %3 : tensor<i1>
        } do {
          %3 = stablehlo.constant dense<0.0> : tensor<f32>
          %4 = stablehlo.constant dense<1> : tensor<ui8>
          %5 = stablehlo.subtract %i, %4 : tensor<ui8>
          stablehlo.return %5, %3 : tensor<ui8>, tensor<f32>
        }
        return %2#0 : tensor<ui8>""",
        (np.float32(0),),
    ),
    "masks-groups": (
        "(%a: tensor<5x5xf32>, %b: tensor<5x10xf32>) -> tensor<1x10xf32>",
        """%0 = stablehlo.convolution(%a, %b) dim_numbers = [b, f]x[i, o]->[b, f], window = {}
          {batch_group_count = 5 : i64, feature_group_count = 1 : i64}
          : (tensor<5x5xf32>, tensor<5x10xf32>) -> tensor<1x10xf32>
        return %0 : tensor<1x10xf32>""",
        (np.ones((5, 5), np.float32), np.where(np.eye(5, 10), np.nan, 1).astype(np.float32)),
    ),
    "orders-windows": (
        "(%a: tensor<2x2xi32>, %s: tensor<1x2xi32>, %i: tensor<i32>) -> tensor<2x2xi32>",
        """%0 = "stablehlo.select_and_scatter"(%a, %s, %i) ({
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.compare GT, %x, %y : (tensor<i32>, tensor<i32>) -> tensor<i1>
            stablehlo.return %1 : tensor<i1>
          }, {
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.add %x, %y : tensor<i32>
            stablehlo.return %1 : tensor<i32>
          }) {window_dimensions = array<i64: 2, 2>,
              padding = dense<[[0, 0], [0, 1]]> : tensor<2x2xi64>}
          : (tensor<2x2xi32>, tensor<1x2xi32>, tensor<i32>) -> tensor<2x2xi32>
        return %0 : tensor<2x2xi32>""",
        (
            np.array([[-1, 0], [0, -1]], np.int32),
            np.array([[1, 10]], np.int32),
            np.array(0, np.int32),
        ),
    ),
    "folds-exponential-of-nan": (
        "(%a: tensor<1xf32>) -> tensor<1xf32>",
        """%0 = stablehlo.constant dense<0x7FC00000> : tensor<1xf32>
        %1 = stablehlo.minimum %a, %0 : tensor<1xf32>
        %2 = stablehlo.exponential %1 : tensor<1xf32>
        %3 = stablehlo.maximum %2, %a : tensor<1xf32>
        return %3 : tensor<1xf32>""",
        (np.zeros(1, np.float32),),
    ),
    "folds-unsigned-starts-as-signed": (
        "() -> tensor<1xi32>",
        """%0 = stablehlo.constant dense<[1, 2]> : tensor<2xi32>
        %1 = stablehlo.constant dense<128> : tensor<ui8>
        %2 = stablehlo.dynamic_slice %0, %1, sizes = [1]
          : (tensor<2xi32>, tensor<ui8>) -> tensor<1xi32>
        return %2 : tensor<1xi32>""",
        (),
    ),
    "selects-by-products": (
        "(%a: tensor<i1>, %b: tensor<f32>) -> tensor<f32>",
        """%0 = stablehlo.convert %a : (tensor<i1>) -> tensor<f32>
        %1 = stablehlo.multiply %0, %b : tensor<f32>
        return %1 : tensor<f32>""",
        (np.array(False), np.array(np.nan, np.float32)),
    ),
    "drops-roots-of-squares": (
        "(%a: tensor<2xf32>) -> tensor<2xf32>",
        """%0 = stablehlo.multiply %a, %a : tensor<2xf32>
        %1 = stablehlo.sqrt %0 : tensor<2xf32>
        return %1 : tensor<2xf32>""",
        (np.array([1e-30, 1e30], np.float32),),
    ),
    "multiplies-out-quotients": (
        "(%a: tensor<f64>) -> tensor<f64>",
        """%0 = stablehlo.divide %a, %a : tensor<f64>
        %1 = stablehlo.divide %a, %0 : tensor<f64>
        return %1 : tensor<f64>""",
        (np.array(1e-200),),
    ),
    "inverts-integer-powers": (
        "(%a: tensor<i32>, %b: tensor<i32>, %c: tensor<i32>) -> tensor<i32>",
        """%0 = stablehlo.power %b, %c : tensor<i32>
        %1 = stablehlo.divide %a, %0 : tensor<i32>
        return %1 : tensor<i32>""",
        (np.array(7, np.int32), np.array(4, np.int32), np.array(1, np.int32)),
    ),
    "scatters-into-one-buffer": (
        "(%a: tensor<2xi32>, %u: tensor<2xi32>) -> (tensor<2xi32>, tensor<2xi32>)",
        """%0 = stablehlo.constant dense<[[0], [0]]> : tensor<2x1xi32>
        %1:2 = "stablehlo.scatter"(%a, %a, %0, %u, %u) ({
          ^bb0(%p: tensor<i32>, %q: tensor<i32>, %r: tensor<i32>, %s: tensor<i32>):
            %2 = stablehlo.xor %p, %r : tensor<i32>
            %3 = stablehlo.minimum %q, %s : tensor<i32>
            stablehlo.return %2, %3 : tensor<i32>, tensor<i32>
          }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
            scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}
          : (tensor<2xi32>, tensor<2xi32>, tensor<2x1xi32>, tensor<2xi32>, tensor<2xi32>)
            -> (tensor<2xi32>, tensor<2xi32>)
        return %1#0, %1#1 : tensor<2xi32>, tensor<2xi32>""",
        (np.array([1, 1], np.int32), np.array([2, 4], np.int32)),
    ),
    "clamps-starts-in-their-type": (
        "(%a: tensor<300xi8>, %b: tensor<4xi8>, %i: tensor<ui8>) -> tensor<300xi8>",
        """%0 = stablehlo.dynamic_update_slice %a, %b, %i
          : (tensor<300xi8>, tensor<4xi8>, tensor<ui8>) -> tensor<300xi8>
        return %0 : tensor<300xi8>""",
        (np.zeros(300, np.int8), np.ones(4, np.int8), np.array(100, np.uint8)),
    ),
    "forgets-powers-in-logarithms": (
        "(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2xf32>",
        """%0 = stablehlo.power %a, %b : tensor<2xf32>
        %1 = stablehlo.log %0 : tensor<2xf32>
        return %1 : tensor<2xf32>""",
        (np.array([-2, 6], np.float32), np.array([0.5, 100], np.float32)),
    ),
    **{
        f"joins-exponentials-by-{op}": (
            "(%a: tensor<100xf32>, %b: tensor<100xf32>) -> tensor<100xf32>",
            f"""%0 = stablehlo.exponential %a : tensor<100xf32>
            %1 = stablehlo.exponential %b : tensor<100xf32>
            %2 = stablehlo.{op} %0, {other} : tensor<100xf32>
            return %2 : tensor<100xf32>""",
            (np.linspace(40, 57, 100, dtype=np.float32), np.full(100, y, np.float32)),
        )
        for op, other, y in (("multiply", "%1", 30), ("divide", "%1", -30), ("power", "%b", 1.5))
    },
    "powers-of-powers-of-two": (
        "(%a: tensor<2xf32>) -> tensor<2xf32>",
        """%0 = stablehlo.constant dense<1024.0> : tensor<2xf32>
        %1 = stablehlo.power %0, %a : tensor<2xf32>
        return %1 : tensor<2xf32>""",
        (np.full(2, 9.504637, np.float32),),
    ),
    "adds-starts-unclamped": (
        "(%a: tensor<3xf32>, %i: tensor<i32>, %j: tensor<i32>) -> tensor<1xf32>",
        """%0 = stablehlo.dynamic_slice %a, %i, sizes = [2]
          : (tensor<3xf32>, tensor<i32>) -> tensor<2xf32>
        %1 = stablehlo.dynamic_slice %0, %j, sizes = [1]
          : (tensor<2xf32>, tensor<i32>) -> tensor<1xf32>
        return %1 : tensor<1xf32>""",
        (np.arange(3, dtype=np.float32), np.array(0, np.int32), np.array(2, np.int32)),
    ),
    "power-of-six-bits": (
        "(%a: tensor<i32>, %b: tensor<i32>) -> tensor<i32>",
        """%0 = stablehlo.power %a, %b : tensor<i32>
        return %0 : tensor<i32>""",
        (np.array(0, np.int32), np.array(64, np.int32)),
    ),
    "zeta-domain": (
        "(%a: tensor<f32>) -> tensor<f32>",
        """%0 = chlo.zeta %a, %a : tensor<f32>, tensor<f32> -> tensor<f32>
        return %0 : tensor<f32>""",
        (np.float32(0),),
    ),
    "imprecise-functions": (
        "(%a: tensor<f32>) -> tensor<f32>",
        """%0 = chlo.cosh %a : tensor<f32> -> tensor<f32>
        return %0 : tensor<f32>""",
        (np.float32(50.869812),),
    ),
    "imprecise-erf-inv": (
        "(%a: tensor<f32>) -> tensor<f32>",
        """%0 = chlo.erf_inv %a : tensor<f32> -> tensor<f32>
        return %0 : tensor<f32>""",
        (np.float32(0.99982947),),
    ),
    "mixed-product": (
        "(%a: tensor<i32>, %b: tensor<1xf32>) -> tensor<1xi32>",
        """%0 = stablehlo.dot_general %a, %b, contracting_dims = [] x []
          : (tensor<i32>, tensor<1xf32>) -> tensor<1xi32>
        return %0 : tensor<1xi32>""",
        (np.array(-2, np.int32), np.array([48.875], np.float32)),
    ),
    "rounds-twice": (
        "(%a: tensor<f64>) -> tensor<f16>",
        """%0 = stablehlo.convert %a : (tensor<f64>) -> tensor<f16>
        return %0 : tensor<f16>""",
        (np.array(2 + 2**-10 + 2**-40),),
    ),
    "indefinite-cholesky": (
        "(%a: tensor<3x3xf32>) -> tensor<3x3xf32>",
        """%0 = stablehlo.cholesky %a, lower = true : tensor<3x3xf32>
        return %0 : tensor<3x3xf32>""",
        (np.ones((3, 3), np.float32),),
    ),
    "select-and-scatter-of-scalar": (
        "(%a: tensor<i32>) -> tensor<i32>",
        """%0 = "stablehlo.select_and_scatter"(%a, %a, %a) ({
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.compare GE, %x, %y : (tensor<i32>, tensor<i32>) -> tensor<i1>
            stablehlo.return %1 : tensor<i1>
          }, {
          ^bb0(%x: tensor<i32>, %y: tensor<i32>):
            %1 = stablehlo.and %x, %y : tensor<i32>
            stablehlo.return %1 : tensor<i32>
          }) {window_dimensions = array<i64>}
          : (tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<i32>
        return %0 : tensor<i32>""",
        (np.array(1, np.int32),),
    ),
    "atan2-near-zero": (
        "(%a: tensor<1xf32>) -> tensor<1xf32>",
        """%0 = stablehlo.atan2 %a, %a : tensor<1xf32>
        return %0 : tensor<1xf32>""",
        (np.array([1e-38], np.float32),),
    ),
    "imprecise-log1p": (
        "(%a: tensor<200xf64>) -> tensor<200xf64>",
        """%0 = stablehlo.log_plus_one %a : tensor<200xf64>
        return %0 : tensor<200xf64>""",
        (np.linspace(-0.42, -0.29, 200),),
    ),
    "imprecise-gamma": (
        "(%a: tensor<200xf32>) -> tensor<200xf32>",
        """%0 = chlo.lgamma %a : tensor<200xf32> -> tensor<200xf32>
        return %0 : tensor<200xf32>""",
        (np.linspace(1.9, 2.1, 200, dtype=np.float32),),
    ),
    "integer-power": (
        "(%a: tensor<1xi32>) -> tensor<1xi32>",
        """%0 = stablehlo.power %a, %a : tensor<1xi32>
        return %0 : tensor<1xi32>""",
        (np.array([1597267998], np.int32),),
    ),
    "flushes-subnormals": (
        "(%a: tensor<1xf32>) -> tensor<1xf32>",
        """%0 = stablehlo.multiply %a, %a : tensor<1xf32>
        return %0 : tensor<1xf32>""",
        (np.array([1e-20], np.float32),),
    ),
    "reduce-schedule": (
        "(%a: tensor<f32>, %i: tensor<f32>) -> tensor<f32>",
        """%0 = stablehlo.reduce(%a init: %i) applies stablehlo.add across dimensions = []
          : (tensor<f32>, tensor<f32>) -> tensor<f32>
        return %0 : tensor<f32>""",
        (np.float32(1), np.float32(1)),
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_smallest_program_is_explained_by_name(ask: Ask, name: str) -> None:
    signature, body, inputs = SHOWN[name]
    found = ask(signature, body, *map(np.asarray, inputs))
    assert (found.kind, found.deviations) == ("explained", (name,)), found.note


def test_entries_are_named_once_reasoned_and_do_something() -> None:
    names = [d.name for d in PROFILE.deviations]
    assert len(set(names)) == len(names)
    for d in PROFILE.deviations:
        assert d.reason
        assert d.source
        assert d.leeways <= LEEWAYS.keys()
        assert d.leeways or d.contract or d.symptom or d.widens
