variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "monthly_usd" {
  description = "What the mesh may cost a month."
  type        = number
}

variable "emails" {
  description = "Who is told."
  type        = list(string)
}

variable "anomalies" {
  description = "Watch for unusual costs. An account has one monitor of services at most: false where it has its own."
  type        = bool
  default     = true
}

variable "topic_arn" {
  description = "SNS topic of the alarms."
  type        = string
}
