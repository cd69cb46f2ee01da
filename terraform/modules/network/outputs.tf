output "vpc" {
  description = "The VPC in the form in which one is brought."
  value = {
    id                  = aws_vpc.this.id
    inner_subnet_ids    = aws_subnet.inner[*].id
    balancer_subnet_ids = aws_subnet.balancer[*].id
  }

  # Nothing runs in the inner subnets before it can reach AWS.
  depends_on = [aws_vpc_endpoint.s3, aws_vpc_endpoint.interface]
}

output "inner_route_table_id" {
  description = "Where a route to the shop's database is added, if it is in another VPC."
  value       = aws_route_table.inner.id
}
