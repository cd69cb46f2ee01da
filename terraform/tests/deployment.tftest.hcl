# A whole deployment, from a few variables.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  bucket_prefix = "shop-hedgehog"
  alert_email   = "keeper@shop.test"
  image_tag     = "1"
  code_url      = "https://code.test/shop/tree/1"
  shop          = { cidrs = ["10.1.0.0/16"], address = "shop.test:5432/totesys" }
  ui = {
    host            = "hedgehog.shop.test"
    certificate_arn = "arn:aws:acm:eu-west-2:123456789012:certificate/1"
    cidrs           = ["10.0.0.0/8"]
  }
  oidc = {
    issuer                 = "https://id.test"
    authorization_endpoint = "https://id.test/authorize"
    token_endpoint         = "https://id.test/token"
    user_info_endpoint     = "https://id.test/userinfo"
    client_id              = "hedgehog"
  }
  oidc_client_secret = "not a real secret"
}

run "everything_created" {
  assert {
    condition     = output.vpc.id != null && length(aws_secretsmanager_secret.source) == 1
    error_message = "Without existing ones, a VPC and an empty secret are created."
  }

  assert {
    condition     = alltrue([for name, value in local.environment : value != ""])
    error_message = "Every variable has a value."
  }

  assert {
    condition     = local.environment.HEDGEHOG_WAREHOUSE_ADDRESS == "database.test:5432/warehouse"
    error_message = "The address, which RDS leaves out of the secret, is passed."
  }

  assert {
    condition     = alltrue([for secret in values(local.secrets) : startswith(secret, "arn:aws:secretsmanager:")])
    error_message = "Secrets are passed by their ARNs, not by their values."
  }

  assert {
    condition = alltrue([
      for job, tags in jsondecode(local.environment.HEDGEHOG_JOB_TAGS) :
      jsondecode(tags["ecs/task_overrides"]).taskRoleArn == module.roles.arns[local.kinds_of_jobs[job]] && tags["ecs/cpu"] == "1024"
    ])
    error_message = "Each job's runs have their size and their role."
  }

  assert {
    condition = alltrue([
      for key in concat(module.lake.ingestion.written, module.lake.processed.written) : !strcontains(key, "inbox")
    ])
    error_message = "Files in the inbox may be overwritten."
  }

  assert {
    condition     = module.lake.processed.report != null && !contains(module.lake.processed.written, module.lake.processed.report)
    error_message = "The report may be overwritten."
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "The tag of a pushed image cannot be moved."
  }
}

run "existing_resources" {
  command = plan

  variables {
    shop = { cidrs = ["10.1.0.0/16"], secret_arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:shop" }
    vpc = {
      id                  = "vpc-1"
      inner_subnet_ids    = ["subnet-1", "subnet-2"]
      balancer_subnet_ids = ["subnet-3", "subnet-4"]
    }
    run_sizes = { storage = { cpu = 2048, memory = 4096 } }
  }

  assert {
    condition     = output.vpc == null && length(aws_secretsmanager_secret.source) == 0
    error_message = "An existing VPC and an existing secret are not created again."
  }

  assert {
    condition     = local.environment.HEDGEHOG_SOURCE_SECRET == var.shop.secret_arn
    error_message = "The existing secret is read."
  }

  assert {
    condition     = local.job_tags.storage["ecs/cpu"] == "2048" && local.job_tags.processing["ecs/cpu"] == "1024"
    error_message = "A stage has the given size, and the others keep the default."
  }
}
