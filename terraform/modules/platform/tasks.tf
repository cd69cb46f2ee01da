# The tasks: one image, one environment, a separate role for each.

data "aws_region" "current" {}

locals {
  # A run's size and role come from its job's tags; these are for a run without such tags.
  tasks = merge(local.services, { run = { command = null, healthy = null } })
  role  = { webserver = "webserver", daemon = "daemon", code = "code", run = "pipeline" }
}

resource "aws_ecs_task_definition" "this" {
  for_each = local.tasks

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.sizes[each.key].cpu
  memory                   = var.sizes[each.key].memory
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = var.role_arns[local.role[each.key]]

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([
    {
      name                   = each.key
      image                  = var.image
      essential              = true
      command                = each.value.command
      readonlyRootFilesystem = true
      mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
      linuxParameters        = { initProcessEnabled = true }
      portMappings = [
        for port in compact([lookup({ webserver = var.webserver_port, code = local.code_port }, each.key, "")]) :
        { containerPort = tonumber(port), protocol = "tcp" }
      ]
      environment = [for name, value in var.environment : { name = name, value = value }]
      secrets     = [for name, value in var.secrets : { name = name, valueFrom = value }]
      healthCheck = each.value.healthy == null ? null : {
        command     = each.value.healthy
        interval    = 60
        timeout     = 60
        retries     = 3
        startPeriod = 180
      }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = var.log_group
          awslogs-region        = data.aws_region.current.region
          awslogs-stream-prefix = each.key
        }
      }
    }
  ])
}
