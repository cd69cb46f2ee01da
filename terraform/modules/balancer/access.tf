# Who may connect to it, and what it may connect to.

resource "aws_security_group" "this" {
  name        = "${var.name}-balancer"
  description = "The load balancer of the Dagster UI"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "people" {
  for_each = {
    for pair in setproduct(var.cidrs, [80, 443]) : "${pair[0]}:${pair[1]}" => { cidr = pair[0], port = pair[1] }
  }

  security_group_id = aws_security_group.this.id
  description       = "People"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "identity_provider" {
  security_group_id = aws_security_group.this.id
  description       = "The identity provider, whose addresses are unknown"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "webserver" {
  security_group_id            = aws_security_group.this.id
  description                  = "The Dagster webserver"
  referenced_security_group_id = var.tasks_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "webserver" {
  security_group_id            = var.tasks_security_group_id
  description                  = "The load balancer"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}
