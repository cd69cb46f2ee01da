output "bucket" {
  description = "The bucket's name, available once the bucket accepts logs."
  value       = aws_s3_bucket.this.id

  depends_on = [aws_s3_bucket_policy.this]
}
