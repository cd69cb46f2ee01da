"""Lines that are appended to a file are passed on, the last one too."""

from pathlib import Path

from hedgehog_pipeline.logs.follow import follow_lines
from hedgehog_pipeline.sandbox.waiting import await_condition


def test_whole_lines_are_passed_on_at_once_and_the_rest_at_the_end(tmp_path: Path) -> None:
    file, lines = tmp_path / "log", list[str]()
    with file.open("wb", buffering=0) as written, follow_lines(file, lines.append):
        written.write(b"one\ntw")
        assert await_condition(lambda: lines == ["one"], seconds=60)
        written.write("ö\nthree".encode())
    assert lines == ["one", "twö", "three"]
