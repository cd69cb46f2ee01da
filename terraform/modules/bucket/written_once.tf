# Objects that are written once: no role, however mighty, replaces or deletes one as long as this
# policy stands. S3 Object Lock would say the same of versions, but not of a key: a new version may
# be put over a locked one, which readers would take.

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
        Bool = { "s3:ObjectCreationOperation" = "true" } # a part of a multipart upload creates nothing yet
      }
    },
  ] : statement if length(local.once) > 0]
}
