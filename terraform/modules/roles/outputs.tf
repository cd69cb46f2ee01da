output "arns" {
  description = "The tasks' roles: webserver, daemon, code, and one for each kind of run."
  value       = { for name, role in aws_iam_role.task : name => role.arn }

  depends_on = [aws_iam_role_policy.task]
}

output "execution_arn" {
  description = "The role with which ECS starts tasks."
  value       = aws_iam_role.execution.arn

  depends_on = [aws_iam_role_policy.execution]
}
