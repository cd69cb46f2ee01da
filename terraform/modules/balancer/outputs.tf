output "dns_name" {
  description = "What the UI's host name has to be an alias of."
  value       = aws_lb.this.dns_name
}

output "target_group_arn" {
  description = "Where the webserver's tasks are registered, once the balancer passes requests on."
  value       = aws_lb_target_group.this.arn

  depends_on = [aws_lb_listener_rule.people]
}
