variable "name" {
  description = "The deployment's name."
  type        = string
}
