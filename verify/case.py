"""A case: one stored program with inputs, and everything needed to run it again.

On disk a case is a folder: ``case.mlir`` (StableHLO text), ``inputs.npz``, ``expected.npz`` (the
reference's values and error bounds) and ``case.json``. Folders appear whole or not at all: they are
written aside and renamed.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from compiler.contract import EXACT, Contract
from compiler.errors import InputError
from compiler.ir import Array, Module
from compiler.pipeline import Options
from compiler.text import parse, print_module
from verify.arrays import read_arrays, write_arrays

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One program with inputs and the way it is compiled.

    Attributes:
        module: the program.
        inputs: arrays, one a parameter of the entry function.
        target: name of the compiler under test.
        level: optimisation level.
        precision: precision lowering asked for (``""``, ``bf16``, ``f16``).
        contract: what the compilation could do to bits when the case was found.
        meta: everything else, as JSON: verdict kind, guilty pass and rewrite, fault switched on,
            versions, origin.
    """

    module: Module
    inputs: tuple[Array, ...]
    target: str = "assay"
    level: int = 1
    precision: str = ""
    contract: Contract = EXACT
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> Options:
        """The compiler options of the case."""
        disable = frozenset(self.meta.get("disable", ()))
        return Options(level=self.level, precision=self.precision, disable=disable)

    @property
    def fault(self) -> str:
        """The injected fault that the case was found with; empty for none."""
        return str(self.meta.get("fault", ""))

    def with_program(self, module: Module, inputs: Sequence[Array]) -> Case:
        """The same case with another program."""
        return replace(self, module=module, inputs=tuple(inputs))


def save(
    case: Case,
    folder: Path,
    expected: Sequence[Any] = (),
    beside: Mapping[str, str] | None = None,
) -> Path:
    """Write ``case`` as ``folder``, replacing what was there; returns ``folder``.

    ``expected`` are enclosures (see :mod:`verify.bounds`), kept for people who read the case
    without Assay; ``beside`` are further text files by name.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (aside / "case.mlir").write_text(print_module(case.module), encoding="utf-8")
        write_arrays(aside / "inputs.npz", case.inputs)
        if expected:
            _write_expected(aside / "expected.npz", expected)
        for name, text in (beside or {}).items():
            (aside / name).write_text(text, encoding="utf-8")
        (aside / "case.json").write_text(json.dumps(_to_json(case), indent=2) + "\n", "utf-8")
        aside.chmod(0o755)
        _swap(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return folder


def load(folder: Path) -> Case:
    """Read a case folder. InputError if it is not one, ParseError or VerifyError if the program is
    broken.
    """
    path = folder / "case.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        module = parse(
            (folder / "case.mlir").read_text(encoding="utf-8"), str(folder / "case.mlir")
        )
    except FileNotFoundError as e:
        raise InputError(f"{folder}: not a case folder", hint=f"{e.filename} is missing") from None
    except NotADirectoryError:
        raise InputError(f"{folder}: not a case folder", hint="a case is a folder") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as e:
        raise InputError(f"{path}: not readable as text: {e}") from None
    inputs = read_arrays(folder / "inputs.npz", module.main.graph.params)
    try:
        return Case(
            module,
            tuple(inputs),
            str(data.get("target", "assay")),
            int(data.get("level", 1)),
            str(data.get("precision", "")),
            Contract.from_json(data.get("contract", {})),
            dict(data.get("meta", {})),
        )
    except (ValueError, TypeError, AttributeError) as e:
        raise InputError(f"{path}: a field has the wrong form: {e}") from None


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    from importlib.metadata import PackageNotFoundError, version

    out = {"python": platform.python_version(), "machine": platform.machine()}
    for package in ("assay", "numpy", "ml_dtypes", "llvmlite", "jaxlib"):
        try:
            out[package] = version(package)
        except PackageNotFoundError:
            continue
    return out


def _to_json(case: Case) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "target": case.target,
        "level": case.level,
        "precision": case.precision,
        "contract": case.contract.to_json(),
        "versions": versions(),
        "meta": case.meta,
    }


def _write_expected(path: Path, enclosures: Sequence[Any]) -> None:
    """Values in the output's dtype as ``out0``..., error bounds as ``err0``... (absent where bits
    are determined), and where finite values may overflow the least and the greatest legal value as
    ``low0``..., ``high0``...
    """
    named: dict[str, Array] = {}
    for i, e in enumerate(enclosures):
        value = np.asarray(e.value)
        named[f"out{i}"] = value.view(np.uint16) if value.dtype.name == "bfloat16" else value
        if e.error is not None:
            named[f"err{i}"] = np.asarray(e.error)
        if e.span is not None:
            named[f"low{i}"], named[f"high{i}"] = map(np.asarray, e.span)
    np.savez(path, allow_pickle=False, **named)


def _swap(aside: Path, folder: Path) -> None:
    """Put ``aside`` in the place of ``folder``; a crash leaves either the old or the new one."""
    if not folder.exists():
        os.rename(aside, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    os.rename(folder, old / "case")
    os.rename(aside, folder)
    shutil.rmtree(old, ignore_errors=True)
