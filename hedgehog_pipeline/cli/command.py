"""What the commands have in common: examples in the help, `--json`, names of tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from hedgehog_pipeline.deployment import Deployment

TAKES_NEGATIVE_KEYS = {"ignore_unknown_options": True}
"""Settings of a command whose `Key` may begin with a minus, which click takes for an option."""


class Command(click.Command):
    """A command whose help ends with examples.

    Attributes:
        examples: whole command lines.
    """

    def __init__(self, *args: Any, examples: Sequence[str], **others: Any) -> None:
        super().__init__(*args, **others)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class TableName(click.ParamType[str]):
    """The name of a table, which a shell completes; what there is, is looked up when asked for."""

    name = "table"

    def __init__(self, tables: Callable[[], Iterable[str]]) -> None:
        self._tables = tables

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is no table."""
        if value not in (tables := tuple(self._tables())):
            self.fail(f"{value!r} is not one of {', '.join(tables)}.", param, ctx)
        return value

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 (click hands it over)
        param: click.Parameter,  # noqa: ARG002 (as ctx)
        incomplete: str,
    ) -> list[CompletionItem]:
        """Give the tables that begin so."""
        return [CompletionItem(name) for name in self._tables() if name.startswith(incomplete)]


class Key(click.ParamType[str]):
    """A key of a row; of what begins with a minus, numbers alone are keys."""

    name = "key"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Refuse a mistyped option."""
        if value.startswith("-") and not value[1:].isdecimal():
            raise click.NoSuchOption(value, ctx=ctx)
        return value


def star_tables() -> Iterable[str]:
    """Name the warehouse's tables."""
    from hedgehog_pipeline.model.star import STAR

    return STAR


def source_tables() -> Iterable[str]:
    """Name the shop's tables."""
    from hedgehog_pipeline.model.source import SOURCE

    return SOURCE


def reconciled_tables() -> Iterable[str]:
    """Name the warehouse's tables that can be held against the shop."""
    from hedgehog_pipeline.reconciliation.result import RECONCILED

    return RECONCILED


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
"""The option of what a script reads."""


def deployment() -> "Deployment":
    """Give what the environment's settings name."""
    from hedgehog_pipeline.deployment import Deployment
    from hedgehog_pipeline.settings import Settings

    return Deployment(Settings.from_environment())
