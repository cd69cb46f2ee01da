# The size and the role of a run, as tags of its job, by which Dagster's launcher sets up its task.

locals {
  job_tags = {
    for job, kind in local.kinds_of_jobs : job => merge(
      {
        "ecs/cpu"            = tostring(var.run_sizes[kind].cpu)
        "ecs/memory"         = tostring(var.run_sizes[kind].memory)
        "ecs/task_overrides" = jsonencode({ taskRoleArn = module.roles.arns[kind] })
      },
      # A schedule launches these, and nothing launches them again before its next beat.
      kind == "checks" ? { "dagster/max_retries" = "2" } : {},
    )
  }
}
