"""The reference and the bounds on programs traced from JAX, which nobody here wrote.

The folder comes from ``ASSAY_SUITES`` (default: ``../shared/suites``); without it the tests skip.
"""

from __future__ import annotations

import os
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from compiler.contract import allow
from compiler.errors import AssayError
from compiler.ir import Array, Module, TensorType
from compiler.text import parse
from verify.bounds import enclose
from verify.oracle import judge
from verify.ref import evaluate

ROOT = Path(os.environ.get("ASSAY_SUITES", "../shared/suites"))
FILES = sorted([*ROOT.glob("jax_programs/*.mlir"), *ROOT.glob("jax_library/*.mlir")])
# XLA:CPU adds in any order, fuses, divides by multiplying and approximates functions.
XLA = allow("reassoc", "contract", "arcp", "afn")


def load(path: Path) -> tuple[Module, list[Array], dict[str, Array]]:
    try:
        program = parse(path.read_text(), str(path))
    except AssayError as e:
        pytest.skip(f"not in the op set: {e.message}")
    stem = path.name.removesuffix(".mlir").removesuffix(".legal")
    data = dict(np.load(path.with_name(stem + ".npz")))
    params = program.main.graph.params
    return program, [_typed(data[f"in{i}"], t) for i, t in enumerate(params)], data


def _typed(x: Array, t: TensorType) -> Array:
    if t.dtype.name == "bf16":
        x = x.view(ml_dtypes.bfloat16)
    return np.asarray(x).reshape(t.shape)


@pytest.mark.skipif(not FILES, reason=f"no suites under {ROOT}")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_xla_is_inside_the_bounds(path: Path) -> None:
    program, inputs, data = load(path)
    types = program.main.graph.result_types
    outputs = [_typed(data[f"out{i}"], t) for i, t in enumerate(types)]
    enclosures = enclose(program, inputs, XLA)
    verdict = judge(outputs, enclosures, XLA)
    assert verdict.kind in ("identical", "allowed"), str(verdict)
    ours = judge(evaluate(program, inputs), enclose(program, inputs))
    assert ours.kind in ("identical", "allowed"), str(ours)
    assert ours.bound_share <= 1.0


@pytest.mark.skipif(not FILES, reason=f"no suites under {ROOT}")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_reference_agrees_with_float64(path: Path) -> None:
    """Errors no larger than four times XLA's, and two units of the largest output."""
    program, inputs, data = load(path)
    for i, got in enumerate(evaluate(program, inputs)):
        want = data.get(f"ref{i}")
        if want is None or want.dtype.kind != "f" or got.dtype.kind != "f" or not got.size:
            continue
        theirs = np.abs(data[f"out{i}"].reshape(got.shape) - want.reshape(got.shape))
        ours = np.abs(got.astype(np.float64) - want.reshape(got.shape))
        unit = np.finfo(got.dtype).eps * np.nanmax(np.abs(want), initial=0)
        limit = 4 * np.nanmax(theirs, initial=0) + 2 * unit
        assert np.nanmax(ours, initial=0) <= limit
