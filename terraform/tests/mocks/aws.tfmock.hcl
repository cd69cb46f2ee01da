mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { region = "eu-west-2" }
}

mock_resource "aws_db_instance" {
  defaults = {
    address            = "database.test"
    port               = 5432
    master_user_secret = [{ kms_key_id = "key", secret_arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:rds!db-1", secret_status = "active" }]
  }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::bucket" }
}

mock_resource "aws_security_group" {
  defaults = { id = "sg-own" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-west-2:123456789012:alerts" }
}
