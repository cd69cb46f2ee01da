# The rights that a role can have, one IAM statement for each.

locals {
  read_lake = {
    Sid    = "ReadLake"
    Effect = "Allow"
    Action = ["s3:GetObject", "s3:ListBucket"]
    Resource = flatten([
      for bucket in [var.ingestion, var.processed] : [bucket.arn, "${bucket.arn}/*"]
    ])
  }

  land = {
    Sid      = "Land"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = var.ingestion.written
  }

  process = {
    Sid      = "Process"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = var.processed.written
  }

  publish_report = {
    Sid      = "PublishReport"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = [var.processed.report]
  }

  read_source = {
    Sid      = "ReadSourceSecret"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = [var.source_secret_arn]
  }

  read_warehouse = {
    Sid      = "ReadWarehouseSecret"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = [var.warehouse_secret_arn]
  }

  publish_parameters = {
    Sid      = "PublishParameters"
    Effect   = "Allow"
    Action   = ["ssm:GetParameters", "ssm:PutParameter"]
    Resource = [local.parameters]
  }

  read_parameters = {
    Sid      = "ReadParameters"
    Effect   = "Allow"
    Action   = ["ssm:GetParameters"]
    Resource = [local.parameters]
  }

  alert = {
    Sid      = "Alert"
    Effect   = "Allow"
    Action   = ["sns:Publish"]
    Resource = [var.topic_arn]
  }

  use_key = {
    Sid      = "UseKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = [var.key_arn]
  }

  read_output = {
    Sid      = "ReadOutput"
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:ListBucket"]
    Resource = [var.output_bucket_arn, "${var.output_bucket_arn}/*"]
  }

  every_run = [
    local.use_key,
    {
      Sid      = "WriteOutput"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = ["${var.output_bucket_arn}/*"]
    },
    {
      Sid      = "WriteEvents"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [var.events_log_group_arn, "${var.events_log_group_arn}:*"]
    },
  ]

  watch_tasks = [
    {
      Sid      = "WatchAndStopTasks"
      Effect   = "Allow"
      Action   = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource = [local.tasks]
    },
    {
      Sid      = "NoArnCanBeNamedForThese"
      Effect   = "Allow"
      Action   = ["ecs:DescribeTaskDefinition", "ec2:DescribeNetworkInterfaces"]
      Resource = ["*"]
    },
  ]

  launch_runs = [
    {
      Sid       = "LaunchRuns"
      Effect    = "Allow"
      Action    = ["ecs:RunTask"]
      Resource  = [local.run_definitions]
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster } }
    },
    {
      Sid       = "TagRuns"
      Effect    = "Allow"
      Action    = ["ecs:TagResource"]
      Resource  = [local.tasks]
      Condition = { StringEquals = { "ecs:CreateAction" = "RunTask" } }
    },
    {
      Sid       = "AsTheRolesOfRuns"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = concat([for stage in keys(local.stages) : aws_iam_role.task[stage].arn], [aws_iam_role.execution.arn])
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    {
      Sid      = "ReadLastLinesOfFailedTasks"
      Effect   = "Allow"
      Action   = ["logs:GetLogEvents"]
      Resource = ["${var.tasks_log_group_arn}:*"]
    },
  ]
}
