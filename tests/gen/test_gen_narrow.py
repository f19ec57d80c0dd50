"""Narrow element types in generated programs, and in everything that such programs pass through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compiler.build import Builder
from compiler.check import verify_module
from compiler.dtypes import ALL, F32, I32, NARROW, UI8, DType
from compiler.errors import UnsupportedError, VerifyError
from compiler.ir import Module, TensorType, module
from compiler.pipeline import Options
from compiler.text import parse, print_module
from verify.arrays import read_arrays, same_bits, write_arrays
from verify.bounds.value import Enclosure
from verify.examine import Question, prepare
from verify.gen import GEN
from verify.gen.chooser import RandomChooser
from verify.gen.draft import DIMS, Draft, Library
from verify.gen.graphs import Config, generate
from verify.gen.patterns import PATTERNS
from verify.gen.values import SETS, draw_inputs
from verify.oracle import judge_output
from verify.smt.graphs import evaluate_graph
from verify.smt.tensor import Env, Unknown

OPS = {"add", "compare", "constant", "convert", "iota", "maximum", "negate", "reshape", "select"}
CONFIG = Config(ops=16, exclude=frozenset(set(GEN) - OPS))


def narrow(program: Module) -> set[DType]:
    return {t.dtype for t in program.main.graph.types if t.dtype.narrow}


def programs(count: int) -> list[Module]:
    found: list[Module] = []
    seed = 0
    while len(found) < count:
        program = generate(RandomChooser(seed), CONFIG)
        found += [program] * bool(narrow(program))
        seed += 1
    return found


def test_every_narrow_type_occurs() -> None:
    assert set().union(*map(narrow, programs(150))) == set(NARROW)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_compiler_and_reference_agree(level: int) -> None:
    for seed, program in enumerate(programs(40)):
        assert parse(print_module(program)) == program
        inputs = draw_inputs(RandomChooser(seed), program, SETS[seed % len(SETS)])
        found = prepare(program, "assay", Options(level=level)).examine(Question(program, inputs))
        assert found.kind in ("identical", "allowed", "unstable"), print_module(program)


def converted(*dtypes: DType) -> Module:
    """A value of the first type converted to the others in turn."""
    b = Builder([TensorType((3,), dtypes[0])])
    value = 0
    for d in dtypes[1:]:
        value = b.emit("convert", [value], types=[TensorType((3,), d)])
    return module(b.graph([value]))


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_arrays_on_disk(dtype: DType, tmp_path: Path) -> None:
    x = np.arange(1 << dtype.bits, dtype=np.uint8).view(dtype.numpy)
    write_arrays(tmp_path / "x.npz", [x])
    (back,) = read_arrays(tmp_path / "x.npz", [TensorType(x.shape, dtype)])
    assert same_bits(back, x)


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_a_wrong_bit_is_a_violation(dtype: DType) -> None:
    x = np.array([1, 0, 1]).astype(dtype.numpy)
    right = Enclosure(TensorType((3,), dtype), x)
    assert judge_output(x.copy(), right).verdict == "identical"
    found = judge_output(x[::-1].copy()[[1, 0, 2]], right)
    assert (found.verdict, found.worst) == ("violation", (0,))


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_unknown_to_the_prover(dtype: DType) -> None:
    with pytest.raises(Unknown, match=f"element type {dtype}"):
        evaluate_graph(Env("bits"), converted(UI8, dtype, F32).main.graph, ())


def test_refused_by_name_where_a_row_does_not_name_it() -> None:
    b = Builder([TensorType((3,), d) for d in NARROW])
    for k, dtype in enumerate(NARROW):
        with pytest.raises(UnsupportedError, match=f"element type {dtype} of divide"):
            b.emit("divide", [k, k])
        if dtype.is_float:
            with pytest.raises(UnsupportedError, match=f"element type {dtype} of exponential"):
                b.emit("exponential", [k])
            with pytest.raises(VerifyError, match=r"\(I1\)"):
                b.emit("and", [k, k])
        else:
            with pytest.raises(VerifyError, match=r"\(I1\)"):
                b.emit("exponential", [k])


def test_results_are_refused_too() -> None:
    b = Builder([TensorType((2,), I32)])
    with pytest.raises(UnsupportedError, match="element type i4 of bitcast_convert"):
        b.emit("bitcast_convert", [0], types=[TensorType((2, 8), NARROW[1])])


@pytest.mark.parametrize("dtype", NARROW)
def test_patterns_keep_to_ops_that_take_narrow_types(dtype: DType) -> None:
    for seed in range(60):
        draft = Draft(RandomChooser(seed), ALL, 64, Library(), (), dims=DIMS)
        v = draft.param(TensorType((3,), dtype))
        draft.add("negate", (v,), (), TensorType((3,), dtype))
        for _ in range(4):
            PATTERNS["again"](draft)
        verify_module(module(draft.graph(draft.results())))
