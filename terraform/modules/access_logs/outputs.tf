output "bucket" {
  description = "The bucket's name, told once the bucket takes logs."
  value       = aws_s3_bucket.this.id

  depends_on = [aws_s3_bucket_policy.this]
}
