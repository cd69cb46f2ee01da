"""The command line: help, shell completion, exit codes, JSON and colours."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from hedgehog_pipeline.cli import hedgehog, main
from hedgehog_pipeline.cli.command import Command
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.world import World

_HEDGEHOG = Path(sys.executable).parent / "hedgehog"
_HEAVY = {"dagster", "numpy", "pandas", "pyarrow", "rich"}


def _leaves(command: click.Command = hedgehog) -> Iterator[click.Command]:
    """Yield every command, also those in groups, but not the groups."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _leaves(inner)
    else:
        yield command


def _parsed(line: str) -> click.Command:
    """Parse a command line with all its arguments; return the command without running it."""
    program, *words = shlex.split(line, comments=True)
    assert program == "hedgehog"
    context, command = hedgehog.make_context("hedgehog", words), hedgehog
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert command
        context = command.make_context(name, rest, parent=context)
    return command


def test_every_command_has_examples_and_each_can_be_parsed() -> None:
    for command in _leaves():
        assert isinstance(command, Command), command.name
        assert command.examples, command.name
        text = command.get_help(click.Context(command))
        for example in command.examples:
            assert example in text
            line = example.removeprefix('eval "$(').replace(')"', "").partition(" > ")[0]
            assert _parsed(line) is command


def test_a_mistyped_option_or_table_is_rejected() -> None:
    with pytest.raises(click.NoSuchOption):
        _parsed("hedgehog run --swept")
    with pytest.raises(click.BadParameter):
        _parsed("hedgehog trace fact_sales 42")
    for line in ("trace fact_payment", "quarantine show payment"):
        with pytest.raises(click.NoSuchOption, match="--jsno"):
            _parsed(f"hedgehog {line} --jsno")
        _parsed(f"hedgehog {line} -7 --json")


def test_without_the_sandbox_extra_its_commands_are_hidden_and_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "demo" in CliRunner().invoke(hedgehog, ["--help"]).output
    monkeypatch.setitem(sys.modules, "faker", None)
    result = CliRunner().invoke(hedgehog, ["--help"])
    assert result.exit_code == 0
    assert "status" in result.output
    assert "demo" not in result.output
    with pytest.raises(HedgehogError, match="pip install 'hedgehog-pipeline"):
        CliRunner().invoke(hedgehog, ["demo"], catch_exceptions=False)


def test_allow_mass_delete_needs_sweep() -> None:
    result = CliRunner().invoke(hedgehog, ["run", "--allow-mass-delete"])
    assert result.exit_code == 2
    assert "needs --sweep" in result.output


def _completed(*words: str) -> list[str]:
    """Return what a shell offers for the last word."""
    complete = BashComplete(hedgehog, {}, "hedgehog", "_HEDGEHOG_COMPLETE")
    return [found.value for found in complete.get_completions(list(words[:-1]), words[-1])]


def test_a_shell_completes_commands_options_and_tables() -> None:
    assert _completed("re") == ["rebuild", "reconcile", "report"]
    assert _completed("quarantine", "re") == ["replay"]
    assert "--sweep" in _completed("run", "--")
    assert _completed("trace", "fact_") == [name for name in STAR if name.startswith("fact_")]
    assert _completed("quarantine", "show", "") == list(SOURCE)
    assert "dim_date" not in _completed("reconcile", "dim_staff", "dim_")


