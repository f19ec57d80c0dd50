"""What a profile explains is counted by name."""

from compiler.ir import Module
from verify.examine import Examination
from verify.fuzz.stats import Stats, total
from verify.oracle import Verdict


def test_explained_failures_are_counted_by_name_and_survive_the_store() -> None:
    chunk = Stats()
    chunk.program(Module(()))
    chunk.examined([("exact", Examination(Verdict("explained", ()), deviations=("a", "b")))])
    chunk.examined([("wide", Examination(Verdict("explained", ()), deviations=("a",)))])
    chunk.examined([("exact", Examination(Verdict("identical", ())))])
    found = total([chunk.to_json(), chunk.to_json()])
    assert found.explained == {"a": 4, "b": 2}
    assert found.verdicts["explained"] == 4
    assert found.violations == found.crashes == 0
