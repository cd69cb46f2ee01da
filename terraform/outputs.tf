output "ui" {
  description = "What the UI's host name has to be an alias of, in your DNS."
  value       = module.balancer.dns_name
}

output "repository" {
  description = "Where the image is pushed."
  value       = aws_ecr_repository.this.repository_url
}

output "cluster" {
  description = "The cluster of Dagster's services and runs."
  value       = module.platform.cluster
}

output "source_secret" {
  description = "The secret that the shop's credentials are put into."
  value       = local.source_secret_arn
}

output "warehouse" {
  description = "Where the warehouse is, and the secret of its master."
  value = {
    host       = module.warehouse.host
    secret_arn = module.warehouse.secret_arn
  }
}

output "vpc" {
  description = "The VPC that was made, and the route table that leads to the shop's, to be peered."
  value = one([for network in module.network : {
    id             = network.vpc.id
    route_table_id = network.inner_route_table_id
  }])
}

output "network_configuration" {
  description = "Where a task is put that somebody runs by hand, as `aws ecs run-task` takes it."
  value = jsonencode({
    awsvpcConfiguration = {
      subnets        = local.vpc.inner_subnet_ids
      securityGroups = [module.platform.security_group_id]
    }
  })
}
