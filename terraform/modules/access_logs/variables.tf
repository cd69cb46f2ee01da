variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "days" {
  description = "How long logs are kept."
  type        = number
}
