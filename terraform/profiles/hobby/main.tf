# Everything on one spot machine that is replaced when it is taken away; its disk and its address stay.

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = "mazemesh", Mesh = var.name, Profile = "hobby" }
  }
}

locals {
  budget_usd = 30
  workers    = ["mazemesh-learner", "mazemesh-actor@1", "mazemesh-evaluator@1"]
}

module "network" {
  source = "../../modules/network"

  name           = var.name
  nat            = "none"
  discovery      = false
  groups         = { mesh = ["game", "matchmaker", "model", "elo", "replay", "gateway", "actor", "evaluator", "learner"] }
  operator_cidrs = var.operator_cidrs
  player_cidrs   = var.player_cidrs
}

module "storage" {
  source = "../../modules/storage"

  name          = var.name
  wheel         = var.files.wheel
  constraints   = var.files.constraints
  install       = var.files.install
  keep_days     = { experience = 3, replays = 30 }
  previous_days = 3
  force_destroy = var.force_destroy
}

module "secrets" {
  source = "../../modules/secrets"

  name          = var.name
  recovery_days = var.force_destroy ? 0 : 7
}

module "mesh" {
  source = "../../modules/service"

  name    = var.name
  group   = "mesh"
  roles   = ["game", "matchmaker", "model", "elo", "replay", "gateway"]
  workers = local.workers
  network = module.network
  mesh = {
    release   = module.storage.release
    settings  = {}
    secrets   = module.secrets.arns
    namespace = module.network.namespace
  }
  buckets = { names = module.storage.buckets, arns = module.storage.bucket_arns }

  # Of 4 GiB each; the more kinds, the rarer is none to be had.
  instance_types = ["t4g.medium", "c7g.large", "c6g.large", "c6gn.large", "m7g.medium", "m6g.medium"]
  spot           = { max_price = var.max_price }
  volume_gib     = var.disk_gib
  address        = true
  when_idle      = "stop"
  settings = {
    MAZEMESH_LEARNER_GAME            = var.run.game
    MAZEMESH_LEARNER_ALGORITHM       = var.run.algorithm
    MAZEMESH_LEARNER_POLICY          = var.run.policy
    MAZEMESH_ACTOR_POLICY            = var.run.policy
    MAZEMESH_REPLAY_MEMORY_LIMIT_GIB = "1"
    # Beside the learner that is there always; the machine's 4 GiB hold one more run.
    MAZEMESH_GATEWAY_JOBS_AT_ONCE     = "1"
    MAZEMESH_GATEWAY_CURVES_MEGABYTES = "64"
  }
}

module "observability" {
  source = "../../modules/observability"

  name   = var.name
  emails = var.emails
  groups = { mesh = { name = module.mesh.name, always = false } }
}

module "budget" {
  source = "../../modules/budget"

  name        = var.name
  monthly_usd = local.budget_usd
  emails      = var.emails
  anomalies   = var.anomalies
  topic_arn   = module.observability.topic_arn
}

module "shutdown" {
  source = "../../modules/shutdown"

  name         = var.name
  release      = module.storage.release
  idle_minutes = var.idle_minutes
  topic_arn    = module.observability.topic_arn
}
