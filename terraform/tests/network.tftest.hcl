# Tasks and databases can reach AWS, but not the internet.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "network" {
  module {
    source = "./modules/network"
  }

  variables {
    name     = "hedgehog"
    cidr     = "10.77.0.0/16"
    zones    = ["a", "b"]
    key_arn  = "arn:aws:kms:eu-west-2:123456789012:key/1"
    log_days = 365
  }

  assert {
    condition = alltrue([
      for route in [aws_route.balancer, aws_route.public] : route.route_table_id != aws_route_table.inner.id
    ])
    error_message = "No route leads out of the inner subnets."
  }

  assert {
    condition     = one(aws_vpc_endpoint.s3.route_table_ids) == aws_route_table.inner.id
    error_message = "They reach S3."
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ec2", "ecr.api", "ecr.dkr", "ecs", "logs", "secretsmanager", "sns", "ssm"])
    error_message = "They reach every other service that tasks call."
  }

  assert {
    condition     = length(distinct(concat(aws_subnet.inner[*].cidr_block, aws_subnet.balancer[*].cidr_block, [aws_subnet.public.cidr_block]))) == 5
    error_message = "The subnets do not overlap."
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL"
    error_message = "All traffic of the VPC is logged."
  }

  assert {
    condition     = jsondecode(aws_iam_role.flow.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Flow logs assume their role only for this account."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_vpc_endpoint.s3.policy).Statement :
      try(statement.Condition.StringEquals["aws:ResourceAccount"], statement.Resource)
    ] == ["123456789012", "arn:aws:s3:::prod-eu-west-2-starport-layer-bucket/*"]
    error_message = "They reach only this account's buckets and ECR's bucket of image layers."
  }
}
