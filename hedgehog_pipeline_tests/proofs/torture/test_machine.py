"""Writes, stages, crashes and losses in any order: no row is lost or doubled.

The rules are in machine/rules.py, the expected results in machine/oracle.py.
"""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from hedgehog_pipeline_tests.proofs.torture.machine.ground import Ground
from hedgehog_pipeline_tests.proofs.torture.machine.rules import Machine
from hedgehog_pipeline_tests.support.servers import Servers

_SETTINGS = settings(
    database=None,
    deadline=None,
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
)
_AN_HOUR = 3600


@pytest.fixture(scope="module")
def ground(servers: Servers) -> Iterator[Ground]:
    with Ground.make(servers) as ground:
        yield ground


@pytest.fixture
def machine(ground: Ground, tell: Callable[[str], None]) -> Iterator[type[Machine]]:
    """Return the machine for the ground; print at the end what it executed."""
    before = dict(Machine.through)

    class OnThisGround(Machine):
        pass

    OnThisGround.ground = ground
    yield OnThisGround
    figures = (f"{n - before.get(what, 0):,} {what}" for what, n in Machine.through.items())
    tell(f"The machine executed {', '.join(figures)}.")


class TestInShort:
    def test_nothing_is_lost_or_doubled_in_ten_examples(self, machine: type[Machine]):
        how = settings(_SETTINGS, derandomize=True, max_examples=10, stateful_step_count=10)
        run_state_machine_as_test(machine, settings=how)


class _Thousand:
    """A thousand examples, in a class of their own for a separate worker."""

    seeds: tuple[int, ...]

    @pytest.mark.torture
    @pytest.mark.timeout(_AN_HOUR)
    @pytest.mark.parametrize("half", [0, 1])
    def test_nothing_is_lost_or_doubled_in_five_hundred_examples(
        self, machine: type[Machine], half: int
    ) -> None:
        how = settings(_SETTINGS, max_examples=500)
        run_state_machine_as_test(seed(self.seeds[half])(machine), settings=how)


class TestAThousand(_Thousand):
    seeds = (1, 2)


class TestAnotherThousand(_Thousand):
    seeds = (3, 4)
