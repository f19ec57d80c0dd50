"""The report counts what it says it counts."""

from dataclasses import replace

import pytest

from verify.faults import FAULTS, find
from verify.mutation import RIVALS, Score
from verify.mutation.outcome import OURS, Hit, Isolation, Proved, Unseen, outcome
from verify.mutation.sample import Unbroken
from verify.report.mutation import (
    classes,
    judges,
    left_out,
    missed,
    page,
    promises,
    sentence,
    unseen,
)

FAULT = FAULTS["cse-ignores-attributes"]
WIDE = list(RIVALS)[1]


def made(name, *, oracle="bound", judge=OURS, blame=None, proof="", origin="written", **fault):
    hit = Hit(name, judge, 7, 1, "exact", "violation", oracle)
    return outcome(
        replace(FAULT, name=name, **fault),
        origin,
        100,
        hits={judge: hit} if oracle else {},
        seconds={judge: 2.0} if oracle else {},
        isolation=Isolation(*blame, 2, 30) if blame else None,
        proof=Proved(proof) if proof else None,
    )


@pytest.fixture
def score():
    outcomes = (
        made("right", blame=("cse", "cse/slice")),
        made("wrong rewrite", blame=("cse", "fold/slice")),
        made("wrong pass", blame=("lower", "cse/slice")),
        made("same", oracle="", proof="equivalent", origin="derived"),
        made("refuted", oracle="", proof="refuted"),
        made("hidden", oracle="localisation", blame=("cse", "cse/slice")),
        made("theirs", judge=WIDE),
    )
    return Score(outcomes, Unbroken(programs=100, runs=600), 0, 100, 200)


def test_blame_is_judged_by_pass_and_pattern(score):
    right = [(o.pass_right, o.rewrite_right) for o in score.outcomes[:3]]
    assert right == [(True, True), (True, False), (False, False)]


def test_either_pass_that_runs_the_rule_is_right():
    fault = find("layout/binary-of-reshapes~f-only-1")
    assert (fault.pass_name, fault.also) == ("canonicalize", ("reorder",))
    blamed = [Isolation(name, fault.rule, 2, 30) for name in ("canonicalize", "reorder", "cse")]
    found = [outcome(fault, "derived", 9, isolation=i) for i in blamed]
    assert [o.rewrite_right for o in found] == [True, True, False]
    assert find("dot/scaled-lhs~x-for-c").also == ()


def test_only_programs_count_and_the_equivalent_do_not(score):
    rows = {row[0]: row[2:] for row in promises(score).rows}
    assert rows["written faults found"] == ("3 of 6 (50.0%)", "NO")
    assert rows["right pass blamed"] == ("2 of 3 (66.7%)", "NO")
    assert rows["right rewrite or op"] == ("1 of 3 (33.3%)", "NO")
    assert rows["reduced size in ops, median"] == ("2", "yes")
    assert "3 of 6 written" in sentence(score)


def test_a_written_fault_is_never_proved_away():
    one = made("written", oracle="", proof="equivalent")
    assert not one.equivalent
    score = Score((one,), Unbroken(programs=100), 0, 100, 200)
    rows = {row[0]: row[2:] for row in promises(score).rows}
    assert rows["written faults found"] == ("0 of 1 (0.0%)", "NO")


def test_what_was_not_measured_is_not_kept():
    rows = promises(Score((), Unbroken(), 0, 0, 200)).rows
    assert {row[2:] for row in rows} == {("-", "-")}


def test_a_fault_that_names_no_rewrite_is_no_right_rewrite(score):
    free = made("free", blame=("codegen", "add"), pass_name="codegen", rewrites=("*",))
    rows = {row[0]: row[2] for row in promises(replace(score, outcomes=(free,))).rows}
    assert rows["right pass blamed"] == "1 of 1 (100.0%)"
    assert rows["right rewrite or op"] == "-"
    (row,) = (dict(zip(s.head, r, strict=True)) for s in [classes(replace(score, outcomes=(free,)))]
              for r in s.rows)  # fmt: skip
    assert (row["right rewrite"], row["names no rewrite"]) == ("-", "1")


def test_rivals_stand_beside_the_oracle(score):
    rows = {row[0]: row for row in judges(score).rows}
    assert rows["Assay"][1] == "3 of 6 (50.0%)"
    assert rows["Assay"][3] == "3"
    assert rows[WIDE][1] == "1 of 6 (16.7%)"
    assert rows[WIDE][3] == "1"


def test_what_is_not_found_comes_with_the_next_command(score):
    rows = missed(score).rows
    assert [row[0] for row in rows] == ["refuted", "hidden", "theirs"]
    assert rows[0][-1] == "assay mutate 'refuted' --count 400"


def test_what_was_not_seen_again_and_what_was_left_out_are_named(score):
    hit = Hit("slow", OURS, 41, 0, "", "timeout", "crash", "timeout")
    why = {"r~a": "the same as the rule itself", "r~b": "the same as r~c", "q~a": "the same as q~b"}
    more = replace(score, unseen=(Unseen(hit, "no failure"),), left_out=why)
    assert unseen(more).rows == (("slow", "41", "timeout (timeout)", "", "no failure"),)
    assert left_out(more).rows == (
        ("the same as another", "2", "r~b = r~c, q~a = q~b"),
        ("the same as the rule itself", "1", "r~a"),
    )
    text = page(more).markdown()
    assert "slow" in text
    assert "r~b" in text


def test_every_section_has_a_cell_a_column(score):
    whole = page(score)
    for section in whole.sections:
        assert all(len(row) == len(section.head) for row in section.rows), section.title
    assert "wrong rewrite" in whole.markdown()
    assert "<td>right</td>" in whole.html()
