"""XLA as a target, one process for the tests of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from compiler.ir import Array
from compiler.text import parse
from verify.examine import Examination, examine
from verify.targets.xla import Xla


@pytest.fixture(scope="module")
def xla() -> Iterator[Xla]:
    target = Xla()
    yield target
    target.worker.close()


@pytest.fixture(scope="module")
def ask(xla: Xla) -> Callable[..., Examination]:
    """Examines a program, given by its signature and body, on inputs."""

    def answer(signature: str, body: str, *inputs: Array) -> Examination:
        return examine(parse(f"func.func @main{signature} {{ {body} }}"), inputs, xla)

    return answer
