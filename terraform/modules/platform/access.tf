# What the tasks may connect to; the database and balancer modules add their own rules.

resource "aws_security_group" "tasks" {
  name        = "${var.name}-tasks"
  description = "Dagster services and runs"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "code" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "The code location, from webserver and daemon"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(local.code_port)
  to_port                      = tonumber(local.code_port)
}

resource "aws_vpc_security_group_egress_rule" "code" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "The code location"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(local.code_port)
  to_port                      = tonumber(local.code_port)
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  security_group_id = aws_security_group.tasks.id
  description       = "AWS, through endpoints; the inner subnets lead nowhere else"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "shop" {
  for_each = toset(var.shop_cidrs)

  security_group_id = aws_security_group.tasks.id
  description       = "The source database"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = var.shop_port
  to_port           = var.shop_port
}
