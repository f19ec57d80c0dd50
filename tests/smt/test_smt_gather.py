"""Reads and writes at computed places as terms: symbolic indices, clamped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import z3

from compiler.build import Builder
from compiler.dtypes import I8, I32, UI8
from compiler.ir import TensorType, module
from verify.smt.graphs import evaluate_graph
from verify.smt.symbols import input_tensor
from verify.smt.tensor import Env, SymTensor, Unknown


def table(values: list[int]) -> SymTensor:
    def element(index: Any) -> Any:
        out: Any = z3.BitVecVal(values[-1], 32)
        for k in range(len(values) - 1):
            out = z3.If(index[0] == k, z3.BitVecVal(values[k], 32), out)
        return out

    return SymTensor((len(values),), I32, element)


@pytest.mark.parametrize("dtype", [I8, UI8], ids=str)
def test_every_start_is_clamped(dtype: Any) -> None:
    """For all 256 starts at once: the element is that of the clamped place."""
    b = Builder([TensorType((5,), I32), TensorType((), dtype)])
    graph = module(b.graph([b.emit("dynamic_slice", [0, 1], slice_sizes=(2,))])).main.graph
    env, start = Env("bits"), z3.BitVec("start", 8)
    values = [11, 22, 33, 44, 55]
    (found,) = evaluate_graph(env, graph, [table(values), SymTensor((), dtype, lambda _: start)])
    solver = z3.Solver()
    for k in range(256):
        at = min(max(int(np.uint8(k).astype(dtype.numpy)), 0), 3)
        solver.add(z3.Implies(start == k, found.at((1,)) == values[at + 1]))
    assert solver.check() == z3.sat
    wrong = z3.Or(found.at((1,)) == 11, found.at((0,)) == 55)
    solver.add(wrong)
    assert solver.check() == z3.unsat


def test_what_was_written_is_read() -> None:
    """dynamic_slice(dynamic_update_slice(x, u, i), i) is u, for every i."""
    b = Builder([TensorType((6,), I32), TensorType((3,), I32), TensorType((), I32)])
    new = b.emit("dynamic_update_slice", [0, 1, 2])
    graph = b.graph([b.emit("dynamic_slice", [new, 2], slice_sizes=(3,))])
    env = Env("bits")
    inputs = [input_tensor(f"x{k}", t.shape, t.dtype, "bits") for k, t in enumerate(graph.params)]
    (found,) = evaluate_graph(env, graph, inputs)
    solver = z3.Solver()
    solver.add(z3.Or(*(found.at((k,)) != inputs[1].at((k,)) for k in range(3))))
    assert solver.check() == z3.unsat


def test_a_padding_that_is_no_literal_is_unknown() -> None:
    number = TensorType((1,), I32)
    b = Builder([TensorType((4,), I32), TensorType((), I32), number, number, number])
    out = b.emit("dynamic_pad", range(5), types=[TensorType((5,), I32)])
    graph, env = b.graph([out]), Env("bits")
    inputs = [input_tensor(f"x{k}", t.shape, t.dtype, "bits") for k, t in enumerate(graph.params)]
    with pytest.raises(Unknown, match=r"dynamic_pad: .* no literals"):
        evaluate_graph(env, graph, inputs)
