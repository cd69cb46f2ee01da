variable "name" {
  description = "The instance's name."
  type        = string
}

variable "database" {
  description = "The initial database of the instance."
  type        = string
}

variable "size" {
  description = "The instance class."
  type        = string
}

variable "standby" {
  description = "Whether a second zone has a standby."
  type        = bool
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones."
  type        = list(string)
}

variable "tasks_security_group_id" {
  description = "The security group of Dagster's tasks."
  type        = string
}

variable "reader_cidrs" {
  description = "Address ranges from which people and reports may connect."
  type        = list(string)
  default     = []
}

variable "key_arn" {
  description = "The key that encrypts data, logs and the master user's secret."
  type        = string
}

variable "log_days" {
  description = "How many days logs are kept."
  type        = number
}

variable "protected" {
  description = "Whether it is protected from deletion."
  type        = bool
}
