output "vpc" {
  description = "The VPC, in the form of the variable `vpc`."
  value = {
    id                  = aws_vpc.this.id
    inner_subnet_ids    = aws_subnet.inner[*].id
    balancer_subnet_ids = aws_subnet.balancer[*].id
  }

  # No task starts in the inner subnets before they can reach AWS.
  depends_on = [aws_vpc_endpoint.s3, aws_vpc_endpoint.interface]
}

output "inner_route_table_id" {
  description = "The route table that needs a route to the source database, if that is in another VPC."
  value       = aws_route_table.inner.id
}
