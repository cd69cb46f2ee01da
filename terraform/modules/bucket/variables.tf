variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "key_arn" {
  description = "The key that objects are encrypted with."
  type        = string
}

variable "access_log_bucket" {
  description = "The bucket that takes the access logs."
  type        = string
}

variable "written_once" {
  description = "Patterns of the keys that nobody may write over or delete."
  type        = list(string)
  default     = []
}

variable "cheaper_after_days" {
  description = "When an object goes to cheaper storage; null for never."
  type        = number
  default     = null
}

variable "gone_after_days" {
  description = "When an object expires; null for never."
  type        = number
  default     = null
}
