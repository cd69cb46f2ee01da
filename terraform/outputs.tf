output "ui" {
  description = "The name that the UI's host name must be an alias of, in your DNS."
  value       = module.balancer.dns_name
}

output "repository" {
  description = "The repository to push the image to."
  value       = aws_ecr_repository.this.repository_url
}

output "cluster" {
  description = "The cluster of Dagster's services and runs."
  value       = module.platform.cluster
}

output "source_secret" {
  description = "The secret for the credentials of the source."
  value       = local.source_secret_arn
}

output "warehouse" {
  description = "The warehouse's host name, and the secret of its master user."
  value = {
    host       = module.warehouse.host
    secret_arn = module.warehouse.secret_arn
  }
}

output "vpc" {
  description = "The VPC that Terraform created, and the route table that needs a route to the source's VPC once the two are peered; null for an existing VPC."
  value = one([for network in module.network : {
    id             = network.vpc.id
    route_table_id = network.inner_route_table_id
  }])
}

output "network_configuration" {
  description = "The network configuration of a task that you run yourself, in the format of `aws ecs run-task`."
  value = jsonencode({
    awsvpcConfiguration = {
      subnets        = local.vpc.inner_subnet_ids
      securityGroups = [module.platform.security_group_id]
    }
  })
}
