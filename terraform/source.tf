# The source's secret: an existing one, or a new empty one to fill.

locals {
  source_secret_arn = var.shop.secret_arn == null ? aws_secretsmanager_secret.source[0].arn : var.shop.secret_arn
}

resource "aws_secretsmanager_secret" "source" {
  #checkov:skip=CKV2_AWS_57: The password belongs to a role in the source database; the owner of the database changes it.
  count = var.shop.secret_arn == null ? 1 : 0

  name        = "${var.name}/source"
  description = "The source database: host, port, username, password and dbname as JSON"
  kms_key_id  = module.key.arn
}
