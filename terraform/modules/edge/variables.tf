variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "network" {
  description = "Outputs of modules/network, which has a group edge."
  type        = any
}

variable "roles" {
  description = "Services behind the balancer; of an ALB the gateway is one."
  type        = set(string)
  default     = ["game", "matchmaker", "model", "elo", "replay", "gateway"]
}

variable "domain" {
  description = "Name and Route 53 zone, for an ALB that speaks gRPC with a public certificate; null is an NLB that passes TLS on to the services."
  type        = object({ name = string, zone_id = string })
  default     = null
}

variable "protect" {
  description = "Refuse to delete the balancer."
  type        = bool
  default     = false
}

variable "by_address" {
  description = "Those of the services that run as tasks of Fargate, which are known by address."
  type        = set(string)
  default     = []
}
