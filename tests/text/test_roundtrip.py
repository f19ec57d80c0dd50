"""What is printed reads back as the same module, here and in MLIR."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compiler.text
from compiler.check import verify_module
from compiler.dtypes import F32
from compiler.ir import Function, Graph, Module, TensorType
from compiler.ops import OPS
from compiler.text import parse, print_module, print_node
from verify.gen.chooser import RandomChooser
from verify.gen.graphs import generate


def ops_of(graph: Graph) -> set[str]:
    """The ops of a graph and of all regions in it."""
    inner = [ops_of(r) for n in graph.nodes for r in n.regions]
    return {n.op for n in graph.nodes}.union(*inner)


def test_no_op_is_left_out(every_op: Callable[[int], Module], written: str) -> None:
    graphs = [every_op(0).main.graph, *(f.graph for f in parse(written).functions)]
    assert set[str]().union(*map(ops_of, graphs)) == set(OPS)


def test_what_is_written_is_what_is_printed(written: str) -> None:
    assert print_module(parse(written)) == written


@pytest.mark.parametrize("seed", range(4))
def test_every_op_and_dtype_reads_back(seed: int, every_op: Callable[[int], Module]) -> None:
    module = every_op(seed)
    verify_module(module)
    text = print_module(module)
    again = parse(text)
    assert again == module
    assert print_module(again) == text


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_generated_programs_read_back(seed: int) -> None:
    module = generate(RandomChooser(seed))
    text = print_module(module)
    assert parse(text) == module
    assert print_module(parse(text)) == text


def test_one_node_prints_as_in_the_module(every_op: Callable[[int], Module]) -> None:
    module = every_op(0)
    text = print_module(module)
    graph = module.main.graph
    for i, n in enumerate(graph.nodes):
        line = print_node(graph, i)
        assert "\n" not in line
        assert line.split(" reducer(")[0] in text
        assert n.op in line


def test_main_comes_first_and_private_functions_last() -> None:
    t = TensorType((), F32)
    graph = Graph((t,), (), (0,))
    functions = [("p", True), ("other", False), ("main", False)]
    module = Module(tuple(Function(name, graph, private) for name, private in functions))
    names = [f.name for f in parse(print_module(module)).functions]
    assert names == ["main", "other", "p"]


def test_odd_symbol_names_are_quoted() -> None:
    t = TensorType((), F32)
    module = Module((Function('a "b" \\ é', Graph((t,), (), (0,))),), "my module")
    assert parse(print_module(module)) == module


def test_places_are_kept_and_do_not_count() -> None:
    text = (
        "func.func @main(%a: tensor<f32>) -> tensor<f32> {\n"
        "  %0 = stablehlo.negate %a : tensor<f32>\n"
        "  return %0 : tensor<f32>\n}\n"
    )
    module = parse(text, "x.mlir")
    assert str(module.main.graph.loc(0)) == "x.mlir:2:8"
    assert parse("\n" + text) == module


def test_the_package_exports_what_it_promises() -> None:
    assert set(compiler.text.__all__) >= {"parse", "print_module", "print_node"}
