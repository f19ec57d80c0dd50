"""The pipeline: levels, contracts, the rewrite limit, and bits that stay."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest

from compiler import pipeline
from compiler.contract import EXACT
from compiler.errors import InputError, VerifyError
from compiler.ir import Array, Module, TensorType
from compiler.lower import lower
from compiler.nest.interp import run
from compiler.pipeline import LEVELS, PASSES, Options, optimize, passes, text
from compiler.rewrite import Pass, Trace
from compiler.rules import RULES
from compiler.rules.greedy import Greedy
from compiler.text import parse, print_module
from verify.gen.chooser import RandomChooser
from verify.gen.graphs import generate
from verify.gen.values import draw_inputs

SEEDS = range(40)
MODES = ("normal", "special", "wide", "exact")
UNARY = """func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {{
  {body}
  return %r : tensor<4xf32>
}}"""


@cache
def case(seed: int) -> tuple[Module, tuple[Array, ...]]:
    chooser = RandomChooser(seed)
    module = generate(chooser)
    return module, tuple(draw_inputs(chooser, module, MODES[seed % 4]))


def bits(module: Module, inputs: tuple[Array, ...]) -> list[bytes]:
    """Canonical results as bytes, every NaN made the same."""
    out = []
    for a in run(lower(module), inputs):
        if a.dtype.kind not in "biu":
            a = np.where(np.isnan(a.astype(np.float64)), a.dtype.type(np.nan), a)
        out.append(a.tobytes())
    return out


def test_level_0_only_expands() -> None:
    module, _ = case(0)
    out, trace = optimize(module, Options(level=0))
    assert not trace.applications
    if not trace.required:
        assert out is module


@pytest.mark.parametrize("pipeline", ["", "cse,fuse", "cse,expand"])
def test_every_pipeline_expands(pipeline: str) -> None:
    names = text(Options(level=0, pipeline=pipeline)).split(",")
    assert names.count("expand") == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_level_1_keeps_every_bit(seed: int) -> None:
    module, inputs = case(seed)
    out, trace = optimize(module, Options(level=1, verify_each=True))
    assert not trace.contract
    assert bits(out, inputs) == bits(module, inputs)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("precision", ["", "bf16", "f16"])
def test_level_2_stays_valid_text(seed: int, precision: str) -> None:
    module, _ = case(seed)
    out, _ = optimize(module, Options(level=2, precision=precision, verify_each=True))
    again = parse(print_module(out))
    assert again.main.graph == out.main.graph
    assert out.main.graph.params == module.main.graph.params
    assert out.main.graph.result_types == module.main.graph.result_types


@pytest.mark.parametrize("seed", SEEDS)
def test_every_limit_gives_a_valid_prefix(seed: int) -> None:
    """With limit N the pipeline makes at most N rewrites, at level 1 without changing a bit."""
    module, inputs = case(seed)
    _, full = optimize(module, Options(level=1))
    want = bits(module, inputs)
    rng = random.Random(seed)
    for limit in {0, rng.randrange(len(full.applications) + 1), len(full.applications)}:
        trace = Trace(limit)
        out, _ = optimize(module, Options(level=1, verify_each=True), trace)
        assert len(trace.applications) <= limit
        assert bits(out, inputs) == want
        if limit == 0:
            assert out == optimize(module, Options(level=0))[0]


@pytest.mark.parametrize("seed", range(10))
def test_rewriting_is_deterministic_and_limited_runs_are_prefixes(seed: int) -> None:
    module, _ = case(seed)
    _, full = optimize(module, Options(level=2))
    _, again = optimize(module, Options(level=2))
    assert full.applications == again.applications
    half = len(full.applications) // 2
    _, part = optimize(module, Options(level=2), Trace(half))
    assert part.applications[:half] == full.applications[: len(part.applications)]


@pytest.mark.parametrize("seed", SEEDS)
def test_canonicalize_reaches_its_fixpoint(seed: int) -> None:
    module, _ = case(seed)
    options = Options(pipeline="inline,canonicalize")
    once, _ = optimize(module, options)
    twice, trace = optimize(once, Options(pipeline="canonicalize"))
    single_use = {r.name for r in RULES.values() if r.single_use}
    assert all(a.rule in single_use for a in trace.applications)
    if not trace.applications:
        assert twice is once


def test_rule_sets_do_not_run_in_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    """No walk may come near the bound that stops circles."""
    walks: list[Greedy] = []
    original = Greedy.run

    def recorded(self: Greedy) -> object:
        walks.append(self)
        return original(self)

    monkeypatch.setattr(Greedy, "run", recorded)
    for seed in range(150):
        optimize(case(seed)[0], Options(level=2, precision="bf16"))
    assert walks
    assert all(w.fired < w.fuel // 2 for w in walks)


def test_each_application_is_within_the_contract_of_its_pass() -> None:
    for seed in SEEDS:
        _, trace = optimize(case(seed)[0], Options(level=2, precision="f16"))
        for a in trace.applications:
            assert PASSES[a.pass_name].contract.covers(a.contract)
    for name in set(LEVELS[1].split(",")):
        assert PASSES[name].contract == EXACT


def test_disabled_passes_do_not_run() -> None:
    seen: list[str] = []
    options = Options(level=2, disable=frozenset({"fuse", "cse"}))
    optimize(case(1)[0], options, observe=lambda name, _m: seen.append(name))
    assert seen
    assert not {"fuse", "cse"} & set(seen)


def test_times_name_every_pass() -> None:
    times: list[tuple[str, float]] = []
    optimize(case(2)[0], Options(level=2), times=times)
    assert [name for name, _ in times] == [p.name for p in passes(Options(level=2))]
    assert all(seconds >= 0 for _, seconds in times)


def test_passes_are_looked_up_when_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def spy(module: Module, _trace: Trace) -> Module:
        called.append("dce")
        return module

    monkeypatch.setitem(PASSES, "dce", Pass("dce", EXACT, spy))
    optimize(case(3)[0])
    assert called == ["dce"]


def test_verify_each_catches_a_pass_that_breaks_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    def swap(module: Module, _trace: Trace) -> Module:
        graph = module.main.graph
        bad = graph.nodes[0]._replace(types=(TensorType((7, 7), graph.nodes[0].type.dtype),))
        broken = type(graph)(graph.params, (bad, *graph.nodes[1:]), graph.results)
        return module.with_graph(module.main.name, broken)

    monkeypatch.setitem(PASSES, "dce", Pass("dce", EXACT, swap))
    module = parse(UNARY.format(body="%r = stablehlo.exponential %x : tensor<4xf32>"))
    with pytest.raises(VerifyError):
        optimize(module, Options(pipeline="dce", verify_each=True))


@pytest.mark.parametrize(
    "options",
    [
        Options(level=3),
        Options(level=-1),
        Options(precision="fp8"),
        Options(pipeline="cse,polish"),
        Options(disable=frozenset({"polish"})),
        Options(disable=frozenset({"expand"})),
    ],
)
def test_unknown_names_are_refused(options: Options) -> None:
    with pytest.raises(InputError):
        text(options)


def test_locations_are_kept() -> None:
    """What a rule or pass puts in place has the place of what it replaced."""
    source = """func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.negate %y : tensor<4xf32>
  %1 = stablehlo.add %x, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}"""
    out, trace = optimize(parse(source, "here.mlir"), Options(pipeline="canonicalize"))
    (node,) = out.main.graph.nodes
    assert node.op == "subtract"
    assert str(out.main.graph.loc(0)).startswith("here.mlir:3:")
    (application,) = trace.applications
    assert str(application.loc).startswith("here.mlir:3:")


def test_text_of_an_application() -> None:
    body = """%0 = stablehlo.abs %x : tensor<4xf32>
  %r = stablehlo.abs %0 : tensor<4xf32>"""
    trace = Trace(verbose=True)
    optimize(parse(UNARY.format(body=body)), Options(pipeline="canonicalize"), trace)
    (application,) = trace.applications
    assert application.before.splitlines() == [
        "%0 = stablehlo.abs %arg0 : tensor<4xf32>",
        "%1 = stablehlo.abs %0 : tensor<4xf32>",
    ]
    assert application.after == "%0 = stablehlo.abs %arg0 : tensor<4xf32>"


@pytest.mark.parametrize("seed", range(25))
def test_every_application_can_be_described(seed: int) -> None:
    options = Options(level=2, precision="bf16")
    _, quiet = optimize(case(seed)[0], options)
    _, verbose = optimize(case(seed)[0], options, Trace(verbose=True))
    assert [a.rule for a in verbose.applications] == [a.rule for a in quiet.applications]
    assert all(a.before for a in verbose.applications if a.rule != "dce/function")


def test_levels_name_known_passes() -> None:
    for level in range(len(LEVELS)):
        assert pipeline.text(Options(level=level)) == LEVELS[level]
