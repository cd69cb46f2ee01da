# One role for each kind of task, with only the rights that it needs. Extraction and processing may
# create objects in their own bucket; no role may delete an object, or overwrite one except the report.

locals {
  arn = "arn:${data.aws_partition.current.partition}"
  own = "${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"

  cluster         = "${local.arn}:ecs:${local.own}:cluster/${var.name}"
  tasks           = "${local.arn}:ecs:${local.own}:task/${var.name}/*"
  run_definitions = "${local.arn}:ecs:${local.own}:task-definition/${var.name}-run:*"
  parameters      = "${local.arn}:ssm:${local.own}:parameter${var.parameter_prefix}/*"

  # The rights of each kind of run, by its job; a run of any other job has the rights of pipeline.
  stages = {
    extraction = [local.read_lake, local.land, local.read_source, local.publish_parameters]
    processing = [local.read_lake, local.process]
    storage    = [local.read_lake, local.read_warehouse, local.read_parameters]
    pipeline   = [local.read_lake, local.land, local.process, local.read_source, local.read_warehouse, local.publish_parameters, local.publish_report]
    checks     = [local.read_lake, local.read_source, local.read_warehouse, local.publish_parameters]
    report     = [local.read_lake, local.read_warehouse, local.publish_report]
  }

  rights = merge(
    { for stage, own in local.stages : stage => concat(own, local.every_run) },
    {
      code      = concat([local.read_lake, local.read_source, local.read_warehouse, local.publish_parameters, local.alert], local.every_run)
      webserver = concat(local.watch_tasks, [local.use_key, local.read_output])
      daemon    = concat(local.watch_tasks, local.launch_runs)
    },
  )
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

resource "aws_iam_role" "task" {
  for_each = toset(concat(keys(local.stages), ["code", "webserver", "daemon"]))

  name               = "${var.name}-${each.key}"
  description        = "What a task of ${var.name} may do as ${each.key}"
  assume_role_policy = local.tasks_assume
}

resource "aws_iam_role_policy" "task" {
  for_each = local.rights

  name   = "rights"
  role   = aws_iam_role.task[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

locals {
  tasks_assume = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}
