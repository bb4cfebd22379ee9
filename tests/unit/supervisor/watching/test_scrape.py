from supervisor.watching.scrape import Readings, parse

PAGE = """\
# HELP mazemesh_game_games_finished_total Games.
# TYPE mazemesh_game_games_finished_total counter
mazemesh_game_games_finished_total{kind="training"} 40.0
mazemesh_game_games_finished_total{kind="match"} 2.0
# HELP process_cpu_seconds_total CPU.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 3.0
# HELP mazemesh_game_sessions Sessions.
# TYPE mazemesh_game_sessions gauge
mazemesh_game_sessions 2.0
"""
FINISHED = "mazemesh_game_games_finished_total"


def test_a_page_is_read_and_foreign_metrics_are_left_out() -> None:
    samples = parse(PAGE)
    assert samples[(FINISHED, (("kind", "training"),))] == 40.0
    assert samples[("mazemesh_game_sessions", ())] == 2.0
    assert len(samples) == 3


def test_totals_add_up_over_labels_and_processes() -> None:
    readings = Readings()
    readings.take("a", parse(PAGE))
    readings.take("b", parse(PAGE))
    assert readings.total(FINISHED) == 84.0
    assert readings.total(FINISHED, kind="match") == 4.0
    assert readings.highest("mazemesh_game_sessions") == 2.0
    assert readings.highest("nothing") is None


def test_one_process_alone() -> None:
    readings = Readings()
    readings.take("a", parse(PAGE))
    readings.take("b", parse(PAGE.replace("sessions 2.0", "sessions 9.0")))
    assert readings.highest("mazemesh_game_sessions") == 9.0
    assert readings.highest("mazemesh_game_sessions", of="a") == 2.0
    assert list(readings.values("mazemesh_game_sessions", of="b").values()) == [9.0]
    assert readings.highest("mazemesh_game_sessions", of="c") is None


def test_a_counter_goes_on_over_restarts_and_a_gauge_does_not() -> None:
    readings = Readings()
    for value in (10.0, 25.0, 3.0, 7.0, 1.0):
        readings.take("a", {(FINISHED, ()): value, ("mazemesh_game_sessions", ()): value})
    assert readings.total(FINISHED) == 25.0 + 7.0 + 1.0
    assert readings.total("mazemesh_game_sessions") == 1.0


def test_gauges_of_several_instances_are_summed_by_label_or_taken_once() -> None:
    readings = Readings()
    table = (("table", "race"),)
    for process, size in (("replay-0", 3.0), ("replay-1", 4.0)):
        readings.take(process, {("size", table): size})
    for process, matches in (("elo-0", (5.0, 1.0)), ("elo-1", (5.0, 2.0))):
        readings.take(
            process,
            {("matches", (("ladder", name),)): n for name, n in zip("ab", matches, strict=True)},
        )
    assert readings.sums("size") == {table: 7.0}
    assert readings.highest_total("matches") == 7.0
    assert readings.highest_total("none") == 0.0
