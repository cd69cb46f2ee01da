"""One stage of an initial load alone, by sequential or parallel runs."""

import sys
from datetime import datetime, timezone

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline.runner.process_pool import stage_processes
from hedgehog_pipeline.scheduling.batching import of_one_run, shared_out
from hedgehog_pipeline.settings import Settings


def main(stage: str, runs: int) -> None:
    """Process all pending commits of a stage."""
    settings = Settings.from_environment()
    deployment = Deployment(settings)
    if stage == "extraction":
        while not deployment.archive_landed():
            execute(settings, stage, datetime.now(timezone.utc).date())
    elif stage == "processing" and runs > 1:
        with stage_processes() as processes:
            shares = shared_out(deployment.commits_to_process(), runs)
            for run in [processes.submit(execute, settings, stage, s[0].date, s) for s in shares]:
                run.result()
    elif stage == "processing":
        while landed := of_one_run(deployment.commits_to_process()):
            execute(settings, stage, landed[0].date, landed)
    else:
        while processed := of_one_run(deployment.commits_to_load()):
            execute(settings, stage, processed[0].date, processed)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
