# The two buckets of the lake. Hedgehog writes each object once, except the report, which nothing is
# derived from. Files that others put into the ingestion bucket's inbox/ may be overwritten.

module "ingestion" {
  source = "../bucket"

  name               = "${var.prefix}-ingestion"
  key_arn            = var.key_arn
  access_log_bucket  = var.access_log_bucket
  cheaper_after_days = 30
  written_once       = local.keys.ingestion
}

module "processed" {
  source = "../bucket"

  name               = "${var.prefix}-processed"
  key_arn            = var.key_arn
  access_log_bucket  = var.access_log_bucket
  cheaper_after_days = 30
  written_once       = local.keys.processed
}

locals {
  keys = {
    ingestion = ["commits/*", "oltp/*", "*/oltp/*"]
    processed = ["commits/*", "star/*", "*/star/*", "checkpoints/*"]
  }
}
