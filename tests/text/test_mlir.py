"""MLIR reads what Assay prints, and Assay reads what MLIR makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from compiler.ir import Module
from compiler.text import parse, print_module
from verify.gen.chooser import RandomChooser
from verify.gen.graphs import generate
from verify.targets.sandbox import Worker
from verify.targets.xla import unpack

pytest.importorskip("jaxlib")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as w:
        yield w


def mlir(worker: Worker, function: str, text: str) -> str:
    return str(unpack(worker.call(f"verify.targets.xla_worker:{function}", text, timeout=60)))


def assert_mlir_agrees(worker: Worker, module: Module) -> None:
    text = print_module(module)
    assert parse(mlir(worker, "parses", text)) == module  # the generic form
    assert parse(mlir(worker, "prints", text)) == module  # the pretty form, with locations


@pytest.mark.parametrize("seed", range(3))
def test_every_op_in_every_dtype(
    seed: int, worker: Worker, every_op: Callable[[int], Module]
) -> None:
    assert_mlir_agrees(worker, every_op(seed))


def test_ops_with_regions_and_structs(worker: Worker, written: str) -> None:
    assert_mlir_agrees(worker, parse(written))


def test_generated_programs(worker: Worker) -> None:
    for seed in range(60):
        assert_mlir_agrees(worker, generate(RandomChooser(seed)))
