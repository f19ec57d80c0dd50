"""FileCheck tests: each ``.mlir`` file states its passes in a RUN line and what must come out in
CHECK lines.

``// RUN: canonicalize,cse`` runs these passes; ``// LIMIT: 3`` sets the rewrite limit.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options as CheckOptions
from filecheck.parser import Parser

from compiler.check import verify_module
from compiler.pipeline import Options, optimize
from compiler.rewrite import Trace
from compiler.text import parse, print_module

FILES = sorted(Path(__file__).parent.glob("*.mlir"))


def stated(text: str, key: str) -> str:
    """What follows ``// KEY:``; empty if there is no such line."""
    found = re.search(rf"^// {key}: (.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_file(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = path.read_text(encoding="utf-8")
    limit = stated(text, "LIMIT")
    trace = Trace(int(limit) if limit else None)
    module, _ = optimize(parse(text, path.name), Options(pipeline=stated(text, "RUN")), trace)
    verify_module(module)
    out = print_module(module)
    parse(out)
    options = CheckOptions(match_filename=str(path))
    code = Matcher(options, FInput(path.stem, out), Parser.from_opts(options)).run()
    assert code == 0, f"{capsys.readouterr().err}\n{out}"
