output "topic_arn" {
  description = "The topic of all alerts."
  value       = aws_sns_topic.alerts.arn
}

output "log_group" {
  description = "The log group of the platform's structured log lines."
  value = {
    name = aws_cloudwatch_log_group.events.name
    arn  = aws_cloudwatch_log_group.events.arn
  }
}
