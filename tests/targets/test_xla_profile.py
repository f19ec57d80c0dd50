"""Each entry of XLA's profile that is not a choice of the specification, with the smallest program
that shows it; and that it explains nothing else.
"""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import Array
from compiler.text import parse
from verify.bounds.leeway import LEEWAYS
from verify.deviations import explain_crash
from verify.examine import Examination, examine
from verify.targets.xla import Xla
from verify.targets.xla_profile import PROFILE

pytest.importorskip("jaxlib")


@pytest.fixture(scope="module")
def xla():
    target = Xla()
    yield target
    target.worker.close()


def ask(xla: Xla, signature: str, body: str, *inputs: Array) -> Examination:
    return examine(parse(f"func.func @main{signature} {{ {body} }}"), inputs, xla)


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
def test_the_smallest_program_is_explained_by_name(xla: Xla, name: str) -> None:
    signature, body, inputs = SHOWN[name]
    found = ask(xla, signature, body, *map(np.asarray, inputs))
    assert (found.kind, found.deviations) == ("explained", (name,)), found.note


def shared_scatter(first: str) -> tuple[str, str]:
    """A scatter into two inputs, the second of them %a, that kills the process if both are."""
    t, u = "tensor<33x9xi8>", "tensor<17x2xi8>"
    signature = f"(%a: {t}, %b: {t}, %u: {u}) -> ({t}, {t})"
    body = f"""%i = stablehlo.constant dense<0> : tensor<2x1xi32>
      %0:2 = "stablehlo.scatter"({first}, %a, %i, %u, %u) ({{
        ^bb0(%p: tensor<i8>, %q: tensor<i8>, %r: tensor<i8>, %s: tensor<i8>):
          %1 = stablehlo.add %p, %r : tensor<i8>
          %2 = stablehlo.add %q, %s : tensor<i8>
          stablehlo.return %1, %2 : tensor<i8>, tensor<i8>
        }}) {{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [0],
          inserted_window_dims = [1], scatter_dims_to_operand_dims = [1], index_vector_dim = 1>}}
        : ({t}, {t}, tensor<2x1xi32>, {u}, {u}) -> ({t}, {t})
      return %0#0, %0#1 : {t}, {t}"""
    return signature, body


def test_a_program_that_spoils_memory_has_a_process_of_its_own(xla: Xla) -> None:
    """Whether it dies there, and where, differs from run to run."""
    early = (
        "(%a: tensor<282xf32>, %b: tensor<29xf32>, %i: tensor<i8>) -> tensor<282xf32>",
        """%0 = stablehlo.dynamic_update_slice %a, %b, %i
          : (tensor<282xf32>, tensor<29xf32>, tensor<i8>) -> tensor<282xf32>
        return %0 : tensor<282xf32>""",
    )
    slices = np.zeros(282, np.float32), np.ones(29, np.float32), np.array(0, np.int8)
    for _ in range(3):
        found = ask(xla, *early, *slices)
        assert (found.kind, found.deviations) == ("explained", ("clamps-starts-in-their-type",))
        assert xla.worker.pid is None


@pytest.mark.parametrize(("first", "kind"), [("%a", "explained"), ("%b", "identical")])
def test_a_scatter_into_one_buffer_may_be_deadly(xla: Xla, first: str, kind: str) -> None:
    x, y, u = (np.full(s, k, np.int8) for k, s in enumerate([(33, 9), (33, 9), (17, 2)]))
    found = ask(xla, *shared_scatter(first), x, y, u)
    assert found.kind == kind


@pytest.mark.parametrize("note", ["the process died: SIGFPE", "INTERNAL: SIGABRT"])
def test_only_deaths_of_memory_are_explained_by_spoilt_memory(note: str) -> None:
    signature, body = shared_scatter("%a")
    module = parse(f"func.func @main{signature} {{ {body} }}")
    assert explain_crash(PROFILE, module, note) is None


