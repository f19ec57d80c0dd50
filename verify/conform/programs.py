"""Programs with stored inputs, another compiler's outputs, and references of higher precision.

``NAME.npz`` holds ``in0``, ``in1``, ...; ``out0``, ... as XLA computed them in the program's own
types; ``ref0``, ... as evaluated in f64, where there are such. An output with a reference is right
if its largest error against it is at most four times the larger of XLA's and two units in the last
place of the output's largest magnitude. All outputs are held against the reference interpreter's
bounds, XLA's too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compiler.contract import join_all
from compiler.dtypes import from_numpy
from compiler.errors import InputError
from compiler.ir import Array, Module
from verify.arrays import read_arrays
from verify.examine import Question
from verify.oracle import judge
from verify.targets.xla_profile import PROFILE

SHARE = 4  # how many times XLA's error is still right
UNITS = 2


@dataclass(frozen=True)
class Data:
    """The arrays of one program.

    Attributes:
        question: program and inputs.
        theirs: XLA's outputs.
        exact: an entry an output, ``None`` where there is no reference.
    """

    question: Question
    theirs: tuple[Array, ...]
    exact: tuple[Array | None, ...]

    def error(self, outputs: Sequence[Array]) -> str:
        """What is wrong with ``outputs``; empty if nothing is."""
        for k, (got, theirs, exact) in enumerate(
            zip(outputs, self.theirs, self.exact, strict=True)
        ):
            wrong = output_error(got, theirs, exact) if exact is not None else ""
            if wrong:
                return f"output {k}: {wrong}"
        return ""

    def disputed(self) -> str:
        """What is wrong with XLA's outputs by the reference's bounds, beyond what XLA declares;
        empty if nothing is.
        """
        contract = join_all((PROFILE.contract, *(d.widens for d in PROFILE.deviations)))
        leeways = frozenset[str]().union(*(d.leeways for d in PROFILE.deviations))
        verdict = judge(self.theirs, self.question.enclose(contract, leeways), contract)
        return f"XLA's outputs: {verdict}" if verdict.kind == "violation" else ""


def output_error(got: Array, theirs: Array, exact: Array) -> str:
    """What is wrong with one output; empty if nothing is."""
    ours, limit = _errors(got, exact), _limit(theirs, exact)
    wrong = ~(ours <= limit)  # an error that is NaN is wrong
    if not wrong.any():
        return ""
    worst = np.where(np.isnan(ours), np.inf, ours)
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(worst)), worst.shape))
    return (
        f"{list(at)} got {got[at]!s}, reference {exact[at]!s}: error {ours[at]:.3g}, "
        f"at most {limit:.3g} allowed (XLA has {theirs[at]!s})"
    )


def _limit(theirs: Array, exact: Array) -> float:
    """The largest error that is right."""
    errors = _errors(theirs, exact)
    largest = float(np.max(errors, initial=0, where=np.isfinite(errors)))
    t = from_numpy(theirs.dtype)
    if not t.is_float:
        return SHARE * largest
    values = np.abs(theirs.astype(np.float64))
    magnitude = float(np.max(values, initial=0, where=np.isfinite(values)))
    unit = 2.0 ** (np.floor(np.log2(magnitude)) - t.precision + 1) if magnitude else 0.0
    return SHARE * max(largest, UNITS * unit)


def _errors(x: Array, exact: Array) -> Array:
    """Distances; 0 where both are NaN or the same infinity."""
    if from_numpy(x.dtype).kind == "bool" or exact.dtype.kind in "iub":
        return np.where(x == exact, 0.0, np.maximum(_distance(x, exact), 1.0))
    return _distance(x, exact)


def _distance(x: Array, exact: Array) -> Array:
    wide, exact = x.astype(np.float64), exact.astype(np.float64)
    with np.errstate(all="ignore"):
        same = (wide == exact) | (np.isnan(wide) & np.isnan(exact))
        return np.where(same, 0.0, np.abs(wide - exact))


def load(module: Module, path: Path) -> Data:
    """The arrays of ``module`` out of ``path``. InputError where one is missing or does not fit."""
    graph = module.main.graph
    inputs = read_arrays(path, graph.params)
    theirs = read_arrays(path, graph.result_types, "out")
    with np.load(path, allow_pickle=False) as stored:
        exact = []
        for k, t in enumerate(graph.result_types):
            ref = stored.get(f"ref{k}")
            if ref is not None and ref.shape != t.shape:
                raise InputError(f"{path.name}: ref{k} has shape {list(ref.shape)}, not {t}")
            exact.append(ref)
    return Data(Question(module, inputs), tuple(theirs), tuple(exact))
