"""Pairs of whole modules: equal bit for bit, over the reals only, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.errors import InputError
from compiler.ir import Module
from compiler.pipeline import Options, optimize
from compiler.text import parse
from verify.arrays import same_bits
from verify.gen.chooser import RandomChooser
from verify.gen.graphs import generate
from verify.ref import evaluate
from verify.validate import Validation, validate

T = "tensor<4xf32>"


def program(*lines: str, params: str = f"%x: {T}, %y: {T}", result: str = T) -> Module:
    """A function of which the last line's value is returned."""
    name = lines[-1].split("=")[0].strip()
    body = "\n".join(f"  {line}" for line in lines)
    return parse(
        f"func.func @main({params}) -> {result} {{\n{body}\n  return {name} : {result}\n}}"
    )


def binary(op: str, a: str, b: str, out: str = "%r") -> str:
    return f"{out} = stablehlo.{op} {a}, {b} : {T}"


def confirm(found: Validation) -> None:
    example = found.counterexample
    assert example is not None
    assert example.after is not None
    assert example.replayed
    left, right = (evaluate(m, list(example.inputs)) for m in (example.before, example.after))
    assert not all(same_bits(a, b) for a, b in zip(left, right, strict=True))


def test_operands_exchanged() -> None:
    found = validate(program(binary("add", "%x", "%y")), program(binary("add", "%y", "%x")))
    assert (found.verdict, found.needs, found.counterexample) == ("bit-exact", "", None)


def test_operands_exchanged_where_it_matters() -> None:
    found = validate(
        program(binary("subtract", "%x", "%y")), program(binary("subtract", "%y", "%x"))
    )
    assert found.verdict == "refuted"
    confirm(found)


def test_signs_that_cancel() -> None:
    after = program(f"%n = stablehlo.negate %y : {T}", binary("subtract", "%x", "%n"))
    assert validate(program(binary("add", "%x", "%y")), after).verdict == "bit-exact"


def test_another_order_of_a_sum_needs_reassoc() -> None:
    before = program(binary("add", "%x", "%y", "%a"), binary("add", "%a", "%y"))
    after = program(binary("add", "%y", "%y", "%a"), binary("add", "%x", "%a"))
    found = validate(before, after)
    assert (found.verdict, found.needs) == ("equal-over-reals", "reassoc")
    confirm(found)


def test_a_lost_nan_is_named() -> None:
    zero = f"%z = stablehlo.constant dense<0.0> : {T}"
    found = validate(
        program(zero, binary("multiply", "%x", "%z")), program(zero, binary("subtract", "%z", "%z"))
    )
    assert found.verdict == "equal-over-reals"
    assert "nnan" in found.needs


def test_quotients_by_a_power_of_two() -> None:
    two, half = (f"%c = stablehlo.constant dense<{v}> : {T}" for v in ("2.0", "0.5"))
    assert (
        validate(
            program(two, binary("divide", "%x", "%c")),
            program(half, binary("multiply", "%x", "%c")),
        ).verdict
        == "bit-exact"
    )
    third = f"%c = stablehlo.constant dense<3.0> : {T}"
    assert (
        validate(
            program(two, binary("divide", "%x", "%c")), program(third, binary("divide", "%x", "%c"))
        ).verdict
        == "refuted"
    )


def test_layout_of_a_whole_function() -> None:
    params, result = "%x: tensor<2x3xf32>, %y: tensor<3x2xf32>", "tensor<2x3xf32>"
    before = program(
        "%a = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>",
        "%b = stablehlo.multiply %a, %y : tensor<3x2xf32>",
        "%c = stablehlo.transpose %b, dims = [1, 0] : (tensor<3x2xf32>) -> tensor<2x3xf32>",
        params=params,
        result=result,
    )
    after = program(
        "%a = stablehlo.transpose %y, dims = [1, 0] : (tensor<3x2xf32>) -> tensor<2x3xf32>",
        "%c = stablehlo.multiply %x, %a : tensor<2x3xf32>",
        params=params,
        result=result,
    )
    wrong = program(
        "%a = stablehlo.reshape %y : (tensor<3x2xf32>) -> tensor<2x3xf32>",
        "%c = stablehlo.multiply %x, %a : tensor<2x3xf32>",
        params=params,
        result=result,
    )
    assert validate(before, after).verdict == "bit-exact"
    found = validate(before, wrong)
    assert found.verdict == "refuted"
    confirm(found)


def test_a_rare_difference_is_found_by_the_solver() -> None:
    params, result = "%x: tensor<i32>", "tensor<i1>"
    head = "%c = stablehlo.constant dense<1234567> : tensor<i32>"
    never = "%k = stablehlo.constant dense<false> : tensor<i1>"
    before = program(
        head,
        "%r = stablehlo.compare EQ, %x, %c : (tensor<i32>, tensor<i32>) -> tensor<i1>",
        params=params,
        result=result,
    )
    after = program(never, "%r = stablehlo.and %k, %k : tensor<i1>", params=params, result=result)
    found = validate(before, after)
    assert found.verdict == "refuted"
    assert found.counterexample is not None
    assert found.counterexample.inputs[0] == np.int32(1234567)


def test_different_types_are_no_pair() -> None:
    other = program(
        "%r = stablehlo.negate %x : tensor<3xf32>",
        params="%x: tensor<3xf32>",
        result="tensor<3xf32>",
    )
    with pytest.raises(InputError, match="different types"):
        validate(program(binary("add", "%x", "%y")), other)


def test_the_document_has_its_keys() -> None:
    found = validate(
        program(binary("subtract", "%x", "%y")), program(binary("subtract", "%y", "%x"))
    )
    assert {"verdict", "needs", "counterexample"} <= set(found.to_json())


def test_what_the_exact_level_does_to_generated_programs_is_never_refuted() -> None:
    """Of the programs whose ops all have a meaning to the prover, most are proved."""
    proved = 0
    meant = 0
    for seed in range(40):
        before = generate(RandomChooser(seed))
        after = optimize(before, Options(level=1))[0]
        found = validate(before, after, limit=1_000_000)
        assert found.verdict in ("bit-exact", "unknown"), (seed, found.counterexample)
        assert found.verdict == "bit-exact" or found.notes, seed
        proved += found.verdict == "bit-exact"
        meant += not any("no meaning" in note or "no term" in note for note in found.notes)
    assert meant >= 20
    assert proved >= 0.8 * meant
