variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "group" {
  description = "Short name of the machines, e.g. model, or mesh where all services are on one."
  type        = string
}

variable "roles" {
  description = "Services that run on each of the machines."
  type        = set(string)
}

variable "workers" {
  description = "Workers on the same machine: units such as mazemesh-learner, mazemesh-actor@1, mazemesh-evaluator@1."
  type        = list(string)
  default     = []
}

variable "mesh" {
  description = "As modules/group takes it."
  type        = any
}

variable "network" {
  description = "Outputs of modules/network."
  type        = any
}

variable "tier" {
  description = "public or services."
  type        = string
  default     = "services"
  validation {
    condition     = contains(["public", "services"], var.tier)
    error_message = "tier should be public or services."
  }
}

variable "buckets" {
  description = "Names and ARNs of the buckets models, replays, experience."
  type        = object({ names = map(string), arns = map(string) })
}

variable "database" {
  description = "Outputs of modules/database; null is SQLite on the machine's disk."
  type        = any
  default     = null
}

variable "cache_url" {
  description = "Output of modules/cache; null keeps queues in memory."
  type        = string
  default     = null
}

variable "instance_types" {
  description = "In order of preference."
  type        = list(string)
}

variable "architecture" {
  description = "arm64 or x86_64."
  type        = string
  default     = "arm64"
}

variable "size" {
  description = "Fewest, most and first machines."
  type        = object({ min = number, max = number, first = number })
  default     = { min = 1, max = 1, first = 1 }
}

variable "spot" {
  description = "As modules/group takes it."
  type        = object({ max_price = optional(string), on_demand = optional(number, 0) })
  default     = null
}

variable "root_gib" {
  description = "Disk of each machine."
  type        = number
  default     = 12
}

variable "volume_gib" {
  description = "Disk that outlives the machine, for what has no other store: SQLite, Replay's log. 0 is none."
  type        = number
  default     = 0
}

variable "address" {
  description = "Whether the machine takes a fixed public address."
  type        = bool
  default     = false
}

variable "target_groups" {
  description = "ARNs of target groups by role; those of other roles are not joined."
  type        = map(string)
  default     = {}
}

variable "extras" {
  description = "Extras of the wheel besides those of the stores."
  type        = list(string)
  default     = []
}

variable "settings" {
  description = "Further environment of the units."
  type        = map(string)
  default     = {}
}

variable "monthly_hours" {
  description = "As modules/group takes it."
  type        = number
  default     = null
}

variable "when_idle" {
  description = "As modules/group takes it."
  type        = string
  default     = "keep"
}
