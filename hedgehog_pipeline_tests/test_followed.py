"""What is appended to a file is handed on, the last of it too."""

from pathlib import Path

from hedgehog_pipeline.logs.follow import followed
from hedgehog_pipeline.sandbox.waiting import await_condition


def test_lines_come_whole_while_they_are_written_and_the_rest_at_the_end(tmp_path: Path) -> None:
    file, lines = tmp_path / "log", list[str]()
    with file.open("wb", buffering=0) as written, followed(file, lines.append):
        written.write(b"one\ntw")
        assert await_condition(lambda: lines == ["one"], seconds=60)
        written.write("ö\nthree".encode())
    assert lines == ["one", "twö", "three"]
