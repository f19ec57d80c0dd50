from __future__ import annotations

from collections import Counter

import pytest

from compiler.check import verify_module
from compiler.dtypes import ALL, F32, I1, I32
from compiler.ops import OPS
from compiler.text import parse, print_module
from verify.gen import GEN, Config, RandomChooser, Recorder, TapeChooser, generate, program_seed

PROGRAMS = 1500


@pytest.fixture(scope="module")
def modules():
    return [generate(RandomChooser(program_seed(11, i))) for i in range(PROGRAMS)]


def nodes(module):
    for f in module.functions:
        for n in f.graph.nodes:
            yield n, f.graph


def test_every_op_of_the_table_has_a_proposal():
    assert set(GEN) == set(OPS)


def test_every_program_verifies(modules):
    for m in modules:
        verify_module(m)
        assert all(d >= 0 for f in m.functions for t in f.graph.types for d in t.shape)


def test_every_program_prints_and_parses_back(modules):
    for m in modules[:400]:
        assert parse(print_module(m)) == m


def test_a_tape_replays_the_same_program():
    for seed in range(200):
        recorder = Recorder(RandomChooser(seed))
        module = generate(recorder)
        assert generate(TapeChooser(recorder.tape)) == module


def test_a_mutated_tape_still_gives_a_valid_program():
    chooser = RandomChooser(5)
    for seed in range(150):
        recorder = Recorder(RandomChooser(seed))
        generate(recorder)
        tape = recorder.tape
        for _ in range(3):
            tape[chooser.below(len(tape))] = chooser.below(1 << 16)
        verify_module(generate(TapeChooser(tape)))


def test_an_empty_tape_gives_a_small_program():
    module = generate(TapeChooser([]))
    verify_module(module)
    assert len(module.main.graph.nodes) <= 2
    assert len(module.functions) == 1


def test_every_op_meets_every_dtype_that_it_allows():
    seen = Counter()
    for i in range(6000):
        for n, graph in nodes(generate(RandomChooser(program_seed(2, i)))):
            subject = graph.types[n.operands[0]] if n.operands else n.type
            seen[n.op, subject.dtype] += 1
    # select's table row speaks of the pred; composite and call take anything.
    wanted = {(op, d) for op, row in OPS.items() for d in row.dtypes}
    # These are seldom proposed; test_gen_chlo and test_gen_dynamic ask them one by one.
    wanted = {(op, d) for op, d in wanted if OPS[op].family not in ("chlo", "dynamic")}
    # Elements of i1 have no bits of their own to reinterpret.
    wanted -= {("bitcast_convert", I1)}
    assert not {f"{op} of {d}" for op, d in wanted if not seen[op, d]}


def test_shapes_are_of_all_kinds(modules):
    types = [t for m in modules for t in m.main.graph.types]
    assert {t.rank for t in types} >= {0, 1, 2, 3, 4}
    sizes = {d for t in types for d in t.shape}
    assert sizes >= {0, 1, 2, 3, 5, 7, 16, 17}
    assert max(t.size for t in types) > 10_000, "programs with long dimensions occur"
    empty = sum(any(t.size == 0 for t in m.main.graph.types) for m in modules)
    assert 0.01 < empty / len(modules) < 0.25


def test_programs_share_values_have_several_outputs_and_dead_code(modules):
    shared = outputs = dead = 0
    for m in modules:
        g = m.main.graph
        shared += any(c > 1 for c in g.use_counts)
        outputs += len(g.results) > 1
        dead += any(c == 0 for c in g.use_counts[len(g.params) :])
    assert shared > PROGRAMS / 2
    assert outputs > PROGRAMS / 4
    assert dead > PROGRAMS / 20


def test_calls_composites_reductions_and_contractions_come_in_all_forms(modules):
    every = [n for m in modules for n, _ in nodes(m)]
    kinds = Counter(n.op for n in every)
    assert kinds["call"] > 20
    assert kinds["composite"] > 10
    reductions = [n for n in every if n.op == "reduce"]
    assert any(len(n.types) > 1 for n in reductions)
    assert any(n.captures for n in reductions)
    assert any(len(n.regions[0].nodes) > 1 for n in reductions)
    dots = [n for n in every if n.op == "dot_general"]
    assert any(n.attr("lhs_batching_dimensions") for n in dots)
    assert any(len(n.attr("lhs_contracting_dimensions")) > 1 for n in dots)
    assert any(not n.attr("lhs_contracting_dimensions") for n in dots)


def test_number_of_ops_follows_the_configuration():
    for wanted in (5, 20):
        config = Config(ops=wanted)
        sizes = [len(generate(RandomChooser(i), config).main.graph.nodes) for i in range(400)]
        assert 0.8 * wanted < sum(sizes) / 400 < 1.5 * wanted


def test_only_the_configured_dtypes_occur():
    config = Config(dtypes=(F32, I32))
    for i in range(300):
        module = generate(RandomChooser(i), config)
        verify_module(module)
        for f in module.functions:
            assert {t.dtype for t in f.graph.types} <= {F32, I32, I1}


def test_excluded_ops_do_not_occur():
    gone = frozenset({"dot_general", "reduce", "call", "composite"})
    for i in range(200):
        module = generate(RandomChooser(i), Config(exclude=gone))
        assert not gone & {n.op for n, _ in nodes(module)}


def test_elements_stay_under_the_limit_but_for_growing_ops():
    config = Config(limit=100, big_share=0)
    sizes = []
    for i in range(400):
        sizes += [t.size for t in generate(RandomChooser(i), config).main.graph.types]
    assert sorted(sizes)[int(len(sizes) * 0.98)] <= 200
    assert max(sizes) <= 2000, "patterns have sizes of their own"


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_every_dtype_alone_suffices(dtype):
    config = Config(dtypes=(dtype,))
    for i in range(60):
        verify_module(generate(RandomChooser(i), config))
