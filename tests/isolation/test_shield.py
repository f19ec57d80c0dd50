"""Whatever happens in the process of a shielded examination comes back as a verdict."""

import numpy as np
import pytest

from compiler.errors import InputError
from compiler.text import parse
from verify.case import Case
from verify.shield import Shield
from verify.targets.sandbox import Crash, Raised, Timeout

CASE = Case(
    parse("func.func @main(%x: tensor<2xi8>) -> tensor<2xi8> {\n  return %x : tensor<2xi8>\n}\n"),
    (np.zeros(2, np.int8),),
)


class Fake:
    """A worker process that ends as told."""

    def __init__(self, outcome):
        self.outcome = outcome

    def call(self, _function, *_arguments, timeout):
        assert timeout > 0
        return self.outcome

    def close(self):
        pass


@pytest.mark.parametrize(
    ("outcome", "kind", "died"),
    [
        (Crash(-11, "log"), "crash", "SIGSEGV"),
        (Crash(-6, ""), "crash", "SIGABRT"),
        (Crash(3, ""), "crash", "exit 3"),
        (Timeout(1.0, ""), "timeout", "timeout"),
    ],
)
def test_deaths_are_verdicts(outcome, kind, died):
    with Shield(worker=Fake(outcome)) as shield:
        found = shield.examine(CASE)
    assert found.failed
    assert (found.kind, shield.died) == (kind, died)
    assert found.note


def test_expected_errors_stay_what_they_are():
    worker = Fake(Raised("InputError", "m", "t", InputError("wrong")))
    with Shield(worker=worker) as shield, pytest.raises(InputError, match="wrong"):
        shield.examine(CASE)


def test_a_real_process_examines():
    with Shield() as shield:
        assert shield.examine(CASE).kind == "identical"
        assert shield.died == ""
