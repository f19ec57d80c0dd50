"""Entries of XLA's profile explain what they declare and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest

from compiler.text import parse
from verify.deviations import explain_crash
from verify.examine import Examination, examine
from verify.targets.xla import Xla
from verify.targets.xla_profile import PROFILE

pytest.importorskip("jaxlib")
Ask: TypeAlias = Callable[..., Examination]


def shared_scatter(first: str) -> tuple[str, str]:
    """A scatter into two inputs, the second of them %a, that kills the process if both are."""
    t, u = "tensor<33x9xi8>", "tensor<17x2xi8>"
    signature = f"(%a: {t}, %b: {t}, %u: {u}) -> ({t}, {t})"
    body = f"""%i = stablehlo.constant dense<0> : tensor<2x1xi32>
      %0:2 = "stablehlo.scatter"({first}, %a, %i, %u, %u) ({{
        ^bb0(%p: tensor<i8>, %q: tensor<i8>, %r: tensor<i8>, %s: tensor<i8>):
          %1 = stablehlo.add %p, %r : tensor<i8>
          %2 = stablehlo.add %q, %s : tensor<i8>
          stablehlo.return %1, %2 : tensor<i8>, tensor<i8>
        }}) {{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [0],
          inserted_window_dims = [1], scatter_dims_to_operand_dims = [1], index_vector_dim = 1>}}
        : ({t}, {t}, tensor<2x1xi32>, {u}, {u}) -> ({t}, {t})
      return %0#0, %0#1 : {t}, {t}"""
    return signature, body


def test_a_program_that_spoils_memory_has_a_process_of_its_own(xla: Xla, ask: Ask) -> None:
    """Whether it dies there, and where, differs from run to run."""
    early = (
        "(%a: tensor<282xf32>, %b: tensor<29xf32>, %i: tensor<i8>) -> tensor<282xf32>",
        """%0 = stablehlo.dynamic_update_slice %a, %b, %i
          : (tensor<282xf32>, tensor<29xf32>, tensor<i8>) -> tensor<282xf32>
        return %0 : tensor<282xf32>""",
    )
    slices = np.zeros(282, np.float32), np.ones(29, np.float32), np.array(0, np.int8)
    for _ in range(3):
        found = ask(*early, *slices)
        assert (found.kind, found.deviations) == ("explained", ("clamps-starts-in-their-type",))
        assert xla.worker.pid is None


@pytest.mark.parametrize(("first", "kind"), [("%a", "explained"), ("%b", "identical")])
def test_a_scatter_into_one_buffer_may_be_deadly(ask: Ask, first: str, kind: str) -> None:
    x, y, u = (np.full(s, k, np.int8) for k, s in enumerate([(33, 9), (33, 9), (17, 2)]))
    found = ask(*shared_scatter(first), x, y, u)
    assert found.kind == kind


@pytest.mark.parametrize("note", ["the process died: SIGFPE", "INTERNAL: SIGABRT"])
def test_only_deaths_of_memory_are_explained_by_spoilt_memory(note: str) -> None:
    signature, body = shared_scatter("%a")
    module = parse(f"func.func @main{signature} {{ {body} }}")
    assert explain_crash(PROFILE, module, note) is None


WIDER = """"stablehlo.scatter"(%a, %i, %u) ({
      ^bb0(%x: tensor<f32>, %y: tensor<f32>):
        %1 = stablehlo.add %x, %y : tensor<f32>
        stablehlo.return %1 : tensor<f32>
      }) {scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
        scatter_dims_to_operand_dims = [0]>}
      : (tensor<1xf16>, tensor<1xi32>, tensor<f16>) -> tensor<1xf32>"""
BRANCH = f"""%0 = "stablehlo.if"(%c) ({{
        %1 = {WIDER}
        stablehlo.return %1 : tensor<1xf32>
      }}, {{
        %1 = stablehlo.constant dense<0.0> : tensor<1xf32>
        stablehlo.return %1 : tensor<1xf32>
      }}) : (tensor<i1>) -> tensor<1xf32>
      return %0 : tensor<1xf32>"""
