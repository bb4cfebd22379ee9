variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "release" {
  description = "Output of modules/storage: the wheel is also the function's code."
  type        = any
}

variable "idle_minutes" {
  description = "Minutes in which nothing was learned or asked, after which groups that allow it are stopped; 0 never."
  type        = number
  default     = 60
  validation {
    condition     = var.idle_minutes == 0 || var.idle_minutes >= 10
    error_message = "idle_minutes should be 0 or at least 10; a machine takes three to start."
  }
}

variable "topic_arn" {
  description = "SNS topic that is told of every stop and start."
  type        = string
}
