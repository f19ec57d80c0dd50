"""Failures with one cause have one key."""

import pytest

from compiler.text import parse
from verify.case import Case
from verify.examine import Examination
from verify.isolation.bisect import Guilty
from verify.isolation.finding import finding_of
from verify.isolation.reduce import Reduction
from verify.oracle import Verdict

UNARY = """
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {{
  %0 = stablehlo.{op} %x : tensor<3xf32>
  return %0 : tensor<3xf32>
}}
"""
DOT = """
func.func @main(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %0 = stablehlo.dot_general %x, %x, contracting_dims = [1] x [0]
    : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}
"""


def key(text, guilty, kind="violation"):
    module = parse(text)
    small = Reduction(module, (), 1, 1, 0, 0.0)
    return finding_of(Case(module, ()), small, guilty, Examination(Verdict(kind, ()))).key


def test_a_fault_of_code_generation_is_one_finding_whichever_op_shows_it():
    keys = {key(UNARY.format(op=op), Guilty("codegen", op)) for op in ("negate", "tanh", "sine")}
    assert keys == {"assay/codegen/map"}
    assert key(DOT, Guilty("codegen", "dot_general")) == "assay/codegen/dot"


@pytest.mark.parametrize("blame", [("lower", "tanh"), ("canonicalize", "algebra/add-zero")])
def test_elsewhere_the_rewrite_and_the_program_tell_causes_apart(blame):
    negate, tanh = (key(UNARY.format(op=op), Guilty(*blame)) for op in ("negate", "tanh"))
    assert negate != tanh
    assert negate.startswith(f"assay/{':'.join(blame)}/")


def test_what_takes_the_compiler_down_is_not_lowered_again(monkeypatch):
    monkeypatch.setattr("compiler.lower.lower", lambda _module: pytest.fail("lowered"))
    dead = key(UNARY.format(op="tanh"), Guilty("codegen"), "crash")
    assert dead.startswith("assay/codegen/")
