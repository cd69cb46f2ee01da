# What ECS itself may do to start a task: pull the image, create the log stream, pass in the password
# of Dagster's database.

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "What ECS may do to start tasks of ${var.name}"
  assume_role_policy = local.tasks_assume
}

resource "aws_iam_role_policy" "execution" {
  name = "rights"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "NoArnCanBeNamedForThis"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      {
        Sid      = "FetchImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [var.repository_arn]
      },
      {
        Sid      = "WriteTaskLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${var.tasks_log_group_arn}:*"]
      },
      {
        Sid      = "HandOverDagsterPassword"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [var.dagster_secret_arn]
      },
      local.use_key,
    ]
  })
}
