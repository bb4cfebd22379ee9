# A group of equal machines: EC2 with systemd units and the wheel from S3. No registry and no image to build: a machine
# is an Ubuntu that installs the release at its start, in about two minutes.

data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  full_name = "${var.name}-${var.group}"
  hook      = "leave"
  images = {
    arm64  = "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
    x86_64 = "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
  }
  types = { for index, type in var.instance_types : index => type }

  secrets = { for name in var.secrets : name => var.mesh.secrets[name] if contains(keys(var.mesh.secrets), name) }
  settings = merge(
    var.mesh.settings,
    {
      AWS_DEFAULT_REGION         = data.aws_region.here.name
      MAZEMESH_CLOUD_NAME        = var.name
      MAZEMESH_CLOUD_GROUP       = local.full_name
      MAZEMESH_CLOUD_HOOK        = var.template_only ? "" : local.hook
      MAZEMESH_CLOUD_DRAIN       = tostring(var.drain_seconds)
      MAZEMESH_CLOUD_REGISTER    = join(",", [for role, service in var.registered : "${role}=${service.id}"])
      MAZEMESH_CLOUD_SECRETS     = join(",", [for name, arn in local.secrets : "${name}=${arn}"])
      MAZEMESH_CLOUD_VOLUME      = var.volume == null ? "" : aws_ebs_volume.state[0].id
      MAZEMESH_CLOUD_ADDRESS     = var.address ? aws_eip.this[0].allocation_id : ""
      MAZEMESH_CLOUD_UNITS       = join(",", var.units)
      MAZEMESH_CLOUD_METRICS_FOR = var.group
    },
    # Where players who were matched find their game; inside, the mesh has names of its own.
    var.address ? { MAZEMESH_PUBLIC_GAME_ADDRESS = "${aws_eip.this[0].public_ip}:50051" } : {},
    var.settings,
  )

  tags = merge(
    { Name = local.full_name, "mazemesh:mesh" = var.name, "mazemesh:group" = var.group, "mazemesh:idle" = var.when_idle },
    var.tags,
    var.monthly_hours == null ? {} : { "mazemesh:monthly-hours" = tostring(var.monthly_hours) },
  )
}

resource "aws_launch_template" "this" {
  name                   = local.full_name
  description            = "Machines of ${local.full_name}"
  image_id               = coalesce(var.image, local.images[var.architecture])
  instance_type          = var.instance_types[0]
  key_name               = var.key_name
  update_default_version = true
  tags                   = var.tags
  ebs_optimized          = true

  user_data = base64encode(templatefile("${path.module}/user-data.sh.tftpl", {
    settings = local.settings
    release  = var.mesh.release
    units    = var.units
    extras   = join(",", var.extras)
  }))

  iam_instance_profile { arn = aws_iam_instance_profile.this.arn }

  # No process but those of the machine itself reaches the role's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  monitoring { enabled = false }

  block_device_mappings {
    device_name = "/dev/sda1"
    ebs {
      encrypted             = true
      volume_size           = var.root_gib
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }

  network_interfaces {
    associate_public_ip_address = var.public
    delete_on_termination       = true
    security_groups             = [var.security_group]
  }

  # A group says spot itself; who starts machines by the template alone is told here.
  dynamic "instance_market_options" {
    for_each = var.template_only && var.spot != null ? [var.spot] : []
    content {
      market_type = "spot"
      spot_options { max_price = instance_market_options.value.max_price }
    }
  }

  dynamic "tag_specifications" {
    for_each = var.template_only ? ["volume", "instance"] : ["volume"]
    content {
      resource_type = tag_specifications.value
      tags          = local.tags
    }
  }
}

resource "aws_autoscaling_group" "this" {
  count = var.template_only ? 0 : 1

  name                = local.full_name
  vpc_zone_identifier = var.subnets
  min_size            = var.size.min
  max_size            = var.size.max
  desired_capacity    = var.size.first
  # A machine that leaves by itself is replaced before it is gone.
  capacity_rebalance        = var.spot != null
  health_check_type         = length(var.target_groups) > 0 ? "ELB" : "EC2"
  health_check_grace_period = 420
  target_group_arns         = var.target_groups
  wait_for_capacity_timeout = "0" # `mazemesh cloud up` waits for health, and tells what it waits for
  termination_policies      = ["OldestLaunchTemplate", "Default"]
  enabled_metrics           = ["GroupInServiceInstances", "GroupDesiredCapacity"]

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = var.spot == null ? 0 : var.spot.on_demand
      on_demand_percentage_above_base_capacity = var.spot == null ? 100 : 0
      spot_allocation_strategy                 = "capacity-optimized-prioritized"
      spot_max_price                           = var.spot == null ? null : var.spot.max_price
    }
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this.id
        version            = aws_launch_template.this.latest_version
      }
      dynamic "override" {
        for_each = local.types
        content { instance_type = override.value }
      }
    }
  }

  instance_refresh {
    strategy = "Rolling"
    preferences {
      # The disk and the address of a group of one are free when its machine is gone.
      min_healthy_percentage = var.size.max > 1 ? 50 : 0
    }
  }

  dynamic "tag" {
    for_each = local.tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    ignore_changes = [desired_capacity] # scaling and the shutdown function move it
    precondition {
      condition     = (var.volume == null && !var.address) || var.size.max == 1
      error_message = "A group with a disk or an address of its own has one machine: size.max is ${var.size.max} and should be 1."
    }
  }
}

# Whatever takes a machine away waits until it has left in order; the machine completes the hook itself.
resource "aws_autoscaling_lifecycle_hook" "leave" {
  count = var.template_only ? 0 : 1

  name                   = local.hook
  autoscaling_group_name = aws_autoscaling_group.this[0].name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.drain_seconds + 60
  default_result         = "CONTINUE"
}

resource "aws_ebs_volume" "state" {
  count = var.volume == null ? 0 : 1

  availability_zone = var.volume.zone
  size              = var.volume.gib
  type              = "gp3"
  encrypted         = true
  tags              = merge(local.tags, { "mazemesh:snapshot" = "daily" })
}

resource "aws_eip" "this" {
  count = var.address ? 1 : 0

  domain = "vpc"
  tags   = local.tags
}
