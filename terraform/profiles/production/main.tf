# Each service on machines of its own over two zones, Aurora and Redis with a stand-in, learners on GPUs, actors on spot.

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = "mazemesh", Mesh = var.name, Profile = "production" }
  }
}

locals {
  budget_usd = 1000
  roles      = ["game", "matchmaker", "model", "elo", "replay"]

  # The classes of the sketch in today's generation: Graviton does the same work for about a fifth less.
  services = {
    game       = { tier = "public", types = ["c7g.xlarge", "c6g.xlarge"], volume = 0 }     # numba on every core
    matchmaker = { tier = "public", types = ["c7g.large", "c6g.large"], volume = 0 }       # for c5.large
    model      = { tier = "services", types = ["c7g.2xlarge", "c6g.2xlarge"], volume = 0 } # for c5.2xlarge: inference
    elo        = { tier = "services", types = ["t4g.medium"], volume = 0 }                 # for t3.medium
    gateway    = { tier = "services", types = ["t4g.small"], volume = 0 }                  # sends what it was told once to each browser
    replay     = { tier = "services", types = ["r7g.xlarge", "r6g.xlarge"], volume = 60 }  # for r5.xlarge: rows in memory
  }

  mesh = {
    release   = module.storage.release
    secrets   = module.secrets.arns
    namespace = module.network.namespace
    settings = merge(
      { for role in local.roles : "MAZEMESH_${upper(role)}_ADDRESS" => "${role}.${module.network.namespace.name}:${module.network.ports[role]}" },
      { MAZEMESH_PUBLIC_GAME_ADDRESS = "${module.edge.host}:${module.edge.ports["game"]}" }, # for players who were matched
    )
  }
  gateway = merge(
    # Behind an ALB all strangers come from its addresses, which then have one limit together.
    var.domain == null ? {} : { MAZEMESH_GATEWAY_STRANGER_REQUESTS_PER_SECOND = "1000" },
    # Where training jobs run; without machines for them they wait.
    var.max_jobs == 0 ? { MAZEMESH_GATEWAY_JOBS_AT_ONCE = "0" } : {
      MAZEMESH_GATEWAY_JOBS                             = "ec2"
      MAZEMESH_GATEWAY_JOBS_AT_ONCE                     = tostring(var.max_jobs)
      MAZEMESH_GATEWAY_JOBS_LAUNCH_TEMPLATE             = "${var.name}-jobs"
      MAZEMESH_GATEWAY_JOBS_SUBNETS                     = join(",", module.network.training_subnets)
      MAZEMESH_GATEWAY_JOBS_REPORTS                     = "s3://${module.storage.buckets["models"]}/jobs"
      MAZEMESH_GATEWAY_JOBS_DOLLARS_AN_HOUR             = var.max_prices.jobs
    },
    var.gateway_settings,
  )
  buckets = { names = module.storage.buckets, arns = module.storage.bucket_arns }
}

module "network" {
  source = "../../modules/network"

  name = var.name
  nat  = var.nat
  groups = merge({ for role in keys(local.services) : role => [role] }, {
    jobs    = ["job"]
    actors  = ["actor", "evaluator"]
    learner = ["learner"]
  })
  stores         = ["database", "cache"]
  edge           = var.domain == null ? "nlb" : "alb"
  operator_cidrs = var.operator_cidrs
  player_cidrs   = var.player_cidrs
  flow_logs      = { bucket_arn = module.storage.bucket_arns["logs"] }
}

module "storage" {
  source = "../../modules/storage"

  name          = var.name
  wheel         = var.files.wheel
  constraints   = var.files.constraints
  install       = var.files.install
  keep_days     = { experience = 30, replays = 365 }
  archive_days  = 60
  previous_days = 30
  force_destroy = var.force_destroy
}

module "secrets" {
  source = "../../modules/secrets"

  name          = var.name
  recovery_days = var.force_destroy ? 0 : 30
  cookie        = true
}

module "database" {
  source = "../../modules/database"

  name           = var.name
  engine         = "aurora"
  subnets        = module.network.private_subnets
  security_group = module.network.group_ids["database"]
  readers        = 1
  backup_days    = 14
  protect        = !var.force_destroy
}

module "cache" {
  source = "../../modules/cache"

  name           = var.name
  subnets        = module.network.private_subnets
  security_group = module.network.group_ids["cache"]
  replicas       = 1
}

module "edge" {
  source = "../../modules/edge"

  name    = var.name
  network = module.network
  domain  = var.domain
  protect = !var.force_destroy

  by_address = [for role, service in local.services : role if var.runtime == "ecs" && service.volume == 0]
}

module "service" {
  source   = "../../modules/service"
  for_each = { for role, service in local.services : role => service if var.runtime == "ec2" || service.volume > 0 }

  name           = var.name
  group          = each.key
  roles          = [each.key]
  mesh           = local.mesh
  network        = module.network
  tier           = each.value.tier
  buckets        = local.buckets
  database       = module.database
  cache_url      = module.cache.url
  instance_types = each.value.types
  volume_gib     = each.value.volume
  target_groups  = module.edge.target_groups
  settings       = each.key == "gateway" ? local.gateway : {}
}

module "containers" {
  source = "../../modules/containers"
  count  = var.runtime == "ecs" ? 1 : 0

  name          = var.name
  image         = var.image
  roles         = { for role, service in local.services : role => { tier = service.tier } if service.volume == 0 }
  mesh          = local.mesh
  network       = module.network
  buckets       = local.buckets
  database      = module.database
  cache_url     = module.cache.url
  target_groups = module.edge.target_groups

  gateway_settings = local.gateway
}

module "jobs" {
  source = "../../modules/jobs"
  count  = var.max_jobs > 0 ? 1 : 0

  name         = var.name
  mesh         = local.mesh
  network      = module.network
  buckets      = local.buckets
  gateway_role = var.runtime == "ecs" ? module.containers[0].roles["gateway"] : module.service["gateway"].role
  at_once      = var.max_jobs
  max_price    = var.max_prices.jobs
}

module "actors" {
  source = "../../modules/actors"

  name          = var.name
  mesh          = local.mesh
  network       = module.network
  policy        = var.run.policy
  size          = { min = 0, max = var.max_actors, first = 2 }
  spot          = { max_price = var.max_prices.actors }
  monthly_hours = var.actor_hours
}

module "learner" {
  source = "../../modules/learner"

  name          = var.name
  mesh          = local.mesh
  network       = module.network
  buckets       = local.buckets
  run           = var.run
  size          = { min = 0, max = var.max_learners, first = 1 }
  spot          = { max_price = var.max_prices.learner }
  monthly_hours = var.learner_hours
}

module "observability" {
  source = "../../modules/observability"

  name     = var.name
  emails   = var.emails
  database = module.database.dimension
  groups = merge(
    { for role, service in module.service : role => { name = service.name, always = true } },
    { actors = { name = module.actors.name, always = false }, learner = { name = module.learner.name, always = false } },
  )
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
