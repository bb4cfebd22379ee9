# Services on one machine that stays, PostgreSQL and Redis as services of AWS, actors and a GPU learner on spot when asked.

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = "mazemesh", Mesh = var.name, Profile = "development" }
  }
}

locals {
  budget_usd = 100
  mesh = {
    release   = module.storage.release
    secrets   = module.secrets.arns
    namespace = module.network.namespace
    settings = {
      for role in ["game", "matchmaker", "model", "elo", "replay"] :
      "MAZEMESH_${upper(role)}_ADDRESS" => "${role}.${module.network.namespace.name}:${module.network.ports[role]}"
    }
  }
  # Where training jobs run; without machines for them they wait.
  jobs = var.max_jobs == 0 ? { MAZEMESH_GATEWAY_JOBS_AT_ONCE = "0" } : {
    MAZEMESH_GATEWAY_JOBS                 = "ec2"
    MAZEMESH_GATEWAY_JOBS_AT_ONCE         = tostring(var.max_jobs)
    MAZEMESH_GATEWAY_JOBS_LAUNCH_TEMPLATE = "${var.name}-jobs"
    MAZEMESH_GATEWAY_JOBS_SUBNETS         = join(",", module.network.training_subnets)
    MAZEMESH_GATEWAY_JOBS_REPORTS         = "s3://${module.storage.buckets["models"]}/jobs"
    MAZEMESH_GATEWAY_JOBS_DOLLARS_AN_HOUR = var.max_prices.jobs
  }
  buckets = { names = module.storage.buckets, arns = module.storage.bucket_arns }
}

module "network" {
  source = "../../modules/network"

  name = var.name
  nat  = var.nat
  groups = {
    mesh    = ["game", "matchmaker", "model", "elo", "replay", "gateway"]
    actors  = ["actor", "evaluator"]
    learner = ["learner"]
    jobs    = ["job"]
  }
  stores         = ["database", "cache"]
  operator_cidrs = var.operator_cidrs
  player_cidrs   = var.player_cidrs
}

module "storage" {
  source = "../../modules/storage"

  name          = var.name
  wheel         = var.files.wheel
  constraints   = var.files.constraints
  install       = var.files.install
  keep_days     = { experience = 7, replays = 60 }
  force_destroy = var.force_destroy
}

module "secrets" {
  source = "../../modules/secrets"

  name          = var.name
  recovery_days = var.force_destroy ? 0 : 7
}

module "database" {
  source = "../../modules/database"

  name           = var.name
  engine         = "instance"
  subnets        = module.network.private_subnets
  security_group = module.network.group_ids["database"]
  backup_days    = 3
}

module "cache" {
  source = "../../modules/cache"

  name           = var.name
  subnets        = module.network.private_subnets
  security_group = module.network.group_ids["cache"]
}

module "mesh" {
  source = "../../modules/service"

  name           = var.name
  group          = "mesh"
  roles          = ["game", "matchmaker", "model", "elo", "replay", "gateway"]
  mesh           = local.mesh
  network        = module.network
  tier           = "public"
  buckets        = local.buckets
  database       = module.database
  cache_url      = module.cache.url
  instance_types = ["t4g.medium"]
  volume_gib     = 20
  address        = true
  settings       = merge(local.jobs, { MAZEMESH_GATEWAY_CURVES_MEGABYTES = "128" }, var.gateway_settings)
}

module "jobs" {
  source = "../../modules/jobs"
  count  = var.max_jobs > 0 ? 1 : 0

  name         = var.name
  mesh         = local.mesh
  network      = module.network
  buckets      = local.buckets
  gateway_role = module.mesh.role
  at_once      = var.max_jobs
  max_price    = var.max_prices.jobs
}

module "actors" {
  source = "../../modules/actors"

  name          = var.name
  mesh          = local.mesh
  network       = module.network
  policy        = var.run.policy
  size          = { min = 0, max = var.max_actors, first = 1 }
  spot          = { max_price = var.max_prices.actors }
  monthly_hours = var.actor_hours
}

module "learner" {
  source = "../../modules/learner"

  name           = var.name
  mesh           = local.mesh
  network        = module.network
  buckets        = local.buckets
  run            = var.run
  instance_types = ["g4dn.xlarge"] # the cheapest GPU; networks of mazes fill no larger one
  size           = { min = 0, max = 1, first = 1 }
  spot           = { max_price = var.max_prices.learner }
  monthly_hours  = var.learner_hours
}

module "observability" {
  source = "../../modules/observability"

  name     = var.name
  emails   = var.emails
  database = module.database.dimension
  groups = {
    mesh    = { name = module.mesh.name, always = true }
    actors  = { name = module.actors.name, always = false }
    learner = { name = module.learner.name, always = false }
  }
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
