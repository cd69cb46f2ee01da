"""The times at which a sensor scans within a tick."""

from hedgehog_pipeline_tests.support.ticks import Time


def test_a_tick_scans_twice_a_second_and_ends_before_the_next_one_is_due() -> None:
    time = Time()
    looks = list(time.looks.within_tick())
    assert looks == [0.5 * number for number in range(9)]
    assert time.now < 5


def test_slow_scans_are_rare_so_that_they_do_not_burden_the_source() -> None:
    time, looks = Time(), 0
    for _ in time.looks.within_tick():
        time.now += 0.2
        looks += 1
    assert looks == 3
