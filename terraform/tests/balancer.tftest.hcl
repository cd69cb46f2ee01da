# Nobody sees the UI without TLS and a sign-in.

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
    certificate_arn = "arn:aws:acm:eu-west-2:123456789012:certificate/1"
    oidc = {
      issuer                 = "https://id.test"
      authorization_endpoint = "https://id.test/authorize"
      token_endpoint         = "https://id.test/token"
      user_info_endpoint     = "https://id.test/userinfo"
      client_id              = "hedgehog"
    }
    oidc_client_secret      = "told to nobody"
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
    condition     = [for action in aws_lb_listener.https.default_action : action.type] == ["authenticate-oidc", "forward"]
    error_message = "Whoever is let in has signed in before."
  }

  assert {
    condition = alltrue(flatten([
      for action in aws_lb_listener.https.default_action : [for sign_in in action.authenticate_oidc : sign_in.on_unauthenticated_request == "authenticate"]
    ]))
    error_message = "A request without a sign-in goes no further."
  }

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && strcontains(aws_lb_listener.https.ssl_policy, "TLS13")
    error_message = "The UI speaks TLS."
  }

  assert {
    condition     = one(aws_lb_listener.http.default_action).type == "redirect"
    error_message = "HTTP leads to HTTPS and nowhere else."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.people : rule.cidr_ipv4]) == toset(["10.0.0.0/8"])
    error_message = "Only those addresses reach it."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.webserver.referenced_security_group_id == aws_security_group.this.id
    error_message = "Only the balancer reaches the webserver."
  }
}
