"""Target xla compiles and runs what it is given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compiler.dtypes import ALL, I1
from compiler.errors import InputError, UnsupportedError
from compiler.pipeline import Options
from compiler.text import parse
from verify.targets import get
from verify.targets.protocol import Target
from verify.targets.sandbox import Returned
from verify.targets.xla import PASSES, TargetCrash, TargetTimeout, Xla, unpack

pytest.importorskip("jaxlib")
SUITES = Path(os.environ.get("ASSAY_SUITES", Path(__file__).parents[2] / "../shared/suites"))
SHOWN = (
    "transformer_encoder_block",
    "layernorm_value_and_grad",
    "mlp_sgd_train_step",
    "rotary_embedding",
    "einsum_batch_matmul",
)


def run(
    xla: Xla,
    text: str,
    *inputs: np.ndarray,
    options: Options = Options(),  # noqa: B008
) -> list[np.ndarray]:
    return list(xla.compile(parse(text), options).run(inputs))


@pytest.mark.parametrize("dtype", ALL, ids=str)
def test_every_dtype_goes_in_and_out(xla: Xla, dtype) -> None:
    text = f"""func.func @main(%a: tensor<2x3x{dtype}>, %z: tensor<0x{dtype}>, %s: tensor<{dtype}>)
        -> (tensor<3x2x{dtype}>, tensor<0x{dtype}>, tensor<{dtype}>) {{
      %0 = stablehlo.transpose %a, dims = [1, 0] : (tensor<2x3x{dtype}>) -> tensor<3x2x{dtype}>
      return %0, %z, %s : tensor<3x2x{dtype}>, tensor<0x{dtype}>, tensor<{dtype}>
    }}"""
    a = np.array([[0, 1, 0], [1, 1, 0]] if dtype is I1 else [[0, 1, 2], [3, 4, 5]], dtype.numpy)
    out = run(xla, text, a, np.zeros(0, dtype.numpy), np.ones((), dtype.numpy))
    np.testing.assert_array_equal(out[0], a.T)
    assert [o.dtype for o in out] == [dtype.numpy] * 3
    assert [o.shape for o in out] == [(3, 2), (0,), ()]


def test_no_inputs_and_a_tuple_of_one(xla: Xla) -> None:
    text = """func.func @main() -> tensor<2xi64> {
      %0 = stablehlo.iota dim = 0 : tensor<2xi64>
      return %0 : tensor<2xi64>
    }"""
    assert run(xla, text)[0].tolist() == [0, 1]


def test_inputs_may_be_strided_views(xla: Xla) -> None:
    text = """func.func @main(%a: tensor<3x2xf32>) -> tensor<3x2xf32> {
      %0 = stablehlo.negate %a : tensor<3x2xf32>
      return %0 : tensor<3x2xf32>
    }"""
    a = np.arange(6, dtype=np.float32).reshape(2, 3).T
    np.testing.assert_array_equal(run(xla, text, a)[0], -a)


@pytest.mark.parametrize("name", SHOWN)
def test_programs_of_jax_give_what_jax_gave(xla: Xla, name: str) -> None:
    path = SUITES / "jax_programs" / f"{name}.mlir"
    if not path.exists():
        pytest.skip(f"no suites at {SUITES} (ASSAY_SUITES)")
    module, data = parse(path.read_text(), path.name), np.load(path.with_suffix(".npz"))
    inputs = [data[f"in{i}"] for i in range(len(module.main.graph.params))]
    for i, out in enumerate(xla.compile(module, Options()).run(inputs)):
        want = data[f"out{i}"]  # the same compiler of the same release, other CPU
        scale = float(np.max(np.abs(want)))
        assert np.max(np.abs(out - want)) <= 64 * np.finfo(np.float32).eps * scale


def test_a_known_bug_of_xla_shows(xla: Xla) -> None:
    """Addition of i1 is OR by the specification; XLA folds constants with XOR
    (openxla/stablehlo#2630).
    """
    text = """func.func @main(%a: tensor<4xi1>, %b: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi1>) {
      %c = stablehlo.constant dense<[false, false, true, true]> : tensor<4xi1>
      %d = stablehlo.constant dense<[false, true, false, true]> : tensor<4xi1>
      %0 = stablehlo.add %c, %d : tensor<4xi1>
      %1 = stablehlo.add %a, %b : tensor<4xi1>
      return %0, %1 : tensor<4xi1>, tensor<4xi1>
    }"""
    a, b = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    folded, computed = run(xla, text, a, b)
    assert computed.tolist() == [False, True, True, True]
    assert folded.tolist() == [False, True, True, False]


def test_a_crash_of_xla_is_survived(xla: Xla) -> None:
    """The constant folder divides integers by zero; the same program with inputs runs."""
    text = """func.func @main(%b: tensor<1xi32>) -> tensor<1xi32> {{
      %a = stablehlo.constant dense<9> : tensor<1xi32>
      %c = stablehlo.constant dense<0> : tensor<1xi32>
      %0 = stablehlo.divide %a, {} : tensor<1xi32>
      return %0 : tensor<1xi32>
    }}"""
    zero = np.zeros(1, np.int32)
    with pytest.raises(TargetCrash, match="SIGFPE"):
        run(xla, text.format("%c"), zero)
    assert run(xla, text.format("%b"), zero)[0].tolist() == [-1]


def test_what_xla_declines_is_unsupported(xla: Xla) -> None:
    text = """func.func @main(
        %a: tensor<4xf16>, %b: tensor<4xbf16>, %s: tensor<f16>, %t: tensor<bf16>)
        -> (tensor<f16>, tensor<bf16>) {
      %0:2 = stablehlo.reduce(%a init: %s), (%b init: %t) across dimensions = [0]
        : (tensor<4xf16>, tensor<4xbf16>, tensor<f16>, tensor<bf16>)
        -> (tensor<f16>, tensor<bf16>)
        reducer(%w: tensor<f16>, %x: tensor<f16>) (%y: tensor<bf16>, %z: tensor<bf16>) {
          %1 = stablehlo.add %w, %x : tensor<f16>
          %2 = stablehlo.add %y, %z : tensor<bf16>
          stablehlo.return %1, %2 : tensor<f16>, tensor<bf16>
        }
      return %0#0, %0#1 : tensor<f16>, tensor<bf16>
    }"""
    with pytest.raises(UnsupportedError, match="mixed precision is disallowed"):
        xla.compile(parse(text), Options())


@pytest.mark.parametrize("off", [*((p,) for p in PASSES), PASSES])
def test_passes_can_be_switched_off(xla: Xla, off: tuple[str, ...]) -> None:
    """Only algsimp turns division by a constant into multiplication, which rounds otherwise."""
    text = """func.func @main(%a: tensor<100xf32>) -> (tensor<100xf32>, tensor<f32>) {
      %c = stablehlo.constant dense<3.0> : tensor<100xf32>
      %0 = stablehlo.divide %a, %c : tensor<100xf32>
      %s = stablehlo.constant dense<0.0> : tensor<f32>
      %1 = stablehlo.reduce(%a init: %s) applies stablehlo.add across dimensions = [0]
        : (tensor<100xf32>, tensor<f32>) -> tensor<f32>
      return %0, %1 : tensor<100xf32>, tensor<f32>
    }"""
    a = np.arange(100, dtype=np.float32)
    quotient, total = run(xla, text, a, options=Options(disable=frozenset(off)))
    exact = a / np.float32(3)
    assert np.array_equal(quotient, exact) == ("algsimp" in off)
    assert np.allclose(quotient, exact, rtol=2**-23, atol=0)  # one rounding more
    assert float(total) == 4950


def test_bad_inputs_are_refused(xla: Xla) -> None:
    module = parse(
        "func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> { return %a : tensor<2xf32> }"
    )
    program = xla.compile(module, Options())
    for inputs in ([], [np.zeros(3, np.float32)], [np.zeros(2)]):
        with pytest.raises(InputError):
            program.run(inputs)


def test_precision_is_not_an_option_of_xla(xla: Xla) -> None:
    module = parse(
        "func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> { return %a : tensor<2xf32> }"
    )
    with pytest.raises(UnsupportedError):
        xla.compile(module, Options(precision="bf16"))


def test_it_is_a_target(xla: Xla) -> None:
    target: Target = get("xla")
    assert isinstance(target, Xla)
    assert target.version.startswith("jaxlib ")
    assert target.passes() == PASSES
    assert {"reassoc", "contract"} <= target.profile.contract.flags
    assert all(d.reason for d in target.profile.deviations)


def test_a_dead_or_slow_process_is_an_exception_and_then_works_again() -> None:
    module = parse(
        "func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> { return %a : tensor<2xf32> }"
    )
    target = Xla()
    program = target.compile(module, Options())
    with pytest.raises(TargetCrash, match="SIGABRT"):
        unpack(target.worker.call("os:abort"))
    a = np.ones(2, np.float32)
    np.testing.assert_array_equal(program.run([a])[0], a)  # compiled again in the new process
    with pytest.raises(TargetTimeout):
        unpack(target.worker.call("time:sleep", 30, timeout=0.2))
    target.worker.close()


def test_the_parent_does_not_import_jaxlib() -> None:
    code = "import sys, verify.targets.xla; assert 'jaxlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_jax_is_not_needed(xla: Xla) -> None:
    code = "import sys; assert 'jaxlib' in sys.modules and 'jax' not in sys.modules"
    xla.worker.call("verify.targets.xla_worker:compile_text", "module {}")
    assert xla.worker.call("builtins:exec", code) == Returned(None)
