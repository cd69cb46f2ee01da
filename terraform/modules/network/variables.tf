variable "name" {
  description = "The deployment's name."
  type        = string
}

variable "cidr" {
  description = "The addresses of the VPC, a /16."
  type        = string
}

variable "zones" {
  description = "The letters of two zones of the region."
  type        = list(string)
}

variable "key_arn" {
  description = "The key that logs are encrypted with."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}
