output "cluster" {
  description = "The cluster."
  value       = aws_ecs_cluster.this.name
}

output "security_group_id" {
  description = "The security group of the tasks."
  value       = aws_security_group.tasks.id
}
