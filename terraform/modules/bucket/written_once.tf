# Objects that are written once: while this policy is in place, no role can overwrite or delete them,
# whatever its rights. S3 Object Lock would protect only versions, not keys: a new version can still be
# put over a locked one, and readers would get the new one.

locals {
  once = [for pattern in var.written_once : "${aws_s3_bucket.this.arn}/${pattern}"]

  written_once = [for statement in [
    {
      Sid       = "NeverDeleted"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
      Resource  = local.once
    },
    {
      Sid       = "CreatedOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:PutObject"]
      Resource  = local.once
      Condition = {
        Null = { "s3:if-none-match" = "true" }
        Bool = { "s3:ObjectCreationOperation" = "true" } # a part of a multipart upload creates no object yet
      }
    },
  ] : statement if length(local.once) > 0]
}
