variable "name" {
  description = "Prefix of all names in the account."
  type        = string
  default     = "mazemesh-hobby"
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
}

variable "operator_cidrs" {
  description = "Addresses that may reach the gateway and all services, e.g. [\"203.0.113.7/32\"]; `mazemesh cloud init` takes yours."
  type        = list(string)
  default     = []
}

variable "player_cidrs" {
  description = "Addresses that may reach the gateway, Game and Matchmaker, e.g. [\"0.0.0.0/0\"]."
  type        = list(string)
  default     = []
}

variable "emails" {
  description = "Who is told of alarms and of the bill."
  type        = list(string)
  default     = []
}

variable "run" {
  description = "What is learned."
  type        = object({ game = string, algorithm = string, policy = string })
  default     = { game = "race", algorithm = "ppo", policy = "race" }
}

variable "files" {
  description = "Paths of the wheel, the constraints and the install script; `mazemesh cloud` fills them in."
  type        = object({ wheel = string, constraints = string, install = string })
}

variable "anomalies" {
  description = "Watch for unusual costs; false where the account has a monitor of services already."
  type        = bool
  default     = true
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes buckets with what was learned, and secrets at once."
  type        = bool
  default     = false
}

variable "idle_minutes" {
  description = "Minutes without learning and without calls after which machines are stopped; 0 never."
  type        = number
  default     = 60
}

variable "max_price" {
  description = "Most that the spot machine may cost, in $ an hour: the bill's bound. While the market is above it, the mesh is down."
  type        = string
  default     = "0.020"
}

variable "disk_gib" {
  description = "Disk that keeps ratings, results and experience."
  type        = number
  default     = 20
}
