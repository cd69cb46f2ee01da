# The size and the role of each run, as tags of its job: Dagster's run launcher reads them.

locals {
  job_tags = {
    for job, kind in local.kinds_of_jobs : job => merge(
      {
        "ecs/cpu"            = tostring(var.run_sizes[kind].cpu)
        "ecs/memory"         = tostring(var.run_sizes[kind].memory)
        "ecs/task_overrides" = jsonencode({ taskRoleArn = module.roles.arns[kind] })
      },
      # A schedule launches these; without retries, a failed one would wait for the next tick.
      kind == "checks" ? { "dagster/max_retries" = "2" } : {},
    )
  }
}