def _run(
    *words: str, at: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as a process, in a folder without a `.env` file."""
    env = {**os.environ, **(environment or {})}
    command = [_HEDGEHOG, *words]
    return subprocess.run(command, cwd=at, env=env, capture_output=True, text=True, check=False)


def test_a_shell_can_use_the_completion_script(tmp_path: Path) -> None:
    script = _run("completion", "bash", at=tmp_path).stdout
    variables = {"COMP_WORDS": "hedgehog trace fact_pay", "COMP_CWORD": "2"}
    variables["_HEDGEHOG_COMPLETE"] = "bash_complete"
    assert f"{variables['_HEDGEHOG_COMPLETE']} $1" in script
    assert "complete -o nosort -F _hedgehog_completion hedgehog" in script
    assert _run(at=tmp_path, environment=variables).stdout.split() == ["plain,fact_payment"]


def test_help_and_completion_of_commands_import_nothing_heavy() -> None:
    code = "import sys; from hedgehog_pipeline.cli import main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "click" in done.stdout.split()
    assert not _HEAVY & set(done.stdout.split())


def test_a_run_with_nothing_to_do_imports_neither_dagster_nor_pandas(
    opened: World, tmp_path: Path
) -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules)); "
        "from hedgehog_pipeline.cli import main; sys.argv = ['hedgehog', 'run']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, **opened.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    message, modules = done.stdout.splitlines()
    assert message.startswith("Nothing to do")
    assert not {"dagster", "pandas", "rich"} & set(modules.split())


def test_the_exit_codes_are_those_of_the_help(world: World, tmp_path: Path) -> None:
    documented = CliRunner().invoke(hedgehog, ["--help"]).output
    version = _run("--version", at=tmp_path)
    assert (version.returncode, version.stdout.split()[0]) == (0, "hedgehog,")
    assert "    0    done" in documented

    failed = _run("trace", "dim_staff", "1", at=tmp_path, environment=world.environment)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "hedgehog: The warehouse is empty: `hedgehog run` fills it.\n"
    assert "    1    failed" in documented

    misread = _run("trace", "dim_stuff", "1", at=tmp_path)
    assert (misread.returncode, misread.stdout) == (2, "")
    assert misread.stderr.startswith("Usage: hedgehog trace")
    assert "'dim_stuff' is not one of dim_date, dim_staff" in misread.stderr
    assert "    2    usage error" in documented


@pytest.mark.parametrize("locked", ["shop", "warehouse"])
def test_ctrl_c_ends_with_one_sentence(world: World, tmp_path: Path, locked: str) -> None:
    """A lock in the shop stops the command before a Dagster run, one in the warehouse within it."""
    world.load_small()
    if locked == "warehouse":
        world.run()
        world.shop.execute("update design set design_name = 'Other'")
    lock = {"shop": "lock table design", "warehouse": "lock table dim_design"}[locked]
    with (
        _locked(world, locked, lock) as other,
        subprocess.Popen(
            [_HEDGEHOG, "run"],
            cwd=tmp_path,
            env={**os.environ, **world.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        waits = b"select count(*) from pg_locks where not granted"
        assert await_condition(lambda: other.execute(waits).fetchone() == (1,), seconds=60)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert process.returncode == 130
    assert output == ""
    messages = [line for line in errors.splitlines() if not line.startswith("{")]
    assert messages[-1].startswith("hedgehog: interrupted.")
    assert "Traceback" not in errors
    world.run()
    assert world.query("select count(*) from dim_design") == [(1,)]


@contextmanager
def _locked(world: World, side: str, lock: str) -> Iterator[psycopg.Connection[Any]]:
    database = world.shop_database if side == "shop" else world.warehouse_database
    with psycopg.connect(world.servers.postgres.dsn(database)) as connection:
        connection.execute(lock.encode())
        yield connection


def test_with_json_stdout_is_json_only(world: World) -> None:
    world.load_small()

    def output(*words: str) -> Any:
        runner = CliRunner(env=world.environment)
        return json.loads(runner.invoke(hedgehog, [*words, "--json"]).stdout)

    assert output("run").keys() == {"extraction", "processing", "storage"}
    assert output("run") == {}
    world.shop.execute("update payment set payment_date = 'soon' where payment_id = 2")
    assert output("run")["extraction"]["rows"] == 1
    (row,) = output("quarantine", "show", "payment", "2")
    assert (row["row"]["payment_date"], row["line"]) == ("soon", 1)
    assert output("quarantine", "replay") == {"closed": 0, "open": 1}
    world.empty_warehouse()
    rebuilt = output("rebuild")
    assert rebuilt["storage"].keys() == {"runs", "rows", "seconds"}


def test_a_run_prints_how_many_rows_are_in_quarantine(world: World) -> None:
    world.load_small()
    world.shop.execute("update payment set payment_date = 'soon' where payment_id = 2")
    runner = CliRunner(env=world.environment)
    quarantined = "1 row in quarantine: `hedgehog quarantine list`."
    assert runner.invoke(hedgehog, ["run"]).stdout.splitlines()[-1] == quarantined
    again = runner.invoke(hedgehog, ["run"])
    assert again.stdout == (
        f"Nothing to do: the warehouse is up to date with the source, except for {quarantined}\n"
    )
    script = runner.invoke(hedgehog, ["run", "--json"])
    assert (json.loads(script.stdout), script.stderr.strip()) == ({}, quarantined)


def test_sandbox_status_prints_json(tmp_path: Path) -> None:
    status = json.loads(_run("sandbox", "status", "--json", at=tmp_path).stdout)
    assert status.keys() == {"postgres", "s3", "aws"}
    assert status["s3"] == {"running": False, "address": None}


def test_no_color_turns_colours_off(world: World) -> None:
    def output(**environment: str) -> str:
        runner = CliRunner(env={**world.environment, "NO_COLOR": None, **environment})
        return runner.invoke(hedgehog, ["status"], color=True).stdout

    assert "\x1b[" in output()
    assert "\x1b[" not in output(NO_COLOR="1")


def test_the_traceback_of_a_bug_cannot_control_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise ValueError("cannot read \x1b]0;owned\x07")

    monkeypatch.setattr(sys.modules["hedgehog_pipeline.cli.main"], "hedgehog", broken)
    with pytest.raises(SystemExit) as ended:
        main()
    printed = str(ended.value.code)
    assert printed.endswith(r"ValueError: cannot read \x1b]0;owned\x07" + "\n")
    assert "\x1b" not in printed
