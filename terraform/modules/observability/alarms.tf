# Log lines of the platform become metrics, and the metrics set off these alarms. While the platform
# runs, it also sends its own, more detailed alerts; these alarms work even if it is down.

resource "aws_cloudwatch_log_group" "events" {
  name              = "/${var.name}/events"
  kms_key_id        = var.key_arn
  retention_in_days = var.log_days
}

locals {
  metrics = {
    SecondsBehind = { event = var.events.lag, value = "$.seconds" }
    RunsFailed    = { event = var.events.run_failed, value = "1" }
    CommitsStuck  = { event = var.events.stuck, value = "1" }
  }

  alarms = {
    late = {
      description = "The warehouse is more than 30 minutes behind the source: docs/operations.md, Late."
      metric      = "SecondsBehind", statistic = "Maximum", over = 1800, minutes = 5, missing = "notBreaching"
    }
    failing = {
      description = "Three runs failed within 15 minutes (a single one is retried): look at the runs in the UI."
      metric      = "RunsFailed", statistic = "Sum", over = 2, minutes = 15, missing = "notBreaching"
    }
    stuck = {
      description = "A commit failed five times and is not retried for a day: docs/operations.md, Stuck."
      metric      = "CommitsStuck", statistic = "Sum", over = 0, minutes = 5, missing = "notBreaching"
    }
    silent = {
      description = "No lag was logged for ten minutes: docs/operations.md, Dagster is silent."
      metric      = "SecondsBehind", statistic = "Maximum", over = null, minutes = 10, missing = "breaching"
    }
  }

  # No lag is as long as this: only missing data sets off the alarm.
  never = 1000000000
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.metrics

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.events.name
  pattern        = "{ $.event = \"${each.value.event}\" }"

  metric_transformation {
    namespace = var.name
    name      = each.key
    value     = each.value.value
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.description
  alarm_actions     = [aws_sns_topic.alerts.arn]
  ok_actions        = [aws_sns_topic.alerts.arn]

  namespace           = var.name
  metric_name         = aws_cloudwatch_log_metric_filter.this[each.value.metric].name
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = coalesce(each.value.over, local.never)
  period              = each.value.minutes * 60
  evaluation_periods  = 1
  treat_missing_data  = each.value.missing
}
