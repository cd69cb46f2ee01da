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
  description = "The addresses of the shop's database."
  type        = list(string)
}

variable "shop_port" {
  description = "The port of the shop's database."
  type        = number
}

variable "target_group_arn" {
  description = "Where the balancer finds the webserver."
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
  description = "The variables of every task."
  type        = map(string)
}

variable "secrets" {
  description = "The variables of every task that Secrets Manager fills, with the places there."
  type        = map(string)
}

variable "role_arns" {
  description = "The tasks' roles, by name."
  type        = map(string)
}

variable "execution_role_arn" {
  description = "The role by which ECS starts tasks."
  type        = string
}

variable "sizes" {
  description = "CPU units and MiB of each kind of task: webserver, daemon, code, run."
  type        = map(object({ cpu = number, memory = number }))
}

variable "log_group" {
  description = "The group of what the tasks print."
  type        = string
}
