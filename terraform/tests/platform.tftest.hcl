# Dagster's tasks: a read-only file system, no secret in plain text, one daemon.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "platform" {
  command = plan

  module {
    source = "./modules/platform"
  }

  variables {
    name               = "hedgehog"
    vpc_id             = "vpc-1"
    subnet_ids         = ["subnet-1"]
    shop_cidrs         = ["10.1.0.0/16"]
    shop_port          = 5432
    target_group_arn   = "arn:target"
    webserver_port     = "3000"
    image              = "repository:1"
    environment        = { HEDGEHOG_INGESTION_BUCKET = "ingestion" }
    secrets            = { DAGSTER_POSTGRES_PASSWORD = "arn:dagster:password::" }
    role_arns          = { for role in ["webserver", "daemon", "code", "pipeline"] : role => "arn:${role}" }
    execution_role_arn = "arn:execution"
    sizes              = { for task in ["webserver", "daemon", "code", "run"] : task => { cpu = 512, memory = 1024 } }
    log_group          = "/hedgehog/tasks"
  }

  assert {
    condition = alltrue([
      for task in aws_ecs_task_definition.this : jsondecode(task.container_definitions)[0].readonlyRootFilesystem
    ])
    error_message = "Every root file system is read-only."
  }

  assert {
    condition = alltrue([
      for task in aws_ecs_task_definition.this :
      jsondecode(task.container_definitions)[0].environment == [{ name = "HEDGEHOG_INGESTION_BUCKET", value = "ingestion" }]
    ])
    error_message = "Every task has exactly the given environment."
  }

  assert {
    condition = alltrue([
      for task in aws_ecs_task_definition.this :
      jsondecode(task.container_definitions)[0].secrets == [{ name = "DAGSTER_POSTGRES_PASSWORD", valueFrom = "arn:dagster:password::" }]
    ])
    error_message = "A secret is passed by its ARN, never by its value."
  }

  assert {
    condition     = { for name, task in aws_ecs_task_definition.this : name => task.task_role_arn } == { webserver = "arn:webserver", daemon = "arn:daemon", code = "arn:code", run = "arn:pipeline" }
    error_message = "Each task has its role."
  }

  assert {
    condition     = alltrue([for name in keys(local.services) : jsondecode(aws_ecs_task_definition.this[name].container_definitions)[0].healthCheck.retries == 3])
    error_message = "Every service has a health check."
  }

  assert {
    condition     = alltrue([for service in aws_ecs_service.this : !one(service.network_configuration).assign_public_ip])
    error_message = "No task has a public address."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.shop : rule.cidr_ipv4]) == toset(["10.1.0.0/16"])
    error_message = "Tasks may connect to the given address ranges of the source."
  }

  assert {
    condition     = aws_ecs_service.this["daemon"].deployment_maximum_percent == 100 && aws_ecs_service.this["webserver"].deployment_minimum_healthy_percent == 100
    error_message = "There is never a second daemon, and always a webserver."
  }
}
