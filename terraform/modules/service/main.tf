# Services on machines of their own, or together on one.

locals {
  # Which service keeps its files in which bucket.
  bucket_of = { model = "models", game = "replays", replay = "experience" }
  used      = { for role, bucket in local.bucket_of : role => bucket if contains(var.roles, role) }
  learns    = contains(var.workers, "mazemesh-learner")

  settings = merge(
    {
      MAZEMESH_HOST     = "0.0.0.0"
      MAZEMESH_DATA_DIR = "/var/lib/mazemesh"
      MAZEMESH_TLS_CERT = "/run/mazemesh/tls.pem"
      MAZEMESH_TLS_KEY  = "/run/mazemesh/tls-key.pem"
    },
    { for role, bucket in local.used : "MAZEMESH_${upper(role)}_BLOBS_URL" => "s3://${var.buckets.names[bucket]}" },
    { for role in var.roles : "MAZEMESH_${upper(role)}_METRICS_PORT" => tostring(var.network.ports[role] - 40900) }, # 9151 to 9160
    # Jobs show the keys of their roles, and never more.
    contains(var.roles, "gateway") ? {
      MAZEMESH_GATEWAY_JOBS_TRAINER_KEY_FILE = "/run/mazemesh/trainer.key"
      MAZEMESH_GATEWAY_JOBS_WORKER_KEY_FILE  = "/run/mazemesh/worker.key"
    } : {},
    local.learns ? { MAZEMESH_CLOUD_CHECKPOINTS = "s3://${var.buckets.names["models"]}/checkpoints" } : {},
    var.cache_url == null ? {} : { MAZEMESH_REDIS_URL = var.cache_url },
    var.database == null ? {} : {
      MAZEMESH_CLOUD_DATABASE = "${var.database.host}:5432/${var.database.database}"
    },
    var.settings,
  )
  # Who calls and is called on one machine needs no name of another.
  together = length(setsubtract(["game", "matchmaker", "model", "elo", "replay"], var.roles)) == 0
  mesh = merge(var.mesh, {
    settings = merge(var.mesh.settings, local.together ? { for role in var.roles : "MAZEMESH_${upper(role)}_ADDRESS" => "localhost:${var.network.ports[role]}" if role != "gateway" } : {})
    secrets  = merge(var.mesh.secrets, var.database == null ? {} : { database = var.database.secret_arn })
  })
}

resource "aws_service_discovery_service" "this" {
  for_each = var.mesh.namespace == null ? toset([]) : var.roles

  name        = each.key
  description = "Machines of ${each.key}, each with its address"

  dns_config {
    namespace_id   = var.mesh.namespace.id
    routing_policy = "MULTIVALUE"
    dns_records {
      type = "A"
      ttl  = 10
    }
  }
  force_destroy = true # machines that were lost could not take their record away
}

module "group" {
  source = "../group"

  name           = var.name
  group          = var.group
  mesh           = local.mesh
  units          = concat([for role in sort(var.roles) : "mazemesh-service@${role}"], var.workers)
  extras         = distinct(concat(["aws"], var.database == null ? [] : ["postgres"], var.cache_url == null ? [] : ["redis"], local.learns ? ["learner"] : [], var.extras))
  settings       = local.settings
  secrets        = setunion(["tls", "admin-key", "worker-key", "trainer-key", "viewer-key", "service-key"], contains(var.roles, "gateway") ? ["cookie"] : [], var.database == null ? [] : ["database"])
  buckets        = [for bucket in distinct(concat(values(local.used), local.learns ? ["models"] : [])) : var.buckets.arns[bucket]]
  subnets        = var.volume_gib > 0 ? [local.subnets[0]] : local.subnets
  public         = var.tier == "public" || !var.network.private
  security_group = var.network.group_ids[var.group]
  architecture   = var.architecture
  instance_types = var.instance_types
  size           = var.size
  spot           = var.spot
  root_gib       = var.root_gib
  volume         = var.volume_gib > 0 ? { gib = var.volume_gib, zone = var.network.zones[0] } : null
  address        = var.address
  target_groups  = [for role in sort(var.roles) : var.target_groups[role] if contains(keys(var.target_groups), role)]
  registered     = { for role, service in aws_service_discovery_service.this : role => { id = service.id, arn = service.arn } }
  monthly_hours  = var.monthly_hours
  when_idle      = var.when_idle
}

locals {
  subnets = var.tier == "public" ? var.network.public_subnets : var.network.services_subnets
}