def test_a_wider_scatter_in_a_branch_is_declined_by_name(xla: Xla) -> None:
    body = """%0 = "stablehlo.if"(%c) ({
        %1 = "stablehlo.scatter"(%a, %i, %u) ({
          ^bb0(%x: tensor<f32>, %y: tensor<f32>):
            %2 = stablehlo.add %x, %y : tensor<f32>
            stablehlo.return %2 : tensor<f32>
          }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
            scatter_dims_to_operand_dims = [0]>}
          : (tensor<1xf16>, tensor<1xi32>, tensor<f16>) -> tensor<1xf32>
        stablehlo.return %1 : tensor<1xf32>
      }, {
        %1 = stablehlo.constant dense<0.0> : tensor<1xf32>
        stablehlo.return %1 : tensor<1xf32>
      }) : (tensor<i1>) -> tensor<1xf32>
      return %0 : tensor<1xf32>"""
    signature = "(%c: tensor<i1>, %a: tensor<1xf16>, %i: tensor<1xi32>, %u: tensor<f16>)"
    x, i, u = np.zeros(1, np.float16), np.zeros(1, np.int32), np.array(0, np.float16)
    found = ask(xla, f"{signature} -> tensor<1xf32>", body, np.array(True), x, i, u)
    assert (found.kind, found.deviations) == ("explained", ("rejects-wider-scatter",))


@pytest.mark.parametrize(("init", "kind"), [(0, "violation"), (1, "explained")])
def test_only_an_init_that_is_not_neutral_excuses_another_sum(
    monkeypatch: pytest.MonkeyPatch, xla: Xla, init: int, kind: str
) -> None:
    """XLA's answer is put in the place of a wrong one."""
    wrong = np.array(99, np.int32)
    monkeypatch.setattr(xla, "_ask", lambda function, *_: [wrong] if "run" in function else None)
    body = f"""%i = stablehlo.constant dense<{init}> : tensor<i32>
      %0 = stablehlo.reduce(%a init: %i) applies stablehlo.add across dimensions = [0]
        : (tensor<3xi32>, tensor<i32>) -> tensor<i32>
      return %0 : tensor<i32>"""
    found = ask(xla, "(%a: tensor<3xi32>) -> tensor<i32>", body, np.array([1, 2, 3], np.int32))
    assert found.kind == kind


@pytest.mark.parametrize(("dimension", "kind"), [(1, "violation"), (-1, "explained")])
def test_only_a_negative_dimension_excuses_a_dropped_sort(
    monkeypatch: pytest.MonkeyPatch, xla: Xla, dimension: int, kind: str
) -> None:
    """XLA drops it in one process of many: its answer there is put in the place of the other."""
    x = np.array([[2, 1]], np.int32)
    monkeypatch.setattr(xla, "_ask", lambda function, *_: [x] if "run" in function else None)
    body = f"""%0 = "stablehlo.sort"(%a) <{{dimension = {dimension} : i64, is_stable = true}}> ({{
      ^bb0(%x: tensor<i32>, %y: tensor<i32>):
        %1 = stablehlo.compare LT, %x, %y : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %1 : tensor<i1>
      }}) : (tensor<1x2xi32>) -> tensor<1x2xi32>
      return %0 : tensor<1x2xi32>"""
    assert ask(xla, "(%a: tensor<1x2xi32>) -> tensor<1x2xi32>", body, x).kind == kind


def test_entries_are_named_once_reasoned_and_do_something() -> None:
    names = [d.name for d in PROFILE.deviations]
    assert len(set(names)) == len(names)
    for d in PROFILE.deviations:
        assert d.reason
        assert d.source
        assert d.leeways <= LEEWAYS.keys()
        assert d.leeways or d.contract or d.symptom or d.widens


def test_a_capture_in_a_reduction_is_declined(xla: Xla) -> None:
    text = """func.func @main(%a: tensor<3xi32>, %b: tensor<i32>) -> tensor<i32> {
      %0 = stablehlo.reduce(%a init: %b) across dimensions = [0]
        : (tensor<3xi32>, tensor<i32>) -> tensor<i32>
        reducer(%x: tensor<i32>, %y: tensor<i32>) {
          %1 = stablehlo.and %x, %y : tensor<i32>
          %2 = stablehlo.and %1, %b : tensor<i32>
          stablehlo.return %2 : tensor<i32>
        }
      return %0 : tensor<i32>
    }"""
    found = examine(parse(text), [np.ones(3, np.int32), np.array(1, np.int32)], xla)
    assert found.kind == "unsupported"
