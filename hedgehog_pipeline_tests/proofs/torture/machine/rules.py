"""The state machine: writes, stages with crashes, and losses, in any order.

After each load the warehouse has exactly the rows of the loaded commits. At the end all stages
catch up; then it matches the shop, and a rebuild from the lake gives the same rows.
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
from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.extraction.watermarks import publish_watermarks
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS
from hedgehog_pipeline.storage import backlog as storage
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.proofs.torture.machine.draws import (
    ACTIONS,
    CRASH_READS,
    CRASHES,
    FILE_KINDS,
    PICKS,
    SESSIONS,
    SOME_OR_ALL,
    TABLES,
    WRITES,
    Action,
    Crash,
    Tables,
    chosen,
    picked,
)
from hedgehog_pipeline_tests.proofs.torture.machine.ground import Ground
from hedgehog_pipeline_tests.proofs.torture.machine.inspection import Inspection
from hedgehog_pipeline_tests.proofs.torture.machine.oracle import Version
from hedgehog_pipeline_tests.proofs.torture.machine.redefinition import (
    REDEFINED,
    Redefinition,
    Replacement,
)
from hedgehog_pipeline_tests.proofs.torture.machine.stages import STARS, CrashError, Extraction
from hedgehog_pipeline_tests.proofs.torture.machine.trade import (
    KEYS,
    KINDS,
    STAMPS,
    Claims,
    Session,
    Write,
    csv_of,
    file_rows,
)
from hedgehog_pipeline_tests.proofs.torture.writers import REFUSED
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR

_number = attrgetter("number")


class Machine(RuleBasedStateMachine):
    """One example: a copy of the ground, and the rules."""

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
        self.loaded = {name: {1} for name in STAR}
        self.ingested = list(self.stages.lake.ingestion.after(0))
        self.processed = list(self.stages.lake.processed.after(0))

    @initialize(replacement=st.sampled_from(Replacement))
    def plan(self, replacement: Replacement) -> None:
        self.redefinition = Redefinition(self.copy, replacement)

    # The shop.

    @rule(writes=st.lists(WRITES, min_size=3, max_size=6))
    def trade(self, writes: list[Write]) -> None:
        self._step()
        self._trade(writes)

    @rule(actions=st.lists(ACTIONS, min_size=2, max_size=6))
    def trade_side_by_side(self, actions: list[tuple[int, Write | Action]]) -> None:
        self._step()
        for number, action in actions:
            session = self.sessions[number]
            if isinstance(action, Write):
                if not session.is_open:
                    session.begin()
                self._write(session, action)
            elif session.is_open or action is Action.END_PREPARED:
                self._do(session, action)

    @rule(table=st.sampled_from(list(KINDS)), grow=st.booleans())
    def keep_up(self, table: str, grow: bool) -> None:  # noqa: FBT001
        """The shop freezes a table, or adds a column that is not declared."""
        self._step()
        if not grow:
            self.shop.execute(f"vacuum (freeze) {table}")
        elif table not in self.grown and not self._is_busy():
            self.grown.add(table)
            self.shop.execute(f"alter table {table} add column grown text default 'new'")

    @rule(table=st.sampled_from(REDEFINED))
    def replace_definition(self, table: str) -> None:
        """The shop redefines a table, and writes no row."""
        self._step()
        if not self._is_busy():
            self.redefinition.redefine(table)

    @precondition(lambda self: not self._is_busy() and not self.redefinition.payments_done())
    @rule()
    def redefine_payments(self) -> None:
        """The same, in steps between which others write."""
        self._step()
        self.through[self.redefinition.redefine_payments()] += 1

    @rule(change=st.sampled_from(list(REFUSED)))
    def refuse(self, change: str) -> None:
        """The shop changes a table so that captures refuse it, and undoes that."""
        self._step()
        if not self._is_busy():
            self.shop.execute(change)
            with pytest.raises(HedgehogError, match="do not match"), self.stages.extracting():
                pass
            self.shop.execute(REFUSED[change])

    @rule(
        name=st.sampled_from("ab"),
        table=st.sampled_from(FILE_KINDS),
        writes=st.lists(WRITES, min_size=1, max_size=3),
        far=st.booleans(),
    )
    def add_a_file(
        self,
        name: str,
        table: str,
        writes: list[Write],
        far: bool,  # noqa: FBT001
    ) -> None:
        """Somebody uploads a file to the inbox; with `far` its keys are not in the shop."""
        self._step()
        numbered = []
        for write in writes:
            self.writes += 1
            key = write.key[1] + (3 if far else 0)
            numbered.append((replace(write, key=(table, key), deleted=False), self.writes))
        _, rows = file_rows(numbered)
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
        """Land and process separate commits, which may be loaded before or after others."""
        self._step()
        self._trade(writes)
        self._capture(Mode.CHANGES)
        if sweep and self.ingested[-1].completes_initial_load(SOURCE):
            self._capture(Mode.SWEEP)
        self._process(self.stages.commits_to_process(), STARS)

    @rule(crash=CRASHES, writes=st.lists(WRITES, max_size=2))
    def capture_overtaken(self, crash: Crash, writes: list[Write]) -> None:
        """Another capture commits first."""
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
        """A sweep or a full refresh."""
        self._step()
        if self.oracle.another or self.oracle.perhaps:
            self._capture(Mode.CHANGES)  # a sweep refuses a redefined table
        if self.ingested[-1].completes_initial_load(SOURCE):
            self._capture(mode, crash)

    @precondition(lambda self: self.files)
    @rule(crash=CRASHES)
    def take_file(self, crash: Crash) -> None:
        self._step()
        self._take(crash)

    @rule(picks=SOME_OR_ALL, crash=CRASHES)
    def process(self, picks: list[int] | None, crash: Crash) -> None:
        """Process the pending commits, or some of them, which leaves gaps."""
        self._step()
        waiting = self.stages.commits_to_process()
        self._process(picked(waiting, picks), STARS, crash)

    @rule(picks=SOME_OR_ALL)
    def process_beside_another(self, picks: list[int] | None) -> None:
        """Two runs process the same commits, or the faster one only some of them."""
        self._step()
        if waiting := self.stages.commits_to_process():
            (work,) = self.stages.shaping(waiting)
            self._process(picked(waiting, picks), STARS)
            self.stages.shape(work)
            assert self.stages.lake.processed.append(work.commit_on) is None

    @rule(picks=SOME_OR_ALL, tables=TABLES, crash=CRASHES)
    def process_again(self, picks: list[int] | None, tables: Tables, crash: Crash) -> None:
        """Replay commits, processed or not, for all star tables or some."""
        self._step()
        self._process(picked(self.ingested, picks), chosen(tables), crash)

    @rule(picks=SOME_OR_ALL, reads=CRASH_READS)
    def load(self, picks: list[int] | None, reads: int | None) -> None:
        """Load the pending commits, or some of them, in any order."""
        self._step()
        with self.stages.warehouse() as warehouse:
            waiting = storage.pending_commits(self.stages.lake, warehouse, MAX_COMMITS)
            self._load(warehouse, picked(waiting, picks), STARS, reads)

    @rule(picks=PICKS, tables=TABLES, reads=CRASH_READS)
    def load_again(self, picks: list[int], tables: Tables, reads: int | None) -> None:
        """Load commits, loaded or not, into all star tables or some."""
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
                self.inspection.assert_all_is_well(self.loaded, self.ingested[-1])
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
        self.loaded = {name: set() for name in STAR}

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

    def _do(self, session: Session, action: Action) -> None:
        if action is Action.SAVEPOINT:
            session.savepoint()
        elif action is Action.BACK:
            if session.savepoints:
                session.roll_back_to_savepoint()
        elif action is Action.END_PREPARED:
            if self.prepared:
                self._end_prepared("commit" if self.writes % 3 else "rollback")
        elif action is Action.PREPARE:
            self.writes += 1
            name = f"p{self.writes}"
            session.prepare(name)
            self.prepared.append(name)
        else:
            session.end(action.value)

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
        """Compare a commit with what the shop showed."""
        self.through["captures"] += 1
        if commit:
            self.ingested.append(commit)
        if extraction.pending.kind == "sweep":
            number = commit.number if commit else None
            self.oracle.swept(number, self.stages.deleted_in(commit), extraction.snapshot)
        else:
            capture = extraction.result(commit)
            self.through["tables read again"] += len(capture.begun)
            self.oracle.captured(capture)

    def _take(self, crash: Crash = Crash.NOWHERE) -> IngestionCommit | None:
        take, append = self.stages.taking()
        if take is None or crash in {Crash.HALF_WRITTEN, Crash.WRITTEN}:
            return None
        commit = append()
        assert commit is not None
        self.ingested.append(commit)
        self.oracle.file_landed(commit.number, take.file.key, self.files[take.file.key])
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
        """Load commits, or crash in the last one; check the contents of the warehouse."""
        for commit in commits:
            try:
                at = reads if commit == commits[-1] else None
                self.stages.load(warehouse, commit, tables, at)
            except CrashError:
                continue
            self.through["loads"] += 1
            for table in tables:
                if table.name in commit.tables:
                    self.loaded[table.name].update(number for number, _ in commit.sources)
        if commits:
            self.inspection.assert_what_is_loaded(self.loaded)

    def _catch_up(self) -> None:
        """End every transaction, and let every stage process its pending commits."""
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
        while waiting := self.stages.commits_to_process():
            self._process(waiting, STARS)
        with self.stages.warehouse() as warehouse:
            while waiting := storage.pending_commits(lake, warehouse, MAX_COMMITS):
                self._load(warehouse, waiting, STARS)

    def _leave_and_come_back(self) -> None:
        """Insert facts, delete them before a sweep, and insert them again."""
        facts = [
            Write((table, key), parent=KEYS[0], stamp=STAMPS[-1], deleted=False, spoiled=False)
            for table in ("sales_order", "payment")
            for key in KEYS
        ]
        deleted = [replace(write, deleted=True) for write in facts]
        for writes, mode in ((facts, Mode.CHANGES), (deleted, Mode.SWEEP), (facts, Mode.CHANGES)):
            self._trade(writes)
            self._capture(mode)
            self._process_and_load()

    def _rebuild(self) -> None:
        """Rebuild the warehouse, every other time from the ingestion bucket alone; compare."""
        before = self.inspection.contents()
        self._lose_warehouse()
        if self.writes % 2:
            self._lose_processed_bucket()
        self._process_and_load()
        assert self.inspection.contents() == before
