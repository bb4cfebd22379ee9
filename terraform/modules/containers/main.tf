# Services on ECS Fargate, for those who build images anyway. The same environment as on machines; the entry point of the
# image runs supervisor.cloud.machine.secrets first, which fetches what is secret by the task's role.

data "aws_region" "here" {}

locals {
  bucket_of = { model = "models", game = "replays" }
  settings = { for role in keys(var.roles) : role => merge(var.mesh.settings, {
    AWS_DEFAULT_REGION      = data.aws_region.here.name
    MAZEMESH_HOST           = "0.0.0.0"
    MAZEMESH_DATA_DIR       = "/tmp/mazemesh"
    MAZEMESH_CLOUD_NAME     = var.name
    MAZEMESH_CLOUD_DATABASE = "${var.database.host}:5432/${var.database.database}"
    MAZEMESH_CLOUD_SECRETS  = join(",", [for name, arn in local.secrets : "${name}=${arn}"])
    MAZEMESH_REDIS_URL      = var.cache_url
    MAZEMESH_CLOUD_UNITS    = "mazemesh-service@${role}" # whose figures its exporter tells, and who shares the price

    "MAZEMESH_${upper(role)}_METRICS_PORT" = tostring(var.network.ports[role] - 40900) # 9151 to 9160, as on machines
    },
    role == "gateway" ? var.gateway_settings : {},
    contains(keys(local.bucket_of), role) ? { MAZEMESH_BLOBS_URL = "s3://${var.buckets.names[local.bucket_of[role]]}" } : {},
  ) }
  # Beside each service, in its network: what groups of machines are scaled by. It needs no secret.
  exporters = { for role, settings in local.settings : role => { for name in ["AWS_DEFAULT_REGION", "MAZEMESH_CLOUD_NAME", "MAZEMESH_CLOUD_UNITS"] : name => settings[name] } }
  secrets   = merge({ for name in concat(["tls", "admin-key", "worker-key", "trainer-key", "viewer-key", "service-key"], contains(keys(var.mesh.secrets), "cookie") ? ["cookie"] : []) : name => var.mesh.secrets[name] }, { database = var.database.secret_arn })
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "disabled" # the exporter and Prometheus tell more, for nothing
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/mazemesh/${var.name}"
  retention_in_days = 30
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "starts" {
  name               = "${var.name}-starts"
  description        = "Fetches images and writes logs of the tasks of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "starts" {
  role       = aws_iam_role.starts.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role" "task" {
  for_each = var.roles

  name               = "${var.name}-${each.key}-task"
  description        = "What ${each.key} of ${var.name} may do"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "task" {
  for_each = var.roles

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = values(local.secrets)
  }
  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Mazemesh"]
    }
  }
  dynamic "statement" {
    for_each = contains(keys(local.bucket_of), each.key) ? [var.buckets.arns[local.bucket_of[each.key]]] : []
    content {
      sid       = "Blobs"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucket"]
      resources = [statement.value, "${statement.value}/*"]
    }
  }
}

resource "aws_iam_role_policy" "task" {
  for_each = var.roles

  name   = "mesh"
  role   = aws_iam_role.task[each.key].id
  policy = data.aws_iam_policy_document.task[each.key].json
}

resource "aws_ecs_task_definition" "this" {
  for_each = var.roles

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  execution_role_arn       = aws_iam_role.starts.arn
  task_role_arn            = aws_iam_role.task[each.key].arn

  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }

  volume { name = "scratch" }

  container_definitions = jsonencode([for container in [
    { name = each.key, settings = local.settings[each.key], ports = [var.network.ports[each.key]] },
    { name = "exporter", settings = local.exporters[each.key], ports = [] },
    ] : {
    name                   = container.name
    image                  = var.image
    essential              = container.name == each.key
    command                = [container.name]
    readonlyRootFilesystem = true
    user                   = "10001:10001"
    stopTimeout            = 90
    environment            = [for name in sort(keys(container.settings)) : { name = name, value = container.settings[name] }]
    portMappings           = [for port in container.ports : { containerPort = port, protocol = "tcp" }]
    mountPoints            = [{ sourceVolume = "scratch", containerPath = "/tmp" }]
    linuxParameters        = { initProcessEnabled = true }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = data.aws_region.here.name
        awslogs-stream-prefix = container.name
      }
    }
  }])
}

resource "aws_service_discovery_service" "this" {
  for_each = var.roles

  name = each.key
  dns_config {
    namespace_id   = var.mesh.namespace.id
    routing_policy = "MULTIVALUE"
    dns_records {
      type = "A"
      ttl  = 10
    }
  }
  force_destroy = true
}

resource "aws_ecs_service" "this" {
  for_each = var.roles

  name                               = each.key
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this[each.key].arn
  desired_count                      = each.value.tasks
  launch_type                        = "FARGATE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  network_configuration {
    subnets          = each.value.tier == "public" ? var.network.public_subnets : var.network.services_subnets
    security_groups  = [var.network.group_ids[each.key]]
    assign_public_ip = each.value.tier == "public" || !var.network.private
  }
  service_registries { registry_arn = aws_service_discovery_service.this[each.key].arn }

  dynamic "load_balancer" {
    for_each = contains(keys(var.target_groups), each.key) ? [1] : []
    content {
      target_group_arn = var.target_groups[each.key]
      container_name   = each.key
      container_port   = var.network.ports[each.key]
    }
  }
}
