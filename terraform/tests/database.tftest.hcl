# A database is private, encrypted and backed up, and RDS manages its password.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "database" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    name                    = "hedgehog-warehouse"
    database                = "warehouse"
    size                    = "db.t4g.small"
    standby                 = false
    vpc_id                  = "vpc-1"
    subnet_ids              = ["subnet-1", "subnet-2"]
    tasks_security_group_id = "sg-tasks"
    key_arn                 = "arn:aws:kms:eu-west-2:123456789012:key/1"
    log_days                = 365
    protected               = true
  }

  assert {
    condition     = !aws_db_instance.this.publicly_accessible
    error_message = "It has no public address."
  }

  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.kms_key_id == var.key_arn
    error_message = "It is encrypted with the deployment's key."
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.master_user_secret_kms_key_id == var.key_arn
    error_message = "RDS generates the password and stores it in Secrets Manager."
  }

  assert {
    condition     = aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "It is protected from deletion, and a final snapshot is taken."
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period >= 7
    error_message = "There are backups."
  }

  assert {
    condition     = aws_db_instance.this.performance_insights_enabled
    error_message = "Performance insights are on."
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : "${parameter.name}=${parameter.value}"], "rds.force_ssl=1")
    error_message = "TLS is forced."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.tasks.referenced_security_group_id == "sg-tasks" && length(aws_vpc_security_group_ingress_rule.readers) == 0
    error_message = "Without readers, only the tasks can reach it."
  }

  assert {
    condition     = jsondecode(aws_iam_role.monitoring.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "RDS assumes the monitoring role only for this account."
  }

  assert {
    condition     = startswith(output.secret_arn, "arn:aws:secretsmanager:")
    error_message = "The secret is passed by its ARN."
  }
}
