"""One stage of an initial load alone, by sequential or parallel runs."""

import sys
from datetime import datetime, timezone

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline.runner.process_pool import open_process_pool
from hedgehog_pipeline.scheduling.batching import first_run, split_among_runs
from hedgehog_pipeline.settings import Settings


def main(stage: str, runs: int) -> None:
    """Process all pending commits of a stage."""
    deployment = Deployment(Settings.from_environment())
    if stage == "extraction":
        while not deployment.initial_load_landed():
            execute(deployment, stage, datetime.now(timezone.utc).date())
    elif stage == "processing" and runs > 1:
        with open_process_pool() as processes:
            shares = split_among_runs(deployment.commits_to_process(), runs)
            runs_of_shares = [
                processes.submit(execute, deployment, stage, share[0].date, share)
                for share in shares
            ]
            for run in runs_of_shares:
                run.result()
    elif stage == "processing":
        while landed := first_run(deployment.commits_to_process()):
            execute(deployment, stage, landed[0].date, landed)
    else:
        while processed := first_run(deployment.commits_to_load()):
            execute(deployment, stage, processed[0].date, processed)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
