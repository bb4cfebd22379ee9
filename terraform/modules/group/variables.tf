variable "name" {
  description = "Prefix of all names, e.g. mazemesh-hobby."
  type        = string
}

variable "group" {
  description = "Short name of the machines, e.g. actors."
  type        = string
}

variable "mesh" {
  description = "What all machines of a mesh share: the release, settings that are no secret, secrets by name, the private zone."
  type = object({
    release = object({
      bucket = string
      arn    = string
      prefix = string
      digest = string
      keys   = map(string)
      names  = map(string)
    })
    settings  = map(string)
    secrets   = map(string)
    namespace = optional(object({ id = string, name = string, zone = string }))
  })
}

variable "units" {
  description = "Units of systemd that the machines enable, without .service: mazemesh-service@game, mazemesh-actor@1."
  type        = list(string)
}

variable "extras" {
  description = "Extras of the wheel that are installed."
  type        = list(string)
  default     = ["aws"]
}

variable "settings" {
  description = "Environment of the units, besides that of the mesh; nothing secret."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Secrets of the mesh that these machines may read."
  type        = set(string)
  default     = ["tls", "worker-key"]
}

variable "buckets" {
  description = "ARNs of buckets that these machines read and write."
  type        = list(string)
  default     = []
}

variable "subnets" {
  description = "Subnets of the machines."
  type        = list(string)
}

variable "public" {
  description = "Whether the machines have public addresses, as they need where there is no NAT."
  type        = bool
}

variable "security_group" {
  description = "Their security group."
  type        = string
}

variable "architecture" {
  description = "arm64 (Graviton, about a fifth cheaper for the same work) or x86_64."
  type        = string
  default     = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture should be arm64 or x86_64."
  }
}

variable "image" {
  description = "AMI, or resolve:ssm: and a parameter's name that is looked up at each start. Needs apt and Python 3.11 or newer."
  type        = string
  default     = null
}

variable "instance_types" {
  description = "In order of preference; with several, spot takes the one that is least likely to be taken away."
  type        = list(string)
}

variable "size" {
  description = "Fewest, most and first machines."
  type        = object({ min = number, max = number, first = number })
}

variable "spot" {
  description = "null: on demand. Else spot machines; max_price in $ an hour, null is the on-demand price."
  type        = object({ max_price = optional(string), on_demand = optional(number, 0) })
  default     = null
}

variable "root_gib" {
  description = "Disk of each machine, which goes with it."
  type        = number
  default     = 12
}

variable "volume" {
  description = "A disk that outlives the machine, mounted at /var/lib/mazemesh; only for groups of one machine, in one zone."
  type        = object({ gib = number, zone = string })
  default     = null
}

variable "address" {
  description = "Whether the machine takes a fixed public address; only for groups of one machine."
  type        = bool
  default     = false
}

variable "target_groups" {
  description = "ARNs of target groups of a load balancer."
  type        = list(string)
  default     = []
}

variable "registered" {
  description = "Cloud Map services that the machines register in: role to id and ARN."
  type        = map(object({ id = string, arn = string }))
  default     = {}
}

variable "drain_seconds" {
  description = "How long a machine may take to leave: what it holds is flushed and given back. A spot notice gives 120."
  type        = number
  default     = 90
}

variable "monthly_hours" {
  description = "Machine hours a month after which the shutdown function stops the group until the next month; null is no limit. prices.py counts so many."
  type        = number
  default     = null
}

variable "when_idle" {
  description = "What the shutdown function does when nothing was learned or asked: keep, or stop."
  type        = string
  default     = "keep"
  validation {
    condition     = contains(["keep", "stop"], var.when_idle)
    error_message = "when_idle should be keep or stop."
  }
}

variable "key_name" {
  description = "EC2 key pair for ssh; null needs none (Session Manager opens a shell without one)."
  type        = string
  default     = null
}

variable "template_only" {
  description = "Whether there is the launch template and its role alone, for who starts machines by it."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Further tags of the template, its machines and their disks."
  type        = map(string)
  default     = {}
}
