# Without a domain an NLB passes TCP on: TLS ends in the service, whose authority clients are told. With one an ALB ends
# TLS with a public certificate, and tells services apart by the method's path, all at port 443; what is no method is the gateway's: console, REST and WebSockets.

locals {
  alb      = var.domain != null
  packages = { game = "GameService", matchmaker = "MatchmakerService", model = "ModelService", elo = "EloService", replay = "ReplayService" }
  order    = ["game", "matchmaker", "model", "elo", "replay"]
  grpc     = setsubtract(var.roles, ["gateway"])
}

resource "aws_lb" "this" {
  name                             = var.name
  load_balancer_type               = local.alb ? "application" : "network"
  internal                         = false
  subnets                          = var.network.public_subnets
  security_groups                  = [var.network.group_ids["edge"]]
  enable_deletion_protection       = var.protect
  enable_cross_zone_load_balancing = true
  drop_invalid_header_fields       = local.alb ? true : null
  idle_timeout                     = local.alb ? 3600 : null # a long stream may be silent; 60 s would cut it
}

resource "aws_lb_target_group" "this" {
  for_each = var.roles

  name                 = "${var.name}-${substr(each.key, 0, 5)}"
  vpc_id               = var.network.vpc_id
  port                 = var.network.ports[each.key]
  protocol             = local.alb ? "HTTPS" : "TCP"
  protocol_version     = local.alb ? (each.key == "gateway" ? "HTTP1" : "GRPC") : null # WebSockets are HTTP/1.1
  target_type          = contains(var.by_address, each.key) ? "ip" : "instance"
  deregistration_delay = 90

  health_check {
    protocol            = local.alb ? "HTTPS" : "TCP"
    path                = local.alb ? (each.key == "gateway" ? "/healthz" : "/grpc.health.v1.Health/Check") : null
    matcher             = local.alb ? (each.key == "gateway" ? "200" : "0") : null
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "tcp" {
  for_each = local.alb ? toset([]) : var.roles

  load_balancer_arn = aws_lb.this.arn
  port              = var.network.ports[each.key]
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }
}

resource "aws_acm_certificate" "this" {
  count = local.alb ? 1 : 0

  domain_name       = var.domain.name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = local.alb ? toset([var.domain.name]) : toset([])

  zone_id         = var.domain.zone_id
  name            = one([for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_name if option.domain_name == each.key])
  type            = one([for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_type if option.domain_name == each.key])
  records         = [one([for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_value if option.domain_name == each.key])]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  count = local.alb ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

resource "aws_route53_record" "name" {
  count = local.alb ? 1 : 0

  zone_id = var.domain.zone_id
  name    = var.domain.name
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = false
  }
}

resource "aws_lb_listener" "grpc" {
  count = local.alb ? 1 : 0

  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this[0].certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["gateway"].arn
  }
}

# Methods of services that there are not: none of the gateway's affairs.
resource "aws_lb_listener_rule" "unknown" {
  count = local.alb ? 1 : 0

  listener_arn = aws_lb_listener.grpc[0].arn
  priority     = 100

  action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "no such service"
      status_code  = "404"
    }
  }
  condition {
    path_pattern { values = ["/mazemesh.v1.*", "/grpc.*"] }
  }
}

resource "aws_lb_listener_rule" "service" {
  for_each = local.alb ? local.grpc : toset([])

  listener_arn = aws_lb_listener.grpc[0].arn
  priority     = 10 + index(local.order, each.key)

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }
  condition {
    path_pattern { values = ["/mazemesh.v1.${local.packages[each.key]}/*"] }
  }
}
