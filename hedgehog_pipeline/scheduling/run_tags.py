"""The run tags that name the commits of a run, and record which commits its stages began.

A run of one stage names its commits. A run of all stages takes every pending commit, its own
included, so it names those that it leaves out. Each stage records the commits that it begins with.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from hedgehog_pipeline.lake.commits import Commit

COMMITS_TAG = "hedgehog/commits"
"""The commits that a run was launched for; absent where a person launched it."""

_REPLAY_TAG = "hedgehog/replay"
_FAILED_TAG = "hedgehog/failed_in_a_row"
_PENDING = "pending"
_NONE = "none"
_PARTITION_TAG = "dagster/partition"  # Dagster sets it on every run of a partition
_PARENT_TAG = "dagster/parent_run_id"  # Dagster sets it on a run that is a retry


def tags_for(commits: Sequence[Commit]) -> dict[str, str]:
    """Return the tags of a run that is launched for these commits."""
    return {COMMITS_TAG: _text_of(commit.number for commit in commits)} if commits else {}


def replay_tags(commits: Sequence[Commit]) -> dict[str, str]:
    """Return the tags of a run that processes these commits again."""
    return {**tags_for(commits), _REPLAY_TAG: "true"}


PENDING_TAGS = {COMMITS_TAG: _PENDING}
"""Tags of a run whose stages each take all pending commits, those of the stage before included."""


LANDING_TAGS = {COMMITS_TAG: _NONE}
"""Tags of a run of extraction only: other runs process and load what it lands."""


def launched_by_platform(tags: Mapping[str, str]) -> bool:
    """Return whether a sensor, a schedule or the command launched a run, not a person in the UI.

    Such a run handles whole commits, whatever it plans to materialise.
    """
    return COMMITS_TAG in tags


def is_replay(tags: Mapping[str, str]) -> bool:
    """Return whether a run processes commits again that were already processed.

    True for a run that a person launched in the UI, and for one with the replay tag. Any other run
    that finds its commits processed has come too late.
    """
    return _REPLAY_TAG in tags or not launched_by_platform(tags)


def pending_tags(left_out: Mapping[str, Collection[int]]) -> dict[str, str]:
    """Return the tags of a run that takes all pending commits except some.

    Args:
        left_out: per stage, the numbers of the pending commits that the run does not take.
    """
    named = {_left_out_tag(stage): _text_of(sorted(out)) for stage, out in left_out.items() if out}
    return {**PENDING_TAGS, **named}


def is_pending_run(tags: Mapping[str, str]) -> bool:
    """Return whether a run takes all pending commits."""
    return tags.get(COMMITS_TAG) == _PENDING


def tried_tags(stage: str, commits: Sequence[Commit]) -> dict[str, str]:
    """Return the tags that record which commits a stage of a run begins with."""
    return {_tried_tag(stage): _text_of(commit.number for commit in commits)}


def tried_in(tags: Mapping[str, str], stage: str) -> tuple[int, ...]:
    """Return the commits that a stage of a failed run had begun and not finished.

    None if the run failed before that stage, or in a later one.
    """
    if stage == "processing" and has_begun(tags, "storage"):
        return ()
    return _numbers_of(tags.get(_tried_tag(stage), _NONE))


def failed_tags(count: int) -> dict[str, str]:
    """Return the tags of a failed run that record how many failed in a row."""
    return {_FAILED_TAG: str(count)}


def failed_in_a_row(tags: Mapping[str, str]) -> int:
    """Return how many runs failed in a row, this one included; 0 if not recorded."""
    return int(tags.get(_FAILED_TAG, 0))


def has_begun(tags: Mapping[str, str], stage: str) -> bool:
    """Return whether a run had begun with the commits of a stage."""
    return _tried_tag(stage) in tags


def is_persons_retry(tags: Mapping[str, str]) -> bool:
    """Return whether a person retried a run in the UI, which copies the tags of the first."""
    return _PARENT_TAG in tags


def will_take(tags: Mapping[str, str], stage: str, commit: Commit) -> bool:
    """Return whether a live run of all stages will still take a pending commit.

    Args:
        tags: of the run.
        stage: processing or storage.
        commit: one that is pending for the stage.
    """
    if tags.get(COMMITS_TAG) == _NONE:
        return False
    is_of_its_day = commit.date.isoformat() == tags.get(_PARTITION_TAG)
    return is_of_its_day and commit.number not in left_out_in(tags, stage)


def left_out_in(tags: Mapping[str, str], stage: str) -> tuple[int, ...]:
    """Return the numbers of the commits that a stage of a run leaves out."""
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
    """Return the numbers of the commits that a run was launched for, if it names any."""
    return _numbers_of(tags.get(COMMITS_TAG, _PENDING))
