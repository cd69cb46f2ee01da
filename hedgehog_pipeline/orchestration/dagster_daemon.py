"""`python -m hedgehog_pipeline.orchestration.dagster_daemon`: Dagster's daemon, ending in order.

Dagster's own closes its workspace while ticks are still at work. Each of them then looks for its
code location there, fails, and is recorded as an error of a sensor that has none.
"""

from typing import Any

from dagster._daemon import cli, controller


class OrderlyController(controller.DagsterDaemonController):
    """Ends its daemons with their ticks, before anybody closes the workspace."""

    def __exit__(self, *raised: Any) -> None:  # noqa: PYI036 (as Dagster's own)
        """Ask the threads to end, then await the ticks that they began."""
        super().__exit__(*raised)
        for daemon in self.daemons:
            daemon.__exit__(*raised)


def main() -> None:
    """Run the command."""
    # Dagster has no option for this.
    controller.DagsterDaemonController = OrderlyController
    cli.main()


if __name__ == "__main__":
    main()
