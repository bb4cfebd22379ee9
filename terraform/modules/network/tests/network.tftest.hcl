mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
}

variables {
  name = "mesh-test"
  groups = {
    mesh    = ["game", "matchmaker", "model", "elo", "replay", "gateway"]
    actors  = ["actor", "evaluator"]
    learner = ["learner"]
    jobs    = ["job"]
  }
  stores         = ["database"]
  operator_cidrs = ["203.0.113.7/32"]
  player_cidrs   = ["198.51.100.0/24"]
}

run "two_zones_and_three_tiers" {
  command = plan
  assert {
    condition     = length(aws_subnet.this) == 6
    error_message = "there should be three tiers over two zones"
  }
  assert {
    condition     = length(distinct([for subnet in aws_subnet.this : subnet.cidr_block])) == 6
    error_message = "subnets should not overlap"
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.this : !coalesce(subnet.map_public_ip_on_launch, false)])
    error_message = "no subnet gives public addresses by itself"
  }
}

run "actors_reach_what_they_call" {
  command = plan
  assert {
    condition = toset([for key, rule in aws_vpc_security_group_ingress_rule.between : rule.from_port
    if startswith(key, "actors-")]) == toset([50051, 50052, 50053, 50055])
    error_message = "actors call Game, Matchmaker, Model and Replay, and not Elo"
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.between : rule.from_port == rule.to_port])
    error_message = "a rule opens one port"
  }
}

run "jobs_reach_what_learners_and_actors_call" {
  command = plan
  assert {
    condition = toset([for key, rule in aws_vpc_security_group_ingress_rule.between : rule.from_port
    if startswith(key, "jobs-")]) == toset([50051, 50052, 50053, 50055])
    error_message = "a job is a learner and its actors"
  }
  assert {
    condition     = length([for rule in aws_vpc_security_group_ingress_rule.stores : rule if strcontains(rule.description, "jobs")]) == 0
    error_message = "jobs reach no store"
  }
}

run "players_reach_the_gateway_and_two_services" {
  command = plan
  assert {
    condition = toset([for rule in aws_vpc_security_group_ingress_rule.outside : rule.from_port
    if rule.cidr_ipv4 == "198.51.100.0/24"]) == toset([50051, 50052, 50060])
    error_message = "players reach Game, Matchmaker and the gateway"
  }
}

run "nobody_from_outside_unless_told" {
  command = plan
  variables {
    operator_cidrs = []
    player_cidrs   = []
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.outside) == 0
    error_message = "without addresses nobody is let in"
  }
}

run "behind_a_balancer_outsiders_reach_it_alone" {
  command = plan
  variables { edge = "alb" }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.outside : rule.from_port]) == toset([443])
    error_message = "an ALB listens at 443"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.edge) == 6
    error_message = "the balancer reaches each service, and the gateway"
  }
}

run "no_nat_unless_asked" {
  command = plan
  assert {
    condition     = length(aws_nat_gateway.this) + length(aws_instance.nat) == 0
    error_message = "nat none makes none"
  }
}

run "a_nat_gateway_when_asked" {
  command = plan
  variables { nat = "gateway" }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat_gateway) == 1
    error_message = "nat gateway makes one, and the way to it"
  }
}

run "a_wrong_nat_is_refused" {
  command         = plan
  expect_failures = [var.nat]
  variables { nat = "three" }
}

run "an_unknown_role_is_refused" {
  command         = plan
  expect_failures = [var.groups]
  variables { groups = { mesh = ["gmae"] } }
}

run "a_name_that_is_too_long_is_refused" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "a-name-that-is-too-long-for-a-bucket" }
}
