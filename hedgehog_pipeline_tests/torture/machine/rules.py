"""The machine: trade, the stages and their crashes, and losses, in any order.

After each load the warehouse holds what the commits brought that it holds; in the end, when every
stage has caught up, it is the shop, and what is filled from the lake anew is the same.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.mode import Mode
from hedgehog_pipeline.extraction.watermarks import publish_watermarks
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.processing import pending as processing
from hedgehog_pipeline.runs import MOST_COMMITS
from hedgehog_pipeline.schema.star import STAR, StarTable
from hedgehog_pipeline.storage import pending as storage
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.torture.machine.draws import (
    CRASH_READS,
    CRASHES,
    DEEDS,
    FILE_KINDS,
    PICKS,
    SESSIONS,
    SOME_OR_ALL,
    TABLES,
    WRITES,
    Crash,
    Deed,
    Tables,
    chosen,
    picked,
)
from hedgehog_pipeline_tests.torture.machine.ground import Ground
from hedgehog_pipeline_tests.torture.machine.inspection import Inspection
from hedgehog_pipeline_tests.torture.machine.oracle import Version
from hedgehog_pipeline_tests.torture.machine.reshaping import RESHAPED, Reshaping, Way
from hedgehog_pipeline_tests.torture.machine.stages import STARS, CrashError, Extraction
from hedgehog_pipeline_tests.torture.machine.trade import (
    KEYS,
    KINDS,
    STAMPS,
    Claims,
    Session,
    Write,
    brought,
    csv_of,
)
from hedgehog_pipeline_tests.torture.writers import REFUSED

_number = attrgetter("number")


class Machine(RuleBasedStateMachine):
    """One example: a copy of the ground, and what happens to it."""

    ground: ClassVar[Ground]
    through: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.through["examples"] += 1
        self._stack = ExitStack()
        self.copy = self._stack.enter_context(self.ground.copy())
        self.stages, self.oracle = self.copy.stages, self.copy.oracle
        self.claims = Claims()
        self.shop = Session(self.copy.connect(), self.claims)
        self.inspection = Inspection(self.copy, self.shop)
        self.sessions = [Session(self.copy.connect(), self.claims) for _ in range(SESSIONS)]
        self.prepared: list[str] = []
        self.grown: set[str] = set()
        self.files: dict[str, list[Version]] = {}
        self.writes = 0
        self.held = {name: {1} for name in STAR}
        self.ingested = list(self.stages.lake.ingestion.after(0))
        self.processed = list(self.stages.lake.processed.after(0))

    @initialize(way=st.sampled_from(Way))
    def plan(self, way: Way) -> None:
        self.reshaping = Reshaping(self.copy, way)

    # The shop.

    @rule(writes=st.lists(WRITES, min_size=3, max_size=6))
    def trade(self, writes: list[Write]) -> None:
        self._step()
        self._trade(writes)

    @rule(deeds=st.lists(DEEDS, min_size=2, max_size=6))
    def trade_side_by_side(self, deeds: list[tuple[int, Write | Deed]]) -> None:
        self._step()
        for number, deed in deeds:
            session = self.sessions[number]
            if isinstance(deed, Write):
                if not session.is_open:
                    session.begin()
                self._write(session, deed)
            elif session.is_open or deed is Deed.END_PREPARED:
                self._do(session, deed)

    @rule(table=st.sampled_from(list(KINDS)), grow=st.booleans())
    def keep_up(self, table: str, grow: bool) -> None:  # noqa: FBT001
        """The shop freezes a table, or adds a column that no declaration names."""
        self._step()
        if not grow:
            self.shop.execute(f"vacuum (freeze) {table}")
        elif table not in self.grown and not self._is_busy():
            self.grown.add(table)
            self.shop.execute(f"alter table {table} add column grown text default 'new'")

    @rule(table=st.sampled_from(RESHAPED))
    def reshape(self, table: str) -> None:
        """The shop makes another table of one, and writes no row."""
        self._step()
        if not self._is_busy():
            self.reshaping.reshape(table)

    @precondition(lambda self: not self._is_busy() and not self.reshaping.is_done_with_payments())
    @rule()
    def reshape_payments(self) -> None:
        """The same, in steps between which others write."""
        self._step()
        self.through[self.reshaping.reshape_payments()] += 1

    @rule(change=st.sampled_from(list(REFUSED)))
    def refuse(self, change: str) -> None:
        """The shop makes of a table what no capture takes, and undoes it."""
        self._step()
        if not self._is_busy():
            self.shop.execute(change)
            with pytest.raises(HedgehogError, match="drifted"), self.stages.extracting():
                pass
            self.shop.execute(REFUSED[change])

    @rule(
        name=st.sampled_from("ab"),
        table=st.sampled_from(FILE_KINDS),
        writes=st.lists(WRITES, min_size=1, max_size=3),
        far=st.booleans(),
    )
    def bring(self, name: str, table: str, writes: list[Write], far: bool) -> None:  # noqa: FBT001
        """Somebody puts a file into the inbox; keys that are far were never the shop's."""
        self._step()
        numbered = []
        for write in writes:
            self.writes += 1
            key = write.key[1] + (3 if far else 0)
            numbered.append((replace(write, key=(table, key), gone=False), self.writes))
        _, rows = brought(numbered)
        path = f"inbox/{table}/{name}.csv"
        self.copy.put(path, csv_of(table, rows))
        self.files[path] = [Version((table, row[KINDS[table].key]), row) for row in rows]

    # The stages.

    @rule(writes=st.lists(WRITES, max_size=3), crash=CRASHES)
    def capture(self, writes: list[Write], crash: Crash) -> None:
        self._step()
        self._trade(writes)
        self._capture(Mode.CHANGES, crash)

    @rule(writes=st.lists(WRITES, min_size=1, max_size=4), sweep=st.booleans())
    def capture_and_process(self, writes: list[Write], sweep: bool) -> None:  # noqa: FBT001
        """Commits of their own in either log; they may be loaded before or after others."""
        self._step()
        self._trade(writes)
        self._capture(Mode.CHANGES)
        if sweep and self.ingested[-1].archive_complete:
            self._capture(Mode.SWEEP)
        self._process(processing.pending_commits(self.stages.lake, MOST_COMMITS), STARS)

    @rule(crash=CRASHES, writes=st.lists(WRITES, max_size=2))
    def capture_overtaken(self, crash: Crash, writes: list[Write]) -> None:
        """Another extractor is faster."""
        self._step()
        with self.stages.extracting() as slow:
            self._trade(writes)
            fast = self._capture(Mode.CHANGES, crash)
            slow.write()
            commit = slow.append()
            assert commit is None or fast is None
            if fast is None:
                self._note(slow, commit)

    @rule(crash=CRASHES, mode=st.sampled_from([Mode.SWEEP, Mode.SWEEP, Mode.REREAD]))
    def capture_otherwise(self, crash: Crash, mode: Mode) -> None:
        """A sweep; or a person asks for the whole shop again."""
        self._step()
        if self.oracle.another or self.oracle.perhaps:
            self._capture(Mode.CHANGES)  # a sweep refuses a table that is another one
        if self.ingested[-1].archive_complete:
            self._capture(mode, crash)

    @precondition(lambda self: self.files)
    @rule(crash=CRASHES)
    def take_file(self, crash: Crash) -> None:
        self._step()
        self._take(crash)

    @rule(picks=SOME_OR_ALL, crash=CRASHES)
    def process(self, picks: list[int] | None, crash: Crash) -> None:
        """What waits, or some of it and the rest later: gaps."""
        self._step()
        waiting = processing.pending_commits(self.stages.lake, MOST_COMMITS)
        self._process(picked(waiting, picks), STARS, crash)

    @rule(picks=SOME_OR_ALL)
    def process_beside_another(self, picks: list[int] | None) -> None:
        """Two processors take the same commits, or the faster one some of them."""
        self._step()
        if waiting := processing.pending_commits(self.stages.lake, MOST_COMMITS):
            (work,) = self.stages.shaping(waiting)
            self._process(picked(waiting, picks), STARS)
            self.stages.shape(work)
            assert self.stages.lake.processed.append(work.commit_on) is None

    @rule(picks=SOME_OR_ALL, tables=TABLES, crash=CRASHES)
    def process_again(self, picks: list[int] | None, tables: Tables, crash: Crash) -> None:
        """A replay of commits, processed or not, or of the day, of the star or some of it."""
        self._step()
        self._process(picked(self.ingested, picks), chosen(tables), crash)

    @rule(picks=SOME_OR_ALL, reads=CRASH_READS)
    def load(self, picks: list[int] | None, reads: int | None) -> None:
        """What waits, or some of it, in any order."""
        self._step()
        with self.stages.warehouse() as warehouse:
            waiting = storage.pending_commits(self.stages.lake, warehouse, MOST_COMMITS)
            self._load(warehouse, picked(waiting, picks), STARS, reads)

    @rule(picks=PICKS, tables=TABLES, reads=CRASH_READS)
    def load_again(self, picks: list[int], tables: Tables, reads: int | None) -> None:
        """Commits loaded or not, into all of the star or some of it."""
        self._step()
        with self.stages.warehouse() as warehouse:
            self._load(warehouse, picked(self.processed, picks), chosen(tables), reads)

    # Losses.

    @rule(what=st.sampled_from(["parameters", "warehouse", "warehouse and processed bucket"]))
    def lose(self, what: str) -> None:
        self._step()
        if what == "parameters":
            self.copy.lose_parameters()
        else:
            self._lose_warehouse()
        if what.endswith("bucket"):
            self._lose_processed_bucket()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._catch_up()
                self.inspection.assert_all_is_well(self.held, self.ingested[-1])
                if self.writes % 5 == 0:
                    self._rebuild()
                if self.writes % 3 == 0:
                    self._leave_and_come_back()
        finally:
            for session in self.sessions:
                if session.is_open:
                    session.end("rollback")
            while self.prepared:
                self._end_prepared("rollback")
            self._stack.close()

    def _lose_warehouse(self) -> None:
        self.copy.empty_warehouse()
        self.held = {name: set() for name in STAR}

    def _lose_processed_bucket(self) -> None:
        self.copy.empty_processed_bucket()
        self.processed.clear()

    def _step(self) -> None:
        self.through["steps"] += 1

    def _trade(self, writes: list[Write]) -> None:
        for write in writes:
            self._write(self.shop, write)

    def _write(self, session: Session, write: Write) -> None:
        self.writes += 1
        if session.write(write, self.writes):
            self.through["writes"] += 1

    def _do(self, session: Session, deed: Deed) -> None:
        if deed is Deed.SAVEPOINT:
            session.savepoint()
        elif deed is Deed.BACK:
            if session.savepoints:
                session.roll_back_to_savepoint()
        elif deed is Deed.END_PREPARED:
            if self.prepared:
                self._end_prepared("commit" if self.writes % 3 else "rollback")
        elif deed is Deed.PREPARE:
            self.writes += 1
            name = f"p{self.writes}"
            session.prepare(name)
            self.prepared.append(name)
        else:
            session.end(deed.value)

    def _end_prepared(self, how: str) -> None:
        name = self.prepared.pop(0)
        self.shop.execute(f"{how} prepared '{name}'")
        self.claims.release(name)

    def _is_busy(self) -> bool:
        return bool(self.prepared) or any(session.is_open for session in self.sessions)

    def _capture(self, mode: Mode, crash: Crash = Crash.NOWHERE) -> IngestionCommit | None:
        with self.stages.extracting(mode) as extraction:
            if crash is Crash.HALF_WRITTEN:
                extraction.write(5)
                return None
            extraction.write()
            if crash is Crash.WRITTEN:
                return None
            commit = extraction.append()
            self._note(extraction, commit)
        if crash is Crash.NOWHERE:
            publish_watermarks(self.copy.parameters, self.ingested[-1])
        return commit

    def _note(self, extraction: Extraction, commit: IngestionCommit | None) -> None:
        """Hold what landed against what the shop showed."""
        self.through["captures"] += 1
        if commit:
            self.ingested.append(commit)
        if extraction.landing.kind == "sweep":
            number = commit.number if commit else None
            self.oracle.swept(number, self.stages.gone_in(commit), extraction.snapshot)
        else:
            capture = extraction.brings(commit)
            self.through["tables read again"] += len(capture.begun)
            self.oracle.captured(capture)

    def _take(self, crash: Crash = Crash.NOWHERE) -> IngestionCommit | None:
        take, append = self.stages.taking()
        if take is None or crash in {Crash.HALF_WRITTEN, Crash.WRITTEN}:
            return None
        commit = append()
        assert commit is not None
        self.ingested.append(commit)
        self.oracle.brought(commit.number, take.file.key, self.files[take.file.key])
        return commit

    def _process(
        self,
        commits: Sequence[IngestionCommit],
        tables: Sequence[StarTable],
        crash: Crash = Crash.NOWHERE,
    ) -> None:
        for work in self.stages.shaping(sorted(commits, key=_number), tables) if commits else ():
            self.stages.shape(work, 8 if crash is Crash.HALF_WRITTEN else len(STARS))
            if crash in {Crash.NOWHERE, Crash.COMMITTED}:
                commit = self.stages.lake.processed.append(work.commit_on)
                assert commit is not None
                self.processed.append(commit)
                self.through["processed commits"] += 1

    def _load(
        self,
        warehouse: Warehouse,
        commits: Sequence[ProcessedCommit],
        tables: Sequence[StarTable],
        reads: int | None = None,
    ) -> None:
        """Load commits, or crash in the last of them; see that the warehouse holds what it may."""
        for commit in commits:
            try:
                at = reads if commit == commits[-1] else None
                self.stages.load(warehouse, commit, tables, at)
            except CrashError:
                continue
            self.through["loads"] += 1
            for table in tables:
                if table.name in commit.tables:
                    self.held[table.name].update(number for number, _ in commit.sources)
        if commits:
            self.inspection.assert_what_is_loaded(self.held)

    def _catch_up(self) -> None:
        """Let every transaction end and every stage do what waits for it."""
        for session in self.sessions:
            if session.is_open:
                session.end("commit")
        while self.prepared:
            self._end_prepared("commit")
        while self._capture(Mode.CHANGES):
            pass
        while self._take():
            pass
        self._capture(Mode.SWEEP)
        self._process_and_load()

    def _process_and_load(self) -> None:
        lake = self.stages.lake
        while waiting := processing.pending_commits(lake, MOST_COMMITS):
            self._process(waiting, STARS)
        with self.stages.warehouse() as warehouse:
            while waiting := storage.pending_commits(lake, warehouse, MOST_COMMITS):
                self._load(warehouse, waiting, STARS)

    def _leave_and_come_back(self) -> None:
        """Facts are there, are gone by the next sweep, and are there again."""
        facts = [
            Write((table, key), parent=KEYS[0], stamp=STAMPS[-1], gone=False, spoiled=False)
            for table in ("sales_order", "payment")
            for key in KEYS
        ]
        gone = [replace(write, gone=True) for write in facts]
        for writes, mode in ((facts, Mode.CHANGES), (gone, Mode.SWEEP), (facts, Mode.CHANGES)):
            self._trade(writes)
            self._capture(mode)
            self._process_and_load()

    def _rebuild(self) -> None:
        """Fill an empty warehouse, every other time from an empty processed bucket, and compare."""
        before = self.inspection.contents()
        self._lose_warehouse()
        if self.writes % 2:
            self._lose_processed_bucket()
        self._process_and_load()
        assert self.inspection.contents() == before
