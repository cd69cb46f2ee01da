variable "name" {
  description = "The deployment's name."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "shop_cidrs" {
  description = "The address ranges of the source database."
  type        = list(string)
}

variable "shop_port" {
  description = "The port of the source database."
  type        = number
}

variable "target_group_arn" {
  description = "The target group in which the balancer finds the webserver."
  type        = string
}

variable "webserver_port" {
  description = "The webserver's port."
  type        = string
}

variable "image" {
  description = "The image, with its tag."
  type        = string
}

variable "environment" {
  description = "The environment variables of every task."
  type        = map(string)
}

variable "secrets" {
  description = "The environment variables of every task whose values come from Secrets Manager, and where they are there."
  type        = map(string)
}

variable "role_arns" {
  description = "The tasks' roles, by name."
  type        = map(string)
}

variable "execution_role_arn" {
  description = "The role with which ECS starts tasks."
  type        = string
}

variable "sizes" {
  description = "CPU units and MiB of each kind of task: webserver, daemon, code, run."
  type        = map(object({ cpu = number, memory = number }))
}

variable "log_group" {
  description = "The log group of the tasks' output."
  type        = string
}
