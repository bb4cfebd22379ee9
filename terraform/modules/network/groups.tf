# Who may talk to whom, port by port: the calls of docs/architecture.md. A group admits another group, never an address
# range of the VPC, so a machine of the wrong role cannot reach a service at all.

locals {
  ports = { game = 50051, matchmaker = 50052, model = 50053, elo = 50054, replay = 50055, gateway = 50060 }

  # Which role calls which services.
  calls = {
    game       = ["elo"]
    matchmaker = ["game", "model", "elo"]
    model      = ["game", "elo", "replay"]
    elo        = []
    replay     = []
    actor      = ["game", "matchmaker", "model", "replay"]
    evaluator  = ["game", "matchmaker", "model"]
    learner    = ["matchmaker", "model", "replay"]
    gateway    = ["game", "matchmaker", "model", "elo", "replay"]
    job        = ["game", "matchmaker", "model", "replay"] # a learner and its actors
  }
  for_players = ["game", "matchmaker", "gateway"]

  served = { for group, roles in var.groups : group => [for role in roles : role if contains(keys(local.ports), role)] }
  called = { for group, roles in var.groups : group => toset(flatten([for role in roles : local.calls[role]])) }

  between = merge([
    for from, services in local.called : merge([
      for to, roles in local.served : {
        for role in roles : "${from}-${role}" => { from = from, to = to, port = local.ports[role], role = role }
        if contains(services, role)
      }
    ]...)
  ]...)

  balanced = var.edge != "machines"
  doors    = { for group, roles in merge(local.served, { edge = var.edge == "alb" ? ["https"] : keys(local.ports) }) : group => roles if(group == "edge") == local.balanced }
  outsiders = merge(local.for_services, {
    # One port for all services: what a key may call is the services' own matter.
    https = { port = 443, cidrs = distinct(concat(var.operator_cidrs, var.player_cidrs)) }
  })
  for_services = {
    for role, port in local.ports : role => {
      port  = port
      cidrs = distinct(concat(var.operator_cidrs, contains(local.for_players, role) ? var.player_cidrs : []))
    }
  }
  # Group that outsiders come to first: the edge, or the machines that serve the role.
  from_outside = merge([
    for group, roles in local.doors : merge([
      for role in roles : {
        for cidr in local.outsiders[role].cidrs : "${group}-${role}-${cidr}" => {
          group = group, port = local.outsiders[role].port, role = role, cidr = cidr
        }
      }
    ]...)
  ]...)

  store_ports = { database = 5432, cache = 6379 }
  to_stores = merge([
    for store in var.stores : {
      for group, roles in local.served : "${group}-${store}" => { store = store, group = group } if length(roles) > 0
    }
  ]...)

  all_groups = setunion(keys(var.groups), var.stores, local.balanced ? ["edge"] : [])
  learners   = [for group, roles in var.groups : group if contains(roles, "learner")]
}

resource "aws_security_group" "this" {
  for_each = local.all_groups

  name        = "${var.name}-${each.key}"
  description = "Machines of ${each.key} in ${var.name}"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-${each.key}" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "between" {
  for_each = local.between

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = "${each.value.from} calls ${each.value.role}"
}

resource "aws_vpc_security_group_ingress_rule" "outside" {
  for_each = local.from_outside

  security_group_id = aws_security_group.this[each.value.group].id
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  description       = "${each.value.role} from outside"
}

resource "aws_vpc_security_group_ingress_rule" "edge" {
  for_each = local.balanced ? merge([for group, roles in local.served : { for role in roles : role => group }]...) : {}

  security_group_id            = aws_security_group.this[each.value].id
  referenced_security_group_id = aws_security_group.this["edge"].id
  ip_protocol                  = "tcp"
  from_port                    = local.ports[each.key]
  to_port                      = local.ports[each.key]
  description                  = "the load balancer to ${each.key}"
}

resource "aws_vpc_security_group_ingress_rule" "stores" {
  for_each = local.to_stores

  security_group_id            = aws_security_group.this[each.value.store].id
  referenced_security_group_id = aws_security_group.this[each.value.group].id
  ip_protocol                  = "tcp"
  from_port                    = local.store_ports[each.value.store]
  to_port                      = local.store_ports[each.value.store]
  description                  = "${each.value.group} to the ${each.value.store}"
}

# Ranks of one run meet each other by torchrun: rendezvous at 29400, then ports that they choose.
resource "aws_vpc_security_group_ingress_rule" "ranks" {
  for_each = toset(local.learners)

  security_group_id            = aws_security_group.this[each.key].id
  referenced_security_group_id = aws_security_group.this[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
  description                  = "ranks of a run among themselves"
}

# Stores answer and call nobody.
resource "aws_vpc_security_group_egress_rule" "all" {
  for_each = setsubtract(local.all_groups, var.stores)

  security_group_id = aws_security_group.this[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
  description       = "packages, the AWS API and the mesh"
}
