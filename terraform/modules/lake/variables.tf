variable "prefix" {
  description = "What the names of the buckets begin with, unique in the world."
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
