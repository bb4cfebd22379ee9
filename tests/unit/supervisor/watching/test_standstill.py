"""Why nothing is played or learned, by what was found."""

import json
from pathlib import Path

import pytest

from supervisor.running.logs import Complaint, complaints, worst
from supervisor.watching.standstill import (
    PATIENCE,
    Evidence,
    Part,
    ProcessSigns,
    Progress,
    TableSigns,
    causes,
    leading,
)

ROOM = 10 * 2**30
FOLDER = Path("/data")


def first(part: Part, *processes: ProcessSigns, **given: object) -> str:
    evidence = Evidence(FOLDER, **{"free_bytes": ROOM, **given}, processes=processes)  # type: ignore[arg-type]
    return causes(part, evidence)[0].text


def test_a_part_stands_still_when_its_count_did_not_move_for_long() -> None:
    progress = Progress()
    progress.note(5.0, {"played": 10, "learned": 0, "published": 1}, rows=100)
    assert progress.still(PATIENCE - 1) == {}
    assert progress.still(PATIENCE) == {"learned": PATIENCE}
    assert progress.fed(PATIENCE)
    later = PATIENCE + 5.0
    assert leading(progress.still(later)) == ("played",)
    assert not progress.fed(later)
    progress.note(later, {"played": 11, "learned": 1, "published": 1}, rows=101)
    assert progress.still(later) == {"published": PATIENCE}


def test_a_full_disk_is_named_with_its_folder_and_who_says_so() -> None:
    assert "the disk of /data is full: 0.5 MiB free" in first("published", free_bytes=2**19)
    refused = Complaint(2, "version refused: the disk is full (No space left on device)")
    told = first("published", ProcessSigns("learner", complaint=refused))
    assert "the disk of /data is full" in told
    assert "learner says: version refused" in told


def test_a_process_that_does_not_run_gives_its_last_words() -> None:
    refusing = ProcessSigns(
        "learner", running=False, deaths=3, complaint=Complaint(3, "the folder is of another game")
    )
    told = first("learned", refusing)
    assert told == "learner does not run, it ended 3 times: the folder is of another game"


def test_a_service_that_does_not_answer_is_named_with_its_address() -> None:
    silent = ProcessSigns("game", answers=False, address="10.9.8.7:50051")
    assert first("played", silent) == "game runs, but 10.9.8.7:50051 does not answer"


def test_the_limiter_of_a_table_holds_back_whom_it_names() -> None:
    full = TableSigns("race", 1000, 1, waiting_inserts=2, waiting_samples=0)
    assert "takes no rows from actors until the learner has drawn more (2 calls" in first(
        "played", tables=(full,)
    )
    scarce = TableSigns("race", 10, 1000, waiting_inserts=0, waiting_samples=1)
    assert "holds 10 of the 1,000 rows that learning begins with" in first(
        "learned", tables=(scarce,)
    )


def test_a_table_that_fills_is_no_fault() -> None:
    scarce = TableSigns("race", 10, 1000, waiting_inserts=0, waiting_samples=1)
    for fed in (True, False):
        (cause,) = causes("learned", Evidence(FOLDER, ROOM, tables=(scarce,), fed=fed))
        assert cause.patient == fed


def test_that_no_version_comes_needs_a_certain_reason() -> None:
    warned = ProcessSigns("learner", complaint=Complaint(1, "model is away"))
    assert causes("published", Evidence(FOLDER, ROOM, (warned,))) == ()
    refused = ProcessSigns("learner", complaint=Complaint(2, "version refused: parity"))
    assert "version refused: parity" in first("published", refused)


def test_processes_that_have_nothing_to_do_with_it_are_not_named() -> None:
    evidence = Evidence(FOLDER, ROOM, (ProcessSigns("elo", running=False),))
    assert causes("played", evidence) == ()


def json_line(level: str, event: str, **more: str) -> str:
    return json.dumps({"level": level, "event": event, **more})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (json_line("info", "listening"), None),
        (
            json_line("error", "version refused", reason="too\nlarge"),
            Complaint(2, "version refused: too large"),
        ),
        (
            json_line("warning", "late", timestamp="2026-01-01T00:00:00Z"),
            Complaint(1, "late", 1767225600.0),
        ),
        (
            json_line("error", "crashed", exception="Traceback\n  x\nValueError: 7"),
            Complaint(2, "crashed: ValueError: 7"),
        ),
        (
            "2026-01-01 00:00 [\x1b[31merror    \x1b[0m] no room   reason=full",
            Complaint(2, "no room reason=full"),
        ),
        ("learner: threads = '0' is wrong", Complaint(3, "threads = '0' is wrong")),
        ("2026/11/30 INFO mlflow: nothing", None),
        ("{ this is no JSON", None),
    ],
)
def test_what_a_line_complains_of(line: str, complaint: Complaint | None) -> None:
    assert list(complaints([line])) == ([complaint] if complaint else [])


def test_a_traceback_is_what_it_ends_in() -> None:
    lines = ["Traceback (most recent call last):", '  File "x.py", line 1', "KeyError: 'game'", "x"]
    assert list(complaints(lines)) == [Complaint(3, "KeyError: 'game'")]


def test_the_worst_of_a_log_is_of_this_run_and_recent(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert worst(log, 0) is None
    log.write_text(json_line("error", "of an earlier run") + "\n")
    start = log.stat().st_size
    assert worst(log, start) is None
    with log.open("a") as file:
        old, new = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
        file.write(json_line("error", "long ago", timestamp=old) + "\n")
        file.write(json_line("warning", "first", timestamp=new) + "\n")
        file.write(json_line("warning", "last", timestamp=new) + "\n")
    told = worst(log, start, since=1767225600.0 + 3600)
    assert told is not None
    assert told.text == "last"
    told = worst(log, start)
    assert told is not None
    assert told.text == "long ago"
