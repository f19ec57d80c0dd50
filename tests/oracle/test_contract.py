"""The contract as data, and what its parts allow beside the flags."""

from __future__ import annotations

import json

import numpy as np
import pytest

from compiler.contract import EXACT, FLAGS, Contract, Limit, Precision, allow, join_all
from compiler.dtypes import BF16, by_name
from compiler.ir import Array
from compiler.pipeline import Options
from compiler.text import parse
from verify.arrays import same_bits
from verify.bounds import enclose
from verify.examine import examine
from verify.gen import RandomChooser, draw_inputs, generate
from verify.oracle import judge
from verify.ref import evaluate
from verify.targets.assay import Canonical

PARTS = [
    *(allow(flag) for flag in FLAGS),
    allow(precision=[Precision("dot_general", "bf16")]),
    allow(precision=[Precision("dot_general", "f16", "f64")]),
    allow(limits=[Limit("log_plus_one", "f64", 256), Limit("tanh", "f32", 4.5)]),
    allow(excess=["bf16"]),
    allow(flush=True),
]


@pytest.mark.parametrize("contract", [EXACT, *PARTS, join_all(PARTS)], ids=str)
def test_json_keeps_a_contract(contract: Contract) -> None:
    assert Contract.from_json(json.loads(json.dumps(contract.to_json()))) == contract


def test_contracts_of_former_cases_are_read() -> None:
    former = {"flags": ["nsz", "reassoc"], "precision": ["dot_general:bf16"]}
    precision = [Precision("dot_general", "bf16", "f32")]
    assert Contract.from_json(former) == allow("nsz", "reassoc", precision=precision)
    assert Contract.from_json({}) == EXACT


