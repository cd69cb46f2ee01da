# A bucket is private, and its written-once objects cannot be changed or deleted.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  name              = "shop-ingestion"
  key_arn           = "arn:aws:kms:eu-west-2:123456789012:key/1"
  access_log_bucket = "shop-access-logs"
}

run "written_once" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    written_once       = ["commits/*"]
    cheaper_after_days = 30
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Every kind of public access is blocked."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.key_arn
    error_message = "Objects are encrypted with the deployment's key."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "Versioning is on."
  }

  assert {
    condition     = aws_s3_bucket_logging.this.target_bucket == "shop-access-logs"
    error_message = "Accesses are logged."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0] == {
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
    error_message = "Requests without TLS are denied."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect == "Deny"])
    error_message = "The policy grants no rights."
  }

  assert {
    condition     = length([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule if length(rule.expiration) > 0]) == 0
    error_message = "No object expires by default."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement
      if statement.Sid == "NeverDeleted"
      ] == [{
        Sid       = "NeverDeleted"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        Resource  = ["${aws_s3_bucket.this.arn}/commits/*"]
    }]
    error_message = "Deletion is denied to everyone, without conditions."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement
      if statement.Sid == "CreatedOnly"
      ] == [{
        Sid       = "CreatedOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:PutObject"]
        Resource  = ["${aws_s3_bucket.this.arn}/commits/*"]
        Condition = {
          Null = { "s3:if-none-match" = "true" }
          Bool = { "s3:ObjectCreationOperation" = "true" }
        }
    }]
    error_message = "Overwriting is denied to everyone: an object can only be created."
  }

  assert {
    condition = flatten([
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [for to in rule.transition : to.storage_class]
    ]) == ["INTELLIGENT_TIERING"]
    error_message = "Old objects move to cheaper storage."
  }
}

run "access_logs" {
  command = plan

  module {
    source = "./modules/access_logs"
  }

  variables {
    name = "shop-access-logs"
    days = 365
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this.restrict_public_buckets && aws_s3_bucket_public_access_block.this.block_public_policy
    error_message = "Public access is blocked."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" || can(statement.Principal.Service)
    ])
    error_message = "Only AWS services may deliver logs."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" || can(statement.Condition.StringEquals["aws:SourceAccount"]) || can(regex("/AWSLogs/123456789012/[*]$", statement.Resource))
    ])
    error_message = "They may deliver logs only for this account."
  }
}
