# Every alarm sends an e-mail, even if the platform is silent.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "alarms" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    name        = "hedgehog"
    alert_email = "keeper@shop.test"
    key_arn     = "arn:aws:kms:eu-west-2:123456789012:key/1"
    log_days    = 365
    events      = { lag = "lag", run_failed = "run failed", stuck = "stuck" }
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["late", "failing", "stuck", "silent"])
    error_message = "There are four alarms."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      toset(alarm.alarm_actions) == toset([aws_sns_topic.alerts.arn]) && toset(alarm.ok_actions) == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "Every alarm is sent to the topic, and so is its end."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      contains([for filter in aws_cloudwatch_log_metric_filter.this : one(filter.metric_transformation).name], alarm.metric_name) && alarm.namespace == "hedgehog"
    ])
    error_message = "Every alarm uses an existing metric."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["SecondsBehind"].pattern == "{ $.event = \"lag\" }" && one(aws_cloudwatch_log_metric_filter.this["SecondsBehind"].metric_transformation).value == "$.seconds"
    error_message = "The lag is read from the log line of the event `lag`."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["late"].threshold == 1800 && aws_cloudwatch_metric_alarm.this["late"].treat_missing_data == "notBreaching"
    error_message = "Late is more than 30 minutes."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["silent"].treat_missing_data == "breaching"
    error_message = "Missing data sets off the alarm."
  }

  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == var.key_arn && aws_sns_topic_subscription.email.endpoint == "keeper@shop.test"
    error_message = "Alerts are encrypted, and sent to the given address."
  }

  assert {
    condition     = aws_cloudwatch_log_group.events.retention_in_days == 365 && aws_cloudwatch_log_group.events.kms_key_id == var.key_arn
    error_message = "Log lines are encrypted and expire."
  }
}
