variable "name" {
  description = "Prefix of all names in the account."
  type        = string
  default     = "mazemesh-production"
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
  description = "gateway, instance (about $29 a month less, one machine to lose) or none."
  type        = string
  default     = "gateway"
}

variable "domain" {
  description = "Name and Route 53 zone of the mesh: an ALB with a public certificate instead of the NLB."
  type        = object({ name = string, zone_id = string })
  default     = null
}

variable "runtime" {
  description = "ec2: services on machines with the wheel from S3. ecs: Game, Matchmaker, Model and Elo on Fargate by an image; Replay keeps its machine and its disk."
  type        = string
  default     = "ec2"
  validation {
    condition     = contains(["ec2", "ecs"], var.runtime)
    error_message = "runtime should be ec2 or ecs."
  }
}

variable "image" {
  description = "Image of the services by digest, for runtime ecs: ACCOUNT.dkr.ecr.REGION.amazonaws.com/mazemesh@sha256:..."
  type        = string
  default     = ""
  validation {
    condition     = var.image == "" || can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image should end in @sha256: and its digest, so that what runs is what was looked at."
  }
}

variable "max_actors" {
  description = "Most machines of actors at once."
  type        = number
  default     = 8
}

variable "actor_hours" {
  description = "Machine hours of actors a month; then they rest until the next."
  type        = number
  default     = 1100
}

variable "max_learners" {
  description = "Most GPUs at once; of several, torchrun makes one group."
  type        = number
  default     = 2
}

variable "learner_hours" {
  description = "Machine hours of learners a month; then they rest until the next."
  type        = number
  default     = 220
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
  default     = { actors = "0.075", learner = "0.55" }
}
