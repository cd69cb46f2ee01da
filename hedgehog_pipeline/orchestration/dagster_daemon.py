"""`python -m hedgehog_pipeline.orchestration.dagster_daemon`: Dagster's daemon, shut down in order.

Dagster's own daemon closes its workspace while ticks still run. Each of them then looks up its code
location there and fails, and Dagster records an error of a sensor that has none.
"""

from typing import Any

from dagster._daemon import cli, controller


class OrderlyController(controller.DagsterDaemonController):
    """Ends its daemons and their ticks before the workspace is closed."""

    def __exit__(self, *raised: Any) -> None:  # noqa: PYI036 (as Dagster's own)
        """Signal the threads to end, then wait for the ticks that they started."""
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
