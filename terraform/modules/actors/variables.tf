variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "mesh" {
  description = "As modules/group takes it."
  type        = any
}

variable "network" {
  description = "Outputs of modules/network."
  type        = any
}

variable "policy" {
  description = "Name of the policy whose run the actors serve."
  type        = string
}

variable "instance_types" {
  description = "Of the c5.xlarge class, in order of preference; the more there are, the rarer are interruptions."
  type        = list(string)
  default     = ["c7g.xlarge", "c6g.xlarge", "c8g.xlarge", "c7gd.xlarge", "c6gn.xlarge", "m7g.xlarge", "m6g.xlarge"]
}

variable "architecture" {
  description = "arm64 or x86_64."
  type        = string
  default     = "arm64"
}

variable "size" {
  description = "Fewest, most and first machines."
  type        = object({ min = number, max = number, first = number })
}

variable "spot" {
  description = "As modules/group takes it."
  type        = object({ max_price = optional(string), on_demand = optional(number, 0) })
  default     = {}
}

variable "actors" {
  description = "Actor processes on each machine, about one a core."
  type        = number
  default     = 3
}

variable "evaluators" {
  description = "Evaluator processes on each machine."
  type        = number
  default     = 1
}

variable "queued_games" {
  description = "Games that may wait for each machine; more start another, fewer end one."
  type        = number
  default     = 64
}

variable "monthly_hours" {
  description = "As modules/group takes it."
  type        = number
}
