from __future__ import annotations

from verify.gen import RandomChooser, Recorder, TapeChooser, program_seed


def test_random_choices_are_in_range_and_repeat_by_seed():
    a, b = RandomChooser(7), RandomChooser(7)
    drawn = [a.below(k) for k in range(1, 200)]
    assert all(0 <= c < k for c, k in zip(drawn, range(1, 200), strict=True))
    assert drawn == [b.below(k) for k in range(1, 200)]
    assert drawn != [RandomChooser(8).below(k) for k in range(1, 200)]


def test_random_choices_reach_every_value():
    c = RandomChooser(1)
    assert {c.below(5) for _ in range(200)} == set(range(5))


def test_a_tape_gives_its_entries_modulo_k_and_then_zeros():
    c = TapeChooser([3, 7, 2])
    assert [c.below(5), c.below(5), c.below(5), c.below(5), c.below(2)] == [3, 2, 2, 0, 0]


def test_a_recorder_keeps_what_it_passes_on():
    r = Recorder(RandomChooser(3))
    drawn = [r.below(10) for _ in range(20)]
    assert r.tape == drawn
    t = TapeChooser(r.tape)
    assert [t.below(10) for _ in range(20)] == drawn


def test_program_seeds_differ_between_programs_and_campaigns():
    seeds = {program_seed(c, i) for c in range(10) for i in range(100)}
    assert len(seeds) == 1000
    assert program_seed(1, 2) == program_seed(1, 2)
