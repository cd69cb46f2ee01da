output "dns_name" {
  description = "The name that the UI's host name must be an alias of."
  value       = aws_lb.this.dns_name
}

output "target_group_arn" {
  description = "The target group of the webserver's tasks, available once the balancer forwards requests."
  value       = aws_lb_target_group.this.arn

  depends_on = [aws_lb_listener_rule.people]
}
