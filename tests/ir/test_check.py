"""What is no program is refused, however it was built: not only the parser's text is checked."""

from __future__ import annotations

import re

import pytest

from compiler.build import Builder, infer
from compiler.check import verify_module
from compiler.dtypes import F32
from compiler.errors import VerifyError
from compiler.ir import Graph, Literal, Module, Node, TensorType, module

NEGATIVE = TensorType((2, -2), F32)
REFUSED = re.escape("tensor<2x-2xf32> has a negative dimension")


def constant(literal: Literal) -> Module:
    node = Node("constant", (), (("value", literal),), (literal.type,))
    return module(Graph((), (node,), (0,)))


@pytest.mark.parametrize(
    ("op", "operands", "attrs", "results"),
    [
        ("add", [NEGATIVE, NEGATIVE], {}, None),
        ("iota", [], {"iota_dimension": 0}, [NEGATIVE]),
        ("reshape", [NEGATIVE], {}, [NEGATIVE]),
        ("transpose", [NEGATIVE], {"permutation": (1, 0)}, None),
        ("reduce_precision", [NEGATIVE], {"exponent_bits": 5, "mantissa_bits": 10}, None),
    ],
)
def test_no_op_takes_or_makes_a_negative_size(op, operands, attrs, results):
    with pytest.raises(VerifyError, match=f"^{op}: {REFUSED}"):
        infer(op, operands, attrs, results=results)


def test_the_builder_refuses_a_negative_size():
    with pytest.raises(VerifyError, match=REFUSED):
        Builder([NEGATIVE]).emit("negate", [0])


def test_a_parameter_of_negative_size_is_refused_although_nothing_uses_it():
    with pytest.raises(VerifyError, match=f"^parameters: {REFUSED}"):
        verify_module(module(Graph((NEGATIVE,), (), ())))


@pytest.mark.parametrize(
    ("shape", "size"), [((4, 5), 12), ((4, 5), 0), ((0,), 4), ((2,), 12), ((), 0)]
)
def test_a_constant_whose_bytes_do_not_fit_its_type_is_refused(shape, size):
    with pytest.raises(VerifyError, match=r"^constant: \(C1\)"):
        verify_module(constant(Literal(TensorType(shape, F32), bytes(size))))


@pytest.mark.parametrize(("shape", "size"), [((4, 5), 80), ((4, 5), 4), ((0,), 0), ((), 4)])
def test_dense_and_splat_constants_are_accepted(shape, size):
    verify_module(constant(Literal(TensorType(shape, F32), bytes(size))))
