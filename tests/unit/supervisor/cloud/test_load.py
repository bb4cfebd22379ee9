from prometheus_client.parser import text_string_to_metric_families

from supervisor.cloud.scaling.load import Counts, count, figures

PAGE = """\
# TYPE mazemesh_replay_inserted_rows counter
mazemesh_replay_inserted_rows_total{table="a"} 100
mazemesh_replay_inserted_rows_total{table="b"} 20
# TYPE mazemesh_replay_limiter_diff_rows gauge
mazemesh_replay_limiter_diff_rows{table="a"} 30
mazemesh_replay_limiter_diff_rows{table="b"} -5
# TYPE mazemesh_matchmaker_matches_live gauge
mazemesh_matchmaker_matches_live 7
# TYPE grpc_server_handled counter
grpc_server_handled_total{grpc_service="s",grpc_method="FindMatch",grpc_code="OK"} 3
grpc_server_handled_total{grpc_service="s",grpc_method="SampleOpponents",grpc_code="OK"} 900
"""


def samples(page: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(page)
        for one in family.samples
    }


def test_a_pages_tables_are_added_up_and_calls_of_the_mesh_itself_are_left_out() -> None:
    counts = count(samples(PAGE))
    assert counts == Counts(inserted_rows=120, ahead_rows=30, matches=7, asked=3)


def test_figures_are_what_counters_have_grown_by() -> None:
    before = Counts(inserted_rows=100, sampled_rows=50, learned_steps=10, asked=2)
    now = Counts(
        inserted_rows=180, sampled_rows=90, learned_steps=10, asked=3, tickets=4, matches=5
    )
    assert figures(before, now, 60) == {
        "QueuedGames": 9,
        "WantedGames": 0,
        "InsertsMinusSamples": 0,
        "RowsInserted": 80,
        "RowsSampled": 40,
        "LearnedSteps": 0,
        "Asked": 1,
    }


def test_a_service_that_was_restarted_counts_from_its_start() -> None:
    assert figures(Counts(asked=100), Counts(asked=3), 60)["Asked"] == 3


def test_a_learner_that_waits_half_the_time_wants_half_an_actors_games() -> None:
    now = Counts(sample_wait_seconds=30)
    assert figures(Counts(), now, 60)["WantedGames"] == 128
    assert figures(Counts(), Counts(sample_wait_seconds=500), 60)["WantedGames"] == 256
