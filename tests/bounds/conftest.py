"""Loads the helpers beside the tests, which are no test modules themselves."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load(name: str) -> ModuleType:
    """The module of file ``name`` in this folder, loaded once."""
    full = f"bounds_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


@pytest.fixture(scope="session")
def legal() -> ModuleType:
    """The random legal evaluator."""
    for name in ("reals", "legal"):
        load(name)
    return load("legal_ops")


@pytest.fixture(scope="session")
def doubt(legal: ModuleType) -> ModuleType:
    """Operands with errors, and the check of single ops on them."""
    assert legal
    return load("doubt")
