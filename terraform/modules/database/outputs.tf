output "host" {
  description = "The server's name."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "The server's port."
  value       = aws_db_instance.this.port
}

output "secret_arn" {
  description = "The master's secret: RDS writes username and password in it, nothing else."
  value       = one(aws_db_instance.this.master_user_secret).secret_arn
}
