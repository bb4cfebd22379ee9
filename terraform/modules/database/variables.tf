variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "engine" {
  description = "instance: one small machine; aurora: Serverless v2, a writer and perhaps readers over two zones."
  type        = string
  validation {
    condition     = contains(["instance", "aurora"], var.engine)
    error_message = "engine should be instance or aurora."
  }
}

variable "subnets" {
  description = "Subnets of two zones."
  type        = list(string)
}

variable "security_group" {
  description = "Group of the database."
  type        = string
}

variable "instance_class" {
  description = "Of engine instance."
  type        = string
  default     = "db.t4g.micro"
}

variable "storage_gib" {
  description = "Of engine instance; it grows to five times that by itself."
  type        = number
  default     = 20
}

variable "capacity" {
  description = "Of engine aurora, in capacity units of 2 GiB. It pauses at 0 only while nobody is connected, which a mesh always is."
  type        = object({ min = number, max = number })
  default     = { min = 0.5, max = 4 }
}

variable "readers" {
  description = "Of engine aurora: further machines in other zones, one of which takes over when the writer is lost."
  type        = number
  default     = 0
}

variable "backup_days" {
  description = "Days of automatic backups."
  type        = number
  default     = 7
}

variable "protect" {
  description = "Refuse to delete the database, and keep a last snapshot."
  type        = bool
  default     = false
}
