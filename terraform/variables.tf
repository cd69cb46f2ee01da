# Required.

variable "bucket_prefix" {
  description = "Prefix of the bucket names, which must be globally unique."
  type        = string
}

variable "alert_email" {
  description = "The e-mail address that receives the alerts; SNS asks it once to confirm."
  type        = string
}

variable "ui" {
  description = "The UI's host name, its certificate in ACM, and the address ranges of its users."
  type = object({
    host            = string
    certificate_arn = string
    cidrs           = list(string)
  })
}

variable "oidc" {
  description = "The identity provider of the UI, and the UI's client there."
  type = object({
    issuer                 = string
    authorization_endpoint = string
    token_endpoint         = string
    user_info_endpoint     = string
    client_id              = string
  })
}

variable "oidc_client_secret" {
  description = "The client's secret: set it as TF_VAR_oidc_client_secret, not in a file."
  type        = string
  sensitive   = true
}

variable "shop" {
  description = "The source database: its address ranges, its port, and its secret, if one exists; otherwise Terraform creates an empty one. For a secret that RDS manages, set address too (host:port/dbname): the secret does not contain it."
  type = object({
    cidrs      = list(string)
    port       = optional(number, 5432)
    secret_arn = optional(string)
    address    = optional(string, "")
  })
}

variable "image_tag" {
  description = "The tag of the image to run, as it was pushed."
  type        = string
}

# Optional.

variable "name" {
  description = "The deployment's name."
  type        = string
  default     = "hedgehog"
}

variable "vpc" {
  description = "An existing VPC: two inner subnets that reach AWS and the source, and two balancer subnets that reach the identity provider. Null: Terraform creates a VPC."
  type = object({
    id                  = string
    inner_subnet_ids    = list(string)
    balancer_subnet_ids = list(string)
  })
  default = null
}

variable "made_vpc" {
  description = "The VPC that Terraform creates: its address range, a /16, and the letters of its two zones."
  type = object({
    cidr  = optional(string, "10.77.0.0/16")
    zones = optional(list(string), ["a", "b"])
  })
  default = {}
}

variable "first_day" {
  description = "The first day of the calendar, UTC; earlier days have no partition."
  type        = string
  default     = "2026-01-01"
}

variable "warehouse" {
  description = "The warehouse: its instance class, whether a second zone has a standby, the database to load, and the address ranges of its readers."
  type = object({
    size         = optional(string, "db.t4g.small")
    standby      = optional(bool, false)
    database     = optional(string, "warehouse")
    reader_cidrs = optional(list(string), [])
  })
  default = {}
}

variable "service_sizes" {
  description = "CPU units and MiB of Dagster's services."
  type = object({
    webserver = optional(object({ cpu = number, memory = number }), { cpu = 512, memory = 1024 })
    daemon    = optional(object({ cpu = number, memory = number }), { cpu = 512, memory = 1024 })
    code      = optional(object({ cpu = number, memory = number }), { cpu = 512, memory = 2048 })
  })
  default = {}
}

variable "run_sizes" {
  description = "CPU units and MiB of the runs: of each stage, of all three in one run, of the checks and of the report."
  type = object({
    extraction = optional(object({ cpu = number, memory = number }), { cpu = 1024, memory = 2048 })
    processing = optional(object({ cpu = number, memory = number }), { cpu = 1024, memory = 2048 })
    storage    = optional(object({ cpu = number, memory = number }), { cpu = 1024, memory = 2048 })
    pipeline   = optional(object({ cpu = number, memory = number }), { cpu = 1024, memory = 2048 })
    checks     = optional(object({ cpu = number, memory = number }), { cpu = 1024, memory = 2048 })
    report     = optional(object({ cpu = number, memory = number }), { cpu = 1024, memory = 2048 })
  })
  default = {}
}

variable "model" {
  description = "The Python package that declares the source and its star schema; the image must contain it."
  type        = string
  default     = "hedgehog_pipeline.totesys"
}

variable "code_url" {
  description = "For links from assets to their code: the URL of the folder that contains the model's top-level package, at the commit of the image; empty for no links."
  type        = string
  default     = ""
}

variable "processing_runs" {
  description = "How many runs share the backlog of processing, such as the initial load of a large source."
  type        = number
  default     = 4

  validation {
    condition     = var.processing_runs >= 1 && var.processing_runs <= 8
    error_message = "One to eight: the limit of a pool in deploy/dagster.yaml."
  }
}

variable "log_days" {
  description = "How many days logs are kept."
  type        = number
  default     = 365
}

variable "protected" {
  description = "Whether databases, load balancer and images are protected from deletion; set false before you destroy the deployment."
  type        = bool
  default     = true
}