@pytest.mark.parametrize(
    "data",
    [
        {"flags": ["fast"]},
        {"excess": ["f32"]},
        {"precision": ["dot_general:f64"]},
        {"precision": ["dot_general:bf16:bf16"]},
        {"limits": ["tanh:f32:manyulp"]},
        {"limits": ["tanh:2ulp"]},
    ],
)
def test_what_is_no_contract_is_a_value_error(data: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Contract.from_json(data)


def test_the_join_covers_its_parts_and_no_part_covers_another() -> None:
    everything = join_all(PARTS)
    for k, part in enumerate(PARTS):
        assert everything.covers(part)
        assert part.covers(EXACT)
        assert not EXACT.covers(part)
        assert not join_all(PARTS[:k] + PARTS[k + 1 :]).covers(part)
    wide, narrow = (allow(limits=[Limit("tanh", "f32", ulps)]) for ulps in (8, 4))
    assert wide.join(narrow) == narrow.join(wide) == wide
    assert wide.covers(narrow)


def test_a_contract_is_told_in_words() -> None:
    assert str(EXACT) == "bit-exact"
    words = "nsz reassoc dot_general:bf16:f32 tanh:f32:8ulp excess:bf16 flush-subnormals"
    contract = allow(
        "reassoc",
        "nsz",
        precision=[Precision("dot_general", "bf16")],
        limits=[Limit("tanh", "f32", 8)],
        excess=["bf16"],
        flush=True,
    )
    assert str(contract) == words


@pytest.mark.parametrize("seed", range(12))
def test_o1_has_the_empty_contract_and_the_bits_of_the_nest_interpreter(seed: int) -> None:
    """And lies within the bound of the reference without any contract."""
    chooser = RandomChooser(seed)
    module = generate(chooser)
    inputs = draw_inputs(chooser, module, "special")
    found = examine(module, inputs, "assay", Options(level=1))
    assert found.trace is not None
    assert (found.contract, found.trace.contract, found.failed) == (EXACT, EXACT, False)
    assert all(map(same_bits, found.outputs, Canonical(module)(inputs)))
    assert judge(found.outputs, enclose(module, inputs)).kind != "violation"


def elementwise(dtype: str, *lines: str) -> str:
    """A function of %x and %y, vectors of three; the last line makes the result."""
    t = f"tensor<3x{dtype}>"
    body = [f"%{k} = {line} : {t}" for k, line in enumerate(lines)]
    return "\n".join(
        [f"func.func @main(%x: {t}, %y: {t}) -> {t} {{", *body, f"return %{len(lines) - 1} : {t}}}"]
    )


def kind(text: str, inputs: list[Array], got: Array, contract: Contract) -> str:
    return judge([got], enclose(parse(text), inputs, contract), contract).kind


@pytest.mark.parametrize("op", ["multiply", "divide", "add", "subtract"])
@pytest.mark.parametrize("name", ["bf16", "f16"])
def test_excess_precision_keeps_a_chain_unrounded(op: str, name: str) -> None:
    dtype = by_name(name).numpy
    x, y = (np.array(v).astype(dtype) for v in ([1.3, 3, 100], [0.77, 7, 3]))
    wide = {"multiply": np.multiply, "divide": np.divide, "add": np.add, "subtract": np.subtract}
    kept = wide[op](x.astype(np.float32), y.astype(np.float32))
    factor = np.array(1.7).astype(dtype)
    text = elementwise(
        name,
        f"stablehlo.{op} %x, %y",
        "stablehlo.constant dense<16.0>",
        "stablehlo.multiply %0, %1",
        f"stablehlo.constant dense<{float(factor)}>",
        "stablehlo.multiply %2, %3",
    )
    got = (kept * 16 * factor.astype(np.float32)).astype(dtype)
    rounded = evaluate(parse(text), [x, y])[0]
    assert kind(text, [x, y], got, allow(excess=[name])) in ("identical", "allowed")
    assert kind(text, [x, y], rounded, allow(excess=[name])) == "identical"
    if not same_bits(got, rounded):
        assert kind(text, [x, y], got, EXACT) == "violation"


def test_excess_precision_does_not_touch_what_needs_no_rounding() -> None:
    x, y = np.array([2, 3, 6], BF16.numpy), np.array([1, 5, 3], BF16.numpy)
    for op in ("add", "subtract", "multiply"):
        (e,) = enclose(parse(elementwise("bf16", f"stablehlo.{op} %x, %y")), [x, y], PARTS[-2])
        assert e.error is None or not e.error.any()


def test_excess_precision_may_bring_an_overflow_back() -> None:
    x, y = np.array([60000, 3, 1], np.float16), np.array([2, 1, 1], np.float16)
    text = elementwise("f16", "stablehlo.multiply %x, %y", "stablehlo.divide %0, %y")
    assert kind(text, [x, y], x, EXACT) == "violation"
    assert kind(text, [x, y], x, allow(excess=["f16"])) == "unstable"


def test_a_stated_limit_widens_one_function_in_one_dtype() -> None:
    contract = allow(limits=[Limit("log_plus_one", "f64", 256)])
    for name, function, share in (
        ("f64", "log_plus_one", 2.0**-44),
        ("f32", "log_plus_one", 0),
        ("f64", "log", 0),
    ):
        x = np.array([0.5, 0.25, 3], by_name(name).numpy)
        module = parse(elementwise(name, f"stablehlo.{function} %x"))
        (wide,), (own,) = enclose(module, [x, x], contract), enclose(module, [x, x])
        assert wide.error is not None
        assert own.error is not None
        size = np.abs(np.asarray(own.value, np.float64))
        assert np.asarray(wide.error, np.float64) == pytest.approx(
            np.maximum(size * share, np.asarray(own.error, np.float64)), rel=1e-3
        )


def test_a_stated_limit_of_sqrt_makes_it_a_function() -> None:
    x = np.array([2, 3, 5], np.float32)
    text = elementwise("f32", "stablehlo.sqrt %x")
    got = np.nextafter(np.sqrt(x), np.float32(9))
    assert kind(text, [x, x], got, EXACT) == "violation"
    assert kind(text, [x, x], got, allow(limits=[Limit("sqrt", "f32", 3)])) == "allowed"


def test_a_contract_within_a_program_names_its_ops_only() -> None:
    everything = join_all(PARTS)
    held = everything.within(frozenset({"tanh"}))
    assert held.limits == {Limit("tanh", "f32", 4.5)}
    assert (held.precision, held.flags) == (frozenset(), everything.flags)
    assert not allow(limits=[Limit("tanh", "f32", 4.5)]).within(frozenset({"add"}))
