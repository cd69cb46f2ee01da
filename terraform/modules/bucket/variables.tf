variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts the objects."
  type        = string
}

variable "access_log_bucket" {
  description = "The bucket that receives the access logs."
  type        = string
}

variable "written_once" {
  description = "Patterns of the keys that no role may overwrite or delete."
  type        = list(string)
  default     = []
}

variable "cheaper_after_days" {
  description = "Days after which an object moves to cheaper storage; null for never."
  type        = number
  default     = null
}

variable "gone_after_days" {
  description = "Days after which an object expires; null for never."
  type        = number
  default     = null
}
