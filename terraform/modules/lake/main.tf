# The two buckets that the platform rests on. Whatever Hedgehog writes is written once, but
# for the report, which nothing is made of; what others bring to the ingestion bucket's inbox/ may be
# put anew.

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
