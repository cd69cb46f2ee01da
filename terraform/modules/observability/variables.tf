variable "name" {
  description = "The deployment's name, also the namespace of its metrics."
  type        = string
}

variable "alert_email" {
  description = "Who gets the alerts."
  type        = string
}

variable "key_arn" {
  description = "The key that logs and alerts are encrypted with."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}

variable "events" {
  description = "How the platform's log calls what the alarms are about."
  type        = object({ lag = string, run_failed = string, stuck = string })
}
