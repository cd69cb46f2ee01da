# Requests with another host name, from another origin, or with a GraphQL query by GET are refused before
# the sign-in: a browser sends the cookie of the sign-in with the requests of any open page. The webserver
# refuses these requests too, and it also restricts frames and images.

locals {
  refusals = {
    host   = "Dagster is reached only by its own host name."
    origin = "A page of another origin may not send requests to Dagster."
    get    = "GraphQL is executed by POST only: a link must not launch runs."
  }

  own_origin = "https://${var.host}"
}

resource "aws_lb_listener_rule" "graphql_by_get" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 10

  condition {
    path_pattern {
      values = ["/graphql*"]
    }
  }

  condition {
    http_request_method {
      values = ["GET"]
    }
  }

  condition {
    query_string {
      key   = "query"
      value = "*"
    }
  }

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = local.refusals.get
      status_code  = "403"
    }
  }
}

# Requests with the UI's own origin, or with none: a browser sends no origin when a user follows a link,
# and sends the page's origin with every other request that may change something.
resource "aws_lb_listener_rule" "people" {
  for_each = { own_origin = 20, no_origin = 40 }

  listener_arn = aws_lb_listener.https.arn
  priority     = each.value

  condition {
    host_header {
      values = [var.host]
    }
  }

  dynamic "condition" {
    for_each = each.key == "own_origin" ? [local.own_origin] : []

    content {
      http_header {
        http_header_name = "Origin"
        values           = [condition.value]
      }
    }
  }

  action {
    order = 1
    type  = "authenticate-oidc"

    authenticate_oidc {
      issuer                     = var.oidc.issuer
      authorization_endpoint     = var.oidc.authorization_endpoint
      token_endpoint             = var.oidc.token_endpoint
      user_info_endpoint         = var.oidc.user_info_endpoint
      client_id                  = var.oidc.client_id
      client_secret              = var.oidc_client_secret
      on_unauthenticated_request = "authenticate"
      session_timeout            = 28800
    }
  }

  action {
    order            = 2
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_lb_listener_rule" "another_origin" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 30

  condition {
    http_header {
      http_header_name = "Origin"
      values           = ["*"]
    }
  }

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = local.refusals.origin
      status_code  = "403"
    }
  }
}
