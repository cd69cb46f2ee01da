variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "days" {
  description = "How many days logs are kept."
  type        = number
}
