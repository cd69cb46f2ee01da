variable "name" {
  description = "The deployment's name."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones that reach the identity provider."
  type        = list(string)
}

variable "cidrs" {
  description = "Address ranges of the UI's users."
  type        = list(string)
}

variable "host" {
  description = "The UI's host name, in lower case."
  type        = string
}

variable "certificate_arn" {
  description = "The certificate of the UI's host name."
  type        = string
}

variable "oidc" {
  description = "The identity provider, and the UI's client there."
  type = object({
    issuer                 = string
    authorization_endpoint = string
    token_endpoint         = string
    user_info_endpoint     = string
    client_id              = string
  })
}

variable "oidc_client_secret" {
  description = "The client's secret."
  type        = string
  sensitive   = true
}

variable "port" {
  description = "The webserver's port."
  type        = number
}

variable "tasks_security_group_id" {
  description = "The security group of Dagster's tasks."
  type        = string
}

variable "access_log_bucket" {
  description = "The bucket that receives the access logs."
  type        = string
}

variable "protected" {
  description = "Whether it is protected from deletion."
  type        = bool
}
