variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "image" {
  description = "Image of the services, by digest."
  type        = string
  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image should end in @sha256: and its digest."
  }
}

variable "roles" {
  description = "Services, and the tier that each stands in."
  type        = map(object({ tier = string, cpu = optional(number, 1024), memory = optional(number, 2048), tasks = optional(number, 1) }))
}

variable "mesh" {
  description = "As modules/group takes it."
  type        = any
}

variable "network" {
  description = "Outputs of modules/network."
  type        = any
}

variable "buckets" {
  description = "Names and ARNs of the buckets."
  type        = object({ names = map(string), arns = map(string) })
}

variable "database" {
  description = "Outputs of modules/database."
  type        = any
}

variable "cache_url" {
  description = "Output of modules/cache."
  type        = string
}

variable "target_groups" {
  description = "ARNs of target groups by role, of type ip."
  type        = map(string)
  default     = {}
}

variable "gateway_settings" {
  description = "Further environment of the gateway."
  type        = map(string)
  default     = {}
}
