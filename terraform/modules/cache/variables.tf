variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "subnets" {
  description = "Subnets of two zones."
  type        = list(string)
}

variable "security_group" {
  description = "Group of the cache."
  type        = string
}

variable "node_type" {
  description = "Of each node."
  type        = string
  default     = "cache.t4g.micro"
}

variable "replicas" {
  description = "Nodes besides the first, one of which takes over; the mesh survives the loss of all of them."
  type        = number
  default     = 0
}
