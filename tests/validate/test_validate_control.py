"""The prover on branches; it says of loops that it does not know."""

from __future__ import annotations

from compiler.pipeline import Options, optimize
from compiler.text import parse
from verify.validate import validate

BRANCHES = """
func.func @main(%i: tensor<i32>, %p: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %a = "stablehlo.case"(%i) ({
    %n = stablehlo.negate %x : tensor<4xf32>
    %m = stablehlo.negate %n : tensor<4xf32>
    stablehlo.return %m : tensor<4xf32>
  }, {
    %n = stablehlo.abs %x : tensor<4xf32>
    stablehlo.return %n : tensor<4xf32>
  }) : (tensor<i32>) -> tensor<4xf32>
  %b = "stablehlo.if"(%p) ({
    stablehlo.return %a : tensor<4xf32>
  }, {
    %n = stablehlo.optimization_barrier %x : tensor<4xf32>
    stablehlo.return %n : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}"""

LOOP = """
func.func @main(%n: tensor<i8>) -> tensor<i8> {
  %one = stablehlo.constant dense<1> : tensor<i8>
  %zero = stablehlo.constant dense<0> : tensor<i8>
  %r = stablehlo.while(%i = %n) : tensor<i8>
  cond {
    %p = stablehlo.compare GT, %i, %zero : (tensor<i8>, tensor<i8>) -> tensor<i1>
    stablehlo.return %p : tensor<i1>
  } do {
    %j = stablehlo.subtract %i, %one : tensor<i8>
    stablehlo.return %j : tensor<i8>
  }
  return %r : tensor<i8>
}"""


def test_rewrites_in_branches_are_proved() -> None:
    before = parse(BRANCHES)
    after, _ = optimize(before, Options(pipeline="canonicalize,dce"))
    assert after != before
    assert validate(before, after).verdict == "bit-exact"


def test_the_branch_of_an_index_out_of_range_is_the_last() -> None:
    before = parse(BRANCHES)
    wrong = parse(
        BRANCHES.replace('case"(%i)', 'case"(%k)').replace(
            "  %a = ",
            "  %low = stablehlo.constant dense<0> : tensor<i32>\n"
            "  %high = stablehlo.constant dense<1> : tensor<i32>\n"
            "  %k = stablehlo.clamp %low, %i, %high : tensor<i32>\n"
            "  %a = ",
        )
    )
    found = validate(before, wrong)  # differs below 0
    assert found.verdict == "refuted"
    right = parse(
        BRANCHES.replace('case"(%i)', 'case"(%k)').replace(
            "  %a = ",
            "  %low = stablehlo.constant dense<0> : tensor<ui32>\n"
            "  %high = stablehlo.constant dense<1> : tensor<ui32>\n"
            "  %u = stablehlo.bitcast_convert %i : (tensor<i32>) -> tensor<ui32>\n"
            "  %v = stablehlo.minimum %u, %high : tensor<ui32>\n"
            "  %k = stablehlo.bitcast_convert %v : (tensor<ui32>) -> tensor<i32>\n"
            "  %a = ",
        )
    )
    assert validate(before, right).verdict == "bit-exact"


def test_a_loop_is_unknown_unless_inputs_tell() -> None:
    before = parse(LOOP)
    same = parse(LOOP.replace("GT, %i, %zero", "LT, %zero, %i"))
    found = validate(before, same)
    assert found.verdict == "unknown"
    assert "while" in found.notes[0]
    assert validate(before, parse(LOOP.replace("GT,", "GE,"))).verdict == "refuted"
