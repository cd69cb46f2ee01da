"""The tags that name the commits of a run, and those by which it reports what it tried.

A run of one stage names its commits. A run of all stages takes what waits, what it lands itself
included, so it names what it leaves out. Each stage of a run notes what it begins with.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from hedgehog_pipeline.lake.commits import Commit

COMMITS_TAG = "hedgehog/commits"
"""The commits that a run was launched for; absent where a person launched it."""

_REPLAY_TAG = "hedgehog/replay"
_FAILED_TAG = "hedgehog/failed_in_a_row"
_PENDING = "pending"
_NONE = "none"
_PARTITION_TAG = "dagster/partition"  # Dagster gives it to every run of a partition
_PARENT_TAG = "dagster/parent_run_id"  # and this one to a run that is a retry


def tags_for(commits: Sequence[Commit]) -> dict[str, str]:
    """Give the tags of a run that is launched for these commits."""
    return {COMMITS_TAG: _text_of(commit.number for commit in commits)} if commits else {}


def replay_tags(commits: Sequence[Commit]) -> dict[str, str]:
    """Give the tags of a run that processes these commits again."""
    return {**tags_for(commits), _REPLAY_TAG: "true"}


PENDING_TAGS = {COMMITS_TAG: _PENDING}
"""The tags of a run whose stages each take what waits for them, the stage before included."""


LANDING_TAGS = {COMMITS_TAG: _NONE}
"""The tags of a run of extraction alone: what it lands waits for other runs."""


def launched_by_platform(tags: Mapping[str, str]) -> bool:
    """Tell whether a sensor, a schedule or the command launched a run, not a person in the UI.

    Such a run works on whole commits, whatever it plans to materialise.
    """
    return COMMITS_TAG in tags


def is_replay(tags: Mapping[str, str]) -> bool:
    """Tell whether a run processes commits again that were processed before.

    A person's run does, and one that is launched for it. Any other run that finds its commits
    processed comes late.
    """
    return _REPLAY_TAG in tags or not launched_by_platform(tags)


def pending_tags(left_out: Mapping[str, Collection[int]]) -> dict[str, str]:
    """Give the tags of a run that takes what waits, but for the commits that are left out.

    Args:
        left_out: per stage, the numbers of commits that wait for it and are not taken.
    """
    named = {_left_out_tag(stage): _text_of(sorted(out)) for stage, out in left_out.items() if out}
    return {**PENDING_TAGS, **named}


def is_pending_run(tags: Mapping[str, str]) -> bool:
    """Tell whether a run takes what waits."""
    return tags.get(COMMITS_TAG) == _PENDING


def tried_tags(stage: str, commits: Sequence[Commit]) -> dict[str, str]:
    """Give the tags by which a run tells what a stage of it begins with."""
    return {_tried_tag(stage): _text_of(commit.number for commit in commits)}


def tried_in(tags: Mapping[str, str], stage: str) -> tuple[int, ...]:
    """Give the commits that a stage of a run that failed had begun with, and did not end.

    None where the run had not come so far, or had come to the stage after.
    """
    if stage == "processing" and has_begun(tags, "storage"):
        return ()
    return _numbers_of(tags.get(_tried_tag(stage), _NONE))


def failed_tags(count: int) -> dict[str, str]:
    """Give the tags of a failed run that is the so many-th in a row."""
    return {_FAILED_TAG: str(count)}


def failed_in(tags: Mapping[str, str]) -> int:
    """Give how many runs had failed in a row with this one; 0 where nobody counted."""
    return int(tags.get(_FAILED_TAG, 0))


def has_begun(tags: Mapping[str, str], stage: str) -> bool:
    """Tell whether a run came so far as to begin with the commits of a stage."""
    return _tried_tag(stage) in tags


def is_persons_retry(tags: Mapping[str, str]) -> bool:
    """Tell whether a person launched a run again, which gives it the tags of the first."""
    return _PARENT_TAG in tags


def will_take(tags: Mapping[str, str], stage: str, commit: Commit) -> bool:
    """Tell whether a run of all stages, being at work, is to take a commit that waits for a stage.

    Args:
        tags: of the run.
        stage: processing or storage.
        commit: one that waits for the stage.
    """
    if tags.get(COMMITS_TAG) == _NONE:
        return False
    is_of_its_day = commit.date.isoformat() == tags.get(_PARTITION_TAG)
    return is_of_its_day and commit.number not in left_out_in(tags, stage)


def left_out_in(tags: Mapping[str, str], stage: str) -> tuple[int, ...]:
    """Give the numbers of the commits that a stage of a run is not to take."""
    return _numbers_of(tags.get(_left_out_tag(stage), _NONE))


def _left_out_tag(stage: str) -> str:
    return f"hedgehog/{stage}_left_out"


def _tried_tag(stage: str) -> str:
    return f"hedgehog/{stage}_tried"


def _text_of(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers)) or _NONE


def _numbers_of(text: str) -> tuple[int, ...]:
    return () if text in {_PENDING, _NONE} else tuple(map(int, text.split(",")))


def numbers_in(tags: Mapping[str, str]) -> tuple[int, ...]:
    """Give the numbers of the commits that a run was launched for, if it names any."""
    return _numbers_of(tags.get(COMMITS_TAG, _PENDING))
