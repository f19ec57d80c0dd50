from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, find, given, settings

from compiler.check import verify_module
from compiler.dtypes import F32
from verify import programs

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@given(programs())
@QUICK
def test_drawn_programs_verify_and_take_their_inputs(program):
    module, inputs = program
    verify_module(module)
    assert [x.shape for x in inputs] == [t.shape for t in module.main.graph.params]


@given(programs(ops=3, dtypes=(F32,), inputs="exact", plants=False))
@QUICK
def test_options_reach_the_generator(program):
    module, inputs = program
    assert {t.dtype.name for t in module.main.graph.types} <= {"f32", "i1"}
    assert all((x == x.round()).all() for x in inputs)


@pytest.mark.parametrize("op", ["transpose", "reduce", "dot_general", "select"])
def test_programs_shrink_to_few_ops(op):
    module, _ = find(
        programs(ops=8, plants=False),
        lambda p: any(n.op == op for n in p[0].main.graph.nodes),
        settings=settings(max_examples=3000, deadline=None, derandomize=True),
    )
    assert len(module.main.graph.nodes) <= 8
    assert sum(t.size for t in module.main.graph.types) <= 60


def test_an_unknown_set_is_refused():
    with pytest.raises(ValueError, match="unknown set"):
        programs(inputs="odd")


def test_hypothesis_is_loaded_only_with_the_strategy():
    code = "import sys, verify, verify.gen; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
