# A VPC for a deployment without an existing one. Its inner subnets, for tasks and databases, have no
# route to the internet: they reach AWS through endpoints. The balancer's subnets have one, through a NAT
# gateway, because the balancer connects to the identity provider.

data "aws_region" "current" {}
data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  zones = [for letter in var.zones : "${data.aws_region.current.region}${letter}"]
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# The default security group is not used, so it allows no traffic.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "inner" {
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr, 4, count.index)

  tags = { Name = "${var.name}-inner-${count.index}" }
}

resource "aws_subnet" "balancer" {
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr, 8, 128 + count.index)

  tags = { Name = "${var.name}-balancer-${count.index}" }
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[0]
  cidr_block        = cidrsubnet(var.cidr, 8, 255)

  tags = { Name = "${var.name}-public" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_eip" "nat" {
  domain = "vpc"

  tags = { Name = "${var.name}-nat" }
}

resource "aws_nat_gateway" "this" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id

  tags = { Name = var.name }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "inner" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-inner" }
}

resource "aws_route_table" "balancer" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-balancer" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "balancer" {
  route_table_id         = aws_route_table.balancer.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this.id
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "inner" {
  count = 2

  subnet_id      = aws_subnet.inner[count.index].id
  route_table_id = aws_route_table.inner.id
}

resource "aws_route_table_association" "balancer" {
  count = 2

  subnet_id      = aws_subnet.balancer[count.index].id
  route_table_id = aws_route_table.balancer.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}
