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
from verify.conform import programs as conform
from verify.oracle import judge
from verify.ref import evaluate

ROOT = Path(os.environ.get("ASSAY_SUITES", "../shared/suites"))
FILES = sorted([*ROOT.glob("jax_programs/*.mlir"), *ROOT.glob("jax_library/*.mlir")])
# XLA:CPU adds in any order, fuses, divides by multiplying and approximates functions.
XLA = allow("reassoc", "contract", "arcp", "afn")
# What is not decided under that contract alone; XLA's profile must leave room for it.
_LOOP = "a loop that ends where a sum no longer changes"
OPEN = {
    "cumulative_ops": "a - b of two infinities is NaN, or 0 in another order",
    "optax_ctc_loss": "log(1 + x), where x is exp of a small difference of numbers around 1e5",
    "special_gammainc": _LOOP,
    "special_gammainc.legal": _LOOP,
    "special_gammaln": "a sum of large terms that is next to zero",
}


def load(path: Path) -> tuple[Module, list[Array], dict[str, Array]]:
    try:
        program = parse(path.read_text(), str(path))
    except AssayError as e:
        pytest.skip(f"not in the op set: {e.message}")
    data = dict(np.load(_arrays(path)))
    params = program.main.graph.params
    return program, [_typed(data[f"in{i}"], t) for i, t in enumerate(params)], data


def _arrays(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".mlir").removesuffix(".legal") + ".npz")


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
    verdict = judge(outputs, enclose(program, inputs, XLA), XLA)
    if path.stem in OPEN:
        assert verdict.kind in ("unstable", "violation"), f"decided: {path.stem}"
        assert not conform.load(program, _arrays(path)).disputed()
    else:
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
