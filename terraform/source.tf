# The shop's secret: brought, or made empty for somebody to fill.

locals {
  source_secret_arn = var.shop.secret_arn == null ? aws_secretsmanager_secret.source[0].arn : var.shop.secret_arn
}

resource "aws_secretsmanager_secret" "source" {
  #checkov:skip=CKV2_AWS_57: The password is that of a role in the shop's database, which its owner changes.
  count = var.shop.secret_arn == null ? 1 : 0

  name        = "${var.name}/source"
  description = "The shop's database: host, port, username, password and dbname as JSON"
  kms_key_id  = module.key.arn
}
