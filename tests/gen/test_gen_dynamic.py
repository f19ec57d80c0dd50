"""Proposals of gather and of dynamic shapes: valid, of every dtype, judged without findings."""

from __future__ import annotations

from collections import Counter

import pytest

from compiler.check import verify_module
from compiler.dtypes import ALL, FLOATS, I32, I64, INTEGERS
from compiler.ir import Module, module
from compiler.ops import OPS
from compiler.pipeline import Options
from compiler.text import parse, print_module
from verify.examine import examine
from verify.gen import RandomChooser, draw_inputs, dynamic, gather
from verify.gen.draft import DIMS, Draft, Library
from verify.gen.patterns import PATTERNS
from verify.gen.values import SETS
from verify.ref import evaluate

GEN = {**gather.GEN, **dynamic.GEN}


def proposed(op: str, chooser: RandomChooser) -> Module:
    draft = Draft(chooser, ALL, 64, Library(), (), dims=DIMS)
    GEN[op](draft)
    return module(draft.graph(draft.results()))


@pytest.mark.parametrize("op", GEN)
def test_proposals_are_valid_and_of_every_dtype(op: str) -> None:
    operands, results = Counter(), Counter()
    for seed in range(500):
        m = proposed(op, RandomChooser(seed))
        verify_module(m)
        graph = m.main.graph
        (node,) = [n for n in graph.nodes if n.op == op] or [None]
        if node is None:  # its result is not used
            continue
        operands[graph.types[node.operands[0]].dtype] += 1
        results[node.type.dtype] += 1
        if seed < 20:
            assert parse(print_module(m)) == m
    if op == "dynamic_iota":
        assert set(operands) == {I32, I64}
        assert set(results) == {*INTEGERS, *FLOATS}
    else:
        assert set(operands) == set(OPS[op].dtypes)


@pytest.mark.parametrize("op", GEN)
def test_machine_code_is_within_the_bounds(op: str) -> None:
    for seed in range(12):
        chooser = RandomChooser(seed)
        m = proposed(op, chooser)
        inputs = draw_inputs(chooser, m, SETS[seed % len(SETS)])
        found = examine(m, inputs, "assay", Options(level=seed % 3))
        assert found.kind in ("identical", "allowed", "unstable"), (seed, found.note)


def test_gathers_come_in_all_forms() -> None:
    """Batching, indices without a dimension of their own, reordered index maps, sorted ones."""
    seen = Counter()
    for seed in range(400):
        graph = proposed("gather", RandomChooser(seed)).main.graph
        for node in (n for n in graph.nodes if n.op == "gather"):
            index_map = node.attr("start_index_map")
            seen["batching"] += len(node.attr("operand_batching_dims")) > 0
            seen["collapsed"] += len(node.attr("collapsed_slice_dims")) > 1
            indices = graph.types[node.operands[1]]
            seen["implicit"] += node.attr("index_vector_dim") == indices.rank
            seen["inner"] += node.attr("index_vector_dim") < indices.rank - 1
            seen["reordered"] += list(index_map) != sorted(index_map)
            seen["sorted"] += node.attr("indices_are_sorted")
            seen["empty"] += node.type.size == 0
            seen["part"] += any(n > 1 for n in node.attr("slice_sizes"))
    kinds = ("batching", "collapsed", "implicit", "inner", "reordered", "sorted", "empty", "part")
    assert min(seen[k] for k in kinds) > 5, seen


def test_copies_of_an_op_keep_the_operands_that_decide_its_shape() -> None:
    for seed in range(300):
        chooser = RandomChooser(seed)
        draft = Draft(chooser, ALL, 64, Library(), (), dims=DIMS)
        for op in ("dynamic_iota", "dynamic_reshape", "real_dynamic_slice"):
            GEN[op](draft)
            PATTERNS["again"](draft)
        m = module(draft.graph(draft.results()))
        evaluate(m, draw_inputs(chooser, m, "normal"))
