variable "prefix" {
  description = "Prefix of the bucket names, which must be globally unique."
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
