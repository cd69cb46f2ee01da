# What a deployment has to say.

variable "bucket_prefix" {
  description = "What the names of its buckets begin with; bucket names are unique in the world."
  type        = string
}

variable "alert_email" {
  description = "Who gets the alerts; SNS asks that address once whether it wants them."
  type        = string
}

variable "ui" {
  description = "The UI's host name, its certificate in ACM, and the addresses of the people who use it."
  type = object({
    host            = string
    certificate_arn = string
    cidrs           = list(string)
  })
}

variable "oidc" {
  description = "The identity provider before the UI, and the client that the UI is there."
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
  description = "The addresses and the port of the shop's database, and its secret, if there is one; otherwise an empty secret is made. A secret that RDS manages leaves out the address, host:port/dbname."
  type = object({
    cidrs      = list(string)
    port       = optional(number, 5432)
    secret_arn = optional(string)
    address    = optional(string, "")
  })
}

variable "image_tag" {
  description = "The tag of the image that runs, as it was pushed."
  type        = string
}

# What it may say.

variable "name" {
  description = "The deployment's name."
  type        = string
  default     = "hedgehog"
}

variable "vpc" {
  description = "A VPC that is there: inner subnets that reach AWS and the shop, and balancer subnets that reach the identity provider, two of each. Null makes one."
  type = object({
    id                  = string
    inner_subnet_ids    = list(string)
    balancer_subnet_ids = list(string)
  })
  default = null
}

variable "made_vpc" {
  description = "A VPC that is made: its addresses, a /16, and its two zones by their letters."
  type = object({
    cidr  = optional(string, "10.77.0.0/16")
    zones = optional(list(string), ["a", "b"])
  })
  default = {}
}

variable "first_day" {
  description = "The first day of the calendar, UTC; no day before it has a partition."
  type        = string
  default     = "2026-01-01"
}

variable "warehouse" {
  description = "The warehouse: its instance class, whether a second zone has a standby, the database that is loaded, and the addresses of its readers."
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
  description = "The Python package that declares the shop and its star; the image has to hold it."
  type        = string
  default     = "hedgehog_pipeline.totesys"
}

variable "code_url" {
  description = "Where the web shows the folder that holds the model's outermost package, at the commit of the image, for links from assets to their source; empty for none."
  type        = string
  default     = ""
}

variable "processing_runs" {
  description = "How many runs share what waits to be processed, such as the archive of a large shop."
  type        = number
  default     = 4

  validation {
    condition     = var.processing_runs >= 1 && var.processing_runs <= 8
    error_message = "One to eight: the limit of a pool in deploy/dagster.yaml."
  }
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
}

variable "protected" {
  description = "Whether databases, load balancer and images refuse to be deleted; false before they are torn down."
  type        = bool
  default     = true
}
