variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
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
  description = "Names and ARNs of the buckets; checkpoints lie in that of models."
  type        = object({ names = map(string), arns = map(string) })
}

variable "run" {
  description = "What is learned: game, algorithm, policy."
  type        = object({ game = string, algorithm = string, policy = string })
}

variable "instance_types" {
  description = "With one GPU each, in order of preference."
  type        = list(string)
  default     = ["g5.xlarge", "g6.xlarge", "g4dn.xlarge"]
}

variable "image" {
  description = "AMI with a driver for the GPU."
  type        = string
  default     = "resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
}

variable "architecture" {
  description = "Of the machines: x86_64 has GPUs of every class."
  type        = string
  default     = "x86_64"
}

variable "gpu" {
  description = "Whether the machines have GPUs."
  type        = bool
  default     = true
}

variable "size" {
  description = "Fewest, most and first machines; of several, torchrun makes one group."
  type        = object({ min = number, max = number, first = number })
  default     = { min = 0, max = 1, first = 0 }
}

variable "spot" {
  description = "As modules/group takes it; null is on demand. A learner on spot goes on from its checkpoint."
  type        = object({ max_price = optional(string), on_demand = optional(number, 0) })
  default     = {}
}

variable "backlog_rows" {
  description = "Rows inserted and not yet sampled in five minutes that each learner may leave; more start another one."
  type        = number
  default     = 2000000
}

variable "monthly_hours" {
  description = "As modules/group takes it."
  type        = number
}
