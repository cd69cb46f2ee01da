# Hedgehog on AWS: its modules, and how they are connected.

data "aws_region" "current" {}

module "key" {
  source = "./modules/key"

  name = var.name
}

module "network" {
  source = "./modules/network"
  count  = var.vpc == null ? 1 : 0

  name     = var.name
  cidr     = var.made_vpc.cidr
  zones    = var.made_vpc.zones
  key_arn  = module.key.arn
  log_days = var.log_days
}

module "access_logs" {
  source = "./modules/access_logs"

  name = "${var.bucket_prefix}-access-logs"
  days = var.log_days
}

module "lake" {
  source = "./modules/lake"

  prefix            = var.bucket_prefix
  key_arn           = module.key.arn
  access_log_bucket = module.access_logs.bucket
}

module "output" {
  source = "./modules/bucket"

  name              = "${var.bucket_prefix}-output"
  key_arn           = module.key.arn
  access_log_bucket = module.access_logs.bucket
  gone_after_days   = 30
}

module "warehouse" {
  source = "./modules/database"

  name                    = "${var.name}-warehouse"
  database                = "warehouse"
  size                    = var.warehouse.size
  standby                 = var.warehouse.standby
  reader_cidrs            = var.warehouse.reader_cidrs
  vpc_id                  = local.vpc.id
  subnet_ids              = local.vpc.inner_subnet_ids
  tasks_security_group_id = module.platform.security_group_id
  key_arn                 = module.key.arn
  log_days                = var.log_days
  protected               = var.protected
}

module "dagster_database" {
  source = "./modules/database"

  name                    = "${var.name}-dagster"
  database                = "dagster"
  size                    = "db.t4g.micro"
  standby                 = false
  vpc_id                  = local.vpc.id
  subnet_ids              = local.vpc.inner_subnet_ids
  tasks_security_group_id = module.platform.security_group_id
  key_arn                 = module.key.arn
  log_days                = var.log_days
  protected               = var.protected
}

module "observability" {
  source = "./modules/observability"

  name        = var.name
  alert_email = var.alert_email
  events      = local.events
  key_arn     = module.key.arn
  log_days    = var.log_days
}

module "balancer" {
  source = "./modules/balancer"

  name                    = var.name
  vpc_id                  = local.vpc.id
  subnet_ids              = local.vpc.balancer_subnet_ids
  cidrs                   = var.ui.cidrs
  host                    = lower(var.ui.host)
  certificate_arn         = var.ui.certificate_arn
  oidc                    = var.oidc
  oidc_client_secret      = var.oidc_client_secret
  port                    = local.webserver_port
  tasks_security_group_id = module.platform.security_group_id
  access_log_bucket       = module.access_logs.bucket
  protected               = var.protected
}

module "roles" {
  source = "./modules/roles"

  name                 = var.name
  ingestion            = module.lake.ingestion
  processed            = module.lake.processed
  output_bucket_arn    = module.output.arn
  source_secret_arn    = local.source_secret_arn
  warehouse_secret_arn = module.warehouse.secret_arn
  dagster_secret_arn   = module.dagster_database.secret_arn
  parameter_prefix     = local.parameter_prefix
  topic_arn            = module.observability.topic_arn
  events_log_group_arn = module.observability.log_group.arn
  tasks_log_group_arn  = aws_cloudwatch_log_group.tasks.arn
  repository_arn       = aws_ecr_repository.this.arn
  key_arn              = module.key.arn
}

module "platform" {
  source = "./modules/platform"

  name               = var.name
  vpc_id             = local.vpc.id
  subnet_ids         = local.vpc.inner_subnet_ids
  shop_cidrs         = var.shop.cidrs
  shop_port          = var.shop.port
  target_group_arn   = module.balancer.target_group_arn
  webserver_port     = local.webserver_port
  image              = "${aws_ecr_repository.this.repository_url}:${var.image_tag}"
  environment        = local.environment
  secrets            = local.secrets
  role_arns          = module.roles.arns
  execution_role_arn = module.roles.execution_arn
  sizes              = merge(var.service_sizes, { run = var.run_sizes.pipeline })
  log_group          = aws_cloudwatch_log_group.tasks.name
}

locals {
  vpc              = var.vpc == null ? module.network[0].vpc : var.vpc
  parameter_prefix = "/${var.name}"
  webserver_port   = "3000"
}
