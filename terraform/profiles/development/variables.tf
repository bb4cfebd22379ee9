variable "name" {
  description = "Prefix of all names in the account."
  type        = string
  default     = "mazemesh-development"
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

variable "nat" {
  description = "none (actors and learners have public addresses that admit nobody), instance or gateway."
  type        = string
  default     = "none"
}

variable "max_actors" {
  description = "Most machines of actors at once."
  type        = number
  default     = 4
}

variable "actor_hours" {
  description = "Machine hours of actors a month; then they rest until the next."
  type        = number
  default     = 150
}

variable "learner_hours" {
  description = "Machine hours of the learner a month; then it rests until the next."
  type        = number
  default     = 50
}

variable "max_jobs" {
  description = "Training jobs that run at once, each on a spot machine of its own; 0 lets them wait. The bill's most counts so many around the clock."
  type        = number
  default     = 0
}

variable "gateway_settings" {
  description = "Further environment of the gateway (docs/console.md), e.g. { MAZEMESH_GATEWAY_MLFLOW_URL = \"http://10.0.1.7:5000\" }."
  type        = map(string)
  default     = {}
}

variable "max_prices" {
  description = "Most that a spot machine may cost, in $ an hour: with the hours the bill's bound. While the market is above it, there is none."
  type        = object({ actors = string, learner = string, jobs = optional(string, "0.04") })
  default     = { actors = "0.075", learner = "0.30" }
}
