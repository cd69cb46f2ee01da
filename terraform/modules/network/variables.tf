variable "name" {
  description = "The deployment's name."
  type        = string
}

variable "cidr" {
  description = "The address range of the VPC, a /16."
  type        = string
}

variable "zones" {
  description = "The letters of two availability zones of the region."
  type        = list(string)
}

variable "key_arn" {
  description = "The key that encrypts the logs."
  type        = string
}

variable "log_days" {
  description = "How many days logs are kept."
  type        = number
}
