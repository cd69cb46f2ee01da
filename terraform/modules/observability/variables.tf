variable "name" {
  description = "The deployment's name, also the namespace of its metrics."
  type        = string
}

variable "alert_email" {
  description = "The e-mail address that receives the alerts."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts logs and alerts."
  type        = string
}

variable "log_days" {
  description = "How many days logs are kept."
  type        = number
}

variable "events" {
  description = "The names of the log events that the alarms count."
  type        = object({ lag = string, run_failed = string, stuck = string })
}
