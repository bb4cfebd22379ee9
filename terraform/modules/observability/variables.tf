variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "emails" {
  description = "Who is told of alarms; each has to confirm once."
  type        = list(string)
  default     = []
}

variable "groups" {
  description = "Names of the groups of machines by short name; those that should always be there first."
  type        = map(object({ name = string, always = bool }))
}

variable "database" {
  description = "Dimensions of the database's metrics; null has none."
  type        = map(string)
  default     = null
}

variable "alarms" {
  description = "Whether there are alarms besides those of the bill (each costs $0.10 a month)."
  type        = bool
  default     = true
}
