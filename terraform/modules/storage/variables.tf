variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "wheel" {
  description = "Path of the wheel that the machines install, e.g. dist/mazemesh-0.1.0-py3-none-any.whl."
  type        = string
  validation {
    condition     = can(regex("^mazemesh-[^/]+-py3-none-any[.]whl$", basename(var.wheel)))
    error_message = "wheel should be the path of a mazemesh-VERSION-py3-none-any.whl; `mazemesh cloud` builds it."
  }
}

variable "constraints" {
  description = "Path of the constraints file that pins what the wheel needs."
  type        = string
}

variable "install" {
  description = "Path of the script that installs the wheel on a machine."
  type        = string
}

variable "keep_days" {
  description = "Days after which experience and replays of games are deleted; models are kept."
  type        = object({ experience = number, replays = number })
  default     = { experience = 14, replays = 90 }
}

variable "archive_days" {
  description = "Days after which replays move to the infrequent-access class (at least 30); null never."
  type        = number
  default     = null
}

variable "previous_days" {
  description = "Days for which a deleted or overwritten object can still be had back."
  type        = number
  default     = 7
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the buckets with all that was learned."
  type        = bool
  default     = false
}
