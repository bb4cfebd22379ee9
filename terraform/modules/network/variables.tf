variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name should have 3 to 24 lower-case letters, digits and dashes, a letter first."
  }
}

variable "cidr" {
  description = "Addresses of the VPC, a /16."
  type        = string
  default     = "10.0.0.0/16"
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "cidr should be a /16 such as 10.0.0.0/16."
  }
}

variable "nat" {
  description = "How the private tiers reach the internet: none (machines stand in the public tier), instance (one t4g.nano, about $4 a month) or gateway (about $33)."
  type        = string
  default     = "none"
  validation {
    condition     = contains(["none", "instance", "gateway"], var.nat)
    error_message = "nat should be none, instance or gateway."
  }
}

variable "groups" {
  description = "Security groups, and the roles of the machines in each: game, matchmaker, model, elo, replay, gateway, actor, evaluator, learner, job."
  type        = map(set(string))
  validation {
    condition = length(setsubtract(flatten(values({ for group, roles in var.groups : group => tolist(roles) })),
    ["game", "matchmaker", "model", "elo", "replay", "gateway", "actor", "evaluator", "learner", "job"])) == 0
    error_message = "roles are game, matchmaker, model, elo, replay, gateway, actor, evaluator, learner and job."
  }
}

variable "operator_cidrs" {
  description = "Who may reach the gateway and all five services from outside, e.g. [\"203.0.113.7/32\"]; empty is nobody."
  type        = list(string)
  default     = []
}

variable "player_cidrs" {
  description = "Who may reach the gateway, Game and Matchmaker from outside; empty is nobody."
  type        = list(string)
  default     = []
}

variable "edge" {
  description = "What outsiders reach: machines (the services' own), nlb (a load balancer at the services' ports) or alb (one at 443)."
  type        = string
  default     = "machines"
  validation {
    condition     = contains(["machines", "nlb", "alb"], var.edge)
    error_message = "edge should be machines, nlb or alb."
  }
}

variable "discovery" {
  description = "Whether services find each other by names in a private zone; not needed where all is on one machine."
  type        = bool
  default     = true
}

variable "stores" {
  description = "Stores that the services reach: database, cache."
  type        = set(string)
  default     = []
}

variable "flow_logs" {
  description = "Bucket that takes what security groups refuse; null keeps no flow logs."
  type        = object({ bucket_arn = string })
  default     = null
}