CALL = f"""%0 = {WIDER}
      %1 = call @f(%0) : (tensor<1xf32>) -> tensor<1xf32>
      return %1 : tensor<1xf32>
    }}
    func.func private @f(%a: tensor<1xf32>) -> tensor<1xf32> {{
      %0 = stablehlo.negate %a : tensor<1xf32>
      return %0 : tensor<1xf32>"""


@pytest.mark.parametrize("body", [BRANCH, CALL])
def test_a_wider_scatter_in_a_branch_or_before_a_call_is_declined_by_name(
    ask: Ask, body: str
) -> None:
    signature = "(%c: tensor<i1>, %a: tensor<1xf16>, %i: tensor<1xi32>, %u: tensor<f16>)"
    x, i, u = np.zeros(1, np.float16), np.zeros(1, np.int32), np.array(0, np.float16)
    found = ask(f"{signature} -> tensor<1xf32>", body, np.array(True), x, i, u)
    assert (found.kind, found.deviations) == ("explained", ("rejects-wider-scatter",))


@pytest.mark.parametrize(("init", "kind"), [(0, "violation"), (1, "explained")])
def test_only_an_init_that_is_not_neutral_excuses_another_sum(
    monkeypatch: pytest.MonkeyPatch, xla: Xla, ask: Ask, init: int, kind: str
) -> None:
    """XLA's answer is put in the place of a wrong one."""
    wrong = np.array(99, np.int32)
    monkeypatch.setattr(xla, "_ask", lambda function, *_: [wrong] if "run" in function else None)
    body = f"""%i = stablehlo.constant dense<{init}> : tensor<i32>
      %0 = stablehlo.reduce(%a init: %i) applies stablehlo.add across dimensions = [0]
        : (tensor<3xi32>, tensor<i32>) -> tensor<i32>
      return %0 : tensor<i32>"""
    found = ask("(%a: tensor<3xi32>) -> tensor<i32>", body, np.array([1, 2, 3], np.int32))
    assert found.kind == kind


@pytest.mark.parametrize(("dimension", "kind"), [(1, "violation"), (-1, "explained")])
def test_only_a_negative_dimension_excuses_a_dropped_sort(
    monkeypatch: pytest.MonkeyPatch, xla: Xla, ask: Ask, dimension: int, kind: str
) -> None:
    """XLA drops it in one process of many: its answer there is put in the place of the other."""
    x = np.array([[2, 1]], np.int32)
    monkeypatch.setattr(xla, "_ask", lambda function, *_: [x] if "run" in function else None)
    body = f"""%0 = "stablehlo.sort"(%a) <{{dimension = {dimension} : i64, is_stable = true}}> ({{
      ^bb0(%x: tensor<i32>, %y: tensor<i32>):
        %1 = stablehlo.compare LT, %x, %y : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %1 : tensor<i1>
      }}) : (tensor<1x2xi32>) -> tensor<1x2xi32>
      return %0 : tensor<1x2xi32>"""
    assert ask("(%a: tensor<1x2xi32>) -> tensor<1x2xi32>", body, x).kind == kind


def test_a_capture_in_a_reduction_is_declined(xla: Xla) -> None:
    text = """func.func @main(%a: tensor<3xi32>, %b: tensor<i32>) -> tensor<i32> {
      %0 = stablehlo.reduce(%a init: %b) across dimensions = [0]
        : (tensor<3xi32>, tensor<i32>) -> tensor<i32>
        reducer(%x: tensor<i32>, %y: tensor<i32>) {
          %1 = stablehlo.and %x, %y : tensor<i32>
          %2 = stablehlo.and %1, %b : tensor<i32>
          stablehlo.return %2 : tensor<i32>
        }
      return %0 : tensor<i32>
    }"""
    found = examine(parse(text), [np.ones(3, np.int32), np.array(1, np.int32)], xla)
    assert found.kind == "unsupported"
