# Each task has only the rights that it needs.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "roles" {
  module {
    source = "./modules/roles"
  }

  variables {
    name      = "hedgehog"
    ingestion = { arn = "arn:aws:s3:::ingestion", written = ["arn:aws:s3:::ingestion/commits/*"] }
    processed = {
      arn     = "arn:aws:s3:::processed"
      written = ["arn:aws:s3:::processed/commits/*"]
      report  = "arn:aws:s3:::processed/report/*"
    }
    output_bucket_arn    = "arn:aws:s3:::output"
    source_secret_arn    = "arn:source"
    warehouse_secret_arn = "arn:warehouse"
    dagster_secret_arn   = "arn:dagster"
    parameter_prefix     = "/hedgehog"
    topic_arn            = "arn:topic"
    events_log_group_arn = "arn:events"
    tasks_log_group_arn  = "arn:tasks"
    repository_arn       = "arn:repository"
    key_arn              = "arn:key"
  }

  assert {
    condition = toset(keys(aws_iam_role_policy.task)) == toset([
      "extraction", "processing", "storage", "pipeline", "checks", "report", "code", "webserver", "daemon",
    ])
    error_message = "Each kind of task has a role of its own."
  }

  assert {
    condition = alltrue(flatten([
      for policy in concat(values(aws_iam_role_policy.task), [aws_iam_role_policy.execution]) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in statement.Action : !strcontains(action, "*")
        ]
      ]
    ]))
    error_message = "No action is a wildcard."
  }

  assert {
    condition = alltrue(flatten([
      for policy in concat(values(aws_iam_role_policy.task), [aws_iam_role_policy.execution]) : [
        for statement in jsondecode(policy.policy).Statement :
        startswith(statement.Sid, "NoArnCanBeNamed") || !contains(statement.Resource, "*")
      ]
    ]))
    error_message = "Every resource with a known ARN is named by it."
  }

  assert {
    condition = toset(flatten([
      for policy in concat(values(aws_iam_role_policy.task), [aws_iam_role_policy.execution]) : [
        for statement in jsondecode(policy.policy).Statement : statement.Action if contains(statement.Resource, "*")
      ]
    ])) == toset(["ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition", "ec2:DescribeNetworkInterfaces"])
    error_message = "Only actions that AWS cannot restrict to an ARN are allowed on all resources."
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.task) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in statement.Action : !strcontains(action, "Delete")
        ]
      ]
    ]))
    error_message = "No role may delete."
  }

  assert {
    condition = jsonencode({
      for role, policy in aws_iam_role_policy.task : role => sort(distinct(flatten([
        for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(statement.Action, "s3:PutObject")
      ])))
      }) == jsonencode({
      extraction = ["arn:aws:s3:::ingestion/commits/*", "arn:aws:s3:::output/*"]
      processing = ["arn:aws:s3:::output/*", "arn:aws:s3:::processed/commits/*"]
      storage    = ["arn:aws:s3:::output/*"]
      pipeline   = ["arn:aws:s3:::ingestion/commits/*", "arn:aws:s3:::output/*", "arn:aws:s3:::processed/commits/*", "arn:aws:s3:::processed/report/*"]
      checks     = ["arn:aws:s3:::output/*"]
      report     = ["arn:aws:s3:::output/*", "arn:aws:s3:::processed/report/*"]
      code       = ["arn:aws:s3:::output/*"]
      webserver  = []
      daemon     = []
    })
    error_message = "Each stage writes only to its own bucket, the report only its own object, and output goes to the output bucket."
  }

  assert {
    condition = jsonencode({
      for role, policy in aws_iam_role_policy.task : role => sort(flatten([
        for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(statement.Action, "secretsmanager:GetSecretValue")
      ]))
      }) == jsonencode({
      extraction = ["arn:source"]
      processing = []
      storage    = ["arn:warehouse"]
      pipeline   = ["arn:source", "arn:warehouse"]
      checks     = ["arn:source", "arn:warehouse"]
      report     = ["arn:warehouse"]
      code       = ["arn:source", "arn:warehouse"]
      webserver  = []
      daemon     = []
    })
    error_message = "Each stage reads the secret of its own database."
  }

  assert {
    condition = flatten([
      for role, policy in aws_iam_role_policy.task : [
        for statement in jsondecode(policy.policy).Statement : role if contains(statement.Action, "iam:PassRole")
      ]
    ]) == ["daemon"]
    error_message = "Only the daemon may pass roles."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.task["daemon"].policy).Statement :
      toset(statement.Resource) == toset(concat(
        [for kind in ["extraction", "processing", "storage", "pipeline", "checks", "report"] : aws_iam_role.task[kind].arn],
        [aws_iam_role.execution.arn],
      )) && statement.Condition == { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      if contains(statement.Action, "iam:PassRole")
    ])
    error_message = "It may pass only the roles of runs, and only to tasks."
  }
}
