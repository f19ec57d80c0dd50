"""Proposals of control flow: valid, printable, of all forms, and judged without findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from compiler.check import verify_module
from compiler.dtypes import ALL
from compiler.ir import Function, Graph, Module, Node
from compiler.pipeline import Options
from compiler.text import parse, print_module
from verify.examine import examine
from verify.gen import Config, RandomChooser, draw_inputs
from verify.gen.control import GEN
from verify.gen.draft import DIMS, Draft, Library
from verify.gen.graphs import menu
from verify.gen.values import SETS


def proposed(op: str, chooser: RandomChooser) -> Module:
    """A program of one proposal, with regions filled from the ordinary menu."""
    library = Library()
    draft = Draft(chooser, ALL, 64, library, menu(Config())[2], dims=DIMS)
    GEN[op](draft)
    main = Function("main", draft.graph(draft.results()))
    return Module((main, *library.functions))


def every(graph: Graph) -> Iterator[Node]:
    for n in graph.nodes:
        yield n
        for r in n.regions:
            yield from every(r)


@pytest.mark.parametrize("op", GEN)
def test_proposals_are_valid_and_printable(op: str) -> None:
    for seed in range(200):
        m = proposed(op, RandomChooser(seed))
        verify_module(m)
        assert parse(print_module(m)) == m
        assert any(n.op == op for n in m.main.graph.nodes)


@pytest.mark.parametrize("op", GEN)
def test_machine_code_is_within_the_bounds(op: str) -> None:
    for seed in range(25):
        chooser = RandomChooser(seed)
        m = proposed(op, chooser)
        inputs = draw_inputs(chooser, m, SETS[seed % len(SETS)])
        for level in (0, 1, 2):
            found = examine(m, inputs, "assay", Options(level=level, verify_each=True))
            assert found.kind in ("identical", "allowed", "unstable"), (seed, level, found.note)


def test_loops_and_branches_come_in_all_forms() -> None:
    seen: Counter[str] = Counter()
    for op in GEN:
        for seed in range(300):
            for n in proposed(op, RandomChooser(seed)).main.graph.nodes:
                if n.op != op:
                    continue
                inner = [m for r in n.regions for m in every(r)]
                seen[f"{op} nested"] += any(m.op in ("while", "case", "if") for m in inner)
                seen[f"{op} captures"] += bool(n.captures)
                if op == "case":
                    seen[f"case of {len(n.regions)}"] += 1
                if op == "while":
                    body = n.regions[1]
                    count = len(n.types)
                    seen["swap"] += any(v < count and v != k for k, v in enumerate(body.results))
                    seen["invariant"] += any(v == k for k, v in enumerate(body.results))
                    seen[f"carried {count}"] += 1
    wanted = [f"{op} {what}" for op in ("while", "case", "if") for what in ("nested", "captures")]
    wanted += ["map captures", "swap", "invariant", *(f"carried {k}" for k in (1, 2, 3, 4))]
    wanted += [f"case of {k}" for k in (1, 2, 3, 4)]
    assert not [w for w in wanted if seen[w] < 5], seen
