output "host" {
  description = "The server's host name."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "The server's port."
  value       = aws_db_instance.this.port
}

output "secret_arn" {
  description = "The master user's secret: RDS writes only username and password to it."
  value       = one(aws_db_instance.this.master_user_secret).secret_arn
}
