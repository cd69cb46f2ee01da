"""The benchmark runs with the arguments of `make bench`; its figures are not checked here."""

import json
import sys
from pathlib import Path

import pytest

from hedgehog_pipeline_tests.proofs.benchmark import __main__ as benchmark
from hedgehog_pipeline_tests.proofs.benchmark.peers import Peer
from hedgehog_pipeline_tests.support.makefile import commands_of

_MODULE = "hedgehog_pipeline_tests.proofs.benchmark"
_COUNT = """
import os
import psycopg
with psycopg.connect(os.environ["SOURCE"]) as shop, psycopg.connect(os.environ["TARGET"]) as target:
    (count,) = shop.execute("select count(*) from sales_order").fetchone()
    target.execute("create table if not exists counted (orders bigint)")
    target.execute("insert into counted values (%s)", [count])
"""
_PEER = Peer("count", (), lambda programs: [programs / "python", "-c", _COUNT])
"""A substitute for the peers, which are large downloads."""


@pytest.mark.timeout(600)
def test_every_task_is_measured_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(benchmark, "PEERS", (_PEER,))
    words = _words_of_make("ORDERS=3000", "ROUNDS=1")
    _install(_PEER, Path(words[words.index("--peers") + 1]))
    benchmark.main([*words, "--schema-orders=300"])
    figures = json.loads(Path("bench.json").read_text())
    measured = {(cost["work"], cost["by"]) for cost in figures["costs"]}
    assert measured >= {
        ("archive of the whole schema", "naive pandas"),
        ("the archive", "floor"),
        ("the archive", "count"),
        ("1,000 changes", "hedgehog"),
        ("imports", "hedgehog"),
    }
    assert all(turn["seconds"] > 0 for cost in figures["costs"] for turn in cost["turns"])
    assert all(count > 0 for count in figures["touched"].values())
    printed = capsys.readouterr().out
    assert all(work in printed for work, _ in measured)
    assert {path.name for path in tmp_path.iterdir()} == {"bench.json", ".venv"}


def test_a_peer_runs_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = _words_of_make()
    under = Path(words[words.index("--peers") + 1])
    peer = Peer("peer", (), lambda programs: [programs / "python", "-c", "open('ran here', 'w')"])
    _install(peer, under)
    own = tmp_path / "own"
    peer.run(peer.installed(under), "host=a port=1 user=b password=c dbname=d", _DSN, own)
    assert (own / "ran here").exists()


_DSN = "host=a port=1 user=b password=c dbname=e"


def _words_of_make(*variables: str) -> list[str]:
    """Return the arguments that `make bench` passes to the benchmark."""
    (command,) = commands_of("bench", *variables)
    return command[command.index(_MODULE) + 1 :]


def _install(peer: Peer, under: Path) -> None:
    """Create the environment of a peer that needs only the packages of this Python."""
    programs = under / peer.name / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "python").chmod(0o700)
    (under / peer.name / "made").touch()
