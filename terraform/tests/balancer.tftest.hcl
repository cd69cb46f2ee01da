# The UI needs TLS and a sign-in.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "door" {
  command = plan

  module {
    source = "./modules/balancer"
  }

  variables {
    name            = "hedgehog"
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1", "subnet-2"]
    cidrs           = ["10.0.0.0/8"]
    host            = "hedgehog.shop.test"
    certificate_arn = "arn:aws:acm:eu-west-2:123456789012:certificate/1"
    oidc = {
      issuer                 = "https://id.test"
      authorization_endpoint = "https://id.test/authorize"
      token_endpoint         = "https://id.test/token"
      user_info_endpoint     = "https://id.test/userinfo"
      client_id              = "hedgehog"
    }
    oidc_client_secret      = "not a real secret"
    port                    = 3000
    tasks_security_group_id = "sg-tasks"
    access_log_bucket       = "shop-access-logs"
    protected               = true
  }

  assert {
    condition     = aws_lb.this.internal
    error_message = "The balancer is internal."
  }

  assert {
    condition = alltrue([
      for rule in aws_lb_listener_rule.people : [for action in rule.action : action.type] == ["authenticate-oidc", "forward"]
    ])
    error_message = "A request is forwarded only after a sign-in."
  }

  assert {
    condition = alltrue(flatten([
      for rule in aws_lb_listener_rule.people :
      [for action in rule.action : [for sign_in in action.authenticate_oidc : sign_in.on_unauthenticated_request == "authenticate"]]
    ]))
    error_message = "A request without a sign-in is not forwarded."
  }

  assert {
    condition     = one(aws_lb_listener.https.default_action).type == "fixed-response"
    error_message = "A request to another host name is refused."
  }

  assert {
    condition = alltrue([
      for rule in aws_lb_listener_rule.people :
      flatten([for condition in rule.condition : [for host in condition.host_header : tolist(host.values)]]) == ["hedgehog.shop.test"]
    ])
    error_message = "A request to the UI's host name is forwarded."
  }

  assert {
    condition = (
      one(aws_lb_listener_rule.another_origin.action).type == "fixed-response"
      && aws_lb_listener_rule.people["own_origin"].priority < aws_lb_listener_rule.another_origin.priority
      && aws_lb_listener_rule.another_origin.priority < aws_lb_listener_rule.people["no_origin"].priority
    )
    error_message = "A request from a page of another origin is refused, whatever its cookies."
  }

  assert {
    condition = (
      one(aws_lb_listener_rule.graphql_by_get.action).type == "fixed-response"
      && aws_lb_listener_rule.graphql_by_get.priority < aws_lb_listener_rule.people["own_origin"].priority
    )
    error_message = "A link cannot execute GraphQL."
  }

  assert {
    condition     = one(one(aws_lb_listener.http.default_action).redirect).host == "hedgehog.shop.test"
    error_message = "HTTP is redirected to the UI's host name, whatever host the request names."
  }

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && strcontains(aws_lb_listener.https.ssl_policy, "TLS13")
    error_message = "The UI uses TLS."
  }

  assert {
    condition     = one(aws_lb_listener.http.default_action).type == "redirect"
    error_message = "HTTP is only redirected."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.people : rule.cidr_ipv4]) == toset(["10.0.0.0/8"])
    error_message = "Only the given address ranges can reach it."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.webserver.referenced_security_group_id == aws_security_group.this.id
    error_message = "Only the balancer can reach the webserver."
  }
}
