variable "name" {
  description = "Prefix of all names, e.g. mazemesh-production."
  type        = string
}

variable "mesh" {
  description = "As modules/group takes it."
  type        = any
}

variable "network" {
  description = "Outputs of modules/network, which has a group jobs."
  type        = any
}

variable "buckets" {
  description = "Names and ARNs of the buckets; in that of models jobs tell how they go, and keep copies of checkpoints."
  type        = object({ names = map(string), arns = map(string) })
}

variable "gateway_role" {
  description = "Name of the role of the gateway's machine or task."
  type        = string
}

variable "at_once" {
  description = "Jobs that run at once, each on a machine."
  type        = number
}

variable "max_price" {
  description = "Most that a spot machine may cost, in $ an hour; null is on demand. A job on spot goes on from its checkpoint."
  type        = string
}

variable "instance_type" {
  description = "Of a job's machine: a learner without a GPU and its actors take two cores."
  type        = string
  default     = "c7g.large"
}

variable "architecture" {
  description = "Of that machine: arm64 or x86_64."
  type        = string
  default     = "arm64"
}
