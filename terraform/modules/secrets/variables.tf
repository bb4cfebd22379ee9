variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "recovery_days" {
  description = "Days for which a deleted secret can be had back; 0 deletes at once."
  type        = number
  default     = 7
}

variable "keys_version" {
  description = "Raise it to draw new API keys; the machines take them at their next look, within an hour."
  type        = number
  default     = 1
}

variable "cookie" {
  description = "Whether login cookies are sealed by a secret of the mesh; else by one on the gateway's disk, which should then outlive its machine."
  type        = bool
  default     = false
}
