# Dagster on Fargate: three services, and the definition of the tasks that execute runs.

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

locals {
  workspace = ["-w", "/opt/hedgehog/workspace.yaml"]
  listen    = ["-h", "0.0.0.0", "-p"]

  healthy = ["CMD", "python", "-m", "hedgehog_pipeline.healthcheck"]

  services = {
    webserver = {
      command = concat(["python", "-m", "hedgehog_pipeline.orchestration.dagster_webserver"], local.listen, [var.webserver_port], local.workspace)
      healthy = concat(local.healthy, [var.webserver_port])
    }
    # Two daemons would tick each sensor twice, so the old one stops before a new one starts.
    daemon = {
      command = concat(["python", "-m", "hedgehog_pipeline.orchestration.dagster_daemon", "run"], local.workspace)
      healthy = ["CMD", "dagster-daemon", "liveness-check"]
    }
    code = {
      command = concat(["dagster", "api", "grpc"], local.listen, [local.code_port], ["-m", "hedgehog_pipeline.definitions"])
      healthy = concat(local.healthy, [local.code_port])
    }
  }

  code_port = "4000"
}

resource "aws_ecs_service" "this" {
  for_each = local.services

  name             = each.key
  cluster          = aws_ecs_cluster.this.id
  task_definition  = aws_ecs_task_definition.this[each.key].arn
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  desired_count    = 1

  deployment_minimum_healthy_percent = each.key == "daemon" ? 0 : 100
  deployment_maximum_percent         = each.key == "daemon" ? 100 : 200
  propagate_tags                     = "SERVICE"

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = each.key == "webserver" ? [var.target_group_arn] : []

    content {
      target_group_arn = load_balancer.value
      container_name   = each.key
      container_port   = var.webserver_port
    }
  }

  dynamic "service_registries" {
    for_each = each.key == "code" ? [aws_service_discovery_service.code.arn] : []

    content {
      registry_arn = service_registries.value
    }
  }
}

# The name by which webserver and daemon find the code location.

resource "aws_service_discovery_private_dns_namespace" "this" {
  name = "${var.name}.internal"
  vpc  = var.vpc_id
}

resource "aws_service_discovery_service" "code" {
  name = "code"

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.this.id

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}
