data "aws_caller_identity" "here" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = local.full_name
  description        = "Machines of ${local.full_name}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_instance_profile" "this" {
  name = local.full_name
  role = aws_iam_role.this.name
}

# A shell by Session Manager, without a port and a key.
resource "aws_iam_role_policy_attachment" "shell" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:${data.aws_partition.here.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "Release"
    actions   = ["s3:GetObject"]
    resources = ["${var.mesh.release.arn}/releases/*"]
  }

  dynamic "statement" {
    for_each = length(local.secrets) > 0 ? [1] : []
    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = values(local.secrets)
    }
  }

  dynamic "statement" {
    for_each = length(var.buckets) > 0 ? [1] : []
    content {
      sid       = "Blobs"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      resources = [for arn in var.buckets : "${arn}/*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.buckets) > 0 ? [1] : []
    content {
      sid       = "ListBlobs"
      actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
      resources = var.buckets
    }
  }

  statement {
    sid = "Leave"
    actions = [
      "autoscaling:CompleteLifecycleAction",
      "autoscaling:RecordLifecycleActionHeartbeat",
      "autoscaling:SetInstanceProtection",
    ]
    resources = [
      "arn:${data.aws_partition.here.partition}:autoscaling:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:autoScalingGroup:*:autoScalingGroupName/${local.full_name}",
    ]
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
    for_each = length(var.registered) > 0 ? [1] : []
    content {
      sid       = "Register"
      actions   = ["servicediscovery:RegisterInstance", "servicediscovery:DeregisterInstance"]
      resources = [for service in var.registered : service.arn]
    }
  }

  # Cloud Map writes the record in the caller's name.
  dynamic "statement" {
    for_each = length(var.registered) > 0 ? [var.mesh.namespace.zone] : []
    content {
      sid       = "Names"
      actions   = ["route53:ChangeResourceRecordSets", "route53:GetHostedZone"]
      resources = ["arn:${data.aws_partition.here.partition}:route53:::hostedzone/${statement.value}"]
    }
  }

  dynamic "statement" {
    for_each = var.volume == null ? [] : [1]
    content {
      sid       = "OwnDisk"
      actions   = ["ec2:AttachVolume"]
      resources = [aws_ebs_volume.state[0].arn]
    }
  }

  dynamic "statement" {
    for_each = var.address ? [1] : []
    content {
      sid     = "OwnAddress"
      actions = ["ec2:AssociateAddress"]
      resources = [
        "arn:${data.aws_partition.here.partition}:ec2:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:elastic-ip/${aws_eip.this[0].allocation_id}",
        "arn:${data.aws_partition.here.partition}:ec2:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:network-interface/*",
      ]
    }
  }

  dynamic "statement" {
    for_each = var.volume != null || var.address ? [1] : []
    content {
      sid     = "OfItsOwnMachines"
      actions = ["ec2:AttachVolume", "ec2:AssociateAddress"]
      resources = [
        "arn:${data.aws_partition.here.partition}:ec2:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:instance/*",
      ]
      condition {
        test     = "StringEquals"
        variable = "aws:ResourceTag/mazemesh:group"
        values   = [var.group]
      }
    }
  }

  dynamic "statement" {
    for_each = var.volume != null ? [1] : []
    content {
      sid       = "LookAtDisks"
      actions   = ["ec2:DescribeVolumes"]
      resources = ["*"]
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "mesh"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}
