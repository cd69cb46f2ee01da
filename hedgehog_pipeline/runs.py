"""What a run of a stage is told: its day by the partition, its commits by a tag."""

from collections.abc import Mapping, Sequence

from hedgehog_pipeline.lake.commits import Commit

COMMITS_TAG = "hedgehog/commits"
"""The commits that a run was launched for; absent where a person launched it."""

MOST_COMMITS = 100
"""How many commits one run takes, so that a long backlog is worked off in steps."""


def tags_for(commits: Sequence[Commit]) -> dict[str, str]:
    """Give the tags of a run that is launched for these commits."""
    if not commits:
        return {}
    return {COMMITS_TAG: ",".join(str(commit.number) for commit in commits)}


def commits_in(tags: Mapping[str, str]) -> list[int] | None:
    """Read the commits that a run was launched for, None where it was not launched for any."""
    text = tags.get(COMMITS_TAG)
    return [int(number) for number in text.split(",")] if text else None
