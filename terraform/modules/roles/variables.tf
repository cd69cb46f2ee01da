variable "name" {
  description = "The deployment's name, also that of its cluster."
  type        = string
}

variable "ingestion" {
  description = "The ingestion bucket, and the objects that are written to it."
  type        = object({ arn = string, written = list(string) })
}

variable "processed" {
  description = "The processed bucket, the objects that are written to it, and the report."
  type        = object({ arn = string, written = list(string), report = string })
}

variable "output_bucket_arn" {
  description = "The bucket of the runs' output."
  type        = string
}

variable "source_secret_arn" {
  description = "The source database's secret."
  type        = string
}

variable "warehouse_secret_arn" {
  description = "The warehouse's secret."
  type        = string
}

variable "dagster_secret_arn" {
  description = "The secret of Dagster's own database."
  type        = string
}

variable "parameter_prefix" {
  description = "The path of the SSM parameters."
  type        = string
}

variable "topic_arn" {
  description = "The topic of all alerts."
  type        = string
}

variable "events_log_group_arn" {
  description = "The log group of the platform's structured log lines."
  type        = string
}

variable "tasks_log_group_arn" {
  description = "The log group of the tasks' output."
  type        = string
}

variable "repository_arn" {
  description = "The repository of the image."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts everything."
  type        = string
}
