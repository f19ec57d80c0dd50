"""Proposals of chlo: valid, of every dtype, printable, and judged without findings."""

from __future__ import annotations

from collections import Counter

import pytest

from compiler.check import verify_module
from compiler.dtypes import ALL, FLOATS
from compiler.ir import Module, module
from compiler.ops import OPS
from compiler.pipeline import Options
from compiler.text import parse, print_module
from verify.examine import examine
from verify.gen import RandomChooser, draw_inputs
from verify.gen.chlo import GEN
from verify.gen.draft import DIMS, Draft, Library
from verify.gen.values import SETS


def proposed(op: str, chooser: RandomChooser) -> Module:
    draft = Draft(chooser, ALL, 64, Library(), (), dims=DIMS)
    GEN[op](draft)
    return module(draft.graph(draft.results()))


@pytest.mark.parametrize("op", GEN)
def test_proposals_are_valid_and_of_every_dtype(op: str) -> None:
    seen = Counter()
    for seed in range(300):
        m = proposed(op, RandomChooser(seed))
        verify_module(m)
        graph = m.main.graph
        seen.update(graph.types[n.operands[0]].dtype for n in graph.nodes if n.op == op)
        if seed < 20:
            assert parse(print_module(m)) == m
    # Ragged products are proposed of floats only.
    assert set(seen) == set(FLOATS if op == "chlo.ragged_dot" else OPS[op].dtypes)


@pytest.mark.parametrize("op", GEN)
def test_machine_code_is_within_the_bounds(op: str) -> None:
    for seed in range(6):
        chooser = RandomChooser(seed)
        m = proposed(op, chooser)
        inputs = draw_inputs(chooser, m, SETS[seed % len(SETS)])
        found = examine(m, inputs, "assay", Options(level=seed % 3))
        assert found.kind in ("identical", "allowed", "unstable"), (seed, found.note)
