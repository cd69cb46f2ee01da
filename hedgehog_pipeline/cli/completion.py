"""`hedgehog completion`: shell completion of commands, options and tables."""

import click
from click.shell_completion import get_completion_class

from hedgehog_pipeline.cli.command import Command


@click.command(
    cls=Command,
    examples=[
        'eval "$(hedgehog completion bash)"  # in ~/.bashrc',
        'eval "$(hedgehog completion zsh)"  # in ~/.zshrc',
        "hedgehog completion fish > ~/.config/fish/completions/hedgehog.fish",
    ],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    It completes commands, options and table names. On each Tab it calls `hedgehog` and no other
    program.
    """
    script = get_completion_class(shell)
    assert script is not None  # noqa: S101 (click knows each shell of the choice)
    root = context.find_root().command
    click.echo(script(root, {}, "hedgehog", "_HEDGEHOG_COMPLETE").source())
